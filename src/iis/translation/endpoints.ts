/**
 * Which site gets which address and port. IIS lets host names choose among sites of one port, and TLS begins before a name is known; here
 * an endpoint belongs to one site: to the one whose binding is for every name, else to the first.
 */

import { echo } from '../resolution/echo.ts';
import type { FtpBinding } from '../resolution/ftp-sites.ts';
import type { SettingValue, SiteDraft } from './site-draft.ts';

const implicitPort = 990;
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
    const holder = granted.find((other) => overlap(other.binding, binding));
    draft.findings.account(binding.element.attributes.values());
    if (!holder) {
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
    const bindings = own.map(
      ({ address, port }): SettingValue => ({ address: address === '*' ? '0.0.0.0' : address, port }),
    );
    if (bindings.length > 0) draft.set('bindings', bindings);
    else {
      draft.set(
        'bindings',
        draft.site.bindings.map(({ address, port }) => ({ address: address === '*' ? '0.0.0.0' : address, port })),
      );
      draft.stop('no binding is left for it');
    }
  }
}

function tellGranted({ draft, binding }: Claim): void {
  const { address, port, host } = binding;
  const differences = [
    ...(address === '*' ? ['* is 0.0.0.0, all addresses of IPv4'] : []),
    ...(host === '' ? [] : [`the host name ${echo(host)} chooses no site: the address and port do`]),
  ];
  const tls = port === implicitPort ? 'implicit TLS' : 'AUTH TLS';
  const message = [`${informationOf(binding)} is a binding with ${tls}`, ...differences].join('; ');
  draft.note(differences.length === 0 ? 'carriedOver' : 'different', binding.element.place, { subject, message });
}

function informationOf({ element }: FtpBinding): string {
  return echo(element.attributes.get('bindingInformation')?.value ?? '');
}

/** Two listeners of one port exclude each other where one has all addresses of the family. */
function overlap(one: FtpBinding, other: FtpBinding): boolean {
  if (one.port !== other.port) return false;
  if (one.address === other.address) return true;
  const [a, b] = [one.address, other.address];
  return (a === '*' && !b.includes(':')) || (b === '*' && !a.includes(':')) || a === '::' || b === '::';
}
