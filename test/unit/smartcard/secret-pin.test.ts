/** What a PIN in memory never does: show itself, live on after it was cleared, or be something that is no PIN. */
import { execFileSync } from 'node:child_process';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SecretPin } from '../../../src/smartcard/token/secret-pin.ts';

const text = 'sesam-4711';
const secret = () => new SecretPin(Buffer.from(text));

describe('a PIN', () => {
  it.each<[string, (pin: SecretPin) => string]>([
    ['string concatenation', (pin) => `${pin}`],
    ['JSON', (pin) => JSON.stringify({ pin })],
    ['inspection', (pin) => inspect({ pin }, { depth: 9, showHidden: true })],
    ['an error message', (pin) => String(new Error(`cannot use ${pin}`))],
    ['its own properties', (pin) => JSON.stringify(Object.entries(pin))],
  ])('is not shown by %s', (_, show) => {
    expect(show(secret())).not.toContain(text);
  });

  it('is handed out for use, and not after it was cleared', () => {
    const octets = Buffer.from(text);
    const pin = new SecretPin(octets);
    expect(pin.use((value) => value === text)).toBe(true);
    pin.clear();
    expect(octets.every((octet) => octet === 0)).toBe(true);
    expect(() => pin.use(() => undefined)).toThrow('cleared');
  });

  it.each([
    ['empty', ''],
    ['too long', '1'.repeat(256)],
    ['with an escape sequence', '12\u001b[A34'],
    ['with a tab', '12\t34'],
  ])('is none when it is %s, and what came is overwritten', (_, bad) => {
    const octets = Buffer.from(bad);
    expect(() => new SecretPin(octets)).toThrow('The PIN is empty, too long');
    expect(octets.every((octet) => octet === 0)).toBe(true);
  });

  it.runIf(process.platform === 'linux')('comes into a process whose memory core dumps leave out', () => {
    const script = `
      import { readFileSync, writeFileSync } from 'node:fs';
      import { SecretPin } from '${import.meta.dirname}/../../../src/smartcard/token/secret-pin.ts';
      const filter = () => readFileSync('/proc/self/coredump_filter', 'utf8').trim();
      writeFileSync('/proc/self/coredump_filter', '0x33');
      const before = filter();
      new SecretPin(Buffer.from('1234'));
      console.log(before, filter());`;
    expect(execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })).toBe(
      '00000033 00000000\n',
    );
  });
});
