/**
 * What parts a value that stands at an account from the one that would lead a certificate there. It reads leniently and decides nothing:
 * the lint and `cardgate explain` show it, a login never asks.
 */
import type { MappingSpelling } from '../directory/directory.ts';
import { altValues, issuerSerialValues } from './alt-security-identities.ts';
import { asciiLowerCase } from './ascii-case.ts';
import type { CertificateFacts } from './certificate-values.ts';
import { strongForms } from './rule.ts';
import { readStoredValue, type StoredValue } from './stored-value.ts';

export interface NearMiss {
  /** What differs, in a few words. */
  readonly difference: string;
  /** The value of the certificate that comes nearest; absent when none is like it. */
  readonly expected?: string;
}

type ReadValue = StoredValue & { readonly kind: 'value' };

/**
 * @param stored a value of altSecurityIdentities, or of what stands for it
 * @param searched the values that the rules look for
 * @param spelling of the directory that holds the value
 */
export function nearMiss(
  stored: string,
  searched: readonly string[],
  facts: CertificateFacts,
  spelling: MappingSpelling = 'activeDirectory',
): NearMiss {
  const equal = differenceOfText(stored, searched);
  if (equal) return equal;
  const read = readStoredValue(stored, spelling);
  switch (read.kind) {
    case 'other':
      return { difference: 'not about certificates' };
    case 'unreadable':
      return { difference: `the value ${read.complaint}` };
    case 'issuerOnly':
      return { difference: 'stands for every certificate of an issuer; cardgate ignores it' };
    case 'value':
      return differenceOfValue(read, searched, facts, spelling);
  }
}

function differenceOfText(stored: string, searched: readonly string[]): NearMiss | undefined {
  const ways: readonly [(text: string) => string, string][] = [
    [(text) => text, 'the same value: the base, the filter of accounts or the rights of the bind account hide it'],
    [(text) => text.trim(), 'blanks at an end'],
    [(text) => text.toLowerCase(), 'other letter case, which the directory or cardgate tells apart'],
    [(text) => text.trim().toLowerCase(), 'blanks at an end, and other letter case'],
  ];
  for (const [fold, difference] of ways) {
    const expected = searched.find((value) => fold(value) === fold(stored));
    if (expected !== undefined) return { difference, expected };
  }
  return undefined;
}

function differenceOfValue(
  read: ReadValue,
  searched: readonly string[],
  { certificate, identity }: CertificateFacts,
  spelling: MappingSpelling,
): NearMiss {
  const ofForm = altValues(read.form, certificate, identity, { spelling });
  const own = ofForm.find((value) => asciiLowerCase(value) === asciiLowerCase(read.right));
  if (own !== undefined) {
    if (!searched.includes(own)) {
      const strength = strongForms.has(read.form) ? '' : ', and it is weak: only a name';
      return { difference: `no rule looks for values of the kind ${read.form}${strength}`, expected: own };
    }
    const difference = read.isDisplayOrder
      ? 'a name stands in display order'
      : 'other spelling of the value: blanks, attribute names, quotation marks, escapes or digits';
    return { difference, expected: own };
  }
  if (read.form === 'issuerSerial') return differenceOfSerial(read, issuerSerialValues(certificate, spelling));
  const [expected] = ofForm;
  return { difference: differenceOfForm[read.form], ...(expected !== undefined && { expected }) };
}

const differenceOfForm = {
  issuerSid: 'another issuer or another SID',
  ski: 'the key identifier of another key',
  sha1PublicKey: 'the SHA-1 of another key or certificate',
  issuerSubject: 'another issuer or another subject; it is weak: only a name',
  subject: 'another subject; it is weak: only a name',
  rfc822: 'another address; it is weak: only a name',
} as const;

function differenceOfSerial(read: ReadValue, values: readonly string[]): NearMiss {
  const expected = values.find((value) => issuerOf(value) === issuerOf(read.right));
  const unreversed = values.find((value) => isUnreversed(read, value));
  if (expected === undefined) {
    const [usual] = values;
    const isSame = unreversed !== undefined || values.some((value) => serialOf(value) === serialOf(read.right));
    const difference = isSame ? 'the same serial number, and another issuer' : 'another certificate of another issuer';
    return { difference, ...(usual !== undefined && { expected: usual }) };
  }
  if (unreversed === undefined) return { difference: 'another certificate of the same issuer', expected };
  const difference = read.isDisplayOrder
    ? 'serial not reversed, and the issuer stands in display order'
    : 'serial not reversed';
  return { difference, expected };
}

const issuerOf = (value: string) => asciiLowerCase(value.slice(0, value.lastIndexOf('<SR>')));
const serialOf = (value: string) => asciiLowerCase(value.slice(value.lastIndexOf('<SR>') + '<SR>'.length));

/** Whether the octets of the serial number stand as tools display them, whatever the issuer. */
function isUnreversed(read: ReadValue, value: string): boolean {
  const straight = Buffer.from(serialOf(value), 'hex').reverse().toString('hex');
  return serialOf(read.right).replace(/^0+/, '') === straight.replace(/^0+/, '');
}

/** @returns the right value when the only thing wrong is, or may be, that the octets of the serial number are not reversed */
export function reversedValue(read: ReadValue, values: readonly string[]): string | undefined {
  const isRight = values.some((value) => asciiLowerCase(value) === asciiLowerCase(read.right));
  return read.form === 'issuerSerial' && !isRight && values.some((value) => isUnreversed(read, value))
    ? values[0]
    : undefined;
}
