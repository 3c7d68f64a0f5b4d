/**
 * What templates stand for in one certificate. A value is text or octets and never empty; where a certificate holds nothing of the
 * kind there is no value, and identities that cannot be read without doubt are errors.
 */
import { createHash } from 'node:crypto';
import { certificateExactAssertion } from '../../directory/certificate-exact-assertion.ts';
import type { Certificate } from '../../pki/certificate/certificate.ts';
import { type DistinguishedName, formatRfc4514 } from '../../pki/names/distinguished-name.ts';
import type { GeneralName } from '../../pki/names/general-name.ts';
import type { SubjectIdentity } from '../../pki/names/subject-identity.ts';
import { pkinitPrincipals } from '../kerberos-principal.ts';
import { formatLdap, formatSssd, formatX500, formatX500Reversed } from '../stored/name-formats.ts';
import type { AlternativeSource, HexFormat, NameFormat, Template } from './template.ts';

export type Value = string | Buffer;
/** An alternative name as it came: text, octets, or a name that is yet to be written in one of the formats. */
export type AlternativeValue = Value | DistinguishedName;

export interface CertificateWithIdentity {
  readonly certificate: Certificate;
  readonly identity: SubjectIdentity;
}

/** @throws MalformedError when a Kerberos principal is malformed */
export function alternativeValues(
  { certificate, identity }: CertificateWithIdentity,
  source: AlternativeSource,
): readonly AlternativeValue[] {
  const names = certificate.subjectAltName;
  const texts = (pick: (name: GeneralName) => AlternativeValue | undefined) =>
    names.map(pick).filter((value) => value !== undefined);
  switch (source) {
    case 'principal':
      return [...identity.userPrincipalNames, ...pkinitPrincipals(names)];
    case 'ntPrincipal':
      return identity.userPrincipalNames;
    case 'pkinitPrincipal':
      return pkinitPrincipals(names);
    case 'directoryName':
      return texts((name) => (name.kind === 'directoryName' ? name.name : undefined));
    case 'iPAddress':
      return texts((name) => (name.kind === 'iPAddress' ? addressText(name.octets) : undefined));
    case 'registeredID':
      return texts((name) => (name.kind === 'registeredID' ? name.oid : undefined));
    case 'x400Address':
    case 'ediPartyName':
      return texts((name) => (name.kind === source ? name.der : undefined));
    default:
      return texts((name) => (name.kind === source ? name.value : undefined));
  }
}

/**
 * @param alternative which of several alternative names stands for its kind this time
 * @returns undefined when the certificate holds nothing for the template
 */
export function templateValue(
  template: Template,
  facts: CertificateWithIdentity,
  alternative: (source: AlternativeSource) => AlternativeValue | undefined,
): Value | undefined {
  const value = rawValue(template, facts, alternative);
  return value === undefined || value.length === 0 ? undefined : value;
}

function rawValue(
  template: Template,
  { certificate, identity }: CertificateWithIdentity,
  alternative: (source: AlternativeSource) => AlternativeValue | undefined,
): Value | undefined {
  switch (template.of) {
    case 'issuer':
      return nameText(certificate.issuer, template.format);
    case 'subject':
      return nameText(certificate.subject, template.format);
    case 'issuerComponent':
      return componentText(certificate.issuer, template);
    case 'subjectComponent':
      return componentText(certificate.subject, template);
    case 'alternativeName': {
      const value = alternative(template.source);
      if (value === undefined || Buffer.isBuffer(value)) return value;
      if (typeof value !== 'string') return nameText(value, template.format);
      return template.shortName ? value.split(template.source === 'dNSName' ? '.' : '@')[0] : value;
    }
    case 'certificate':
      return certificateValue(certificate, template.as);
    case 'digest':
      return hexText(createHash(template.digest).update(certificate.der).digest(), template.hex);
    case 'serialNumber':
      if (certificate.serialNumber < 0n) return undefined;
      if (template.as === 'decimal') return certificate.serialNumber.toString();
      return hexText(serialMagnitude(certificate), template.as);
    case 'subjectKeyIdentifier':
      return certificate.subjectKeyIdentifier && hexText(certificate.subjectKeyIdentifier, template.hex);
    case 'sid': {
      const sid = identity.securityIdentifier?.sid;
      return template.rid ? sid?.split('-').at(-1) : sid;
    }
  }
}

/** Content octets of a serial number that is not negative, without the sign octet. */
export function serialMagnitude({ serialOctets }: Certificate): Buffer {
  return serialOctets.length > 1 && serialOctets[0] === 0 ? serialOctets.subarray(1) : serialOctets;
}

function certificateValue(certificate: Certificate, as: 'octets' | 'base64' | 'exact'): Value | undefined {
  const { der, serialNumber, issuer } = certificate;
  if (as === 'octets') return der;
  if (as === 'base64') return der.toString('base64');
  return certificateExactAssertion({ serialNumber, issuer: formatLdap(issuer) ?? formatRfc4514(issuer) });
}

function nameText(name: DistinguishedName, format: NameFormat): string {
  switch (format) {
    case 'ad_x500':
      return formatX500(name, ' ');
    case 'ad_ldap':
      return formatX500Reversed(name);
    case 'nss_ldap':
      return formatSssd(name, 'ldap');
    case 'nss_x500':
      return formatSssd(name, 'x500');
  }
}

/** SSSD counts attributes, not RDNs: those of a multi-valued one stand for themselves. */
function componentText(
  name: DistinguishedName,
  { type, index }: { readonly type?: string | undefined; readonly index?: number | undefined },
): string | undefined {
  const attributes = [...name.rdns].reverse().flat();
  if (index === undefined) return attributes.find((entry) => type === undefined || entry.type === type)?.text;
  const found = attributes.at(index > 0 ? index - 1 : index);
  return type === undefined || found?.type === type ? found?.text : undefined;
}

function hexText(octets: Buffer, { upper, colons, reversed }: HexFormat): string {
  const ordered = reversed ? Buffer.from(octets).reverse() : octets;
  const pairs = ordered.toString('hex').match(/../g) ?? [];
  const text = pairs.join(colons ? ':' : '');
  return upper ? text.toUpperCase() : text;
}

/** RFC 4291 2.2, in full groups: no two addresses are written alike and none has two spellings. */
function addressText(octets: Buffer): string | undefined {
  if (octets.length === 4) return [...octets].join('.');
  if (octets.length !== 16) return undefined;
  return Array.from({ length: 8 }, (_, index) => octets.readUInt16BE(2 * index).toString(16)).join(':');
}
