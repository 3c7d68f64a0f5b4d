/**
 * Retrieves CRLs over HTTP from the distribution points that certificates of validated paths name. Only http: URLs of allowed
 * hosts are asked, never another host by redirection, never more octets or seconds than configured, one request a URL at a time.
 */
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../operations/log.ts';
import { type CertificateRevocationList, parseCrl } from '../crl.ts';
import { MalformedError } from '../malformed-error.ts';
import { readCrls } from '../pem.ts';
import { CrlCache } from './cache.ts';

export interface RetrievalOptions {
  /** Host names that may be asked, without port, lower case; `any`: whatever a trusted CA wrote into a certificate. */
  readonly allowedHosts: readonly string[] | 'any';
  /** The largest CRL accepted, in octets. */
  readonly maximumOctets: number;
  /** For one retrieval, in milliseconds (IIS revocationUrlRetrievalTimeout). */
  readonly timeoutMilliseconds: number;
  /** For all retrievals one login waits for, in milliseconds. */
  readonly totalTimeoutMilliseconds: number;
  /** Memory for retrieved CRLs, in octets. */
  readonly cacheOctets: number;
  /** How long a failure is remembered before the URL is asked again, in seconds. */
  readonly negativeSeconds: number;
}

type Retrieved = {
  readonly crl?: CertificateRevocationList;
  readonly problem?: string;
};

interface RetrievalTools {
  readonly clock: Clock;
  readonly logger: Logger;
}

const longestUrl = 2048;
const maximumRedirects = 3;

export class CrlRetrieval {
  readonly #options: RetrievalOptions;
  readonly #tools: RetrievalTools;
  readonly #inFlight = new Map<string, Promise<Retrieved>>();
  readonly cache: CrlCache;

  constructor(options: RetrievalOptions, freshnessSeconds: number, tools: RetrievalTools) {
    this.#options = options;
    this.#tools = tools;
    this.cache = new CrlCache(options.cacheOctets, freshnessSeconds);
  }

  /** A signal that ends the waiting of one login for all its retrievals. */
  startWaiting(): AbortSignal {
    return AbortSignal.timeout(this.#options.totalTimeoutMilliseconds);
  }

  /** The CRL at a URL, from the cache as long as that may answer. Never rejects. */
  async get(url: string, waiting: AbortSignal): Promise<Retrieved> {
    const cached = this.cache.get(url);
    if (cached && this.#tools.clock.now().getTime() < cached.retryAfter) return cached;
    const target = this.#target(url);
    if (typeof target === 'string') return { problem: target };
    const retrieval = this.#inFlight.get(url) ?? this.#start(url, target);
    return Promise.race([retrieval, ended(waiting)]);
  }

  #start(url: string, target: URL): Promise<Retrieved> {
    const retrieval = this.#retrieve(url, target).finally(() => this.#inFlight.delete(url));
    this.#inFlight.set(url, retrieval);
    return retrieval;
  }

  async #retrieve(url: string, target: URL): Promise<Retrieved> {
    const { timeoutMilliseconds, negativeSeconds } = this.#options;
    let outcome: { readonly crl: CertificateRevocationList } | { readonly problem: string };
    try {
      const body = await this.#download(target, AbortSignal.timeout(timeoutMilliseconds));
      const [der] = readCrls(body);
      outcome = der ? { crl: parseCrl(der, url) } : { problem: `${url} holds no CRL` };
    } catch (error) {
      outcome = { problem: `${url} could not be retrieved: ${reasonOf(error)}` };
    }
    if ('problem' in outcome) this.#tools.logger.warn('crl-retrieval-failed', { url, reason: outcome.problem });
    this.cache.set(url, outcome, this.#tools.clock.now().getTime() + negativeSeconds * 1000);
    return this.cache.get(url) ?? outcome;
  }

  async #download(start: URL, signal: AbortSignal): Promise<Buffer> {
    let target = start;
    for (let redirects = 0; redirects <= maximumRedirects; redirects++) {
      const response = await fetch(target.href, { redirect: 'manual', signal });
      if (response.status === 200) return this.#read(response);
      await response.body?.cancel();
      const location = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || !location)
        throw new RetrievalError(`the server answered ${response.status}`);
      const next = URL.parse(location, target.href);
      if (!next || next.origin !== start.origin) throw new RetrievalError('the server redirects to another host');
      target = next;
    }
    throw new RetrievalError('the server redirects again and again');
  }

  async #read(response: Response): Promise<Buffer> {
    const { maximumOctets } = this.#options;
    const chunks: Uint8Array[] = [];
    let octets = 0;
    for await (const chunk of response.body ?? []) {
      octets += chunk.length;
      if (octets > maximumOctets) throw new RetrievalError(`it is larger than ${maximumOctets} octets`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** The URL when it may be asked, otherwise why not. */
  #target(url: string): URL | string {
    const target = url.length <= longestUrl ? URL.parse(url) : null;
    if (target?.protocol !== 'http:') return `${url} is not an http: URL`;
    // Credentials in the URL are refused by fetch itself.
    const { allowedHosts } = this.#options;
    if (allowedHosts !== 'any' && !allowedHosts.includes(target.hostname))
      return `${url} is of a host that may not be asked`;
    return target;
  }
}

class RetrievalError extends Error {
  override readonly name = 'RetrievalError';
}

function reasonOf(error: unknown): string {
  if (error instanceof RetrievalError || error instanceof MalformedError) return error.message;
  if (!(error instanceof Error)) return 'unknown failure';
  if (error.name === 'TimeoutError') return 'no complete answer in time';
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** Resolves when the login waits no longer; the retrieval goes on and serves the next one. */
function ended(waiting: AbortSignal): Promise<Retrieved> {
  const result = { problem: 'the time for all retrievals of this login is over' };
  if (waiting.aborted) return Promise.resolve(result);
  return new Promise((resolve) => waiting.addEventListener('abort', () => resolve(result), { once: true }));
}
