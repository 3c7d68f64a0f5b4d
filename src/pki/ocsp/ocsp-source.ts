/**
 * OCSP answers about one certificate: those in the evidence store, and those its responders give when asked. Each answer is judged here
 * before any caller sees it. The responder of an answer that was not believed is not asked again for a while.
 */

import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../operations/log.ts';
import { octets } from '../../settings/units.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { mayBeLifted } from '../crl/crl-reason.ts';
import type { RetrievalOptions } from '../crl/crl-source.ts';
import type { Subject } from '../crl/crl-subject.ts';
import { readOcspResponse } from '../retrieval/evidence-content.ts';
import type { Evidence } from '../retrieval/retrieved-evidence.ts';
import type { RetrievalRequest } from '../retrieval/retriever.ts';
import { checkOcspResponse, nonceProblem, type OcspContext, type OcspLimits, type OcspStatus } from './ocsp-check.ts';
import { keyOf, type OcspRequestOptions, OcspRequests, responderOf } from './ocsp-requests.ts';
import type { OcspResponse } from './ocsp-response.ts';

export interface OcspOptions extends OcspRequestOptions, OcspLimits {
  /** Responses out of files, at hand without a request. All rules but that for nonces apply to them. */
  readonly files?: readonly OcspFile[] | undefined;
  /** Certificates of responders that are believed about every certificate, whichever CA certified them. */
  readonly responderCertificates?: readonly Certificate[] | undefined;
}

/** An OCSP response out of a file. */
interface OcspFile {
  /** Named in evidence and records. */
  readonly file: string;
  readonly der: Buffer;
}

/** What one login asks with. */
export type OcspQuestion = Omit<OcspContext, 'limits'>;

interface OcspTools {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly randomBytes: (count: number) => Buffer;
}

/** One request on its way, with the users that wait for its answer. */
interface Exchange {
  readonly nonce: Buffer;
  users: number;
}

const maximumSize = octets(65_536);
const maximumRemembered = 2_000;
/** RFC 9654 2.1: what every responder has to bring back. */
const nonceOctets = 32;

export class OcspSource {
  readonly #options: OcspOptions;
  readonly #files: readonly (OcspResponse | string)[];
  readonly #requests: OcspRequests;
  readonly #retrieval: RetrievalOptions | undefined;
  readonly #tools: OcspTools;
  readonly #exchanges = new Map<string, Exchange>();
  /** Octets of answers that came with the right nonce, or without one where that will do. */
  readonly #nonceMatched = new WeakSet<Buffer>();
  readonly #useless = new LRUCache<string, { readonly status: OcspStatus; readonly until: number }>({
    max: maximumRemembered,
  });

  /**
   * @param retrieval absent: the answers of files only
   */
  constructor(options: OcspOptions, retrieval: RetrievalOptions | undefined, tools: OcspTools) {
    this.#options = options;
    // One that cannot be read is a problem that is told, and no reason to do without the others.
    this.#files = (options.files ?? []).map(({ file, der }) => readOcspResponse(der, file));
    this.#tools = tools;
    const hasFiles = this.#files.length > 0;
    this.#requests = new OcspRequests(options, hasFiles, retrieval?.policy.schemes ?? []);
    this.#retrieval = retrieval && { ...retrieval, policy: { ...retrieval.policy, maximumSize } };
  }

  /** Why files are left out, each with its name. */
  get unreadableFiles(): readonly string[] {
    return this.#files.filter((response) => typeof response === 'string');
  }

  /**
   * By answers retrieved before: whichever revokes for ever, otherwise the newest that tells. Nothing is asked over the network.
   * @throws BudgetExceededError
   */
  async atHand(subject: Subject, question: OcspQuestion): Promise<OcspStatus> {
    const problems: string[] = [];
    const statuses: OcspStatus[] = [];
    for (const response of this.#files) statuses.push(await this.#judgeResponse(response, subject, question));
    for (const request of this.#requests.about(subject, problems)) {
      const held = await this.#retrieval?.store.held(request);
      for (const evidence of [held?.candidate, held?.confirmed]) {
        if (!evidence) continue;
        const status = await this.#judge(evidence, subject, question);
        // An answer that is replayed proves no more than that the certificate was revoked once, and that is enough.
        const isReplay = this.#options.nonce === 'require' && !this.#nonceMatched.has(evidence.bytes);
        if (!isReplay || isRevocation(status)) statuses.push(status);
      }
    }
    const told = statuses
      .filter((status) => status.status !== 'unknown')
      .sort((left, right) => right.evidence.thisUpdate.getTime() - left.evidence.thisUpdate.getTime());
    const [newest] = told;
    const listed = told.find(
      (status) =>
        status.status === 'revoked' && status.evidence.thisUpdate.getTime() === newest?.evidence.thisUpdate.getTime(),
    );
    const status = told.find(isRevocation) ?? listed ?? newest;
    if (status) return status;
    const unknowns = statuses.filter((status) => status.status === 'unknown');
    const isAnswer = unknowns.some((status) => status.isAnswer);
    problems.push(...unknowns.flatMap((status) => status.problems));
    return { status: 'unknown', problems, isAnswer };
  }

  /** By asking the responders in turn until one tells. @param waiting ends the waiting of this login @throws BudgetExceededError */
  async retrieved(subject: Subject, question: OcspQuestion, waiting: AbortSignal): Promise<OcspStatus> {
    const problems: string[] = [];
    let isAnswer = false;
    let held: OcspStatus | undefined;
    for (const request of this.#requests.about(subject, problems)) {
      const status = await this.#ask(request, subject, question, waiting);
      if (tells(status) || isRevocation(status)) return status;
      if (status.status !== 'unknown') held ??= status;
      else problems.push(...status.problems);
      isAnswer ||= status.status === 'unknown' && status.isAnswer === true;
    }
    return held ?? { status: 'unknown', problems, isAnswer };
  }

  /** Asks one responder, unless it lately failed altogether or had no believable answer to this. */
  async #ask(
    request: RetrievalRequest,
    subject: Subject,
    question: OcspQuestion,
    waiting: AbortSignal,
  ): Promise<OcspStatus> {
    const retrieval = this.#retrieval;
    if (!retrieval) return { status: 'unknown', problems: [] };
    const key = keyOf(request);
    const responder = responderOf(request);
    const now = this.#tools.clock.now().getTime();
    const useless = this.#useless.get(key);
    if (useless && now < useless.until) return useless.status;
    const byOther = await this.#byOtherProcess(request, subject, question, retrieval);
    if (byOther && (tells(byOther) || isRevocation(byOther))) return byOther;
    const exchange = this.#options.nonce === 'off' ? undefined : this.#join(key);
    try {
      const sent = exchange ? { ...request, body: this.#requests.body(subject, exchange.nonce) } : request;
      const { retriever, store, policy } = retrieval;
      const retrieved = await question.signatures.budget.waitFor(retriever.retrieve(sent, policy, waiting));
      if (retrieved.outcome === 'failed') {
        // The retriever itself remembers who does not answer.
        return { status: 'unknown', problems: [retrieved.problem] };
      }
      const evidence = store.offer(request, retrieved);
      const status = await this.#judgeFresh(evidence, exchange?.nonce, subject, question);
      if (tells(status) || isRevocation(status)) return status;
      this.#remember(key, status, retrieval);
      if (status.status !== 'unknown') return status;
      const reason = status.problems.join('; ');
      this.#tools.logger.warn('ocsp-answer-refused', { url: responder, reason });
      store.reject(evidence, reason);
      return status;
    } finally {
      if (exchange && --exchange.users === 0) this.#exchanges.delete(key);
    }
  }

  /** By an answer that another process has retrieved meanwhile. */
  async #byOtherProcess(
    request: RetrievalRequest,
    subject: Subject,
    question: OcspQuestion,
    { store }: RetrievalOptions,
  ): Promise<OcspStatus | undefined> {
    if (this.#options.nonce === 'require') return undefined;
    const known = await store.held(request);
    const { confirmed } = await store.reread(request);
    const isNew = confirmed && confirmed.bytes !== known.confirmed?.bytes;
    return isNew ? this.#judge(confirmed, subject, question) : undefined;
  }

  #remember(name: string, status: OcspStatus, { retryAfter }: RetrievalOptions): void {
    this.#useless.set(name, { status, until: this.#tools.clock.now().getTime() + retryAfter * 1000 });
  }

  /** The request with this nonce that is on its way, or a new one; others who ask the same share it. */
  #join(key: string): Exchange {
    const exchange = this.#exchanges.get(key) ?? { nonce: this.#tools.randomBytes(nonceOctets), users: 0 };
    exchange.users += 1;
    this.#exchanges.set(key, exchange);
    return exchange;
  }

  async #judgeFresh(
    evidence: Evidence,
    sent: Buffer | undefined,
    subject: Subject,
    question: OcspQuestion,
  ): Promise<OcspStatus> {
    const response = evidence.content.ocspResponse;
    const problem =
      sent && typeof response !== 'string'
        ? nonceProblem(response, sent, this.#options.nonce === 'require')
        : undefined;
    if (problem) return { status: 'unknown', problems: [problem] };
    this.#nonceMatched.add(evidence.bytes);
    return this.#judge(evidence, subject, question);
  }

  async #judge(evidence: Evidence, subject: Subject, question: OcspQuestion): Promise<OcspStatus> {
    const status = await this.#judgeResponse(evidence.content.ocspResponse, subject, question);
    if (status.status !== 'unknown') {
      const { thisUpdate, validUntil } = status.evidence;
      const period = { thisUpdate, nextUpdate: validUntil };
      const { store, refresher, policy } = this.#retrieval ?? {};
      store?.confirm(evidence, period);
      const { freshness } = question;
      if (policy) refresher?.used({ evidence, period, freshness, policy });
    }
    return status;
  }

  /** @param response a string says why the response is missing or cannot be read */
  async #judgeResponse(response: OcspResponse | string, subject: Subject, question: OcspQuestion): Promise<OcspStatus> {
    if (typeof response === 'string') return { status: 'unknown', problems: [response] };
    const { responderCertificates: pinned } = this.#options;
    return checkOcspResponse(response, subject, { ...question, limits: this.#options, pinned });
  }
}

/** Whether it is about the present. */
function tells(status: OcspStatus): boolean {
  if (status.status !== 'revoked') return status.status === 'good';
  return (status.outOfDate ?? status.notUnderstood) === undefined;
}

function isRevocation(status: OcspStatus): boolean {
  return status.status === 'revoked' && !mayBeLifted(status.reason);
}
