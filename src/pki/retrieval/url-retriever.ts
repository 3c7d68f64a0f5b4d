/**
 * The retriever of the whole process: by HTTP, HTTPS, LDAP or out of files, within bounds of hosts, addresses, time and size. One
 * retrieval is in flight for the same request, however many callers ask, and a failure is remembered for a while.
 */

import { createHash } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from '../../clock.ts';
import { noticeShortage } from '../../operations/descriptor-shortage.ts';
import type { Logger } from '../../operations/log.ts';
import type { Milliseconds, Octets, Seconds } from '../../settings/units.ts';
import { type Failed, FailureMemory } from './failure-memory.ts';
import { readFileUrl } from './file-reader.ts';
import { type HttpProxy, retrieveByHttp } from './http-exchange.ts';
import { RetrievalError } from './retrieval-error.ts';
import { type Address, addressRefusal, hostOf, retrievalTarget } from './retrieval-target.ts';
import type {
  RetrievalKind,
  RetrievalPolicy,
  RetrievalRequest,
  Retrieved,
  RetrievedOctets,
  Retriever,
} from './retriever.ts';

/** What bounds the reading of an `ldap:` URL. */
interface LdapLimits {
  /** The address of the host to connect to; the name must not be looked up again. */
  readonly address: string;
  readonly maximumSize: Octets;
  readonly timeout: Milliseconds;
}

export interface UrlRetrieverOptions {
  /** The longest time for which a failure is remembered before the same is asked again. */
  readonly retryAfter: Seconds;
  /** For http: and https:; absent: servers are asked directly. */
  readonly proxy?: HttpProxy | undefined;
  /** PEM of the CAs that https: servers must be certified by; absent: the public ones that Node.js trusts. */
  readonly certificateAuthorities?: readonly string[];
  /** Absolute paths of the directories that file: URLs may read below. Default: none. */
  readonly fileDirectories?: readonly string[];
  /** The octets of the one attribute that an ldap: URL names, rejecting with the reason; absent: no ldap: URL can be retrieved. */
  readonly readLdapUrl?: (url: string, limits: LdapLimits) => Promise<Buffer>;
  /** All addresses of a host name. Default: as the operating system resolves it. */
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Strangers can cause the retrieval of issuers, and must not keep others from retrieving CRLs by that. */
const maximumInFlight: Readonly<Record<RetrievalKind, number>> = { crl: 100, ocsp: 100, certificates: 8 };

export class UrlRetriever implements Retriever {
  readonly #options: UrlRetrieverOptions;
  readonly #inFlight = new Map<string, Promise<Retrieved>>();
  readonly #underWay: Record<RetrievalKind, number> = { crl: 0, ocsp: 0, certificates: 0 };
  readonly #failures: FailureMemory;

  constructor(options: UrlRetrieverOptions) {
    this.#options = options;
    const { retryAfter: longest, clock, logger } = options;
    this.#failures = new FailureMemory({ longest, clock, logger });
  }

  /** What failed lately may be asked again at once. */
  forgetFailures(): void {
    this.#failures.forgetAll();
  }

  /**
   * Requests for the same thing share one retrieval; what failed lately is not asked again.
   * @param waiting ends this wait only, and not the retrieval, which others may wait for
   * @returns a failure for a URL that the policy does not allow; it does not reject for what a server does
   */
  retrieve(request: RetrievalRequest, policy: RetrievalPolicy, waiting: AbortSignal): Promise<Retrieved> {
    const target = retrievalTarget(request.url, policy);
    if (typeof target === 'string') return Promise.resolve(failed(target));
    const remembered = [requestKey(request, policy), serverKey(request, target)].map((key) =>
      this.#failures.recall(key),
    );
    const failure = remembered.find((outcome) => outcome !== undefined);
    if (failure) return Promise.resolve(failure);
    const key = requestKey(request, policy);
    const retrieval = this.#inFlight.get(key) ?? this.#start(key, target, request, policy);
    return typeof retrieval === 'string' ? Promise.resolve(failed(retrieval)) : whileWaiting(retrieval, waiting);
  }

  #start(key: string, target: URL, request: RetrievalRequest, policy: RetrievalPolicy): Promise<Retrieved> | string {
    const { kind } = request;
    if (this.#underWay[kind] >= maximumInFlight[kind])
      return `${request.url} has to wait: too many retrievals are under way`;
    this.#underWay[kind] += 1;
    const retrieval = this.#retrieve(key, target, request, policy).finally(() => {
      this.#underWay[kind] -= 1;
      this.#inFlight.delete(key);
    });
    this.#inFlight.set(key, retrieval);
    return retrieval;
  }

  async #retrieve(key: string, target: URL, request: RetrievalRequest, policy: RetrievalPolicy): Promise<Retrieved> {
    const { kind, url } = request;
    const server = serverKey(request, target);
    // Every OCSP request has a URL or a body of its own, and they all fail together.
    const source = kind === 'ocsp' ? server : url;
    try {
      const octets = await this.#octets(target, request, policy);
      for (const name of [key, server]) this.#failures.forget(name);
      this.#failures.answered(source);
      return { outcome: 'retrieved', ...octets };
    } catch (error) {
      const reason = reasonOf(error);
      const outcome = failed(`${url} could not be retrieved: ${reason}`);
      // A fault of this process, which says nothing of the server.
      if (noticeShortage(error, 'retrieval')) return outcome;
      this.#failures.outageOf(source, reason);
      this.#failures.remember(key, outcome);
      // A responder that does not answer one request will not answer the next.
      if (kind === 'ocsp' && !(error instanceof RetrievalError)) this.#failures.remember(server, outcome);
      return outcome;
    }
  }

  async #octets(target: URL, request: RetrievalRequest, policy: RetrievalPolicy): Promise<RetrievedOctets> {
    const { fileDirectories = [], readLdapUrl, certificateAuthorities, proxy } = this.#options;
    const { maximumSize, timeout } = policy;
    const deadline = AbortSignal.timeout(timeout);
    const addressesOf = (host: string, by: 'direct' | 'proxy' = 'direct') =>
      within(deadline, this.#addressesOf(host, policy, by));
    switch (target.protocol) {
      case 'http:':
      case 'https:': {
        const given = { certificateAuthorities, proxy };
        return within(deadline, retrieveByHttp(target, { request, policy, deadline, addressesOf, ...given }));
      }
      case 'ldap:': {
        if (!readLdapUrl) throw new RetrievalError('nothing here reads ldap: URLs');
        const [first] = await addressesOf(hostOf(target));
        const limits = { address: first?.address ?? '', maximumSize, timeout };
        return { bytes: await within(deadline, readLdapUrl(request.url, limits)) };
      }
      default:
        return { bytes: await within(deadline, readFileUrl(target, fileDirectories, maximumSize)) };
    }
  }

  /** Those addresses of a host that may be connected to. A proxy may know names that are not known here; others are judged for it too. */
  async #addressesOf(host: string, policy: RetrievalPolicy, by: 'direct' | 'proxy'): Promise<readonly Address[]> {
    const { resolve = (name: string) => lookup(name, { all: true }) } = this.#options;
    const resolving = isIP(host) > 0 ? [{ address: host, family: isIP(host) }] : resolve(host);
    const found = await (by === 'proxy' ? Promise.resolve(resolving).catch(() => undefined) : resolving);
    if (!found) return [];
    const addresses = found.map(({ address, family }): Address => ({ address, family: family === 6 ? 6 : 4 }));
    const refusals = addresses.map((address) => addressRefusal(host, address, policy));
    const usable = addresses.filter((_, index) => refusals[index] === undefined);
    // Which of several addresses a proxy connects to is its own choice.
    const [refusal] = refusals.filter((found) => found !== undefined);
    if (usable.length > 0 && !(by === 'proxy' && refusal)) return usable;
    throw new RetrievalError(refusal ?? `${host} has no address`);
  }
}

/** The same for the same octets under the same limits; `known` only saves their transport. */
function requestKey({ kind, url, body }: RetrievalRequest, policy: RetrievalPolicy): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, url, body?.toString('base64'), policy]))
    .digest('base64');
}

function serverKey({ kind }: RetrievalRequest, { protocol, host }: URL): string {
  return `${kind} ${protocol}//${host}`;
}

function failed(problem: string): Failed {
  return { outcome: 'failed', problem };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure';
  if (error.name === 'TimeoutError') return 'no complete answer in time';
  // Of several addresses that were tried, the first tells enough.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return first instanceof Error ? first.message : error.message;
}

/** Rejects when the time is over; what was begun ends by its own limits. */
function within<T>(deadline: AbortSignal, work: Promise<T>): Promise<T> {
  const over = new Promise<never>((_resolve, reject) => {
    const end = () => reject(deadline.reason);
    if (deadline.aborted) end();
    deadline.addEventListener('abort', end, { once: true });
  });
  return Promise.race([work, over]);
}

/** Resolves when the caller waits no longer; the retrieval goes on and serves the next one. */
function whileWaiting(retrieval: Promise<Retrieved>, waiting: AbortSignal): Promise<Retrieved> {
  const outcome = failed('the time for all retrievals of this login is over');
  if (waiting.aborted) return Promise.resolve(outcome);
  return new Promise((resolve) => {
    const giveUp = () => resolve(outcome);
    waiting.addEventListener('abort', giveUp, { once: true });
    void retrieval.then((retrieved) => {
      waiting.removeEventListener('abort', giveUp);
      resolve(retrieved);
    });
  });
}
