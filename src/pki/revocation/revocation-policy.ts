/**
 * A site's rules for revocation, after IIS: whose status is checked, by CRLs and OCSP in which order, how old evidence may be, and what
 * happens when the status stays unknown. Unless the site says otherwise by name, that refuses the login.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { type Denial, denial } from '../../denial.ts';
import type { StepRecorder } from '../../explanation/steps.ts';
import type { Logger } from '../../operations/log.ts';
import { seconds } from '../../settings/units.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { certificateFacts } from '../certificate/certificate-facts.ts';
import { type CrlFile, CrlSource, type RetrievalOptions } from '../crl/crl-source.ts';
import { subjectAt } from '../crl/crl-subject.ts';
import { oids } from '../encoding/oids.ts';
import { type OcspOptions, OcspSource } from '../ocsp/ocsp-source.ts';
import type { CertificationPath } from '../path/path-validator.ts';
import type { RevocationEvidence } from '../path/validated-certificate.ts';
import { evidenceOf, notChecked, refusalOf, statusFacts } from './certificate-status.ts';
import type { RevocationSettings } from './revocation-settings.ts';
import { type RevocationMethod, type RevocationSearch, StatusSearch } from './status-search.ts';

export interface RevocationOptions {
  readonly settings: RevocationSettings;
  /** OCSP responses out of files, at hand without a request. */
  readonly ocspFiles?: OcspOptions['files'] | undefined;
  /** Those that the settings name; see OcspOptions. */
  readonly responderCertificates?: OcspOptions['responderCertificates'] | undefined;
  /** Absent: nothing is ever retrieved. */
  readonly retrieval?: RetrievalOptions | undefined;
}

/** Each second keeps a stale answer alive. */
const clockSkew = seconds(60);

/**
 * `check`: with what is in files, then with what can be retrieved. `cache-only`: with what is in files and what was retrieved before.
 * `none`: not at all.
 */
function modeOf({ validationFlags }: RevocationSettings): 'check' | 'cache-only' | 'none' {
  if (validationFlags.includes('NoRevocationCheck')) return 'none';
  return validationFlags.includes('CertChainRevocationCheckCacheOnly') ? 'cache-only' : 'check';
}

type RevocationResult =
  | { readonly outcome: 'not-revoked'; readonly evidence: readonly RevocationEvidence[] }
  | { readonly outcome: 'refused'; readonly denial: Denial };

/** Nothing is retrieved for a site that wants the cache alone, ahead of time either. */
function cacheAlone(retrieval: RetrievalOptions | undefined): RetrievalOptions | undefined {
  if (!retrieval) return undefined;
  const { refresher: _, ...others } = retrieval;
  return others;
}

const citations: Readonly<Record<RevocationMethod, string>> = {
  crl: 'RFC 5280 6.1.3 (a)(3), 6.3.3',
  ocsp: 'RFC 5280 6.1.3 (a)(3), RFC 6960 3.2',
};

/**
 * What is not asked about passes, unless it says itself that it must be: a critical CRLDistributionPoints or FreshestCRL that nothing
 * is looked up by was not processed (RFC 5280 4.2, 6.1.4 (o), 6.1.5 (f)). Of revocation checking RFC 5280 6.1.3 (a)(3) makes
 * a part of validation; X.509 says of the critical extension that the certificate must not be used without it.
 */
function leftOut(certificates: readonly Certificate[], setting: string, steps: StepRecorder): RevocationResult {
  for (const certificate of certificates) {
    const oid = statusExtensions.find((extension) => certificate.extensions.get(extension)?.critical);
    if (oid === undefined) continue;
    const facts = { ...certificateFacts(certificate), extension: oid, setting };
    const citation = 'RFC 5280 6.1.4 (o), 6.1.5 (f)';
    steps.record({ stage: 'revocation', check: 'critical extensions', verdict: 'failed', citation, facts });
    const detail = `Its critical extension ${oid} demands a check of its revocation status, which ${setting} leaves out.`;
    return { outcome: 'refused', denial: denial('critical-extension-unknown', detail, facts) };
  }
  return { outcome: 'not-revoked', evidence: certificates.map((certificate) => notChecked(certificate, setting)) };
}

const statusExtensions = [oids.crlDistributionPoints, oids.freshestCrl];

export class RevocationPolicy {
  readonly #options: RevocationOptions;
  readonly #mode: ReturnType<typeof modeOf>;
  readonly #crls: CrlSource;
  readonly #ocsp: OcspSource;

  constructor(options: RevocationOptions, files: readonly CrlFile[], clock: Clock, logger: Logger) {
    const { settings, retrieval, ocspFiles, responderCertificates } = options;
    this.#options = options;
    this.#mode = modeOf(settings);
    const sources = this.#mode === 'check' ? retrieval : cacheAlone(retrieval);
    this.#crls = new CrlSource(files, sources, settings.revocationFreshnessTime, { clock, logger });
    const ocsp = { ...settings.revocation.ocsp, clockSkew, files: ocspFiles, responderCertificates };
    this.#ocsp = new OcspSource(ocsp, sources, { clock, logger, randomBytes });
  }

  /**
   * The status of the certificates of a path that is valid otherwise, from the trust anchor downwards.
   * @throws BudgetExceededError
   */
  async check(path: CertificationPath, search: RevocationSearch): Promise<RevocationResult> {
    const { steps } = search;
    const { certificates } = path;
    const mode = this.#mode;
    if (mode === 'none') {
      steps.record({ stage: 'revocation', check: 'certificate status', verdict: 'skipped', facts: { mode } });
      return leftOut(certificates, 'validationFlags NoRevocationCheck', steps);
    }
    for (const problem of [...this.#crls.unreadableFiles, ...this.#ocsp.unreadableFiles])
      steps.record({ stage: 'revocation', check: 'evidence left out', verdict: 'noted', facts: { problem } });
    const statuses = this.#searchFor(search);
    const top = this.#options.settings.revocation.certificates === 'endCertificate' ? 0 : certificates.length - 1;
    const unchecked = leftOut(certificates.slice(top + 1), 'revocation.certificates endCertificate', steps);
    if (unchecked.outcome === 'refused') return unchecked;
    const evidence = [...unchecked.evidence];
    let unknown: Denial | undefined;
    for (let index = top; index >= 0; index--) {
      const subject = subjectAt(path, index);
      if (!subject) break;
      const { certificate } = subject;
      const status = await statuses.status(subject);
      const refusal = refusalOf(certificate, status);
      steps.record({
        stage: 'revocation',
        check: 'certificate status',
        verdict: refusal ? 'failed' : 'passed',
        citation: status.status === 'unknown' ? 'RFC 5280 6.1.3 (a)(3)' : citations[status.method],
        facts: { ...certificateFacts(certificate), ...statusFacts(status) },
      });
      if (refusal && status.status === 'revoked') return { outcome: 'refused', denial: refusal };
      // An unknown status above must not hide that a certificate below is revoked: running sessions end by that only.
      unknown ??= refusal;
      const found = evidenceOf(certificate, status);
      if (found) evidence.unshift(found);
    }
    return unknown ? { outcome: 'refused', denial: unknown } : { outcome: 'not-revoked', evidence };
  }

  #searchFor(search: RevocationSearch): StatusSearch {
    const { settings, retrieval } = this.#options;
    const options = {
      crls: this.#crls,
      ocsp: this.#ocsp,
      settings,
      retrievalTime: this.#mode === 'check' ? retrieval?.totalTimeout : undefined,
    };
    return new StatusSearch(options, search);
  }
}
