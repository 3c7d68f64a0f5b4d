/**
 * What parts a value that stands at an account from the one that leads a certificate there. It reads leniently and decides nothing:
 * the lint and `cardgate explain` show it, a login never asks.
 */
import type { MappingSpelling } from '../../directory/directory.ts';
import { asciiLowerCase } from '../ascii-case.ts';
import { strongForms } from '../rules/rule.ts';
import type { CertificateWithIdentity } from '../sssd/certificate-values.ts';
import { altValues, issuerSerialValues } from './alt-security-identities.ts';
import { readStoredValue, type StoredValue } from './stored-value.ts';

export interface NearMiss {
  /** What differs, in a few words. */
  readonly difference: string;
  /** The value of the certificate that comes nearest; absent when none is like it. */
  readonly expected?: string | undefined;
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
  facts: CertificateWithIdentity,
  spelling: MappingSpelling = 'activeDirectory',
): NearMiss {
  const equal = differenceOfText(stored, searched);
  if (equal) return equal;
  const read = readStoredValue(stored, spelling);
  switch (read.kind) {
    case 'other':
      return { difference: 'the value is not about certificates' };
    case 'unreadable':
      return { difference: `the value ${read.complaint}` };
    case 'issuerOnly':
      return { difference: 'the value stands for every certificate of an issuer; cardgate ignores it' };
    case 'value':
      return differenceOfValue(inOrder(read, facts, spelling), searched, facts, spelling);
  }
}

/** The order of names that the certificate has, where the value has it in one of its orders. */
function inOrder(
  read: ReadValue,
  { certificate, identity }: CertificateWithIdentity,
  spelling: MappingSpelling,
): ReadValue {
  const names = altValues(read.form, certificate, identity, { spelling }).map(namesOf);
  const isOwn = (text: string) => names.includes(namesOf(text));
  const other = isOwn(read.right) ? undefined : read.otherOrders.find(isOwn);
  return other === undefined ? read : { ...read, right: other, isDisplayOrder: !read.isDisplayOrder };
}

/** What stands before a serial number or SID: all of it is names. */
const namesOf = (value: string) => asciiLowerCase(value.replace(/<(?:SR|SID)>[^>]*$/, ''));

function differenceOfText(stored: string, searched: readonly string[]): NearMiss | undefined {
  const ways: readonly [(text: string) => string, string][] = [
    [
      (text) => text,
      'nothing: it is the same value. The base, the filter of accounts or the rights of the bind account hide it',
    ],
    [(text) => text.trim(), 'the account’s value has blanks at an end'],
    [(text) => text.toLowerCase(), 'the letter case, which the directory or cardgate tells apart'],
    [(text) => text.trim().toLowerCase(), 'the letter case, and the account’s value has blanks at an end'],
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
  { certificate, identity }: CertificateWithIdentity,
  spelling: MappingSpelling,
): NearMiss {
  const ofForm = altValues(read.form, certificate, identity, { spelling });
  const own = ofForm.find((value) => asciiLowerCase(value) === asciiLowerCase(read.right));
  if (own !== undefined) {
    if (!searched.includes(own)) {
      const strength = strongForms.has(read.form) ? '' : ', and it is weak: only a name';
      return { difference: `no rule looks for values of the kind ${read.form}${strength}`, expected: own };
    }
    return { difference: differenceOfSpelling(read, spelling), expected: own };
  }
  if (read.form === 'issuerSerial') return differenceOfSerial(read, issuerSerialValues(certificate, spelling));
  const [expected] = ofForm;
  if (expected === undefined) return { difference: `the certificate has nothing of the kind ${read.form}` };
  const strength = strongForms.has(read.form) ? '' : '; the value is weak too: only a name';
  return { difference: `${differingParts(read, expected, spelling)}${strength}`, expected };
}

/** The value is the certificate's, and is written in another way. */
function differenceOfSpelling(read: ReadValue, spelling: MappingSpelling): string {
  if (read.isDisplayOrder) return 'a name stands in display order: the most significant part has to come first';
  const [here, there] =
    spelling === 'freeIpa' ? ['FreeIPA', 'Active Directory'] : ['Active Directory', 'OpenSSL or FreeIPA'];
  const isOfOther = spelling === 'freeIpa' ? /["]|[<,]S=/ : /\\|[<>,+]ST=/i;
  const written = [...read.parts].map(([tag, text]) => `<${tag}>${text}`).join('');
  return isOfOther.test(written)
    ? `the value is spelt as ${there} writes names, not as ${here} does`
    : 'the spelling: blanks, attribute names, quotation marks, escapes or digits';
}

const partNames: ReadonlyMap<string, string> = new Map([
  ['I', 'the issuer'],
  ['S', 'the subject'],
  ['SID', 'the SID'],
  ['SKI', 'the key identifier, which is that of another key'],
  ['SHA1-PUKEY', 'the SHA-1, which is that of another key or certificate'],
  ['RFC822', 'the address'],
]);

/** Which tags hold something else, once both values are spelt alike. */
function differingParts(read: ReadValue, expected: string, spelling: MappingSpelling): string {
  const [own, other] = [read.right, expected].map((value) => {
    const { parts } = { parts: new Map<string, string>(), ...readStoredValue(value, spelling) };
    return parts;
  });
  const differing = [...(own ?? [])].filter(
    ([tag, text]) => asciiLowerCase(text) !== asciiLowerCase(other?.get(tag) ?? ''),
  );
  return differing.map(([tag]) => partNames.get(tag) ?? tag).join(' and ');
}

function differenceOfSerial(read: ReadValue, values: readonly string[]): NearMiss {
  const expected = values.find((value) => issuerOf(value) === issuerOf(read.right));
  const unreversed = values.find((value) => isUnreversed(read, value));
  if (expected === undefined) {
    const [usual] = values;
    const isSame = unreversed !== undefined || values.some((value) => serialOf(value) === serialOf(read.right));
    const difference = isSame
      ? 'the issuer; the serial number is the same'
      : 'the issuer and the serial number: it is another certificate';
    return { difference, expected: usual };
  }
  if (unreversed === undefined)
    return { difference: 'the serial number: it is another certificate of the same issuer', expected };
  const serial = 'the serial number is not reversed: its last octet has to come first';
  const difference = read.isDisplayOrder ? `${serial}; and the issuer stands in display order` : serial;
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
