/** Settings of the server: of all sites together, or given to each of them. */
import { echo } from '../resolution/echo.ts';
import type { IisConfiguration } from '../resolution/iis-configuration.ts';
import type { ResolvedElement } from '../resolution/resolved-element.ts';
import { sectionLevels } from '../resolution/site-sections.ts';
import { asDuration, inNumbers } from '../rows/setting-row.ts';
import type { SettingValue, SiteDraft } from './site-draft.ts';

/** @returns the section `denyByFailure` of a configuration; undefined where the file turns nothing on */
export function carryDenyByFailure(
  configuration: IisConfiguration,
): { readonly [name: string]: SettingValue } | undefined {
  const [{ resolved }] = sectionLevels(configuration, 'security/authentication');
  const section = resolved.below('denyByFailure');
  if (!section.isWritten) return undefined;
  const isOn = section.isSet('enabled') && !section.isSet('loggingOnlyMode');
  tell(configuration, section, 'enabled', isOn ? 'carriedOver' : 'different', 'denyByFailure is always on');
  tell(
    configuration,
    section,
    'loggingOnlyMode',
    section.isSet('loggingOnlyMode') ? 'different' : 'carriedOver',
    'failures are counted, and too many refuse',
  );
  const maxFailure = inNumbers(1, 1000)(section.get('maxFailure').value ?? 4).value;
  const entryExpiration = asDuration(1, 86_400)(section.get('entryExpiration').value ?? 30_000).value;
  if (!isOn) {
    for (const name of ['maxFailure', 'entryExpiration'])
      tell(configuration, section, name, 'withoutEffect', 'it was not on; the defaults hold');
    return undefined;
  }
  tell(configuration, section, 'maxFailure', 'carriedOver', `is denyByFailure.maxFailure ${maxFailure}`);
  tell(configuration, section, 'entryExpiration', 'carriedOver', `is denyByFailure.entryExpiration ${entryExpiration}`);
  return {
    ...(maxFailure !== undefined && { maxFailure }),
    ...(entryExpiration !== undefined && { entryExpiration }),
  };
}

function tell(
  { findings }: IisConfiguration,
  element: ResolvedElement,
  name: string,
  outcome: 'carriedOver' | 'different' | 'withoutEffect' | 'cannotBeHad',
  message: string,
): void {
  const { attribute } = element.get(name);
  if (attribute) findings.addOf(attribute, { outcome, sites: [], subject: `${element.path}@${name}`, message });
}

/** Sections that nothing of cardgate stands for, each with what is instead. */
const replaced: Readonly<Record<string, string>> = {
  log: 'the audit trail holds all sites',
  caching: 'no password is remembered',
  serverRuntime: 'the address and port choose the site, so that USER names an account and nothing else',
  providerDefinitions: 'registered is not enabled',
};

export function tellReplacedSections({ findings, sections }: IisConfiguration): void {
  for (const { section, element } of sections) {
    const instead = replaced[section];
    if (instead === undefined) continue;
    const attributes = [element, ...element.elements, ...element.elements.flatMap(({ elements }) => elements)].flatMap(
      (one) => [...one.attributes.values()],
    );
    for (const attribute of attributes) {
      if (findings.isAccounted(attribute)) continue;
      const outcome = section === 'providerDefinitions' ? 'withoutEffect' : 'cannotBeHad';
      const subject = `system.ftpServer/${section}@${attribute.name}`;
      findings.addOf(attribute, { outcome, sites: [], subject, message: `${echo(attribute.value)}: ${instead}` });
    }
  }
}

/** The passive ports of the server, and the address before it. */
export function carryFirewall(draft: SiteDraft): void {
  const [{ resolved }] = sectionLevels(draft.configuration, 'firewallSupport');
  const [low, high] = ['lowDataChannelPort', 'highDataChannelPort'].map((name) => resolved.get(name));
  if (low && high) carryRange(draft, resolved.path, low, high);
  const external = draft.site.ftp.below('firewallSupport').get('externalIp4Address');
  const subject = 'ftpServer/firewallSupport@externalIp4Address';
  const address = String(external.value ?? '');
  if (address === '') draft.tell('withoutEffect', external, { subject, message: 'is empty' });
  else if (isReachable(address)) {
    draft.set('firewallSupport.externalIp4Address', address);
    draft.tell('carriedOver', external, { subject, message: `is firewallSupport.externalIp4Address ${address}` });
  } else {
    const remedy = 'Write an IPv4 address that clients can connect to.';
    draft.tell('notUnderstood', external, { subject, message: `${echo(address)} is no such address`, remedy });
  }
}

function isReachable(address: string): boolean {
  const octets = address.split('.').map((part) => (/^(?:0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
  const [first = 0] = octets;
  return octets.length === 4 && octets.every((octet) => octet < 256) && first > 0 && first < 224;
}

type Bound = ReturnType<ResolvedElement['get']>;

function carryRange(draft: SiteDraft, path: string, low: Bound, high: Bound): void {
  const [from, to] = [low, high].map(({ value }) => (typeof value === 'number' ? value : 0)) as [number, number];
  const both = [
    { bound: low, name: 'lowDataChannelPort' },
    { bound: high, name: 'highDataChannelPort' },
  ];
  const say = (outcome: 'carriedOver' | 'different' | 'needsDecision', message: string, remedy?: string) => {
    for (const { bound, name } of both)
      draft.tell(outcome, bound, { subject: `${path}@${name}`, message, ...(remedy !== undefined && { remedy }) });
  };
  const inside = draft.site.bindings.find(({ port }) => port >= from && port <= to);
  const choose = 'Choose a range such as 50000 to 50063, and open it in the firewall.';
  if (from === 0 && to === 0) say('carriedOver', 'the system chooses passive ports');
  else if (from === 0 || to === 0 || from > to) {
    say('needsDecision', `${from} to ${to} is no range, and none is written`, choose);
  } else if (inside) {
    const message = `${from} to ${to} has port ${inside.port} in it, at which the site listens; none is written`;
    say('needsDecision', message, choose);
  } else {
    draft.set('firewallSupport.lowDataChannelPort', from);
    draft.set('firewallSupport.highDataChannelPort', to);
    const below = from < 1025 ? '; ports below 1025 need a capability of the service' : '';
    say(below === '' ? 'carriedOver' : 'different', `${from} to ${to} are the passive ports of the site${below}`);
  }
}
