/** Whether all sockets of a configuration can be there at the same time, on this machine. */
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { plainAddress } from '../../operations/network.ts';
import type { SettingPath } from '../../schema-faults/setting-path.ts';
import type { Settings } from '../schema.ts';
import type { YamlSource } from '../yaml/yaml-source.ts';

interface Listener {
  readonly setting: SettingPath;
  readonly address: string;
  readonly port: number;
}

export function checkBindings(source: YamlSource, settings: Settings): void {
  const listeners = listenersOf(settings);
  listeners.forEach((listener, index) => {
    const { setting, address, port } = listener;
    const earlier = listeners.slice(0, index).find((other) => overlap(listener, other));
    if (earlier) {
      const same =
        earlier.address === address
          ? `${address} port ${port} is bound twice`
          : `${address} port ${port} is bound already, by ${earlier.address}`;
      const remedy = 'Use another port, or addresses that do not include each other.';
      source.fault(setting, same, remedy, [listener, earlier].flatMap(partsOf));
    }
    if (!isOfThisMachine(address)) {
      source.warning(
        setting,
        `this machine has no address ${address} now`,
        'Use an address that ip address shows, or 0.0.0.0 or :: for all of them.',
      );
    }
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

function partsOf({ setting }: Listener): readonly SettingPath[] {
  return ['address', 'port'].map((name) => [...setting, name]);
}

function listenersOf({ sites, mappingService }: Settings): readonly Listener[] {
  const ofSites = sites.flatMap(({ bindings }, site) =>
    bindings.map(({ address, port }, index) => ({
      setting: ['sites', site, 'bindings', index],
      address,
      port,
    })),
  );
  const ofService = (mappingService?.listeners ?? []).flatMap((listener, index) =>
    'port' in listener
      ? [{ setting: ['mappingService', 'listeners', index], address: listener.address, port: listener.port }]
      : [],
  );
  return [...ofSites, ...ofService];
}

/** Node listens on :: for both versions of IP. */
function overlap(one: Listener, other: Listener): boolean {
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
function freeRange(listeners: readonly Listener[]): string {
  const [low = 50_000] = [50_000, 51_000, 52_000].filter((first) =>
    listeners.every(({ port }) => port < first || port > first + 63),
  );
  return `${low}-${low + 63}`;
}
