/**
 * The status of one certificate by CRLs (RFC 5280 6.3.3): complete, indirect and delta CRLs, all reasons. The answer is good
 * only when current, authentic CRLs cover every reason; whatever is not understood makes it unknown.
 */
import type { Certificate } from '../certificate.ts';
import { type CertificateRevocationList, unknownCriticalCrlExtension } from '../crl.ts';
import type { CrlEntries, RevokedEntry } from '../crl-entries.ts';
import { indexedEntries } from '../crl-index.ts';
import type { DistributionPoint } from '../distribution-point.ts';
import { MalformedError } from '../malformed-error.ts';
import { allReasons, coveredReasons, deltaBelongsTo, distributionPointsOf, scopeMismatch } from './crl-scope.ts';
import { CrlSigners, type SignerContext } from './crl-signers.ts';
import type { Subject } from './crl-subject.ts';

export type CrlStatus =
  | { readonly status: 'good'; readonly crl: CertificateRevocationList }
  | { readonly status: 'revoked'; readonly crl: CertificateRevocationList; readonly entry: RevokedEntry }
  /** `problems`: why the CRLs looked at did not tell. */
  | { readonly status: 'unknown'; readonly problems: readonly string[] };

/** What a complete CRL says, and the certificate of its signer. */
type Answer = Exclude<CrlStatus, { status: 'unknown' }> & { readonly signer: Certificate };

interface CrlContext extends SignerContext {
  /** A CRL whose thisUpdate is longer ago does not count; 0: nextUpdate alone governs. */
  readonly freshnessSeconds: number;
  /** For so many seconds a CRL counts still after its next update was due, or after it grew too old, for allowWithinGrace; else 0. */
  readonly graceSeconds: number;
  /** The CRLs at hand that may speak of a certificate, and why others are not at hand. */
  readonly crlsFor: (certificate: Certificate) => Promise<CrlsAtHand>;
  /** Told of every CRL that was signed by whom it should be, current or not. */
  readonly onAuthentic: (crl: CertificateRevocationList) => void;
}

export interface CrlsAtHand {
  readonly crls: readonly CertificateRevocationList[];
  readonly problems: readonly string[];
}

/** Certificates of CRL issuers whose own status depends on another CRL issuer, and so on. */
const maximumChain = 4;

export class CrlCheck {
  readonly #context: CrlContext;
  readonly #signers: CrlSigners;
  readonly #known = new Map<string, CrlStatus>();

  constructor(context: CrlContext) {
    this.#context = context;
    this.#signers = new CrlSigners(context, (subject, chain) => this.#statusInChain(subject, chain));
  }

  /** @throws BudgetExceededError */
  status(subject: Subject): Promise<CrlStatus> {
    return this.#statusInChain(subject, []);
  }

  /** @param chain SHA-256 of the certificates whose status waits for this one */
  async #statusInChain(subject: Subject, chain: readonly string[]): Promise<CrlStatus> {
    const { sha256 } = subject.certificate;
    const known = this.#known.get(sha256);
    if (known) return known;
    // Whoever could vouch for himself could never be revoked.
    if (chain.includes(sha256)) return unknown('the CRL issuer would vouch for itself');
    if (chain.length >= maximumChain) return unknown('too many CRL issuers depend on one another');
    const status = await this.#check(subject, [...chain, sha256]);
    if (status.status !== 'unknown') this.#known.set(sha256, status);
    return status;
  }

  async #check(subject: Subject, chain: readonly string[]): Promise<CrlStatus> {
    const { crls, problems: retrieval } = await this.#context.crlsFor(subject.certificate);
    const problems = new Set(retrieval);
    const newestFirst = crls.toSorted((left, right) => right.thisUpdate.getTime() - left.thisUpdate.getTime());
    const complete = newestFirst.filter(({ deltaBase }) => deltaBase === undefined);
    const covered = new Set<number>();
    const answered = new Set<string>();
    let evidence: CertificateRevocationList | undefined;
    if (complete.length === 0) problems.add('no complete CRL of its issuer is at hand');
    for (const point of distributionPointsOf(subject.certificate)) {
      for (const crl of complete) {
        const answer = await this.#ask(crl, newestFirst, subject, point, chain);
        if (typeof answer === 'string') {
          problems.add(`${crl.source}: ${answer}`);
          continue;
        }
        // A newer CRL of the same key and scope takes the place of an older one; beside others each one may revoke.
        const authority = `${answer.signer.sha256} ${crl.issuingDistributionPoint?.der.toString('hex')}`;
        if (answer.status === 'revoked' && !answered.has(authority)) return answer;
        if (answer.status === 'revoked') continue;
        answered.add(authority);
        evidence ??= answer.crl;
        for (const reason of coveredReasons(crl, point)) covered.add(reason);
      }
    }
    if (evidence && covered.size === allReasons.size) return { status: 'good', crl: evidence };
    return { status: 'unknown', problems: [...problems] };
  }

  /** What one complete CRL, with the delta CRL that belongs to it, says; a string: why it says nothing. */
  async #ask(
    crl: CertificateRevocationList,
    others: readonly CertificateRevocationList[],
    subject: Subject,
    point: DistributionPoint,
    chain: readonly string[],
  ): Promise<Answer | string> {
    const { certificate } = subject;
    const mismatch = scopeMismatch(crl, certificate, point) ?? this.#unusable(crl);
    if (mismatch) return mismatch;
    const candidates = others.filter(
      (other) => deltaBelongsTo(other, crl) && !this.#unusable(other) && !this.#outOfDate(other),
    );
    // RFC 5280 6.3.3 (a)(1): a current delta CRL brings a complete one up to date.
    const outOfDate = candidates.length > 0 ? undefined : this.#outOfDate(crl);
    if (outOfDate) return outOfDate;
    const signer = await this.#signers.find(crl, subject, point, chain);
    if (typeof signer === 'string') return signer;
    this.#context.onAuthentic(crl);
    // RFC 5280 5.2.4: a delta CRL is signed with the key of the complete one. A newer one that is not must not hide it.
    const delta = candidates.find((candidate) => this.#signers.isSignedBy(candidate, signer));
    if (delta) {
      this.#context.onAuthentic(delta);
    } else {
      const stale = this.#outOfDate(crl);
      if (stale) return stale;
    }
    try {
      const ofDelta = delta && (await this.#entriesOf(delta)).find(certificate.issuer.key, certificate.serialOctets);
      if (delta && ofDelta?.reason === 'removeFromCRL') return { status: 'good', crl: delta, signer };
      if (delta && ofDelta) return { status: 'revoked', crl: delta, signer, entry: ofDelta };
      const entry = (await this.#entriesOf(crl)).find(certificate.issuer.key, certificate.serialOctets);
      return entry ? { status: 'revoked', crl, signer, entry } : { status: 'good', crl: delta ?? crl, signer };
    } catch (error) {
      if (error instanceof MalformedError) return error.message;
      throw error;
    }
  }

  /** The first login that needs the entries of a large CRL waits for their index. @throws MalformedError */
  #entriesOf(crl: CertificateRevocationList): CrlEntries | Promise<CrlEntries> {
    const entries = indexedEntries(crl);
    return entries instanceof Promise ? this.#context.signatures.budget.waitFor(entries) : entries;
  }

  #unusable(crl: CertificateRevocationList): string | undefined {
    const extension = unknownCriticalCrlExtension(crl);
    return extension && `it has the unknown critical extension ${extension}`;
  }

  #outOfDate({ thisUpdate, nextUpdate }: CertificateRevocationList): string | undefined {
    const { time, freshnessSeconds, graceSeconds } = this.#context;
    if (thisUpdate > time) return `it begins to hold only at ${thisUpdate.toISOString()}`;
    if (!nextUpdate) return 'it does not say when the next update is due';
    const graceBegan = time.getTime() - graceSeconds * 1000;
    if (nextUpdate.getTime() < graceBegan) return `its next update was due at ${nextUpdate.toISOString()}`;
    const ageSeconds = (graceBegan - thisUpdate.getTime()) / 1000;
    if (freshnessSeconds > 0 && ageSeconds > freshnessSeconds) return `it is older than ${freshnessSeconds} s`;
    return undefined;
  }
}

function unknown(problem: string): CrlStatus {
  return { status: 'unknown', problems: [problem] };
}
