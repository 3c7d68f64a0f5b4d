/**
 * Distinguished names as the directories spell them: Active Directory's X.500 string as it stands in altSecurityIdentities,
 * and RFC 4514 with values as text for certificateExactMatch. Both are made from the encoded structure, never from other text;
 * control characters cannot occur, because no name with them is parsed.
 */
import type { AttributeTypeAndValue, DistinguishedName } from '../pki/distinguished-name.ts';
import { oids } from '../pki/oids.ts';

/** The names CertNameToStr gives to attribute types; all others become `OID.1.2.3`, the user id included. */
const x500Names: ReadonlyMap<string, string> = new Map([
  [oids.commonName, 'CN'],
  [oids.organizationalUnitName, 'OU'],
  [oids.organizationName, 'O'],
  [oids.countryName, 'C'],
  [oids.localityName, 'L'],
  [oids.stateOrProvinceName, 'S'],
  [oids.streetAddress, 'STREET'],
  [oids.domainComponent, 'DC'],
  [oids.emailAddress, 'E'],
  [oids.title, 'T'],
  [oids.givenName, 'G'],
  [oids.initials, 'I'],
  [oids.surname, 'SN'],
  [oids.serialNumberAttribute, 'SERIALNUMBER'],
  ['2.5.4.13', 'Description'],
  ['2.5.4.17', 'PostalCode'],
  ['2.5.4.18', 'POBox'],
]);

/** RFC 4514 section 3. */
const rfc4514Names: ReadonlyMap<string, string> = new Map([
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

/**
 * In the order of the encoding, as CERT_X500_NAME_STR prints it with commas as separators (MS-PKCA 3.1.5.2.1).
 * @param joiner between the attributes of a multi-valued RDN: Windows drops the plus sign, some tools keep it
 */
export function formatX500(name: DistinguishedName, joiner: ' ' | ' + '): string {
  return name.rdns.map((rdn) => rdn.map(x500Attribute).join(joiner)).join(',');
}

function x500Attribute({ type, text, valueDer }: AttributeTypeAndValue): string {
  const label = x500Names.get(type) ?? `OID.${type}`;
  return `${label}=${text === undefined ? `#${valueDer.toString('hex')}` : quoted(text)}`;
}

/** Quotation marks instead of escapes; one inside is doubled (CertNameToStr). */
function quoted(text: string): string {
  const needsQuotes = text === '' || /^\s|\s$|[,+="<>#;]/.test(text);
  return needsQuotes ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Most specific RDN first, types without a short name as dotted OID with the value as text, which is what OpenLDAP matches.
 * @returns undefined when a value is not text
 */
export function formatLdap(name: DistinguishedName): string | undefined {
  if (name.rdns.some((rdn) => rdn.some(({ text }) => text === undefined))) return undefined;
  return [...name.rdns]
    .reverse()
    .map((rdn) => rdn.map(({ type, text = '' }) => `${rfc4514Names.get(type) ?? type}=${escaped(text)}`).join('+'))
    .join(',');
}

function escaped(text: string): string {
  return text
    .replace(/[\\"+,;<>]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}
