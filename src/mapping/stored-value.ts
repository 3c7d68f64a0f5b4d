/**
 * Values of altSecurityIdentities as people and scripts really write them: read leniently, so that a lint can tell what is wrong and
 * print the right one. Nothing here takes part in a login, where only exact values count.
 */
import { attributeTypeOf, x500Names } from './attribute-names.ts';
import { quoteX500 } from './name-formats.ts';
import type { AltForm } from './rule.ts';

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
      /** The value as it should stand; equal to what was read when nothing is wrong. */
      readonly right: string;
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
/** A tag, and what stands up to the next: quoted text may hold angle brackets. */
const tagged = /<([A-Za-z0-9-]+)>((?:"(?:[^"]|"")*"|[^<])*)/y;

export function readStoredValue(text: string): StoredValue {
  if (!/^\s*x509\s*:/i.test(text)) return { kind: 'other' };
  if (text.length > longestValue) return { kind: 'unreadable', complaint: 'is too long' };
  if (/[\p{Cc}\p{Cf}]/u.test(text)) return { kind: 'unreadable', complaint: 'holds invisible characters' };
  const body = text.replace(/^\s*x509\s*:\s*/i, '').trimEnd();
  const parts = new Map<string, string>();
  tagged.lastIndex = 0;
  while (tagged.lastIndex < body.length) {
    const [, tag = '', value = ''] = tagged.exec(body) ?? [];
    if (tag === '') return { kind: 'unreadable', complaint: 'is not a row of tags such as <I> and <SR> with values' };
    const known = tags.find((name) => name === tag.toUpperCase());
    if (known === undefined) return { kind: 'unreadable', complaint: `has the unknown tag <${tag}>` };
    if (parts.has(known)) return { kind: 'unreadable', complaint: `has the tag <${tag}> twice` };
    if (value.trim() === '') return { kind: 'unreadable', complaint: `has nothing after <${tag}>` };
    parts.set(known, value.trim());
  }
  const present = tags.filter((tag) => parts.has(tag));
  if (present.join(' ') === 'I') return { kind: 'issuerOnly' };
  const form = formsByTags.get(present.join(' '));
  if (form === undefined)
    return { kind: 'unreadable', complaint: `combines ${present.join(', ')}, which is no mapping` };
  const corrected = present.map((tag) => [tag, correctPart(tag, parts.get(tag) ?? '')] as const);
  const bad = corrected.find(([, value]) => value === undefined);
  if (bad) return { kind: 'unreadable', complaint: `has something after <${bad[0]}> that cannot stand there` };
  return { kind: 'value', form, parts, right: `X509:${corrected.map(([tag, value]) => `<${tag}>${value}`).join('')}` };
}

function correctPart(tag: string, value: string): string | undefined {
  switch (tag) {
    case 'I':
    case 'S':
      return correctName(value);
    case 'RFC822':
      return /^[^\s@]+@[^\s@]+$/.test(value) ? value : undefined;
    case 'SID':
      return /^S-1(?:-\d{1,15}){2,16}$/.test(value) ? value : undefined;
    default:
      return correctHex(value, tag === 'SR' ? 1 : 8, tag === 'SHA1-PUKEY' ? 20 : tag === 'SR' ? 22 : 64);
  }
}

function correctHex(value: string, fewestOctets: number, mostOctets: number): string | undefined {
  const digits = value.replace(/[\s:]/g, '').replace(/^0x/i, '');
  const octets = digits.length / 2;
  const fits = /^(?:[0-9a-f]{2})+$/i.test(digits) && octets >= fewestOctets && octets <= mostOctets;
  if (!fits) return undefined;
  return digits === value ? value : digits.toLowerCase();
}

interface Rdn {
  readonly attributes: readonly { readonly label: string; readonly value: string }[];
  readonly joiner: ' ' | ' + ';
}

/** Types that stand at the most significant end of a name, and at the least. */
const leading: ReadonlySet<string> = new Set(['DC', 'C', 'O']);
const trailing: ReadonlySet<string> = new Set(['CN', 'E', 'SERIALNUMBER', 'OID.0.9.2342.19200300.100.1.1']);

/** @returns the name in the order of the encoding, with Windows' labels and quotation marks */
function correctName(text: string): string | undefined {
  const rdns = text.match(/(?:"(?:[^"]|"")*"|\\[\s\S]|[^,"\\])+/g)?.map(readRdn) ?? [];
  const known = rdns.filter((rdn) => rdn !== undefined);
  if (known.length === 0 || known.length < rdns.length) return undefined;
  const labelAt = (index: number) => known.at(index)?.attributes[0]?.label ?? '';
  const isReversed = known.length > 1 && trailing.has(labelAt(0)) && leading.has(labelAt(-1));
  const ordered = isReversed ? [...known].reverse() : known;
  return ordered
    .map(({ attributes, joiner }) => attributes.map(({ label, value }) => `${label}=${quoteX500(value)}`).join(joiner))
    .join(',');
}

function readRdn(text: string): Rdn | undefined {
  const joiner = / \+ |[^\\ ]\+\S+=/.test(text) ? ' + ' : ' ';
  const pieces = text.trim().split(/\s*\+\s*(?=[A-Za-z][\w.]*=)|\s+(?=(?:OID\.[0-9.]+|[A-Z]{1,12})=)/);
  const attributes = pieces.map((piece) => {
    const [, name = '', value = ''] = /^([A-Za-z0-9.]+)\s*=\s*([\s\S]*)$/.exec(piece) ?? [];
    const type = attributeTypeOf(name);
    return type === undefined ? undefined : { label: x500Names.get(type) ?? `OID.${type}`, value: unquoted(value) };
  });
  const known = attributes.filter((attribute) => attribute !== undefined);
  return known.length < attributes.length ? undefined : { attributes: known, joiner };
}

function unquoted(value: string): string {
  if (/^"[\s\S]*"$/.test(value) && value.length > 1) return value.slice(1, -1).replaceAll('""', '"');
  return value.replace(/\\([,+"<>;#= ])/g, '$1');
}
