import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { parseCrl } from '../../../../src/pki/crl/crl.ts';
import { KnownCrl } from '../../../../src/pki/crl/known-crl.ts';
import { MalformedError } from '../../../../src/pki/encoding/malformed-error.ts';
import { crlEntry, issueCrl, root } from '../../../support/handmade-certificates.ts';

/** Threads that do nothing until the test lets them die. */
const threads: (EventEmitter & { terminated: number })[] = [];
vi.mock('node:worker_threads', () => ({
  Worker: class extends EventEmitter {
    terminated = 0;
    constructor() {
      super();
      threads.push(this);
    }
    postMessage(): void {
      // never answered
    }
    terminate(): void {
      this.terminated += 1;
    }
  },
}));

const issuer = root();
const entries = Buffer.concat(Array.from({ length: 20_000 }, (_, index) => crlEntry(index + 1)));
const large = () => new KnownCrl(parseCrl(issueCrl(issuer, { entries: [entries] }), 'large'));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What a thread is given is copied in turns; so many that more threads than expected have begun too. */
async function turns(): Promise<void> {
  for (let count = 0; count < 20; count += 1) await turn();
}

describe('a thread that dies', () => {
  it.each([
    ['of an error', (thread: EventEmitter) => thread.emit('error', new Error('out of memory')), 'out of memory'],
    ['without a word', (thread: EventEmitter) => thread.emit('exit', 1), 'the thread ended'],
  ])('%s makes its CRL unusable, and is tried again by a later login', async (_rule, die, message) => {
    const crl = large();
    const first = crl.entries();
    await turns();
    const [thread] = threads.splice(0);
    die(thread!);
    await expect(first).rejects.toThrow(MalformedError);
    await expect(first).rejects.toThrow(message);
    const second = crl.entries();
    await turns();
    threads.splice(0)[0]!.emit('exit', 1);
    await expect(second).rejects.toThrow(MalformedError);
  });

  it('leaves its place to the next: never more than two run at once', async () => {
    const results = Array.from({ length: 4 }, () => Promise.resolve(large().entries()).catch(() => 'failed'));
    await turns();
    expect(threads).toHaveLength(2);
    threads[0]!.emit('exit', 1);
    await turns();
    expect(threads).toHaveLength(3);
    for (let index = 1; index < 4; index += 1) {
      threads[index]!.emit('exit', 1);
      await turns();
    }
    expect(await Promise.all(results)).toEqual(Array.from({ length: 4 }, () => 'failed'));
    expect(threads.splice(0).every(({ terminated }) => terminated === 1)).toBe(true);
  });

  it('is ended when it does not answer in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const result = large().entries();
      await turns();
      vi.advanceTimersByTime(30_000);
      await expect(result).rejects.toThrow('in time');
      expect(threads.splice(0)[0]!.terminated).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });
});
