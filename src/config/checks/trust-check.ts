/**
 * Whether trust anchors, intermediates and CRLs of a site fit each other and the time: what the first login finds out otherwise.
 * Except for a trust anchor that is no CA these are warnings, because a service must start in the middle of a PKI’s troubles.
 */
import type { Clock } from '../../clock.ts';
import type { Certificate } from '../../pki/certificate/certificate.ts';
import { SignatureVerifier } from '../../pki/certificate/signature.ts';
import { type CertificateRevocationList, parseCrl } from '../../pki/crl/crl.ts';
import { formatRfc4514 } from '../../pki/names/distinguished-name.ts';
import { Budget } from '../../pki/path/budget.ts';
import type { SettingPath } from '../../schema-faults/setting-path.ts';
import type { LoadedCrl, MaterialReader } from '../material.ts';
import type { SiteSettings } from '../site-schema.ts';

export interface SiteTrust {
  readonly trustAnchors: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  readonly crls: readonly LoadedCrl[];
}

const renewalMilliseconds = 30 * 86_400_000;

export class TrustCheck {
  readonly #reader: MaterialReader;
  readonly #setting: SettingPath;
  readonly #settings: SiteSettings['sslClientCertificates'];
  readonly #trust: SiteTrust;
  readonly #clock: Clock;
  readonly #verifier: SignatureVerifier;
  readonly #authorities: readonly Certificate[];

  /** @param setting of sslClientCertificates */
  constructor(
    reader: MaterialReader,
    setting: SettingPath,
    settings: SiteSettings['sslClientCertificates'],
    trust: SiteTrust,
    clock: Clock,
  ) {
    this.#reader = reader;
    this.#setting = setting;
    this.#settings = settings;
    this.#trust = trust;
    this.#clock = clock;
    this.#verifier = new SignatureVerifier(settings.algorithms);
    this.#authorities = [...trust.trustAnchors, ...trust.intermediates];
  }

  run(): void {
    for (const anchor of this.#trust.trustAnchors) this.#checkAnchor(anchor);
    for (const intermediate of this.#trust.intermediates) this.#checkIntermediate(intermediate);
    for (const file of this.#trust.crls) this.#checkCrl(file);
    this.#checkAcceptedIssuers();
    this.#checkIntermediatesAreGiven();
  }

  #checkAnchor(anchor: Certificate): void {
    if (!isAuthority(anchor)) {
      this.#reader.source.fault(
        this.#reader.settingOf(anchor),
        `${nameOf(anchor)} is not the certificate of a CA, so that it can have issued no certificate`,
        'Name the certificate of the root CA; a person’s own certificate is mapped by a rule instead.',
      );
      return;
    }
    this.#checkTimeAndKey(anchor, 'no login that ends at it is let in');
  }

  #checkIntermediate(certificate: Certificate): void {
    if (!isAuthority(certificate)) {
      this.#warn(certificate, 'is not the certificate of a CA, so that no path leads through it', 'Remove it.');
      return;
    }
    this.#checkTimeAndKey(certificate, 'no path leads through it');
    if (this.#trust.trustAnchors.some(({ sha256 }) => sha256 === certificate.sha256)) return;
    const issuers = this.#authorities.filter(({ subject }) => subject.key === certificate.issuer.key);
    const others = issuers.filter((issuer) => issuer !== certificate);
    if (others.length === 0) {
      this.#warn(
        certificate,
        `is issued by ${formatRfc4514(certificate.issuer)}, which is neither a trust anchor nor an intermediate`,
        'Add the certificate of that CA to intermediates, or to trustAnchors.',
      );
    } else if (!others.some((issuer) => this.#isSigned(certificate.tbsCertificate, certificate, issuer))) {
      this.#warn(
        certificate,
        `is not signed by the key of any ${formatRfc4514(certificate.issuer)} given here`,
        'Add the certificate of the CA with the key that signed it.',
      );
    }
  }

  #checkTimeAndKey(certificate: Certificate, consequence: string): void {
    const now = this.#clock.now();
    const { notBefore, notAfter } = certificate;
    const remedy = 'Have the CA’s certificate renewed, and give the new one.';
    if (now > notAfter) this.#warn(certificate, `expired at ${notAfter.toISOString()}: ${consequence}`, remedy);
    else if (now < notBefore) {
      this.#warn(certificate, `is not valid before ${notBefore.toISOString()}`, 'Check the clock of this machine.');
    } else if (notAfter.getTime() - now.getTime() < renewalMilliseconds) {
      this.#warn(certificate, `expires at ${notAfter.toISOString()}`, remedy);
    }
    const weakness = this.#verifier.keyRefusal(certificate.subjectPublicKeyInfo);
    if (weakness !== undefined) {
      this.#warn(
        certificate,
        `has a key that is not accepted (${weakness}): ${consequence}`,
        'Have the CA use another key.',
      );
    }
  }

  #checkCrl(file: LoadedCrl): void {
    const setting = this.#reader.settingOf(file);
    const crl = parseCrl(file.der, file.file);
    const warn = (message: string, remedy: string) =>
      this.#reader.source.warning(setting, `${file.file}: the CRL of ${formatRfc4514(crl.issuer)} ${message}`, remedy);
    const now = this.#clock.now();
    const renew = 'Fetch the newest CRL of that CA, and keep the file up to date.';
    if (crl.nextUpdate && now > crl.nextUpdate) {
      warn(`is out of date since ${crl.nextUpdate.toISOString()}: it proves nothing any more`, renew);
    } else if (now < crl.thisUpdate) {
      warn(`is of ${crl.thisUpdate.toISOString()}, which is yet to come`, 'Check the clock of this machine.');
    } else if (this.#isStale(crl, now)) {
      warn(`of ${crl.thisUpdate.toISOString()} is older than revocationFreshnessTime allows`, renew);
    }
    const issuers = this.#authorities.filter(({ subject }) => subject.key === crl.issuer.key);
    if (issuers.length === 0) {
      warn(
        'is foreign: that CA is neither a trust anchor nor an intermediate',
        'Add the CA’s certificate to intermediates, or remove the CRL.',
      );
    } else if (!issuers.some((issuer) => this.#isSigned(crl.tbsCertList, crl, issuer))) {
      warn(
        'is not signed by the key of that CA given here',
        'Fetch the CRL again, or add the CA’s certificate with the key that signed it.',
      );
    }
  }

  #isStale({ thisUpdate }: CertificateRevocationList, now: Date): boolean {
    const { revocationFreshnessTime, revocationRetrievalHosts } = this.#settings;
    const isOld = now.getTime() - thisUpdate.getTime() > revocationFreshnessTime * 1000;
    return revocationFreshnessTime > 0 && revocationRetrievalHosts.length === 0 && isOld;
  }

  /** A CA that is pinned but not given can only come from the client. */
  #checkAcceptedIssuers(): void {
    this.#settings.acceptedIssuers.forEach((fingerprint, index) => {
      if (this.#authorities.some(({ sha256 }) => sha256 === fingerprint)) return;
      this.#reader.source.warning(
        [...this.#setting, 'acceptedIssuers', index],
        'is the fingerprint of no certificate among trustAnchors and intermediates',
        'Add the certificate of that CA to intermediates, or correct the fingerprint.',
      );
    });
  }

  #checkIntermediatesAreGiven(): void {
    const { trustAnchors, intermediates } = this.#trust;
    const { revocationRetrievalHosts } = this.#settings;
    const rootsOnly =
      trustAnchors.length > 0 && trustAnchors.every(({ subject, issuer }) => subject.key === issuer.key);
    if (!rootsOnly || intermediates.length > 0 || revocationRetrievalHosts.length > 0) return;
    this.#reader.source.warning(
      [...this.#setting, 'intermediates'],
      'names no CA: people whose client does not send the certificate of their issuing CA are refused',
      'Add the certificates of the issuing CAs.',
    );
  }

  #isSigned(
    data: Buffer,
    { signatureAlgorithm: algorithm, signature }: Certificate | CertificateRevocationList,
    issuer: Certificate,
  ): boolean {
    const budget = new Budget(this.#clock);
    return (
      this.#verifier.verify({ data, algorithm, signature }, issuer.subjectPublicKeyInfo, budget).outcome === 'valid'
    );
  }

  #warn(certificate: Certificate, message: string, remedy: string): void {
    this.#reader.source.warning(this.#reader.settingOf(certificate), `${nameOf(certificate)} ${message}`, remedy);
  }
}

function nameOf({ subject }: Certificate): string {
  return formatRfc4514(subject);
}

/** As path validation sees it: a certificate of version 1 may be an anchor. */
function isAuthority({ basicConstraints, keyUsage, version }: Certificate): boolean {
  const saysSo = basicConstraints ? basicConstraints.ca : version === 1 || keyUsage !== undefined;
  return saysSo && (keyUsage?.has('keyCertSign') ?? true);
}
