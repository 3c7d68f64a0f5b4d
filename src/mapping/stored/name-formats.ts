/**
 * Distinguished names as the directories spell them: Active Directory's X.500 string as it stands in altSecurityIdentities,
 * and RFC 4514 with values as text. All are made from the encoded structure, never from other text; control characters cannot
 * occur, because no name with them is parsed.
 */
import {
  type AttributeTypeAndValue,
  type DistinguishedName,
  escapeRfc4514,
  rfc4514Names,
} from '../../pki/names/distinguished-name.ts';
import { freeIpaNames, sssdNames, x500Names } from './attribute-names.ts';

/**
 * In the order of the encoding, as CERT_X500_NAME_STR prints it with commas as separators (MS-PKCA 3.1.5.2.1).
 * @param joiner between the attributes of a multi-valued RDN: Windows drops the plus sign, some tools keep it
 */
export function formatX500(name: DistinguishedName, joiner: ' ' | ' + '): string {
  return x500Rdns(name, joiner).join(',');
}

/** The same the other way round: what tools display, and what must not stand in altSecurityIdentities. */
export function formatX500Reversed(name: DistinguishedName): string {
  return x500Rdns(name, ' ').reverse().join(',');
}

function x500Rdns(name: DistinguishedName, joiner: string): string[] {
  return name.rdns.map((rdn) => rdn.map(x500Attribute).join(joiner));
}

function x500Attribute({ type, text, valueDer }: AttributeTypeAndValue): string {
  const label = x500Names.get(type) ?? `OID.${type}`;
  return `${label}=${text === undefined ? `#${valueDer.toString('hex')}` : quoteX500(text)}`;
}

/** Quotation marks instead of escapes; one inside is doubled (CertNameToStr). */
export function quoteX500(text: string): string {
  const needsQuotes = text === '' || /^\s|\s$|[,+="<>#;]/.test(text);
  return needsQuotes ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Most specific RDN first, types without a short name as dotted OID with the value as text, which is what OpenLDAP matches.
 * @returns undefined when a value is not text
 */
export function formatLdap(name: DistinguishedName): string | undefined {
  if (name.rdns.some((rdn) => rdn.some(({ text }) => text === undefined))) return undefined;
  return textRdns(name, rfc4514Names).reverse().join(',');
}

/**
 * In the order of the encoding and with escapes, as FreeIPA writes it into ipaCertMapData (`DN.x500_text`): the attributes of a multi-valued
 * RDN stand in the order of their names, and letters beyond ASCII as they are.
 */
export function formatFreeIpa(name: DistinguishedName): string {
  return name.rdns
    .map((rdn) =>
      rdn
        .map(({ type, text, valueDer }) => ({ label: freeIpaNames.get(type) ?? type, text, valueDer }))
        .sort((a, b) => compareFolded(a.label, b.label) || compareFolded(a.text ?? '', b.text ?? ''))
        .map(({ label, text, valueDer }) =>
          // Not escaped: a text of the same digits is another value.
          text === undefined ? `${label}=#${valueDer.toString('hex')}` : freeIpaAttribute(label, text),
        )
        .join('+'),
    )
    .join(',');
}

/** python-ldap, by which FreeIPA prints, escapes the equals sign too, which RFC 4514 leaves as it is. */
export function freeIpaAttribute(label: string, text: string): string {
  return `${label}=${text
    .replace(/[\\,+"<>;=]/g, '\\$&')
    .replace(/ $/, '\\ ')
    .replace(/^[# ]/, '\\$&')}`;
}

/** By code points in lower case, no locale. */
function compareFolded(left: string, right: string): number {
  const [a, b] = [left.toLowerCase(), right.toLowerCase()];
  return a < b ? -1 : Number(a > b);
}

/** RFC 4514 with the attribute names of SSSD. @param order `ldap`: most specific first; `x500`: as encoded */
export function formatSssd(name: DistinguishedName, order: 'ldap' | 'x500'): string {
  const rdns = textRdns(name, sssdNames);
  return (order === 'ldap' ? rdns.reverse() : rdns).join(',');
}

function textRdns(name: DistinguishedName, names: ReadonlyMap<string, string>): string[] {
  return name.rdns.map((rdn) =>
    rdn
      .map(({ type, text, valueDer }) => {
        const label = names.get(type) ?? type;
        return `${label}=${text === undefined ? `#${valueDer.toString('hex')}` : escapeRfc4514(text)}`;
      })
      .join('+'),
  );
}
