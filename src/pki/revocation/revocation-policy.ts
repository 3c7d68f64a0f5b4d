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
import { type CertificateRevocationList, parseCrl } from '../crl.ts';
import type { DistributionPoint } from '../distribution-point.ts';
import type { IssuerPool } from '../issuer-pool.ts';
import type { CertificationPath } from '../path-validator.ts';
import type { SignatureChecks } from '../signature-checks.ts';
import type { RevocationEvidence } from '../validated-certificate.ts';
import { CrlCheck, type CrlStatus, type CrlsAtHand } from './crl-check.ts';
import { subjectAt } from './crl-subject.ts';
import { CrlRetrieval, type RetrievalOptions } from './retrieval.ts';

/** A CRL out of a file. */
export interface CrlFile {
  /** Named in evidence and records. */
  readonly file: string;
  readonly der: Buffer;
}

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

const maximumUrls = 8;

export class RevocationPolicy {
  readonly #options: RevocationOptions;
  readonly #retrieval: CrlRetrieval | undefined;
  readonly #files = new Map<string, CertificateRevocationList[]>();

  /** @throws MalformedError when a CRL of a file cannot be read */
  constructor(options: RevocationOptions, files: readonly CrlFile[], clock: Clock, logger: Logger) {
    this.#options = options;
    const { retrieval, freshnessSeconds } = options;
    this.#retrieval = retrieval && new CrlRetrieval(retrieval, freshnessSeconds, { clock, logger });
    for (const { file, der } of files) {
      const crl = parseCrl(der, file);
      const { key } = crl.issuer;
      this.#files.set(key, [...(this.#files.get(key) ?? []), crl]);
    }
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
    const { freshnessSeconds, mode, selfVouchingCrlIssuers } = this.#options;
    const context = { pool, signatures, time, freshnessSeconds, selfVouchingCrlIssuers };
    const local = new CrlCheck({ ...context, crlsFor: async (certificate) => this.#atHand(certificate) });
    const retrieval = mode === 'check' ? this.#retrieval : undefined;
    let waiting: AbortSignal | undefined;
    const remote =
      retrieval &&
      new CrlCheck({
        ...context,
        crlsFor: (certificate) => {
          waiting ??= retrieval.startWaiting();
          return signatures.budget.waitFor(this.#retrieved(certificate, retrieval, waiting));
        },
      });
    return async (subject) => {
      const atHand = await local.status(subject);
      const status = atHand.status === 'unknown' && remote ? await remote.status(subject) : atHand;
      if (status.status !== 'unknown') this.#retrieval?.cache.confirm(status.crl);
      return status;
    };
  }

  #atHand(certificate: Certificate): CrlsAtHand {
    const issuers = certificate.crlDistributionPoints.flatMap(({ crlIssuers = [] }) => crlIssuers);
    const keys = new Set([certificate.issuer, ...issuers].map(({ key }) => key));
    const files = [...keys].flatMap((key) => this.#files.get(key) ?? []);
    const cached = urlsOf(certificate)
      .flat()
      .map((url) => this.#retrieval?.cache.get(url)?.crl);
    return { crls: [...files, ...cached.filter((crl) => crl !== undefined)], problems: [] };
  }

  async #retrieved(certificate: Certificate, retrieval: CrlRetrieval, waiting: AbortSignal): Promise<CrlsAtHand> {
    const { crls } = this.#atHand(certificate);
    const retrieved = await Promise.all(
      urlsOf(certificate).map(async (alternatives) => {
        const problems: string[] = [];
        for (const url of alternatives) {
          const { crl, problem } = await retrieval.get(url, waiting);
          if (problem !== undefined) problems.push(problem);
          if (crl && problem === undefined) return { crl, problems };
        }
        return { crl: undefined, problems };
      }),
    );
    const found = retrieved.flatMap(({ crl }) => crl ?? []);
    return { crls: [...new Set([...crls, ...found])], problems: retrieved.flatMap(({ problems }) => problems) };
  }
}

/** The http: URLs of each distribution point, which are alternatives (RFC 5280 4.2.1.13), at most eight in all. */
function urlsOf({ crlDistributionPoints, freshestCrl }: Certificate): readonly (readonly string[])[] {
  let left = maximumUrls;
  return [...crlDistributionPoints, ...freshestCrl].map(({ name }: DistributionPoint) => {
    const names = name?.kind === 'fullName' ? name.names : [];
    const urls = names
      .flatMap((entry) => (entry.kind === 'uniformResourceIdentifier' ? [entry.value] : []))
      .filter((url) => url.toLowerCase().startsWith('http:'))
      .slice(0, left);
    left -= urls.length;
    return urls;
  });
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
