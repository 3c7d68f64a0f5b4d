/** What follows the last records of TLS in the clear, however the octets arrive, and when TLS says that it ends. */
import { EventEmitter } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { behindRecords, TlsCarrier } from '../../../src/ftp/tls/tls-carrier.ts';
import { OpenSockets } from '../../support/socket-pairs.ts';

const open = new OpenSockets();
afterEach(() => open.destroy());

const record = (type: number, length: number) =>
  Buffer.concat([Buffer.of(type, 3, 3, length >> 8, length & 0xff), Buffer.alloc(length, 'x')]);

/** @param size of the pieces that arrive */
function passed(octets: Buffer, size: number): string {
  let text = '';
  const take = behindRecords((piece) => {
    text += piece.toString('latin1');
  });
  for (let at = 0; at < octets.length; at += size) take(octets.subarray(at, at + size));
  return text;
}

describe('octets behind the records of TLS', () => {
  const line = Buffer.from('NOOP\r\n');
  it.each<[string, readonly Buffer[], string]>([
    ['no record at all', [line], 'NOOP\r\n'],
    ['close_notify of TLS 1.2', [record(21, 26), line], 'NOOP\r\n'],
    ['commands and close_notify of TLS 1.3', [record(23, 40), record(23, 400), record(23, 19), line], 'NOOP\r\n'],
    ['a record without content', [record(23, 0), line], 'NOOP\r\n'],
    [
      'what looks like a record behind them',
      [record(21, 2), line, record(21, 2)],
      `NOOP\r\n${record(21, 2).toString('latin1')}`,
    ],
    ['records alone', [record(20, 1), record(22, 70_000 & 0xffff)], ''],
    ['half a record', [record(23, 40).subarray(0, 30)], ''],
    ['a type beyond those of TLS', [Buffer.of(24, 3, 3, 0, 0)], '\x18\x03\x03\0\0'],
    ['a type below those of TLS', [Buffer.of(19)], '\x13'],
  ])('are passed on behind %s', (_kind, octets, expected) => {
    for (const size of [1, 2, 5, 7, 1_000_000]) expect(passed(Buffer.concat(octets), size), `${size}`).toBe(expected);
  });
});

describe('close_notify of the server', () => {
  /** TLS that only tells whether it was ended. */
  function endable() {
    let isEnded = false;
    const end = (done: () => void) => {
      isEnded = true;
      done();
    };
    const tls = Object.assign(new EventEmitter(), { end, destroy: () => undefined }) as unknown as TLSSocket;
    return { tls, isEnded: () => isEnded };
  }

  it('waits for the client, who has read the reply to CCC before it says anything', async () => {
    const { client, raw } = await open.tcpPair();
    const { tls, isEnded } = endable();
    const laidDown = new TlsCarrier(raw).layDown(tls);
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    expect(isEnded()).toBe(false);
    client.write('NOOP\r\n');
    await laidDown;
    expect(isEnded()).toBe(true);
    expect(String(raw.read())).toBe('NOOP\r\n');
  });

  it('comes all the same where the client waits for it', async () => {
    const { raw } = await open.tcpPair();
    const { tls, isEnded } = endable();
    await new TlsCarrier(raw).layDown(tls);
    expect(isEnded()).toBe(true);
  });
});
