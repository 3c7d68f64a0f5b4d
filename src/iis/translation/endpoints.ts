/**
 * Which site gets which address and port, and for which name of a host. As in IIS, sites of one address and port are told apart by the host
 * that the client names; what listens on one address alone cannot share it with what listens on all.
 */

import { hostName } from '../../settings/host-names.ts';
import { echo } from '../resolution/echo.ts';
import type { FtpBinding } from '../resolution/ftp-sites.ts';
import type { SettingValue, SiteDraft } from './site-draft.ts';

const implicitPort = 990;
/** That a setting can have. */
const longestBacklog = 65_535;
const subject = 'site/bindings/binding@bindingInformation';

interface Claim {
  readonly draft: SiteDraft;
  readonly binding: FtpBinding;
}

export function assignEndpoints(drafts: readonly SiteDraft[]): void {
  const claims = drafts.flatMap((draft) => draft.site.bindings.map((binding): Claim => ({ draft, binding })));
  // Sites that will be a comment take nothing from those that run.
  const rank = ({ draft, binding }: Claim) => (draft.stoppedBecause.length > 0 ? 2 : 0) + (binding.host === '' ? 0 : 1);
  const granted: Claim[] = [];
  for (const claim of claims.toSorted((one, other) => rank(one) - rank(other))) {
    const { draft, binding } = claim;
    const holder = granted.find((other) => excludes(other.binding, binding));
    draft.findings.account(binding.element.attributes.values());
    // Of IIS, and of no certificate for one host alone: an asterisk.
    if (binding.host !== '' && !hostName.test(binding.host)) tellUnusable(claim);
    else if (!holder) {
      granted.push(claim);
      tellGranted(claim);
    } else if (holder.draft === draft) {
      const message = `${informationOf(binding)} is covered by ${informationOf(holder.binding)}`;
      draft.note('different', binding.element.place, { subject, message });
    } else {
      const message = `${informationOf(binding)} belongs to the site ${echo(holder.draft.site.name)}, and one site alone can have it`;
      const remedy = 'Give the site an address or a port of its own, and tell its clients.';
      draft.note('needsDecision', binding.element.place, { subject, message, remedy });
    }
  }
  for (const draft of drafts) {
    const own = draft.site.bindings.filter((binding) => granted.some((claim) => claim.binding === binding));
    draft.set('bindings', (own.length > 0 ? own : draft.site.bindings).map(bindingOf));
    if (own.length === 0) draft.stop('no binding is left for it');
  }
  agreeOnBacklog(granted);
}

function bindingOf({ address, port, host }: FtpBinding): SettingValue {
  return {
    address: address === '*' ? '0.0.0.0' : address,
    port,
    ...(hostName.test(host) && { hostName: host }),
  };
}

/** One listener has one; the longest keeps the fewest clients out. */
function agreeOnBacklog(granted: readonly Claim[]): void {
  const name = 'serverListenBacklog';
  const subject = `ftpServer/connections@${name}`;
  const wanted = ({ draft }: Claim) => {
    const { value } = draft.site.ftp.below('connections').get(name);
    return Math.min(longestBacklog, Number(value));
  };
  for (const claim of granted) {
    const sharing = granted.filter(({ binding }) => overlap(binding, claim.binding));
    const longest = Math.max(...sharing.map(wanted));
    if (!(longest > wanted(claim))) continue;
    claim.draft.set(`connections.${name}`, longest);
    const message = `is ${longest}, as another site of ${informationOf(claim.binding)} has it: they share one listener`;
    claim.draft.note('different', claim.binding.element.place, { subject, message });
  }
}

function tellGranted({ draft, binding }: Claim): void {
  const { address, port, host } = binding;
  const differences = [
    ...(address === '*' ? ['* is 0.0.0.0, all addresses of IPv4'] : []),
    ...(host === ''
      ? []
      : [`clients come to it by ${echo(host)}: by SNI, by HOST before TLS, or without TLS as ${echo(`${host}|user`)}`]),
  ];
  const tls = port === implicitPort ? 'implicit TLS' : 'AUTH TLS';
  const message = [`${informationOf(binding)} is a binding with ${tls}`, ...differences].join('; ');
  draft.note(differences.length === 0 ? 'carriedOver' : 'different', binding.element.place, { subject, message });
}

function informationOf({ element }: FtpBinding): string {
  return echo(element.attributes.get('bindingInformation')?.value ?? '');
}

function tellUnusable({ draft, binding }: Claim): void {
  const message = `${informationOf(binding)} has ${echo(binding.host)}, and a host is one name`;
  const remedy = 'Write a binding for each host that clients name.';
  draft.note('needsDecision', binding.element.place, { subject, message, remedy });
}

/** Sites of one address and port may have it each for another host. */
function excludes(one: FtpBinding, other: FtpBinding): boolean {
  return overlap(one, other) && (one.address !== other.address || one.host === other.host);
}

/** Two listeners of one port exclude each other where one has all addresses of the family. */
function overlap(one: FtpBinding, other: FtpBinding): boolean {
  if (one.port !== other.port) return false;
  if (one.address === other.address) return true;
  const [a, b] = [one.address, other.address];
  return (a === '*' && !b.includes(':')) || (b === '*' && !a.includes(':')) || a === '::' || b === '::';
}
