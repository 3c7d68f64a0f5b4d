/**
 * The revocation status of certificates as one login asks for it: the site's methods in their order, each by what is at hand and then by
 * what can be retrieved. The first definite answer counts; when there is none, perhaps evidence that ended a moment ago.
 */
import type { StepRecorder } from '../../explanation.ts';
import { certificateFacts } from '../certificate-facts.ts';
import type { IssuerPool } from '../issuer-pool.ts';
import type { SignatureChecks } from '../signature-checks.ts';
import { type CertificateStatus, statusByCrl, statusByOcsp } from './certificate-status.ts';
import { CrlCheck, type CrlStatus } from './crl-check.ts';
import type { CrlSource } from './crl-source.ts';
import type { Subject } from './crl-subject.ts';
import type { OcspQuestion, OcspSource } from './ocsp-source.ts';

export type RevocationMethod = 'ocsp' | 'crl';

export interface RevocationSearch {
  readonly pool: IssuerPool;
  readonly signatures: SignatureChecks;
  readonly time: Date;
  readonly steps: StepRecorder;
}

interface SearchOptions {
  readonly crls: CrlSource;
  readonly ocsp: OcspSource;
  readonly methods: readonly RevocationMethod[];
  readonly freshnessSeconds: number;
  /** 0: what ended does not count. */
  readonly graceSeconds: number;
  readonly selfVouchingCrlIssuers: 'unknown' | 'believed' | undefined;
  /** For all retrievals, in milliseconds; absent: nothing may be retrieved. */
  readonly retrievalMilliseconds?: number;
}

/** How far a check goes: what is at hand or also what can be retrieved, and for how long after its end evidence counts. */
interface Reach {
  readonly crl: (subject: Subject) => Promise<CrlStatus>;
  readonly ocsp: (subject: Subject) => Promise<CertificateStatus>;
}

export class StatusSearch {
  readonly #options: SearchOptions;
  readonly #search: RevocationSearch;
  readonly #current: Reach;

  constructor(options: SearchOptions, search: RevocationSearch) {
    this.#options = options;
    this.#search = search;
    this.#current = this.#reach(0, options.retrievalMilliseconds);
  }

  /** @throws BudgetExceededError */
  async status(subject: Subject): Promise<CertificateStatus> {
    const problems: string[] = [];
    let isAnswer = false;
    for (const method of this.#options.methods) {
      const status = await ask(this.#current, method, subject);
      if (status.status !== 'unknown') return status;
      const facts = { ...certificateFacts(subject.certificate), method, problems: status.problems };
      this.#search.steps.record({ stage: 'revocation', check: 'method without answer', verdict: 'noted', facts });
      problems.push(...status.problems);
      isAnswer ||= status.isAnswer === true;
    }
    // A responder that does not know the certificate now outweighs what was good once.
    const grace = isAnswer || this.#options.graceSeconds === 0 ? undefined : await this.#withinGrace(subject);
    return grace ?? { status: 'unknown', problems };
  }

  /** By what is at hand and ended, or grew too old, within the grace. Whatever says revoked outweighs the rest. */
  async #withinGrace(subject: Subject): Promise<CertificateStatus | undefined> {
    const { methods, graceSeconds, freshnessSeconds } = this.#options;
    const reach = this.#reach(graceSeconds);
    let latest: Extract<CertificateStatus, { status: 'good-within-grace' }> | undefined;
    for (const method of methods) {
      const status = await ask(reach, method, subject);
      if (status.status === 'revoked') return status;
      if (status.status !== 'good') continue;
      const fresh = freshnessSeconds > 0 ? status.thisUpdate.getTime() + freshnessSeconds * 1000 : Infinity;
      const endedAt = new Date(Math.min(status.validUntil.getTime(), fresh));
      if (!latest || endedAt > latest.endedAt) latest = { ...status, status: 'good-within-grace', endedAt };
    }
    return latest;
  }

  #reach(graceSeconds: number, retrievalMilliseconds?: number): Reach {
    const { crls, ocsp, freshnessSeconds, selfVouchingCrlIssuers } = this.#options;
    const { pool, signatures, time } = this.#search;
    const context = { pool, signatures, time, freshnessSeconds, graceSeconds };
    const ofCrls = {
      ...context,
      selfVouchingCrlIssuers,
      onAuthentic: crls.confirm.bind(crls),
    };
    const crlsAtHand = new CrlCheck({ ...ofCrls, crlsFor: (certificate) => crls.atHand(certificate) });
    const crlsRetrieved =
      retrievalMilliseconds === undefined
        ? undefined
        : new CrlCheck({
            ...ofCrls,
            crlsFor: (certificate) =>
              signatures.budget.waitFor(
                crls.retrieved(certificate, signatures.budget.waitingFor(retrievalMilliseconds)),
              ),
          });
    const crl = async (subject: Subject) => {
      const status = await crlsAtHand.status(subject);
      return status.status === 'unknown' && crlsRetrieved ? crlsRetrieved.status(subject) : status;
    };
    const question: OcspQuestion = { ...context, delegateProblem: async (delegate) => problemOf(await crl(delegate)) };
    return {
      crl,
      ocsp: async (subject) => {
        const status = await ocsp.atHand(subject, question);
        if (status.status !== 'unknown' || retrievalMilliseconds === undefined) return statusByOcsp(status);
        return statusByOcsp(
          await ocsp.retrieved(subject, question, signatures.budget.waitingFor(retrievalMilliseconds)),
        );
      },
    };
  }
}

async function ask(reach: Reach, method: RevocationMethod, subject: Subject): Promise<CertificateStatus> {
  return method === 'crl' ? statusByCrl(await reach.crl(subject)) : reach.ocsp(subject);
}

function problemOf(status: CrlStatus): string | undefined {
  if (status.status === 'good') return undefined;
  return status.status === 'revoked' ? 'it is revoked' : status.problems.join('; ');
}
