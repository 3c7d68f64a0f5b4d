/**
 * Values of altSecurityIdentities as people and scripts really write them: read leniently, so that a lint can tell what is wrong and
 * print the right one. Nothing here takes part in a login, where only exact values count.
 */
import type { MappingSpelling } from '../../directory/directory.ts';
import type { AltForm } from '../rules/rule.ts';
import { attributeTypeOf, freeIpaNames, x500Names } from './attribute-names.ts';
import { freeIpaAttribute, quoteX500 } from './name-formats.ts';

export type StoredValue =
  /** Not about certificates, such as `Kerberos:…`. */
  | { readonly kind: 'other' }
  | { readonly kind: 'unreadable'; readonly complaint: string }
  /** Stands for every certificate of an issuer. */
  | { readonly kind: 'issuerOnly' }
  | {
      readonly kind: 'value';
      readonly form: AltForm;
      /** What stands after each tag, as it stands. */
      readonly parts: ReadonlyMap<string, string>;
      /** The value as it is written rightly; equal to what was read when nothing is wrong. */
      readonly right: string;
      /** The same with one name or all of them in the other order; which order is right, only a certificate tells for sure. */
      readonly otherOrders: readonly string[];
      /** A name stood the other way round, as tools display it; then a serial number may stand in display order too. */
      readonly isDisplayOrder: boolean;
    };

const longestValue = 8192;
const formsByTags: ReadonlyMap<string, AltForm> = new Map<string, AltForm>([
  ['I SR', 'issuerSerial'],
  ['I SID', 'issuerSid'],
  ['SKI', 'ski'],
  ['SHA1-PUKEY', 'sha1PublicKey'],
  ['I S', 'issuerSubject'],
  ['S', 'subject'],
  ['RFC822', 'rfc822'],
]);
const tags = ['I', 'S', 'SR', 'SID', 'SKI', 'SHA1-PUKEY', 'RFC822'];
/** A tag, and what stands up to the next: quoted or escaped text may hold angle brackets. */
const tagged = {
  activeDirectory: /<([A-Za-z0-9-]+)>((?:"(?:[^"]|"")*"|[^<])*)/y,
  freeIpa: /<([A-Za-z0-9-]+)>((?:\\[\s\S]|[^<\\])*)/y,
} as const;

/** @param spelling of the directory that holds the value */
export function readStoredValue(text: string, spelling: MappingSpelling = 'activeDirectory'): StoredValue {
  if (!/^\s*x509\s*:/i.test(text)) return { kind: 'other' };
  if (text.length > longestValue) return { kind: 'unreadable', complaint: 'is too long' };
  if (/[\p{Cc}\p{Cf}]/u.test(text)) return { kind: 'unreadable', complaint: 'holds invisible characters' };
  const body = trimmed(text.replace(/^\s*x509\s*:\s*/i, ''), spelling);
  const parts = new Map<string, string>();
  const pattern = tagged[spelling];
  pattern.lastIndex = 0;
  while (pattern.lastIndex < body.length) {
    const [, tag = '', value = ''] = pattern.exec(body) ?? [];
    if (tag === '') return { kind: 'unreadable', complaint: 'is not a row of tags such as <I> and <SR> with values' };
    const known = tags.find((name) => name === tag.toUpperCase());
    if (known === undefined) return { kind: 'unreadable', complaint: `has the unknown tag <${tag}>` };
    if (parts.has(known)) return { kind: 'unreadable', complaint: `has the tag <${tag}> twice` };
    const content = trimmed(value, spelling);
    if (content === '') return { kind: 'unreadable', complaint: `has nothing after <${tag}>` };
    parts.set(known, content);
  }
  const present = tags.filter((tag) => parts.has(tag));
  if (present.join(' ') === 'I') return { kind: 'issuerOnly' };
  const form = formsByTags.get(present.join(' '));
  if (form === undefined)
    return { kind: 'unreadable', complaint: `combines ${present.join(', ')}, which does not make a mapping` };
  const corrected = present.map((tag) => [tag, correctPart(tag, parts.get(tag) ?? '', spelling)] as const);
  const bad = corrected.find(([, values]) => values.length === 0);
  if (bad) return { kind: 'unreadable', complaint: `has something after <${bad[0]}> that cannot stand there` };
  const [right = '', ...otherOrders] = corrected.reduce<readonly string[]>(
    (texts, [tag, values]) => texts.flatMap((before) => values.map((value) => `${before}<${tag}>${value}`)),
    ['X509:'],
  );
  const isDisplayOrder = ['I', 'S'].some((tag) => isReversed(rdnsOf(parts.get(tag) ?? '', spelling)));
  return { kind: 'value', form, parts, right, otherOrders, isDisplayOrder };
}

/** A blank that is escaped belongs to the value. */
function trimmed(text: string, spelling: MappingSpelling): string {
  return spelling === 'freeIpa' ? text.trimStart().replace(/((?:\\[\s\S])?)\s*$/, '$1') : text.trim();
}

/** @returns the likely value, then others that may be meant; none when nothing can */
function correctPart(tag: string, value: string, spelling: MappingSpelling): readonly string[] {
  switch (tag) {
    case 'I':
    case 'S':
      return correctNames(value, spelling);
    case 'RFC822':
      return /^[^\s@]+@[^\s@]+$/.test(value) ? [value] : [];
    case 'SID':
      return /^S-1(?:-\d{1,15}){2,16}$/.test(value) ? [value] : [];
    default: {
      const hex = correctHex(value, tag === 'SR' ? 1 : 8, tag === 'SHA1-PUKEY' ? 20 : tag === 'SR' ? 22 : 64);
      return hex === undefined ? [] : [hex];
    }
  }
}

function correctHex(value: string, fewestOctets: number, mostOctets: number): string | undefined {
  const digits = value.replace(/[\s:]/g, '').replace(/^0x/i, '');
  const octets = digits.length / 2;
  const fits = /^(?:[0-9a-f]{2})+$/i.test(digits) && octets >= fewestOctets && octets <= mostOctets;
  if (!fits) return undefined;
  return digits === value ? value : digits.toLowerCase();
}

interface Attribute {
  readonly type: string;
  readonly value: string;
}

interface Rdn {
  readonly attributes: readonly Attribute[];
  readonly joiner: ' ' | ' + ';
}

/** Types that stand at the most significant end of a name, and at the least. */
const leading: ReadonlySet<string> = new Set(['DC', 'C', 'O', 'ST', 'L'].map(typeNamed));
const trailing: ReadonlySet<string> = new Set(['CN', 'E', 'SERIALNUMBER', 'UID'].map(typeNamed));

function typeNamed(name: string): string {
  return attributeTypeOf(name) ?? name;
}

/** @returns the name in what looks like the order of the encoding, then in the other, with labels, quotes or escapes of the directory */
function correctNames(text: string, spelling: MappingSpelling): readonly string[] {
  const rdns = rdnsOf(text, spelling);
  const known = rdns.filter((rdn) => rdn !== undefined);
  if (known.length === 0 || known.length < rdns.length) return [];
  const texts = known.map(spelling === 'freeIpa' ? freeIpaRdn : x500Rdn);
  const orders = [texts.join(','), [...texts].reverse().join(',')];
  return texts.length < 2 ? orders.slice(1) : isReversed(known) ? orders.reverse() : orders;
}

function x500Rdn({ attributes, joiner }: Rdn): string {
  return attributes
    .map(({ type, value }) => `${x500Names.get(type) ?? `OID.${type}`}=${quoteX500(value)}`)
    .join(joiner);
}

function freeIpaRdn({ attributes }: Rdn): string {
  return attributes.map(({ type, value }) => freeIpaAttribute(freeIpaNames.get(type) ?? type, value)).join('+');
}

function isReversed(rdns: readonly (Rdn | undefined)[]): boolean {
  const typeAt = (index: number) => rdns.at(index)?.attributes[0]?.type ?? '';
  return rdns.length > 1 && trailing.has(typeAt(0)) && leading.has(typeAt(-1));
}

/** Undefined stands for what cannot be read as a part of a name. */
function rdnsOf(text: string, spelling: MappingSpelling): readonly (Rdn | undefined)[] {
  const pieces = text.match(/(?:"(?:[^"]|"")*"|\\[\s\S]|[^,"\\])+/g) ?? [];
  return pieces.map(spelling === 'freeIpa' ? readFreeIpaRdn : readRdn);
}

function readRdn(text: string): Rdn | undefined {
  const joiner = / \+ |[^\\ ]\+\S+=/.test(text) ? ' + ' : ' ';
  const pieces = text.trim().split(/\s*\+\s*(?=[A-Za-z][\w.]*=)|\s+(?=(?:OID\.[0-9.]+|[A-Z]{1,12})=)/);
  return rdnOf(pieces, joiner, unquoted);
}

function readFreeIpaRdn(text: string): Rdn | undefined {
  const pieces = text.trimStart().match(/(?:\\[\s\S]|[^+\\])+/g) ?? [];
  return rdnOf(pieces, ' + ', unescaped);
}

function rdnOf(pieces: readonly string[], joiner: Rdn['joiner'], read: (value: string) => string): Rdn | undefined {
  const attributes = pieces.map((piece) => {
    const [, name = '', value = ''] = /^([A-Za-z0-9.]+)\s*=\s*([\s\S]*)$/.exec(piece) ?? [];
    const type = attributeTypeOf(name);
    return type === undefined ? undefined : { type, value: read(value) };
  });
  const known = attributes.filter((attribute) => attribute !== undefined);
  return known.length === 0 || known.length < attributes.length ? undefined : { attributes: known, joiner };
}

function unquoted(value: string): string {
  if (/^"[\s\S]*"$/.test(value) && value.length > 1) return value.slice(1, -1).replaceAll('""', '"');
  return value.replace(/\\([,+"<>;#= ])/g, '$1');
}

/** Quotation marks are those of Active Directory's spelling, which people copy from there. */
function unescaped(value: string): string {
  if (/^"[\s\S]*"$/.test(value) && value.length > 1) return value.slice(1, -1).replaceAll('""', '"');
  return value.replace(/\\([\s\S])/g, '$1');
}
