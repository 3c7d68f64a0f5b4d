/** ipSecurity of IIS: which addresses a site serves. The list of the server comes first, then that of the site. */
import { isIPv4, isIPv6 } from 'node:net';
import type { CollectionEntry } from '../resolution/collection-entries.ts';
import { echo } from '../resolution/echo.ts';
import { type SectionLevel, sectionLevels } from '../resolution/site-sections.ts';
import { entriesOf, lost } from './filters.ts';
import type { SettingValue, SiteDraft } from './site-draft.ts';

export function carryAddresses(draft: SiteDraft): void {
  const [root, ...deeper] = sectionLevels(draft.configuration, 'security/ipSecurity', draft.site.name);
  const { resolved } = root;
  const entries = entriesOf(draft, resolved);
  tellOrder(draft, root, entries);
  if (!resolved.isSet('allowUnlisted')) draft.set('ipSecurity.allowUnlisted', false);
  draft.tell('carriedOver', resolved.get('allowUnlisted'), {
    subject: `${resolved.path}@allowUnlisted`,
    message: `is ipSecurity.allowUnlisted ${resolved.isSet('allowUnlisted')}`,
  });
  draft.tell('different', resolved.get('enableReverseDns'), {
    subject: `${resolved.path}@enableReverseDns`,
    message: 'names are looked up where an entry has one',
  });
  const written = entries.flatMap((entry) => entryOf(draft, entry, resolved.path, resolved.isSet('enableReverseDns')));
  if (written.length > 0) draft.set('ipSecurity.entries', written);
  for (const level of deeper) stopForPart(draft, level, entries);
}

/** The pages of IIS do not say whether the server’s entries come before those of the site. */
function tellOrder(draft: SiteDraft, { given }: SectionLevel, entries: readonly CollectionEntry[]): void {
  const holders = given.filter(({ element }) => entries.some((entry) => element.elements.includes(entry.element)));
  const both = new Set(entries.map(({ values }) => values.get('allowed') === true)).size > 1;
  if (holders.length < 2 || !both) return;
  draft.note('needsDecision', holders[0]?.element.place, {
    subject: 'system.ftpServer/security/ipSecurity',
    message: 'server and site both have entries, and the first that matches decides; those of the server stand first',
    remedy:
      'Look whether an address is allowed by one and denied by the other, and order the entries as they are meant.',
  });
}

function entryOf(
  draft: SiteDraft,
  entry: CollectionEntry,
  path: string,
  looksUpNames: boolean,
): readonly SettingValue[] {
  const [ipAddress, subnetMask, domainName] = ['ipAddress', 'subnetMask', 'domainName'].map((name) =>
    String(entry.values.get(name) ?? '').trim(),
  ) as [string, string, string];
  const allowed = entry.values.get('allowed') === true;
  const verb = allowed ? 'serves' : 'refuses';
  const tell = (message: string, value: SettingValue): readonly SettingValue[] => {
    draft.findings.account(entry.element.attributes.values());
    draft.note('carriedOver', entry.element.place, { subject: `${path}/add`, message });
    return [value];
  };
  if ((ipAddress === '') === (domainName === '')) {
    return lost(draft, entry, path, 'has to name either an address or a domain', allowed);
  }
  if (domainName !== '') {
    if (!/^(?:\*?\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(domainName)) {
      return lost(draft, entry, path, `${echo(domainName)} is no host or domain, such as *.example.com`, allowed);
    }
    if (allowed && !looksUpNames) {
      return lost(draft, entry, path, `${echo(domainName)} had no effect: enableReverseDns is not on`, allowed);
    }
    return tell(`${verb} clients of ${echo(domainName)}`, { domainName, allowed });
  }
  const network = networkOf(ipAddress, subnetMask);
  if (network === undefined) {
    const message = `${echo(ipAddress)} with the mask ${echo(subnetMask)} is no network: an address, and a mask without holes`;
    return lost(draft, entry, path, message, allowed);
  }
  return tell(`${verb} ${network}`, { ipAddress: network, allowed });
}

/** @returns the address itself, or with the length of its prefix; undefined for a mask with holes */
function networkOf(address: string, mask: string): string | undefined {
  if (isIPv6(address) && !address.includes('%'))
    return mask === '' || mask === '255.255.255.255' ? address.toLowerCase() : undefined;
  if (!isIPv4(address) || !isIPv4(mask)) return undefined;
  const bits = numberOf(mask);
  const length = 32 - Math.log2(2 ** 32 - bits);
  if (!Number.isInteger(length)) return undefined;
  if (length === 32) return address;
  const base = length === 0 ? 0 : Math.floor(numberOf(address) / 2 ** (32 - length)) * 2 ** (32 - length);
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${length}`;
}

function numberOf(address: string): number {
  return address.split('.').reduce((total, octet) => total * 256 + Number(octet), 0);
}

/** Here an address is served or not before any path is known. */
function stopForPart(
  draft: SiteDraft,
  { resolved, virtualPath, given }: SectionLevel,
  atRoot: readonly CollectionEntry[],
): void {
  const known = new Set(atRoot.map(({ element }) => element));
  const added = entriesOf(draft, resolved).filter(({ element }) => !known.has(element));
  const closes = !resolved.isSet('allowUnlisted') || added.some(({ values }) => values.get('allowed') !== true);
  const place = given[0]?.element.place;
  if (!place) return;
  if (!closes) {
    draft.note('withoutEffect', place, {
      subject: resolved.path,
      message: `${virtualPath} refuses no address of its own`,
    });
    return;
  }
  const message = `${virtualPath} has addresses of its own, and a site serves an address whole or not`;
  draft.note('needsDecision', place, { subject: resolved.path, message, remedy: 'Serve it as a site of its own.' });
  draft.stop(`addresses were denied at ${virtualPath}`);
}
