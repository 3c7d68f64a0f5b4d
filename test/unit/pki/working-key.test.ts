/** RFC 5280 6.1.4 (d) to (f), RFC 3279 2.3.2: a DSA key without parameters has those of the key above it. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { inheritsParameters, workingPublicKey } from '../../../src/pki/certificate/working-key.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { bitString, integer, objectIdentifier, sequence } from '../../support/der-builder.ts';

const nullValue = Buffer.of(5, 0);
const parametersOf = (bytes: number) => sequence(integer(BigInt(`0x01${'5a'.repeat(bytes)}`)), integer(7), integer(4));
const parameters = parametersOf(64);
const key = bitString(integer(BigInt(`0x01${'3c'.repeat(64)}`)));
const dsa = (...own: readonly Buffer[]) => sequence(sequence(objectIdentifier(oids.dsa), ...own), key);
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' });

describe('a public key', () => {
  it.each<[string, boolean, Buffer]>([
    ['of DSA without parameters inherits', true, dsa()],
    ['of DSA with NULL for parameters inherits', true, dsa(nullValue)],
    ['of DSA with parameters does not', false, dsa(parameters)],
    ['of another kind does not', false, ec],
    ['of another kind with no parameters does not', false, sequence(sequence(objectIdentifier('1.2.3')), key)],
    [
      'whose octets only hold the identifier of DSA does not',
      false,
      sequence(sequence(objectIdentifier('1.2.3'), objectIdentifier(oids.dsa)), key),
    ],
    ['of DSA with something behind the parameters does not', false, dsa(nullValue, nullValue)],
    [
      'of DSA with something behind the key does not',
      false,
      sequence(sequence(objectIdentifier(oids.dsa)), key, nullValue),
    ],
    ['of DSA that is cut short does not', false, dsa().subarray(0, 20)],
  ])('%s', (_rule, inherits, spki) => {
    expect(inheritsParameters(spki)).toBe(inherits);
    if (!inherits) expect(workingPublicKey(spki, dsa(parameters))).toBe(spki);
  });

  it.each([0, 16, 40, 48, 49, 50, 64, 90, 110, 120, 200, 600])(
    'has the parameters of the one above, of %d octets more, in well-formed DER',
    (bytes) => {
      const above = dsa(parametersOf(bytes));
      expect(workingPublicKey(dsa(), above)).toEqual(above);
      expect(workingPublicKey(dsa(nullValue), above)).toEqual(above);
    },
  );

  it.each([
    ['is of another kind', ec],
    ['has none itself', dsa()],
    ['is cut short', dsa(parameters).subarray(0, 30)],
  ])('stays without parameters when the one above %s', (_rule, above) => {
    const spki = dsa();
    expect(workingPublicKey(spki, above)).toBe(spki);
  });
});
