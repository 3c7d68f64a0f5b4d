/**
 * The ways from a caller's certificate to the operator's authorities. OpenSSL has found one of them at the handshake, but Node 24 shows
 * it only by getPeerCertificate, which dies of keys on curves that NIST has no name for, and which links certificates by their names alone.
 * So issuers are found here, once, by name and signature; which way is valid is asked at every request.
 */
import { X509Certificate } from 'node:crypto';

/** The certificates of the CAs whose callers are answered, by their SHA-256 as `X509Certificate.fingerprint256` writes it. */
export type TrustedAuthorities = ReadonlyMap<string, X509Certificate>;

interface Link {
  readonly certificate: X509Certificate;
  /** OpenSSL takes no other certificate for the end of a path. */
  readonly isSelfSigned: boolean;
  readonly issuers: Link[];
}

/** @param pem of certification authorities; one text may hold several certificates */
export function trustedAuthorities(pem: readonly string[]): TrustedAuthorities {
  const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
  const certificates = pem.flatMap((text) => text.match(block) ?? []).map((one) => new X509Certificate(one));
  return byFingerprint(certificates);
}

export class CallerPath {
  readonly #endEntity: Link;
  readonly #links = new Map<string, Link>();

  /**
   * @param sent the caller’s own certificate first
   * @param authorities those of the handshake
   */
  constructor(sent: readonly [X509Certificate, ...X509Certificate[]], authorities: TrustedAuthorities) {
    const known = [...new Map([...byFingerprint(sent), ...authorities]).values()];
    this.#endEntity = this.#link(sent[0]);
    // a Map gives what is added to it while it is gone through
    for (const link of this.#links.values()) {
      const issuers = known.filter((one) => one !== link.certificate && hasIssued(one, link.certificate));
      link.issuers.push(...issuers.map((issuer) => this.#link(issuer)));
    }
  }

  /** @returns why no way leads to an authority of now by certificates that are valid now */
  refusal(now: Date, trusted: TrustedAuthorities): string | undefined {
    const own = validityFault(this.#endEntity.certificate, now);
    if (own !== undefined) return `its certificate ${own}`;
    const isEnd = ({ certificate, isSelfSigned }: Link) => isSelfSigned && trusted.has(certificate.fingerprint256);
    if (this.#reach((link) => validityFault(link.certificate, now) === undefined).some(isEnd)) return undefined;
    const all = this.#reach(() => true);
    if (!all.some(isEnd)) return 'its CA is not among callerAuthorities any more';
    const [fault] = all.flatMap(({ certificate }) => validityFault(certificate, now) ?? []);
    return `the certificate of a CA above it ${fault}`;
  }

  #link(certificate: X509Certificate): Link {
    const there = this.#links.get(certificate.fingerprint256);
    if (there) return there;
    const link = { certificate, isSelfSigned: hasIssued(certificate, certificate), issuers: [] };
    this.#links.set(certificate.fingerprint256, link);
    return link;
  }

  /** @returns what is reached from the caller’s certificate by issuers that `isPassable` holds for */
  #reach(isPassable: (link: Link) => boolean): readonly Link[] {
    const reached = new Set([this.#endEntity]);
    for (const { issuers } of reached) for (const issuer of issuers.filter(isPassable)) reached.add(issuer);
    return [...reached];
  }
}

function byFingerprint(certificates: readonly X509Certificate[]): Map<string, X509Certificate> {
  return new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate]));
}

function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // a key that OpenSSL does not know has proven nothing
    return false;
  }
}

function validityFault({ validFromDate, validToDate }: X509Certificate, now: Date): string | undefined {
  if (now > validToDate) return `expired at ${validToDate.toISOString()}`;
  // a time that cannot be read is NaN, which no comparison holds for
  return now >= validFromDate ? undefined : `is not valid before ${validFromDate}`;
}
