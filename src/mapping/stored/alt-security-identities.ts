/**
 * The strings by which altSecurityIdentities names a certificate (MS-PKCA 3.1.5.2.1), in every spelling in real use. Spellings that
 * another name could have too are left out, and so is the issuer alone, which stands for every certificate of a CA.
 */
import { createHash } from 'node:crypto';
import type { MappingSpelling } from '../../directory/directory.ts';
import type { Certificate } from '../../pki/certificate/certificate.ts';
import type { DistinguishedName } from '../../pki/names/distinguished-name.ts';
import type { SubjectIdentity } from '../../pki/names/subject-identity.ts';
import { bitStringOfKey } from '../public-key-bits.ts';
import type { AltForm, Sha1PublicKeyInput } from '../rules/rule.ts';
import { serialMagnitude } from '../sssd/certificate-values.ts';
import { formatFreeIpa, formatSssd, formatX500 } from './name-formats.ts';

const longestValue = 4096;
/** An attacker could guess a shorter one; real ones have 20 octets (RFC 5280 4.2.1.2). */
const shortestKeyIdentifier = 8;
const mostAddresses = 8;

export interface AltValueOptions {
  /** Default: the certificate only. */
  readonly sha1PublicKeyOf?: readonly Sha1PublicKeyInput[] | undefined;
  /** Of the directory that holds the values. Default `activeDirectory`. */
  readonly spelling?: MappingSpelling;
}

/** @returns the spellings of a form, the usual one first; none when the certificate has nothing to write so */
export function altValues(
  form: AltForm,
  certificate: Certificate,
  identity: SubjectIdentity,
  options: AltValueOptions = {},
): readonly string[] {
  return spellings(form, certificate, identity, options).filter((value) => value.length <= longestValue);
}

function spellings(
  form: AltForm,
  certificate: Certificate,
  identity: SubjectIdentity,
  { sha1PublicKeyOf = ['certificate'], spelling = 'activeDirectory' }: AltValueOptions,
): readonly string[] {
  switch (form) {
    case 'issuerSerial':
      return issuerSerialValues(certificate, spelling);
    case 'issuerSid': {
      const sid = identity.securityIdentifier?.sid;
      return sid === undefined
        ? []
        : nameSpellings(certificate.issuer, spelling).map((issuer) => `X509:<I>${issuer}<SID>${sid}`);
    }
    case 'ski': {
      const { subjectKeyIdentifier: key } = certificate;
      return key && key.length >= shortestKeyIdentifier ? [`X509:<SKI>${key.toString('hex')}`] : [];
    }
    case 'sha1PublicKey':
      return sha1PublicKeyOf.map((input) => `X509:<SHA1-PUKEY>${sha1(sha1Input(certificate, input))}`);
    case 'issuerSubject':
      return nameSpellings(certificate.issuer, spelling).flatMap((issuer) =>
        nameSpellings(certificate.subject, spelling).map((subject) => `X509:<I>${issuer}<S>${subject}`),
      );
    case 'subject':
      return nameSpellings(certificate.subject, spelling).map((subject) => `X509:<S>${subject}`);
    case 'rfc822':
      return identity.rfc822Names.length > mostAddresses
        ? []
        : identity.rfc822Names.map((address) => `X509:<RFC822>${address}`);
  }
}

/**
 * `X509:<I>ISSUER<SR>SERIAL`, the serial's octets reversed and in hexadecimal. There are several spellings when the issuer
 * has a multi-valued RDN, or the serial number's top bit is set: its sign octet is then shown by some tools and not by others.
 * @returns none when the issuer or serial number cannot be written so
 */
export function issuerSerialValues(
  certificate: Certificate,
  spelling: MappingSpelling = 'activeDirectory',
): readonly string[] {
  const serials = reversedSerials(certificate);
  return nameSpellings(certificate.issuer, spelling)
    .flatMap((issuer) => serials.map((serial) => `X509:<I>${issuer}<SR>${serial}`))
    .filter((value) => value.length <= longestValue);
}

/**
 * One for an ordinary name, none for an empty one. For FreeIPA the second is what SSSD's `nss_x500` searches for and people therefore
 * store: it differs in equals signs within values, and in types that FreeIPA has no name for.
 */
function nameSpellings(name: DistinguishedName, spelling: MappingSpelling): readonly string[] {
  if (name.rdns.length === 0) return [];
  if (spelling === 'freeIpa') return [...new Set([formatFreeIpa(name), formatSssd(name, 'x500')])];
  const isMultiValued = name.rdns.some((rdn) => rdn.length > 1);
  return (isMultiValued ? ([' ', ' + '] as const) : ([' '] as const)).map((joiner) => formatX500(name, joiner));
}

/** A negative serial number (forbidden by RFC 5280 4.1.2.2) is written like a positive one, so it has no spelling. */
function reversedSerials(certificate: Certificate): readonly string[] {
  if (certificate.serialNumber < 0n) return [];
  const magnitude = serialMagnitude(certificate);
  const reversed = Buffer.from(magnitude).reverse().toString('hex');
  return magnitude.length < certificate.serialOctets.length ? [reversed, `${reversed}00`] : [reversed];
}

/** MS-PKCA says the public key; KDCs and tools hash the certificate, or the key with or without its algorithm. */
function sha1Input(certificate: Certificate, input: Sha1PublicKeyInput): Buffer {
  switch (input) {
    case 'certificate':
      return certificate.der;
    case 'subjectPublicKeyInfo':
      return certificate.subjectPublicKeyInfo;
    case 'publicKey':
      return bitStringOfKey(certificate.subjectPublicKeyInfo);
  }
}

function sha1(octets: Buffer): string {
  return createHash('sha1').update(octets).digest('hex');
}
