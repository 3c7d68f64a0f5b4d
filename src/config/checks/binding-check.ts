/** Whether all sockets of a configuration can be there at the same time, on this machine. */
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Binding } from '../../ftp/server-settings.ts';
import { plainAddress } from '../../operations/network.ts';
import type { SettingPath } from '../../schema-faults/setting-path.ts';
import type { Settings } from '../schema.ts';
import type { YamlSource } from '../yaml/yaml-source.ts';

interface Endpoint {
  readonly setting: SettingPath;
  /** Absent of the mapping service, which shares none. */
  readonly site?: Settings['sites'][number];
  readonly binding?: Binding;
  readonly address: string;
  readonly port: number;
}

export function checkBindings(source: YamlSource, settings: Settings): void {
  const listeners = listenersOf(settings);
  listeners.forEach((listener, index) => {
    const { setting, address } = listener;
    const earlier = listeners.slice(0, index).filter((other) => overlap(listener, other));
    const conflict = earlier.find((other) => !canShare(listener, other));
    if (conflict) {
      const parts = [listener, conflict].flatMap(partsOf);
      source.fault(setting, conflictOf(listener, conflict), remedyOf(listener, conflict), parts);
    } else
      for (const { setting: path, message, parts } of contradictions(listener, earlier[0]))
        source.fault(path, message, agree, parts);
    if (!isOfThisMachine(address)) {
      source.warning(
        setting,
        `this machine has no address ${address} now`,
        'Use an address that ip address shows, or 0.0.0.0 or :: for all of them.',
      );
    }
  });
  const sockets = (settings.mappingService?.listeners ?? []).map((one) => ('socket' in one ? one.socket : undefined));
  sockets.forEach((socket, index) => {
    if (socket === undefined || sockets.indexOf(socket) === index) return;
    const setting = ['mappingService', 'listeners', index, 'socket'];
    source.fault(setting, `${socket} is bound twice`, 'Give each listener a socket of its own.');
  });
  settings.sites.forEach(({ firewallSupport }, site) => {
    const { lowDataChannelPort: low, highDataChannelPort: high } = firewallSupport;
    const inside = low === 0 ? undefined : listeners.find(({ port }) => port >= low && port <= high);
    if (!inside) return;
    source.fault(
      ['sites', site, 'firewallSupport'],
      `the passive ports ${low}-${high} include port ${inside.port}, where connections are accepted`,
      `Move the range, such as to ${freeRange(listeners)}.`,
      [
        ...partsOf(inside),
        ...['lowDataChannelPort', 'highDataChannelPort'].map((name) => ['sites', site, 'firewallSupport', name]),
      ],
    );
  });
}

function partsOf({ setting }: Endpoint): readonly SettingPath[] {
  return ['address', 'port', 'hostName'].map((name) => [...setting, name]);
}

function listenersOf({ sites, mappingService }: Settings): readonly Endpoint[] {
  const ofSites = sites.flatMap((site, place) =>
    site.bindings.map((binding, index) => ({
      setting: ['sites', place, 'bindings', index],
      site,
      binding,
      address: binding.address,
      port: binding.port,
    })),
  );
  const ofService = (mappingService?.listeners ?? []).flatMap((listener, index) =>
    'port' in listener
      ? [{ setting: ['mappingService', 'listeners', index], address: listener.address, port: listener.port }]
      : [],
  );
  return [...ofSites, ...ofService];
}

/** One listener serves both: they have the same address, and clients tell them apart by the name of the host. */
function canShare(one: Endpoint, other: Endpoint): boolean {
  if (!one.binding || !other.binding || one.address !== other.address) return false;
  return one.binding.hostName !== other.binding.hostName;
}

function conflictOf({ address, port, binding }: Endpoint, other: Endpoint): string {
  const where = `${address} port ${port}`;
  if (other.address !== address) return `${where} is bound already, by ${other.address}`;
  return binding?.hostName === undefined
    ? `${where} is bound twice`
    : `${where} is bound twice for ${binding.hostName}`;
}

function remedyOf({ address, binding }: Endpoint, other: Endpoint): string {
  const elsewhere = 'Use another port, or addresses that do not include each other';
  const areOfSites = binding !== undefined && other.binding !== undefined && other.address === address;
  return areOfSites ? `${elsewhere}, or another hostName for each; one binding may have none.` : `${elsewhere}.`;
}

const agree = 'Give all sites of this address and port the same value: it counts before a client has named its site.';

interface Contradiction {
  readonly setting: SettingPath;
  readonly message: string;
  /** What it follows from. */
  readonly parts: readonly SettingPath[];
}

/** What counts while it is not known to which site a client comes: below the binding, or below the site. */
const common: readonly (readonly ['binding' | 'site', SettingPath, (endpoint: Endpoint) => unknown])[] = [
  ['binding', ['tls'], ({ binding }) => binding?.tls],
  ['site', ['connections', 'serverListenBacklog'], ({ site }) => site?.connections.serverListenBacklog],
  ['site', ['proxyProtocol', 'trustedAddresses'], ({ site }) => site?.proxyProtocol.trustedAddresses],
  ['site', ['messages', 'consentBanner'], consentBefore],
];

function contradictions(one: Endpoint, other: Endpoint | undefined): readonly Contradiction[] {
  if (!one.site || !other?.site) return [];
  return common.flatMap(([holder, path, read]) => {
    const [own, theirs] = [JSON.stringify(read(one)), JSON.stringify(read(other))];
    if (own === theirs) return [];
    const placeOf = ({ setting }: Endpoint) => [...(holder === 'site' ? setting.slice(0, 2) : setting), ...path];
    const shared = `site ${other.site?.name}, which shares ${one.address} port ${one.port}`;
    const message = `is ${own ?? 'not set'}, and ${theirs ?? 'not set'} at ${shared}`;
    const parts = [one, other].flatMap((endpoint) => [placeOf(endpoint), ...partsOf(endpoint)]);
    return [{ setting: placeOf(one), message, parts }];
  });
}

/** Behind an implicit handshake the site is known before the greeting. */
function consentBefore({ site, binding }: Endpoint): string | undefined {
  return binding?.tls === 'explicit' ? site?.messages.consentBanner : undefined;
}

/** Node listens on :: for both versions of IP. */
function overlap(one: Endpoint, other: Endpoint): boolean {
  if (one.port === 0 || one.port !== other.port) return false;
  const [a, b] = [one.address, other.address];
  if (a === b || a === '::' || b === '::') return true;
  return (a === '0.0.0.0' && !isIPv6(b)) || (b === '0.0.0.0' && !isIPv6(a));
}

function isOfThisMachine(address: string): boolean {
  if (address === '::' || address === '0.0.0.0' || address === '::1' || address.startsWith('127.')) return true;
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return own.some((entry) => plainAddress(entry.address.replace(/%.*$/, '')) === address);
}

/** @returns 64 passive ports without a listener */
function freeRange(listeners: readonly Endpoint[]): string {
  const [low = 50_000] = [50_000, 51_000, 52_000].filter((first) =>
    listeners.every(({ port }) => port < first || port > first + 63),
  );
  return `${low}-${low + 63}`;
}
