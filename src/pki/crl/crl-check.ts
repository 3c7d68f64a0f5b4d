/**
 * The status of one certificate by CRLs (RFC 5280 6.3.3): complete, indirect and delta CRLs, all reasons. It is revoked when any
 * authentic CRL says so, and good only when current ones cover every reason; whatever is not understood makes it unknown.
 */
import type { Seconds } from '../../settings/units.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { octetsText } from '../certificate/signature.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import type { Evidence } from '../retrieval/retrieved-evidence.ts';
import type { CertificateRevocationList } from './crl.ts';
import type { CrlEntries, RevokedEntry } from './crl-entries.ts';
import { mayBeLifted } from './crl-reason.ts';
import { allReasons, coveredReasons, distributionPointsOf, scopeMismatch } from './crl-scope.ts';
import { CrlSigners, type SignerContext } from './crl-signers.ts';
import { type CrlStatement, type Listing, newerHold, outcomeOf, revocationIn } from './crl-statement.ts';
import type { CrlStatus } from './crl-status.ts';
import type { Subject } from './crl-subject.ts';
import type { DistributionPoint } from './distribution-point.ts';
import type { KnownCrl } from './known-crl.ts';

interface CrlContext extends SignerContext {
  /** A CRL whose thisUpdate is longer ago does not count; 0: nextUpdate alone governs. */
  readonly freshness: Seconds;
  /** For so many seconds a CRL counts still after its next update was due, or after it grew too old, for allowWithinGrace; else 0. */
  readonly grace: Seconds;
  /** The CRLs at hand that may speak of a certificate, and why others are not at hand. */
  readonly crlsFor: (certificate: Certificate) => Promise<CrlsAtHand>;
  /** Whether something else at hand revokes the certificate of a signer; its own certificate and those that wait for it are in `chain`. */
  readonly isRevokedElsewhere: (signer: Subject, chain: readonly string[]) => Promise<boolean>;
  /** Told of every CRL that an entitled issuer signed, current or not. */
  readonly onAuthentic: (crl: CrlAtHand) => void;
}

export interface CrlAtHand {
  readonly crl: KnownCrl;
  /** What it was read from; absent: a file. */
  readonly evidence?: Evidence;
}

export interface CrlsAtHand {
  readonly crls: readonly CrlAtHand[];
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
    this.#signers = new CrlSigners(context, (subject, chain) => this.status(subject, chain));
  }

  /**
   * @param chain SHA-256 of the certificates whose status waits for this one
   * @throws BudgetExceededError
   */
  async status(subject: Subject, chain: readonly string[] = []): Promise<CrlStatus> {
    const { sha256 } = subject.certificate;
    const known = this.#known.get(sha256);
    if (known) return known;
    // RFC 5280 leaves open what a CRL issuer is that has no CRL but its own: if it counted, a thief of its key could hide every revocation.
    if (chain.includes(sha256)) return unknown('the CRL issuer vouches for itself');
    if (chain.length >= maximumChain) return unknown('too many CRL issuers depend on one another');
    const waiting = [...chain, sha256];
    const isSigner = chain.length > 0;
    if (isSigner && (await this.#context.isRevokedElsewhere(subject, waiting))) return unknown('its signer is revoked');
    const status = await this.#check(subject, waiting);
    if (status.status !== 'unknown') this.#known.set(sha256, status);
    return status;
  }

  async #check(subject: Subject, chain: readonly string[]): Promise<CrlStatus> {
    const { crls, problems: retrieval } = await this.#context.crlsFor(subject.certificate);
    const problems = new Set(retrieval);
    const newestFirst = crls.toSorted(byTime);
    const covered = new Set<number>();
    let evidence: CertificateRevocationList | undefined;
    let hold: Listing | undefined;
    if (!newestFirst.some(({ crl }) => crl.list.deltaBase === undefined))
      problems.add('no complete CRL of its issuer is at hand');
    for (const point of distributionPointsOf(subject.certificate)) {
      const statements: CrlStatement[] = [];
      for (const atHand of newestFirst) {
        const statement = await this.#statementOf(atHand, subject, point, chain);
        const problem = typeof statement === 'string' ? statement : statement.outOfDate;
        if (problem !== undefined) problems.add(`${atHand.crl.list.source}: ${problem}`);
        if (typeof statement !== 'string') statements.push(statement);
      }
      const revocation = revocationIn(statements);
      if (revocation) return revokedBy(revocation);
      const outcome = outcomeOf(statements);
      hold = newerHold(hold, outcome.hold);
      for (const { crl } of outcome.good) {
        const further = [...coveredReasons(crl, point)].filter((reason) => !covered.has(reason));
        if (further.length > 0 && !(evidence && evidence.thisUpdate <= crl.thisUpdate)) evidence = crl;
        for (const reason of further) covered.add(reason);
      }
    }
    if (hold) return revokedBy(hold);
    if (evidence && covered.size === allReasons.size) return { status: 'good', crl: evidence };
    return { status: 'unknown', problems: [...problems] };
  }

  /** What one CRL alone says; a string: why it says nothing. */
  async #statementOf(
    atHand: CrlAtHand,
    subject: Subject,
    point: DistributionPoint,
    chain: readonly string[],
  ): Promise<CrlStatement | string> {
    const { certificate } = subject;
    const { list: crl } = atHand.crl;
    const mismatch = scopeMismatch(crl, certificate, point);
    if (mismatch) return mismatch;
    const signer = await this.#signers.find(atHand.crl, subject, point, chain);
    if (typeof signer === 'string') return signer;
    const found = await this.#entryOf(certificate, atHand.crl);
    if (typeof found === 'string') return found;
    const { entry, notUnderstood } = found;
    // It must not displace an older one that can tell who is good.
    if (notUnderstood === undefined) this.#context.onAuthentic(atHand);
    else if (!entry || entry.reason === 'removeFromCRL') return notUnderstood;
    const outOfDate = this.#outOfDate(crl);
    // What begins to hold only later has not ended a hold, but a revocation before now is one already.
    const isAhead = crl.thisUpdate > this.#context.time;
    if (outOfDate && isAhead && !this.#isRevokedByNow(entry)) return outOfDate;
    const authority = `${octetsText(signer.subjectPublicKeyInfo)} ${crl.issuingDistributionPoint?.der.toString('hex')}`;
    return {
      crl,
      authority,
      asOf: crl.thisUpdate,
      entry,
      outOfDate,
      notUnderstood,
    };
  }

  #isRevokedByNow(entry: RevokedEntry | undefined): boolean {
    return entry !== undefined && !mayBeLifted(entry.reason) && entry.revocationDate <= this.#context.time;
  }

  /** A string: why the entries cannot be looked up. */
  async #entryOf(
    { issuer, serialOctets }: Certificate,
    crl: KnownCrl,
  ): Promise<{ readonly entry: RevokedEntry | undefined; readonly notUnderstood: string | undefined } | string> {
    try {
      const entries = await this.#entriesOf(crl);
      const entry = entries.find(issuer.key, serialOctets, crl.list.thisUpdate);
      return { entry, notUnderstood: crl.list.notUnderstood ?? entries.notUnderstood };
    } catch (error) {
      if (error instanceof MalformedError) return error.message;
      throw error;
    }
  }

  /** The first login that needs the entries of a large CRL waits for their index. @throws MalformedError */
  #entriesOf(crl: KnownCrl): CrlEntries | Promise<CrlEntries> {
    const entries = crl.entries();
    return entries instanceof Promise ? this.#context.signatures.budget.waitFor(entries) : entries;
  }

  #outOfDate({ thisUpdate, nextUpdate }: CertificateRevocationList): string | undefined {
    const { time, freshness, grace } = this.#context;
    if (thisUpdate > time) return `it begins to hold only at ${thisUpdate.toISOString()}`;
    if (!nextUpdate) return 'it does not say when the next update is due';
    const graceBegan = time.getTime() - grace * 1000;
    if (nextUpdate.getTime() < graceBegan) return `its next update was due at ${nextUpdate.toISOString()}`;
    const ageSeconds = (graceBegan - thisUpdate.getTime()) / 1000;
    if (freshness > 0 && ageSeconds > freshness) return `it is older than ${freshness} s`;
    return undefined;
  }
}

function byTime({ crl: left }: CrlAtHand, { crl: right }: CrlAtHand): number {
  return right.list.thisUpdate.getTime() - left.list.thisUpdate.getTime();
}

function revokedBy({ crl, entry, asOf, outOfDate, notUnderstood }: Listing): CrlStatus {
  return {
    status: 'revoked',
    crl,
    entry,
    asOf,
    outOfDate,
    notUnderstood,
  };
}

function unknown(problem: string): CrlStatus {
  return { status: 'unknown', problems: [problem] };
}
