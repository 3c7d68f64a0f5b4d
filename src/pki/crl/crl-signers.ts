/**
 * Who signed a CRL, and whether that signer may (RFC 5280 6.3.3 (f) and (g)): the CA that issued the certificate, or a CRL issuer with a
 * valid and unrevoked certification path to the same trust anchor.
 */
import { unrecorded } from '../../explanation/steps.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { oids } from '../encoding/oids.ts';
import { keyUsageRefusal } from '../path/certificate-checks.ts';
import type { Issuer, IssuerPool } from '../path/issuer-pool.ts';
import { certificationPaths } from '../path/path-builder.ts';
import { type CertificationPath, type PathInputs, validatePath } from '../path/path-validator.ts';
import type { SignatureChecks } from '../path/signature-checks.ts';
import type { CertificateRevocationList } from './crl.ts';
import type { CrlStatus } from './crl-status.ts';
import { type Subject, subjectAt } from './crl-subject.ts';
import type { DistributionPoint } from './distribution-point.ts';
import type { KnownCrl } from './known-crl.ts';

export interface SignerContext {
  /** Where certificates of CRL issuers are looked for. */
  readonly pool: IssuerPool;
  readonly signatures: SignatureChecks;
  readonly time: Date;
}

export class CrlSigners {
  readonly #context: SignerContext;
  readonly #statusOf: (subject: Subject, chain: readonly string[]) => Promise<CrlStatus>;

  constructor(context: SignerContext, statusOf: (subject: Subject, chain: readonly string[]) => Promise<CrlStatus>) {
    this.#context = context;
    this.#statusOf = statusOf;
  }

  /**
   * The certificate whose key signed the CRL and which is allowed to; a string: why no certificate qualifies.
   * @throws BudgetExceededError
   */
  async find(
    crl: KnownCrl,
    subject: Subject,
    point: DistributionPoint,
    chain: readonly string[],
  ): Promise<Certificate | string> {
    const { list } = crl;
    const { issuer, trustAnchor } = subject;
    const isOfIssuer = list.issuer.key === issuer.subject.key;
    let problem = 'its signature verifies with no key of its issuer';
    if (isOfIssuer && (await this.#isSignedBy(crl, issuer))) {
      const refusal = keyUsageRefusal(issuer, 'cRLSign');
      if (!refusal) return issuer;
      problem = 'the certificate of its issuer lacks cRLSign';
    }
    for (const certificate of byLikelihood(list, this.#context.pool.bySubject(list.issuer.key))) {
      if (certificate === issuer || !(await this.#isSignedBy(crl, certificate))) continue;
      if (!point.crlIssuers && !this.#mayStandIn(certificate, subject)) {
        problem =
          'it is signed with another key of its name than the certificate, which no CA above certified for CRLs';
        continue;
      }
      const refusal = await this.#refusal(certificate, trustAnchor, chain);
      if (!refusal) return certificate;
      problem = refusal;
    }
    return problem;
  }

  /**
   * Who signs in the name of a CA with another key. A CA with a renewed key may keep a CRL for each key (Active Directory
   * Certificate Services does), and the CRL of one says nothing of what the other issued: so one CA key speaks for another only
   * from above on the path, or when the other has certified it for its own name (RFC 4210 4.4). A key for CRLs alone has its
   * certificate from a CA on the path: RFC 5280 6.3.3 (f) asks for a path to the same trust anchor only, by which every other CA
   * below it could hide revocations.
   */
  #mayStandIn(certificate: Certificate, { issuer, above }: Subject): boolean {
    const isIssuedBy = (upper: Certificate) =>
      certificate.issuer.key === upper.subject.key && !this.#context.signatures.refusal(certificate, upper);
    if (!isCa(certificate)) return above.some(isIssuedBy);
    if (above.some((upper) => upper.subjectPublicKeyInfo.equals(certificate.subjectPublicKeyInfo))) return true;
    // It has the name of the CRL issuer, and so of this CA.
    return isIssuedBy(issuer);
  }

  #isSignedBy(crl: KnownCrl, signer: Certificate): Promise<boolean> {
    const { signatures } = this.#context;
    return crl.isSignedBy(signatures.keyOf(signer), signatures);
  }

  /** Why this certificate does not entitle its holder to sign CRLs under the trust anchor. */
  async #refusal(
    certificate: Certificate,
    trustAnchor: Certificate,
    chain: readonly string[],
  ): Promise<string | undefined> {
    if (certificate.sha256 === trustAnchor.sha256) return keyUsageRefusal(certificate, 'cRLSign')?.detail;
    const { pool, signatures, time } = this.#context;
    let problem = 'no path leads from its signer to the trust anchor of the certificate';
    const onRefusal = () => undefined;
    for (const path of certificationPaths(certificate, { pool, signatures, time, onRefusal })) {
      if (path.trustAnchor.sha256 !== trustAnchor.sha256) continue;
      const inputs: PathInputs = { ...crlIssuerInputs, time };
      const result = validatePath(path, inputs, { signatures, steps: unrecorded });
      if (result.outcome === 'invalid') {
        problem = `the certificate of its signer is not valid: ${result.denial.detail}`;
        continue;
      }
      const revocation = await this.#revocationRefusal(path, chain);
      if (!revocation) return undefined;
      problem = revocation;
    }
    return problem;
  }

  async #revocationRefusal(path: CertificationPath, chain: readonly string[]): Promise<string | undefined> {
    for (let index = path.certificates.length - 1; index >= 0; index--) {
      const subject = subjectAt(path, index);
      if (!subject) break;
      const status = await this.#statusOf(subject, chain);
      if (status.status === 'revoked') return 'the certificate of its signer, or one above, is revoked';
      if (status.status === 'unknown') return `the status of its signer is unknown: ${status.problems.join('; ')}`;
    }
    return undefined;
  }
}

/** Those whose key identifier is the one the CRL names first, those with another one last (RFC 5280 5.2.1). */
function byLikelihood(crl: CertificateRevocationList, issuers: readonly Issuer[]): readonly Certificate[] {
  const certificates = issuers.map(({ certificate }) => certificate);
  const { authorityKeyIdentifier: named } = crl;
  if (!named || certificates.length < 2) return certificates;
  const rank = ({ subjectKeyIdentifier: own }: Certificate) => (own ? Number(!own.equals(named)) * 2 : 1);
  return certificates.toSorted((left, right) => rank(left) - rank(right));
}

function isCa({ basicConstraints, keyUsage }: Certificate): boolean {
  return basicConstraints?.ca === true && keyUsage?.has('keyCertSign') !== false;
}

const crlIssuerInputs: Omit<PathInputs, 'time'> = {
  userInitialPolicySet: new Set([oids.anyPolicy]),
  initialExplicitPolicy: false,
  initialPolicyMappingInhibit: false,
  initialAnyPolicyInhibit: false,
  purposes: [],
  endEntityKeyUsage: 'cRLSign',
};
