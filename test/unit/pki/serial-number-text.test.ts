/** One spelling of serial numbers, which a person can compare with what openssl prints. */
import { describe, expect, it } from 'vitest';
import { serialNumberText } from '../../../src/pki/names/serial-number-text.ts';

describe('serialNumberText', () => {
  it.each([
    [0n, '00'],
    [1n, '01'],
    [0x80n, '80'],
    [0x0a0bn, '0a0b'],
    [-1n, '-01'],
    [-128n, '-80'],
  ])('writes %s as %s: whole octets without the sign octet of DER', (serial, text) => {
    expect(serialNumberText(serial)).toBe(text);
  });
});
