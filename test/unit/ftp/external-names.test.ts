/** Names that PASV tells the address of: how long an address stays, and how long a client waits for one. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ExternalNames, lookUpBySystem } from '../../../src/ftp/data-ports/external-names.ts';
import type { Logger } from '../../../src/operations/log.ts';
import { silentLogger } from '../../../src/operations/log.ts';

let now = 0;
let answers: (string | Error | Promise<string>)[] = [];
const asked: string[] = [];
const lines: { event: string; fields: unknown }[] = [];

beforeEach(() => {
  now = 0;
  answers = [];
  asked.length = 0;
  lines.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

function names(): ExternalNames {
  const keep = (event: string, fields: unknown) => void lines.push({ event, fields });
  return new ExternalNames({
    lookUp: async (name) => {
      asked.push(name);
      const answer = answers.shift() ?? new Error('no answer is left');
      if (answer instanceof Error) throw answer;
      return answer;
    },
    timer: () => now,
    logger: { ...silentLogger, info: keep, warn: keep } as Logger,
  });
}

describe('a name', () => {
  it('is looked up once for a minute, and then anew', async () => {
    const known = names();
    answers = ['192.0.2.1', '192.0.2.2'];
    expect(await known.addressOf('ftp.example')).toBe('192.0.2.1');
    now = 59_999;
    expect(await known.addressOf('ftp.example')).toBe('192.0.2.1');
    now = 60_000;
    expect(await known.addressOf('ftp.example')).toBe('192.0.2.2');
    expect(asked).toEqual(['ftp.example', 'ftp.example']);
    expect(lines).toEqual([
      { event: 'external-name-found', fields: { name: 'ftp.example', address: '192.0.2.1', former: undefined } },
      { event: 'external-name-found', fields: { name: 'ftp.example', address: '192.0.2.2', former: '192.0.2.1' } },
    ]);
  });

  it('keeps its last address for an hour of failures, each of which the log tells; it is asked for ten seconds later at the earliest', async () => {
    const known = names();
    answers = ['192.0.2.1', new Error('ENOTFOUND'), new Error('EAI_AGAIN')];
    await known.addressOf('ftp.example');
    now = 60_000;
    expect(await known.addressOf('ftp.example')).toBe('192.0.2.1');
    now = 69_999;
    expect(await known.addressOf('ftp.example')).toBe('192.0.2.1');
    expect(asked).toHaveLength(2);
    now = 3_599_999;
    expect(await known.addressOf('ftp.example')).toBe('192.0.2.1');
    now = 3_600_000;
    expect(await known.addressOf('ftp.example')).toBeUndefined();
    expect(lines.slice(1)).toEqual([
      { event: 'external-name-failed', fields: { name: 'ftp.example', kept: '192.0.2.1', reason: 'ENOTFOUND' } },
      { event: 'external-name-failed', fields: { name: 'ftp.example', kept: '192.0.2.1', reason: 'EAI_AGAIN' } },
    ]);
  });

  it('comes back after a failure', async () => {
    const known = names();
    answers = [new Error('ENOTFOUND'), '192.0.2.1'];
    expect(await known.addressOf('ftp.example')).toBeUndefined();
    now = 10_000;
    expect(await known.addressOf('ftp.example')).toBe('192.0.2.1');
  });

  it.each(['0.0.0.0', '224.0.0.1', '255.255.255.255'])('has no address while it leads to %s', async (address) => {
    const known = names();
    answers = [address];
    expect(await known.addressOf('ftp.example')).toBeUndefined();
    expect(lines).toMatchObject([
      { event: 'external-name-failed', fields: { reason: `${address} is no address that clients can connect to` } },
    ]);
  });

  it('that hangs holds one look-up, and a client for a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const known = names();
    const { promise, resolve } = Promise.withResolvers<string>();
    answers = [promise];
    const clients = Array.from({ length: 100 }, () => known.addressOf('ftp.example'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(new Set(await Promise.all(clients))).toEqual(new Set([undefined]));
    expect(asked).toHaveLength(1);
    resolve('192.0.2.1');
    expect(await known.addressOf('ftp.example')).toBe('192.0.2.1');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that hangs later leaves its last address', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const known = names();
    answers = ['192.0.2.1', Promise.withResolvers<string>().promise];
    await known.addressOf('ftp.example');
    now = 100_000;
    const later = known.addressOf('ftp.example');
    await vi.advanceTimersByTimeAsync(1000);
    expect(await later).toBe('192.0.2.1');
  });

  it('is there for the first client when it was prepared', async () => {
    const known = names();
    answers = ['192.0.2.1', '192.0.2.2'];
    known.prepare(['ftp.example', 'other.example']);
    expect(asked).toEqual(['ftp.example', 'other.example']);
    expect(await known.addressOf('ftp.example')).toBe('192.0.2.1');
    expect(await known.addressOf('other.example')).toBe('192.0.2.2');
    expect(asked).toHaveLength(2);
  });

  it('is forgotten when sixty-four others came after it', async () => {
    const known = names();
    answers = Array.from({ length: 66 }, (_, index) => `192.0.2.${index}`);
    for (let index = 0; index < 65; index += 1) await known.addressOf(`host${index}.example`);
    expect(await known.addressOf('host64.example')).toBe('192.0.2.64');
    expect(await known.addressOf('host0.example')).toBe('192.0.2.65');
  });

  it('of the file of hosts is found by the system', async () => {
    expect(await lookUpBySystem('localhost')).toBe('127.0.0.1');
  });
});
