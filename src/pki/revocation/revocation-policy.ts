/**
 * A site's rules for revocation, after IIS: whether the certificates of a path are checked, with which CRLs, and how old those
 * may be. Every certificate but the trust anchor is checked; a status that is not known refuses the login.
 */
import type { Clock } from '../../clock.ts';
import { type Denial, denial } from '../../denial.ts';
import type { StepRecorder } from '../../explanation.ts';
import type { Logger } from '../../operations/log.ts';
import type { Certificate } from '../certificate.ts';
import { certificateFacts } from '../certificate-facts.ts';
import type { CertificateRevocationList } from '../crl.ts';
import type { IssuerPool } from '../issuer-pool.ts';
import type { CertificationPath } from '../path-validator.ts';
import type { SignatureChecks } from '../signature-checks.ts';
import type { RevocationEvidence } from '../validated-certificate.ts';
import { CrlCheck, type CrlStatus } from './crl-check.ts';
import { type CrlFile, CrlSource, type RetrievalOptions } from './crl-source.ts';
import { subjectAt } from './crl-subject.ts';

export interface RevocationOptions {
  /**
   * `check`: with the CRLs of files, then with those retrieved if `retrieval` is given.
   * `cache-only`: with the CRLs of files and those retrieved before (IIS CertChainRevocationCheckCacheOnly).
   * `none`: not at all (IIS NoRevocationCheck); a stolen card logs in although it was reported.
   */
  readonly mode: 'check' | 'cache-only' | 'none';
  /** The greatest age of a CRL in seconds (IIS revocationFreshnessTime); 0: until its next update is due. */
  readonly freshnessSeconds: number;
  /**
   * A CRL issuer whose certificate has no CRL but its own (RFC 5280 leaves open what then). `unknown`, the default: its CRLs do
   * not count. `believed`: they do unless it lists itself; whoever steals its key can then hide every revocation for ever.
   */
  readonly selfVouchingCrlIssuers?: 'unknown' | 'believed';
  /** Absent: nothing is ever retrieved. */
  readonly retrieval?: RetrievalOptions;
}

interface RevocationSearch {
  readonly pool: IssuerPool;
  readonly signatures: SignatureChecks;
  readonly time: Date;
  readonly steps: StepRecorder;
}

type RevocationResult =
  | { readonly outcome: 'not-revoked'; readonly evidence: readonly RevocationEvidence[] }
  | { readonly outcome: 'refused'; readonly denial: Denial };

export class RevocationPolicy {
  readonly #options: RevocationOptions;
  readonly #crls: CrlSource;

  /** @throws MalformedError when a CRL of a file cannot be read */
  constructor(options: RevocationOptions, files: readonly CrlFile[], clock: Clock, logger: Logger) {
    this.#options = options;
    this.#crls = new CrlSource(files, options.retrieval, options.freshnessSeconds, { clock, logger });
  }

  /**
   * The status of every certificate of a path that is valid otherwise, from the trust anchor downwards.
   * @throws BudgetExceededError
   */
  async check(path: CertificationPath, search: RevocationSearch): Promise<RevocationResult> {
    const { steps } = search;
    const { certificates } = path;
    if (this.#options.mode === 'none') {
      steps.record({ stage: 'revocation', check: 'certificate status', verdict: 'skipped', facts: { mode: 'none' } });
      return { outcome: 'not-revoked', evidence: certificates.map(notChecked) };
    }
    const statusOf = this.#statusSource(search);
    const evidence: RevocationEvidence[] = [];
    for (let index = certificates.length - 1; index >= 0; index--) {
      const subject = subjectAt(path, index);
      if (!subject) break;
      const { certificate } = subject;
      const status = await statusOf(subject);
      const refusal = refusalOf(certificate, status);
      steps.record({
        stage: 'revocation',
        check: 'certificate status',
        verdict: refusal ? 'failed' : 'passed',
        citation: 'RFC 5280 6.1.3 (a)(3), 6.3.3',
        facts: { ...certificateFacts(certificate), ...statusFacts(status) },
      });
      if (refusal) return { outcome: 'refused', denial: refusal };
      if (status.status === 'good') evidence.unshift(evidenceOf(certificate, status.crl));
    }
    return { outcome: 'not-revoked', evidence };
  }

  /** What is at hand is asked first; only when that does not tell, or is too old, is anything retrieved. */
  #statusSource({ pool, signatures, time }: RevocationSearch): CrlCheck['status'] {
    const { freshnessSeconds, mode, retrieval, selfVouchingCrlIssuers } = this.#options;
    const crls = this.#crls;
    const onAuthentic = (crl: CertificateRevocationList) => crls.confirm(crl);
    const context = { pool, signatures, time, freshnessSeconds, selfVouchingCrlIssuers, onAuthentic };
    const local = new CrlCheck({ ...context, crlsFor: (certificate) => crls.atHand(certificate) });
    if (mode !== 'check' || !retrieval) return (subject) => local.status(subject);
    let waiting: AbortSignal | undefined;
    const remote = new CrlCheck({
      ...context,
      crlsFor: (certificate) => {
        waiting ??= AbortSignal.timeout(retrieval.totalTimeoutMilliseconds);
        return signatures.budget.waitFor(crls.retrieved(certificate, waiting));
      },
    });
    return async (subject) => {
      const status = await local.status(subject);
      return status.status === 'unknown' ? remote.status(subject) : status;
    };
  }
}

function refusalOf(certificate: Certificate, status: CrlStatus): Denial | undefined {
  if (status.status === 'good') return undefined;
  const facts = { ...certificateFacts(certificate), ...statusFacts(status) };
  if (status.status === 'unknown')
    return denial('revocation-unknown', 'No CRL tells whether the certificate is revoked.', facts);
  const since = status.entry.revocationDate.toISOString();
  return denial('certificate-revoked', `The certificate was revoked at ${since}: ${status.entry.reason}.`, facts);
}

function statusFacts(status: CrlStatus) {
  if (status.status === 'unknown') return { status: status.status, problems: status.problems };
  const { source, thisUpdate, nextUpdate } = status.crl;
  return {
    status: status.status,
    source,
    thisUpdate: thisUpdate.toISOString(),
    nextUpdate: nextUpdate?.toISOString(),
    ...(status.status === 'revoked' && {
      revocationDate: status.entry.revocationDate.toISOString(),
      reason: status.entry.reason,
    }),
  };
}

function evidenceOf(
  { sha256 }: Certificate,
  { source, thisUpdate, nextUpdate }: CertificateRevocationList,
): RevocationEvidence {
  return {
    certificateSha256: sha256,
    status: 'good',
    method: 'crl',
    source,
    thisUpdate,
    ...(nextUpdate && { nextUpdate }),
  };
}

function notChecked({ sha256 }: Certificate): RevocationEvidence {
  return {
    certificateSha256: sha256,
    status: 'not-checked',
    method: 'none',
    source: 'validationFlags NoRevocationCheck',
  };
}
