/** What follows the last records of TLS in the clear, however the octets arrive. */
import { describe, expect, it } from 'vitest';
import { behindRecords } from '../../../src/ftp/tls/tls-carrier.ts';

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
