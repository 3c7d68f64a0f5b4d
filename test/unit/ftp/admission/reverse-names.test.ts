/** Names of addresses: confirmed forwards, kept for a while, within bounds and deadlines. */
import { describe, expect, it } from 'vitest';
import { type NameServers, ReverseNameCache } from '../../../../src/ftp/admission/reverse-names.ts';
import { milliseconds } from '../../../../src/settings/units.ts';

const patience = milliseconds(60_000);
const failure = (code: string) => Object.assign(new Error(code), { code });

function cacheOf(servers: Partial<NameServers>) {
  let now = 0;
  const asked: string[] = [];
  const cache = new ReverseNameCache(
    {
      reverse: async (address) => {
        asked.push(address);
        return (await servers.reverse?.(address)) ?? [];
      },
      forward: async (name, address) => (await servers.forward?.(name, address)) ?? [],
    },
    () => now,
  );
  return {
    asked,
    pass: (time: number) => {
      now += time;
    },
    names: (address: string, time = patience) => cache.namesOf(address, time),
  };
}

describe('names of an address', () => {
  it('count as confirmed where they lead back to it, by whatever spelling', async () => {
    const { names } = cacheOf({
      reverse: async () => ['A.Example.com.', 'other.example.com'],
      forward: async (name) => (name === 'a.example.com' ? ['2001:DB8:0::1'] : ['2001:db8::2']),
    });
    expect(await names('2001:db8::1')).toEqual({
      outcome: 'known',
      claimed: ['a.example.com', 'other.example.com'],
      confirmed: ['a.example.com'],
    });
  });

  it.each(['ENOTFOUND', 'ENODATA'])('are none after %s', async (code) => {
    const { names } = cacheOf({ reverse: () => Promise.reject(failure(code)) });
    expect(await names('192.0.2.1')).toEqual({ outcome: 'known', claimed: [], confirmed: [] });
  });

  it.each<[string, Partial<NameServers>]>([
    ['backwards', { reverse: () => Promise.reject(failure('ESERVFAIL')) }],
    ['forwards', { reverse: async () => ['a'], forward: () => Promise.reject(failure('ETIMEOUT')) }],
  ])('are not known where a question %s fails', async (_way, servers) => {
    expect(await cacheOf(servers).names('192.0.2.1')).toMatchObject({ outcome: 'unknown' });
  });

  it('are not known when no answer comes in time, and the question goes on for those behind', async () => {
    const answer = Promise.withResolvers<readonly string[]>();
    const { names, asked } = cacheOf({ reverse: () => answer.promise });
    expect(await names('192.0.2.1', milliseconds(1))).toMatchObject({
      outcome: 'unknown',
      reason: 'no answer within 1 ms',
    });
    const second = names('192.0.2.1');
    answer.resolve([]);
    expect(await second).toMatchObject({ outcome: 'known' });
    expect(asked).toHaveLength(1);
  });

  it('are asked again after five minutes, and after ten seconds where the answer failed', async () => {
    let fails = false;
    const one = cacheOf({ reverse: () => (fails ? Promise.reject(failure('ESERVFAIL')) : Promise.resolve([])) });
    for (const [time, questions] of [
      [0, 1],
      [299_999, 1],
      [1, 2],
    ] as const) {
      one.pass(time);
      await one.names('192.0.2.1');
      expect(one.asked).toHaveLength(questions);
    }
    fails = true;
    for (const [time, questions] of [
      [300_000, 3],
      [9_999, 3],
      [1, 4],
    ] as const) {
      one.pass(time);
      await one.names('192.0.2.1');
      expect(one.asked).toHaveLength(questions);
    }
  });

  it('are asked of a hundred addresses at a time', async () => {
    const { names, asked } = cacheOf({ reverse: () => new Promise(() => undefined) });
    for (let last = 0; last < 100; last += 1) void names(`192.0.2.${last}`, milliseconds(1));
    expect(await names('198.51.100.1')).toMatchObject({ outcome: 'unknown', reason: 'more than 100 look-ups run' });
    expect(asked).toHaveLength(100);
  });

  it('are looked at five at most', async () => {
    const { names } = cacheOf({
      reverse: async () => Array.from({ length: 1000 }, (_, n) => `n${n}`),
      forward: async () => [],
    });
    expect(await names('192.0.2.1')).toMatchObject({ claimed: ['n0', 'n1', 'n2', 'n3', 'n4'] });
  });
});
