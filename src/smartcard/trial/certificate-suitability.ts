/** Whether a server will take a certificate, told from what it asked for, before the card holder enters a PIN. Nothing is sent here. */
import { X509Certificate } from 'node:crypto';
import type { Certificate } from '../../pki/certificate/certificate.ts';
import { oids } from '../../pki/encoding/oids.ts';
import { CardFault } from '../reader/card-fault.ts';
import { signingMechanisms } from '../reader/signing-mechanism.ts';
import { type CertificateRequest, signatureSchemes } from '../tls13/client-credential.ts';
import type { FoundCertificate } from './card-inventory.ts';
import { type KnownIssuers, reachedAuthorities } from './known-issuers.ts';
import { finding, type TrialFinding } from './trial-findings.ts';

/** What the server asked for, and in which version of TLS. */
export interface ServerWish {
  readonly version: 'TLSv1.2' | 'TLSv1.3';
  readonly request: CertificateRequest;
  /** DER of what the server sent with its own certificate: the authorities of the person are often the same. */
  readonly serverChain: readonly Buffer[];
}

const smallestRsaBits = 2048;
const purposes: readonly string[] = [oids.clientAuth, oids.smartCardLogon];

/** RFC 8446 4.2.3: RSASSA-PKCS1-v1_5 with SHA-256, SHA-384 and SHA-512, for TLS 1.2 only. */
const pkcs1Schemes: readonly number[] = [0x0401, 0x0501, 0x0601];
const pssSchemes: readonly number[] = [0x0804, 0x0805, 0x0806];
/** What the engine signs, by OpenSSL's name of the kind of key. */
const tls12Schemes: Readonly<Record<string, readonly number[]>> = {
  rsa: [...pssSchemes, ...pkcs1Schemes],
  ec: [0x0403, 0x0503, 0x0603],
};

/**
 * Everything that speaks against a certificate, in the order of the checks; empty: it will do.
 * @param wish absent: the server was not asked, so only what lies in the certificate counts
 */
export function suitabilityFindings(
  found: FoundCertificate,
  {
    wish,
    issuers,
    now,
  }: { readonly wish?: ServerWish | undefined; readonly issuers: KnownIssuers; readonly now: Date },
): readonly TrialFinding[] {
  const { certificate, fault } = found;
  if (certificate === undefined) return [fault ?? finding('certificate-unreadable')];
  if (certificate.basicConstraints?.ca === true) return [finding('certificate-of-authority')];
  return [
    ...validity(certificate, now),
    ...usage(certificate),
    ...strength(certificate),
    ...(wish === undefined ? [] : signatures(found, certificate, wish)),
    ...(wish === undefined ? [] : authorities(certificate, wish, issuers)),
  ];
}

function validity({ notBefore, notAfter }: Certificate, now: Date): readonly TrialFinding[] {
  const dates = `${notBefore.toISOString()} to ${notAfter.toISOString()}; it is ${now.toISOString()}`;
  if (now.getTime() < notBefore.getTime()) return [finding('certificate-not-yet-valid', dates)];
  return now.getTime() > notAfter.getTime() ? [finding('certificate-expired', dates)] : [];
}

function usage({ keyUsage, extendedKeyUsage }: Certificate): readonly TrialFinding[] {
  // cardgate refuses anyExtendedKeyUsage and an absent extension too: neither says that it was issued for logging in.
  const isForLogin = extendedKeyUsage?.some((purpose) => purposes.includes(purpose)) === true;
  return [
    ...(keyUsage === undefined || keyUsage.has('digitalSignature') ? [] : [finding('key-usage-wrong')]),
    ...(isForLogin ? [] : [finding('purpose-missing')]),
  ];
}

function strength({ der }: Certificate): readonly TrialFinding[] {
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(der).publicKey;
  if (asymmetricKeyType === 'dsa') return [finding('key-weak', 'DSA')];
  const bits = asymmetricKeyDetails?.modulusLength;
  return bits === undefined || bits >= smallestRsaBits ? [] : [finding('key-weak', `RSA-${bits}`)];
}

function signatures(
  { slot, mechanisms }: FoundCertificate,
  { der }: Certificate,
  wish: ServerWish,
): readonly TrialFinding[] {
  const { version, request } = wish;
  const { publicKey } = new X509Certificate(der);
  const notWanted = (can: string) => [finding('signature-scheme-not-wanted', `the key signs ${can}`)];
  try {
    const schemes = signingMechanisms(slot.module.library, publicKey, mechanisms).map(({ scheme }) => scheme);
    // TLS 1.2 knows PKCS #1 v1.5 too, and ties no curve to a hash.
    const tls12 = tls12Schemes[publicKey.asymmetricKeyType ?? ''] ?? [];
    const usable = version === 'TLSv1.3' ? schemes.map((scheme) => signatureSchemes[scheme]) : tls12;
    return usable.some((scheme) => request.signatureSchemes.includes(scheme)) ? [] : notWanted(schemes.join(', '));
  } catch (error) {
    if (!(error instanceof CardFault)) throw error;
    if (error.code !== 'tls13-impossible' || version === 'TLSv1.3') return [finding(error.code, error.message)];
    // OpenSSL prefers PSS wherever the server accepts it, and the card cannot do that.
    const offersPss = request.signatureSchemes.some((scheme) => pssSchemes.includes(scheme));
    const offersPkcs1 = request.signatureSchemes.some((scheme) => pkcs1Schemes.includes(scheme));
    return offersPss || !offersPkcs1 ? [finding('tls13-impossible', error.message)] : [];
  }
}

function authorities(
  certificate: Certificate,
  { request }: ServerWish,
  issuers: KnownIssuers,
): readonly TrialFinding[] {
  if (request.authorities.length === 0) return [];
  const { names, isComplete, top } = reachedAuthorities(certificate, issuers);
  const wanted = issuers.keysOf(request.authorities);
  if (names.some((name) => wanted.has(name))) return [];
  return [
    isComplete ? finding('issuer-not-wanted', `issued under ${top}`) : finding('issuer-unknown', `issued under ${top}`),
  ];
}
