/** Which server is asked: by rank, by what the DNS says, by health, and what happens while one is silent. */
import { describe, expect, it, vi } from 'vitest';
import type { ServerDiscovery } from '../../../src/directory/connection/connection-settings.ts';
import { firstAnswer, NoAnswerError } from '../../../src/directory/connection/first-answer.ts';
import { ServerHealth } from '../../../src/directory/connection/server-health.ts';
import { discoveredServers, listedServers } from '../../../src/directory/connection/server-list.ts';
import { orderServers } from '../../../src/directory/connection/server-order.ts';
import type { ServiceRecord, ServiceResolver } from '../../../src/directory/connection/service-resolver.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { discoveryOf } from '../../support/directory-options.ts';
import type { Plain } from '../../support/settings.ts';

describe('the order of servers (RFC 2782)', () => {
  const server = (name: string, priority: number, weight: number) => ({ name, priority, weight });

  it('a lower priority always comes first', () => {
    const servers = [server('c', 20, 100), server('a', 0, 0), server('b', 10, 1)];
    for (const drawn of [0, 0.5, 0.999]) {
      expect(orderServers(servers, () => drawn).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    }
  });

  it('among equals the weight is the share of the load, and none is lost', () => {
    const servers = [server('one', 0, 1), server('three', 0, 3), server('none', 0, 0)];
    const first = new Map<string, number>();
    const steps = 1000;
    for (let step = 0; step < steps; step += 1) {
      const ordered = orderServers(servers, () => step / steps);
      expect(ordered.map(({ name }) => name).sort()).toEqual(['none', 'one', 'three']);
      first.set(ordered[0]!.name, (first.get(ordered[0]!.name) ?? 0) + 1);
    }
    expect(Object.fromEntries(first)).toEqual({ none: 200, one: 200, three: 600 });
  });

  it('a plain list is tried in its order, ranks change that', async () => {
    const urls = async (servers: Parameters<typeof listedServers>[0]) =>
      orderServers(await listedServers(servers).current(), () => 0.5).map(({ url }) => url);
    expect(await urls(['ldaps://b', 'ldaps://a'])).toEqual(['ldaps://b', 'ldaps://a']);
    expect(
      await urls([
        { url: 'ldaps://b', priority: 2 },
        { url: 'ldaps://a', priority: 1 },
      ]),
    ).toEqual(['ldaps://a', 'ldaps://b']);
  });
});

describe('servers found in the DNS', () => {
  const record = (target: string, port = 389, priority = 0): ServiceRecord => ({ target, port, priority, weight: 100 });
  const listOf = (
    zone: Readonly<Record<string, readonly ServiceRecord[]>>,
    more: Plain<ServerDiscovery> = {},
    silent?: ServiceResolver,
  ) => {
    const resolveService = vi.fn(async (name: string) => {
      const records = zone[name];
      if (!records) throw new Error(`ENOTFOUND ${name}`);
      return records;
    });
    const settings = { ...discoveryOf('domainController'), ...more } as ServerDiscovery;
    return { list: discoveredServers(settings, silent ?? { resolveService }, silentLogger), resolveService };
  };
  const urls = async (list: ReturnType<typeof discoveredServers>) =>
    orderServers(await list.current(), () => 0.5).map(({ url }) => url);

  it.each<[string, Plain<ServerDiscovery>, string, number, string]>([
    ['domain controllers', {}, '_ldap._tcp.dc._msdcs.corp.example', 389, 'ldaps://dc1.corp.example:636'],
    ['by StartTLS', { security: 'startTls' }, '_ldap._tcp.dc._msdcs.corp.example', 389, 'ldap://dc1.corp.example:389'],
    ['global catalogs', { service: 'globalCatalog' }, '_gc._tcp.corp.example', 3268, 'ldaps://dc1.corp.example:3269'],
    ['any LDAP service', { service: 'ldap' }, '_ldap._tcp.corp.example', 10636, 'ldaps://dc1.corp.example:10636'],
  ])('%s', async (_what, options, name, port, url) => {
    const { list } = listOf({ [name]: [record('DC1.corp.example.', port)] }, options);
    expect(await urls(list)).toEqual([url]);
  });

  it('those of the site stand before the others of the domain, whatever their priority', async () => {
    const { list } = listOf(
      {
        '_ldap._tcp.Berlin._sites.dc._msdcs.corp.example': [record('near.corp.example', 389, 50)],
        '_ldap._tcp.dc._msdcs.corp.example': [record('far.corp.example'), record('near.corp.example')],
      },
      { site: 'Berlin' },
    );
    expect(await urls(list)).toEqual(['ldaps://near.corp.example:636', 'ldaps://far.corp.example:636']);
  });

  it('a site without servers is served by the domain', async () => {
    const { list } = listOf({ '_ldap._tcp.dc._msdcs.corp.example': [record('far.corp.example')] }, { site: 'Bonn' });
    expect(await urls(list)).toEqual(['ldaps://far.corp.example:636']);
  });

  it.each([
    'dc1.evil.example',
    'corp.example',
    'evilcorp.example',
    '.',
    'dc1.corp.example/x',
    '127.0.0.1',
    'a b.corp.example',
  ])('the name %s lies not below the domain and is not used', async (target) => {
    const zone = { '_ldap._tcp.dc._msdcs.corp.example': [record(target), record('dc1.corp.example')] };
    expect(await urls(listOf(zone).list)).toEqual(['ldaps://dc1.corp.example:636']);
    const only = { '_ldap._tcp.dc._msdcs.corp.example': [record(target)] };
    await expect(listOf(only).list.current()).rejects.toMatchObject({ name: 'DirectoryUnavailableError' });
  });

  it('an answer holds for the interval, and outlives a DNS that fails', async () => {
    const zone: Record<string, ServiceRecord[]> = { '_ldap._tcp.dc._msdcs.corp.example': [record('dc1.corp.example')] };
    const holding = listOf(zone);
    await Promise.all([holding.list.current(), holding.list.current()]);
    await holding.list.current();
    expect(holding.resolveService).toHaveBeenCalledTimes(1);
    const renewing = listOf(zone, { refreshInterval: 0 });
    await renewing.list.current();
    delete zone['_ldap._tcp.dc._msdcs.corp.example'];
    await renewing.list.current();
    await vi.waitFor(() => expect(renewing.resolveService).toHaveBeenCalledTimes(2));
    expect(await urls(renewing.list)).toEqual(['ldaps://dc1.corp.example:636']);
  });

  it('a resolver that never answers holds no login up for ever', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const silent = { resolveService: () => new Promise<never>(() => undefined) };
      const asked = listOf({}, {}, silent).list.current();
      const refused = expect(asked).rejects.toMatchObject({ name: 'DirectoryUnavailableError' });
      await vi.advanceTimersByTimeAsync(5000);
      await refused;
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([{ domain: 'corp/example' }, { domain: '' }, { site: 'a b' }])('refused: %o', (change) => {
    expect(() => listOf({}, change)).toThrow(TypeError);
  });
});

describe('the first answer', () => {
  const never = () => new Promise<string>(() => undefined);
  const asking = (answers: Record<string, () => Promise<string>>, isSilent = true) => {
    const asked: string[] = [];
    const silent: string[] = [];
    const answer = firstAnswer(
      Object.keys(answers),
      (server) => {
        asked.push(server);
        return answers[server]!();
      },
      {
        patience: 20,
        isSilent: () => isSilent,
        onSilent: (server) => silent.push(server),
        isFinal: (error) => error instanceof RangeError,
      },
    );
    return { answer, asked, silent };
  };

  it('of a server that works is the only one', async () => {
    const { answer, asked } = asking({ a: async () => 'A', b: async () => 'B' });
    expect(await answer).toBe('A');
    expect(asked).toEqual(['a']);
  });

  it('comes from the next server at once when one fails', async () => {
    const { answer, silent } = asking({ a: () => Promise.reject(new Error('down')), b: async () => 'B' });
    expect(await answer).toBe('B');
    expect(silent).toEqual([]);
  });

  it('comes from the next server when one is silent, which is noted', async () => {
    const { answer, silent } = asking({ a: never, b: async () => 'B' });
    expect(await answer).toBe('B');
    expect(silent).toEqual(['a']);
  });

  it('is waited for while the server is busy with others', async () => {
    const { answer, asked } = asking(
      { a: () => new Promise((resolve) => setTimeout(() => resolve('A'), 60)), b: async () => 'B' },
      false,
    );
    expect(await answer).toBe('A');
    expect(asked).toEqual(['a']);
  });

  it('is not looked for further after a failure that is final', async () => {
    const { answer, asked } = asking({ a: () => Promise.reject(new RangeError('no')), b: async () => 'B' });
    await expect(answer).rejects.toThrow(RangeError);
    expect(asked).toEqual(['a']);
  });

  it('does not exist when all fail, with every reason', async () => {
    const { answer } = asking({ a: () => Promise.reject(new Error('x')), b: () => Promise.reject(new Error('y')) });
    const error = await answer.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NoAnswerError);
    expect((error as NoAnswerError<string>).failures.map(({ server }) => server)).toEqual(['a', 'b']);
    await expect(asking({}).answer).rejects.toThrow(NoAnswerError);
  });
});

describe('a server that failed', () => {
  it('is probed until it works, and one that is asked in vain stays failed', async () => {
    let probes = 0;
    const health = new ServerHealth({
      probeInterval: 5,
      probe: async () => {
        probes += 1;
        if (probes < 3) throw new Error('still down');
      },
      logger: silentLogger,
    });
    health.failed('a', 'down');
    expect([health.isFailed('a'), health.isFailed('b')]).toEqual([true, false]);
    await vi.waitFor(() => expect(health.isFailed('a')).toBe(false));
    expect(probes).toBe(3);
    health.failed('a', 'down again');
    health.answered('a');
    expect(health.isFailed('a')).toBe(false);
    health.close();
    health.failed('a', 'late');
    expect(health.isFailed('a')).toBe(false);
  });
});
