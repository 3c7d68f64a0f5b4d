/** Distinguished names as structures: RDN boundaries kept, a normal form to compare by, RFC 4514 text to show. */
import { DerReader, type DerValue, readSingle, tags } from '../encoding/der.ts';
import { decodeText } from '../encoding/der-strings.ts';
import { decodeObjectIdentifier } from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';

export interface AttributeTypeAndValue {
  /** Dotted OID. */
  readonly type: string;
  /** The text, decoded by its declared string type; undefined for other types. */
  readonly text?: string;
  /** DER of the value. */
  readonly valueDer: Buffer;
}

export type RelativeDistinguishedName = readonly AttributeTypeAndValue[];

export interface DistinguishedName {
  /** In the order of the encoding, most significant first. */
  readonly rdns: readonly RelativeDistinguishedName[];
  readonly der: Buffer;
  /** Normal form for comparison (RFC 5280 7.1): equal keys mean equal names. */
  readonly key: string;
}

const maximumRdns = 64;
const maximumAttributesPerRdn = 16;

/** @throws MalformedError when `der` is not exactly one Name */
export function parseDistinguishedName(der: Buffer): DistinguishedName {
  return distinguishedNameOf(readSingle(der, tags.sequence, 'name'));
}

/** @param value the SEQUENCE of a Name. @throws MalformedError */
export function distinguishedNameOf(value: DerValue): DistinguishedName {
  if (value.tag !== tags.sequence) throw new MalformedError('name is not a SEQUENCE');
  const rdns = new DerReader(value.content, 'name').rest(maximumRdns).map(relativeDistinguishedNameOf);
  return { rdns, der: value.der, key: rdns.map(normalRdn).join(',') };
}

/** @param value the SET of an RDN, whatever its tag. @throws MalformedError */
function relativeDistinguishedNameOf(value: DerValue): RelativeDistinguishedName {
  if (value.tag !== tags.set) throw new MalformedError('relative distinguished name is not a SET');
  return attributesOf(value.content);
}

/** The attributes of an RDN whose SET tag was replaced, as in nameRelativeToCRLIssuer. @throws MalformedError */
export function attributesOf(content: Buffer): RelativeDistinguishedName {
  const attributes = new DerReader(content, 'relative distinguished name').rest(maximumAttributesPerRdn);
  if (attributes.length === 0) throw new MalformedError('relative distinguished name is empty');
  return attributes.map((attribute) => {
    if (attribute.tag !== tags.sequence) throw new MalformedError('attribute of a name is not a SEQUENCE');
    const reader = new DerReader(attribute.content, 'attribute of a name');
    const type = decodeObjectIdentifier(reader.expect(tags.objectIdentifier).content, 'attribute type');
    const value = reader.next();
    reader.end();
    const text = decodeText(value, `value of name attribute ${type}`);
    return text === undefined ? { type, valueDer: value.der } : { type, text, valueDer: value.der };
  });
}

/** The name `base` extended by one RDN, as a distribution point relative to its CRL issuer is (RFC 5280 4.2.1.13). */
export function relativeNameKey(base: DistinguishedName, rdn: RelativeDistinguishedName): string {
  return [...base.rdns, rdn].map(normalRdn).join(',');
}

/** Whether `name` is `base` or lies in the subtree below it (RFC 5280 4.2.1.10). */
export function isWithinSubtree(name: DistinguishedName, base: DistinguishedName): boolean {
  return base.rdns.length === 0 || name.key === base.key || name.key.startsWith(`${base.key},`);
}

/** Every value carries its length, so no text can imitate a boundary; attributes of one RDN are a set (X.501 9.3). */
function normalRdn(rdn: RelativeDistinguishedName): string {
  return rdn.map(normalAttribute).sort().join('+');
}

function normalAttribute({ type, text, valueDer }: AttributeTypeAndValue): string {
  if (text === undefined) return `${type}#${valueDer.toString('hex')}`;
  const normal = normalText(text);
  return `${type}=${normal.length}:${normal}`;
}

const ascii = /^[\x20-\x7e]*$/;
/**
 * Unicode normalisation takes time with the square of the combining characters, so text beyond ASCII is bounded. The upper
 * bounds of RFC 5280 Appendix A for attributes in use are 64 to 256 characters.
 */
const longestUnicodeText = 512;

/**
 * caseIgnoreMatch by the string preparation of RFC 4518, with one deliberate difference: invisible characters (soft hyphen,
 * joiners) are not dropped, because a name that only looks like another must not equal it.
 */
function normalText(text: string): string {
  if (ascii.test(text)) return text.toLowerCase().trim().replace(/ {2,}/g, ' ');
  if (text.length > longestUnicodeText)
    throw new MalformedError(`name has a text of more than ${longestUnicodeText} characters`);
  const folded = text.normalize('NFKC').toLowerCase().replaceAll('ß', 'ss').replaceAll('ς', 'σ').normalize('NFKC');
  return folded.replace(/\p{Zs}+/gu, ' ').replace(/^ | $/g, '');
}

/** RFC 4514 section 3: the types whose short names every implementation must know. */
export const rfc4514Names: ReadonlyMap<string, string> = new Map([
  [oids.commonName, 'CN'],
  [oids.localityName, 'L'],
  [oids.stateOrProvinceName, 'ST'],
  [oids.organizationName, 'O'],
  [oids.organizationalUnitName, 'OU'],
  [oids.countryName, 'C'],
  [oids.streetAddress, 'STREET'],
  [oids.domainComponent, 'DC'],
  [oids.userId, 'UID'],
]);

/** RFC 4514 text, most specific RDN first; types without a short name as `OID=#hex of the BER value`. */
export function formatRfc4514(name: DistinguishedName): string {
  return name.rdns
    .map((rdn) => rdn.map(formatAttribute).join('+'))
    .reverse()
    .join(',');
}

function formatAttribute({ type, text, valueDer }: AttributeTypeAndValue): string {
  const shortName = rfc4514Names.get(type);
  if (shortName === undefined || text === undefined) return `${shortName ?? type}=#${valueDer.toString('hex')}`;
  return `${shortName}=${escapeRfc4514(text)}`;
}

/** The value of an attribute as RFC 4514 section 2.4 writes it, control characters excepted: no name with them is parsed. */
export function escapeRfc4514(text: string): string {
  return text
    .replace(/[\\"+,;<>]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}
