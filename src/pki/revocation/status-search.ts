/**
 * The revocation status of certificates as one login asks for it. Whatever is at hand is asked first, by every method of the site: a
 * revocation ends the search there. Then the methods in their order, each by what is at hand or can be retrieved, until one says good
 * later than any hold was known; when none does, perhaps evidence that ended a moment ago.
 */

import type { StepRecorder } from '../../explanation/steps.ts';
import { type Milliseconds, type Seconds, seconds } from '../../settings/units.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { certificateFacts } from '../certificate/certificate-facts.ts';
import { CrlCheck, type CrlsAtHand } from '../crl/crl-check.ts';
import type { CrlSource } from '../crl/crl-source.ts';
import type { CrlStatus } from '../crl/crl-status.ts';
import type { Subject } from '../crl/crl-subject.ts';
import type { OcspQuestion, OcspSource } from '../ocsp/ocsp-source.ts';
import type { IssuerPool } from '../path/issuer-pool.ts';
import type { SignatureChecks } from '../path/signature-checks.ts';
import { type CertificateStatus, isRevocation, type Revoked, statusByCrl, statusByOcsp } from './certificate-status.ts';
import type { RevocationSettings } from './revocation-settings.ts';

export type RevocationMethod = RevocationSettings['revocation']['methods'][number];

/** What ended does not count. */
const noGrace = seconds(0);

export interface RevocationSearch {
  readonly pool: IssuerPool;
  readonly signatures: SignatureChecks;
  readonly time: Date;
  readonly steps: StepRecorder;
}

interface SearchOptions {
  readonly crls: CrlSource;
  readonly ocsp: OcspSource;
  readonly settings: RevocationSettings;
  /** For all retrievals; absent: nothing may be retrieved. */
  readonly retrievalTime: Milliseconds | undefined;
}

/** How far a check goes: what is at hand or also what can be retrieved, and for how long after its end evidence counts. */
type Reach = (method: RevocationMethod, subject: Subject) => Promise<CertificateStatus>;

export class StatusSearch {
  readonly #options: SearchOptions;
  readonly #search: RevocationSearch;
  readonly #atHand: Reach;
  /** Absent: nothing may be retrieved. */
  readonly #retrieved: Reach | undefined;

  constructor(options: SearchOptions, search: RevocationSearch) {
    this.#options = options;
    this.#search = search;
    const { retrievalTime } = options;
    const atHand = this.#crlCheck(noGrace);
    this.#atHand = this.#reach(noGrace, atHand);
    if (retrievalTime !== undefined) this.#retrieved = this.#retrievingReach(atHand, retrievalTime);
  }

  /** @throws BudgetExceededError */
  async status(subject: Subject): Promise<CertificateStatus> {
    const atHand = new Map<RevocationMethod, CertificateStatus>();
    for (const method of this.#options.settings.revocation.methods) {
      const status = await this.#atHand(method, subject);
      if (isRevocation(status)) return status;
      atHand.set(method, status);
    }
    let hold = [...atHand.values()].reduce<Revoked | undefined>(newerHold, undefined);
    const problems: string[] = [];
    // What is at hand stays said though nothing newer can be retrieved.
    let isAnswer = [...atHand.values()].some(isAnswerOfIgnorance);
    for (const [method, known] of atHand) {
      const status = tells(known, hold) ? known : ((await this.#retrieved?.(method, subject)) ?? known);
      if (isRevocation(status)) return status;
      hold = newerHold(hold, status);
      if (tells(status, hold) && status.status === 'good') return status;
      if (status.status !== 'unknown') continue;
      const facts = { ...certificateFacts(subject.certificate), method, problems: status.problems };
      this.#search.steps.record({ stage: 'revocation', check: 'method without answer', verdict: 'noted', facts });
      problems.push(...status.problems);
      isAnswer ||= isAnswerOfIgnorance(status);
    }
    if (hold) return hold;
    // A responder that does not know the certificate now outweighs what was good once.
    const within = isAnswer ? undefined : await this.#withinGrace(subject);
    return within ?? { status: 'unknown', problems };
  }

  /** By what is at hand and ended, or grew too old, within the grace. Whatever says revoked outweighs the rest. */
  async #withinGrace(subject: Subject): Promise<CertificateStatus | undefined> {
    const { revocation, revocationFreshnessTime: freshness } = this.#options.settings;
    const { methods, unknownStatus, gracePeriod: grace } = revocation;
    if (unknownStatus === 'deny' || grace === 0) return undefined;
    const reach = this.#reach(grace, this.#crlCheck(grace));
    let latest: Extract<CertificateStatus, { status: 'good-within-grace' }> | undefined;
    for (const method of methods) {
      const status = await reach(method, subject);
      if (status.status === 'revoked') return status;
      if (status.status !== 'good') continue;
      const fresh = freshness > 0 ? status.thisUpdate.getTime() + freshness * 1000 : Infinity;
      const endedAt = new Date(Math.min(status.validUntil.getTime(), fresh));
      if (!latest || endedAt > latest.endedAt) latest = { ...status, status: 'good-within-grace', endedAt };
    }
    return latest;
  }

  #reach(grace: Seconds, crls: CrlCheck): Reach {
    const question = this.#question(grace, crls);
    return async (method, subject) =>
      method === 'crl'
        ? statusByCrl(await crls.status(subject))
        : statusByOcsp(await this.#options.ocsp.atHand(subject, question));
  }

  /** @param atHand asked of signers first, whose status the CRLs at hand tell mostly */
  #retrievingReach(atHand: CrlCheck, time: Milliseconds): Reach {
    const { budget } = this.#search.signatures;
    const { crls, ocsp } = this.#options;
    const waiting = () => budget.waitingFor(time);
    const retrieved = this.#crlCheck(noGrace, (certificate) => budget.waitFor(crls.retrieved(certificate, waiting())));
    const status = async (signer: Subject, chain?: readonly string[]) => {
      const known = await atHand.status(signer, chain);
      return known.status === 'unknown' ? retrieved.status(signer, chain) : known;
    };
    const question = this.#question(noGrace, { status }, { atHand });
    return async (method, subject) =>
      method === 'crl'
        ? statusByCrl(await retrieved.status(subject))
        : statusByOcsp(await ocsp.retrieved(subject, question, waiting()));
  }

  #crlCheck(grace: Seconds, crlsFor?: (certificate: Certificate) => Promise<CrlsAtHand>): CrlCheck {
    const { crls, ocsp } = this.#options;
    const check = new CrlCheck({
      ...this.#context(grace),
      crlsFor: crlsFor ?? ((certificate) => crls.atHand(certificate)),
      isRevokedElsewhere: async (signer, chain) => {
        const question = this.#question(grace, check, { chain });
        return isRevocation(statusByOcsp(await ocsp.atHand(signer, question)));
      },
      onAuthentic: crls.confirm.bind(crls),
    });
    return check;
  }

  /** @param crls asked about delegates @param atHand likewise, about those whose certificates carry id-pkix-ocsp-nocheck */
  #question(
    grace: Seconds,
    crls: Pick<CrlCheck, 'status'>,
    { atHand = crls, chain }: { readonly atHand?: Pick<CrlCheck, 'status'>; readonly chain?: readonly string[] } = {},
  ): OcspQuestion {
    return {
      ...this.#context(grace),
      delegateProblem: async (delegate) => problemOf(await crls.status(delegate, chain)),
      isDelegateRevoked: async (delegate) => (await atHand.status(delegate, chain)).status === 'revoked',
    };
  }

  #context(grace: Seconds) {
    const { pool, signatures, time } = this.#search;
    return { pool, signatures, time, freshness: this.#options.settings.revocationFreshnessTime, grace };
  }
}

/** Whether nothing newer need be asked for: it is about the present, and good only if no hold is as new. */
function tells(status: CertificateStatus, hold: Revoked | undefined): boolean {
  if (status.status === 'good') return !hold || status.thisUpdate > hold.asOf;
  return status.status === 'revoked' && (status.outOfDate ?? status.notUnderstood) === undefined;
}

/** Whether a responder that may say so does not know the certificate. */
function isAnswerOfIgnorance(status: CertificateStatus): boolean {
  return status.status === 'unknown' && status.isAnswer === true;
}

/** The newer of two holds. */
function newerHold(known: Revoked | undefined, status: CertificateStatus): Revoked | undefined {
  return status.status === 'revoked' && (!known || status.asOf > known.asOf) ? status : known;
}

function problemOf(status: CrlStatus): string | undefined {
  if (status.status === 'good') return undefined;
  return status.status === 'revoked' ? 'it is revoked' : status.problems.join('; ');
}
