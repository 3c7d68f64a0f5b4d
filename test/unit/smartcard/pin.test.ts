import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { digits, systemRandomness } from '../../../src/smartcard/authority/randomness.ts';
import { type PinSource, pinDigits, readPin } from '../../../src/smartcard/token/pin.ts';

const typed = (...chunks: readonly string[]): PinSource => ({ from: 'input', stream: Readable.from(chunks) });

describe('a PIN', () => {
  it.each([
    ['is the first line', ['123456\nmore\n'], '123456'],
    ['may come in pieces', ['12', '34', '56\n'], '123456'],
    ['may end without a line break', ['123456'], '123456'],
    ['loses the line break of Windows', ['123456\r\n'], '123456'],
    ['keeps its blanks', [' 12 34 \n'], ' 12 34 '],
  ])('%s', async (_rule, chunks, pin) => {
    expect(await readPin(typed(...chunks))).toBe(pin);
  });

  it.each([
    ['that is empty', typed('\n')],
    ['of three characters', typed('123\n')],
    ['of 256 characters', typed('1'.repeat(256))],
    ['with a control character', typed('1234\u00005\n')],
    ['from a file that is not there', { from: 'file', path: '/nonexistent/pin' } as const],
  ])('%s is refused with a remedy', async (_rule, source) => {
    await expect(readPin(source)).rejects.toMatchObject({ name: 'CardError', remedy: expect.stringMatching(/\.$/) });
  });

  it('that is refused does not stand in the error', async () => {
    const error = await readPin(typed('99\n')).catch((reason: unknown) => reason);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('99\n');
    expect(String(error)).not.toContain('99');
  });

  it('that is made by chance has eight digits and is not the same twice', () => {
    const pins = Array.from({ length: 50 }, () => digits(systemRandomness, 'PIN', pinDigits));
    expect(pins.every((pin) => /^\d{8}$/.test(pin))).toBe(true);
    expect(new Set(pins).size).toBeGreaterThan(45);
  });

  it('without an end does not fill the memory', async () => {
    async function* endless() {
      for (;;) yield '1'.repeat(1000);
    }
    await expect(readPin({ from: 'input', stream: endless() })).rejects.toThrow('too long');
  });
});
