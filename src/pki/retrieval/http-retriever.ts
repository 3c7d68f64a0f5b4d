/**
 * Retrieves by HTTP within bounds of hosts, time and size. One retrieval is in flight for the same request, whoever asks, and a
 * failure is remembered for a while.
 */
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../operations/log.ts';
import type { RetrievalPolicy, RetrievalRequest, Retrieved, Retriever } from './retriever.ts';

export interface HttpRetrieverOptions {
  /** How long a failure is remembered before the same is asked again, in seconds. */
  readonly negativeSeconds: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Failure {
  readonly outcome: Extract<Retrieved, { outcome: 'failed' }>;
  readonly retryAfter: number;
}

const longestUrl = 2048;
const maximumRedirects = 3;
const maximumFailures = 1_000;

export class HttpRetriever implements Retriever {
  readonly #options: HttpRetrieverOptions;
  readonly #inFlight = new Map<string, Promise<Retrieved>>();
  readonly #failures = new Map<string, Failure>();

  constructor(options: HttpRetrieverOptions) {
    this.#options = options;
  }

  retrieve(request: RetrievalRequest, policy: RetrievalPolicy, waiting: AbortSignal): Promise<Retrieved> {
    const target = targetOf(request.url, policy);
    if (typeof target === 'string') return Promise.resolve({ outcome: 'failed', problem: target });
    const key = JSON.stringify([request.kind, request.url, request.body?.toString('base64'), policy]);
    const failure = this.#failures.get(key);
    if (failure && this.#options.clock.now().getTime() < failure.retryAfter) return Promise.resolve(failure.outcome);
    const retrieval = this.#inFlight.get(key) ?? this.#start(key, target, request, policy);
    return Promise.race([retrieval, ended(waiting)]);
  }

  #start(key: string, target: URL, request: RetrievalRequest, policy: RetrievalPolicy): Promise<Retrieved> {
    const retrieval = this.#retrieve(key, target, request, policy).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, retrieval);
    return retrieval;
  }

  async #retrieve(key: string, target: URL, request: RetrievalRequest, policy: RetrievalPolicy): Promise<Retrieved> {
    const { clock, logger, negativeSeconds } = this.#options;
    const { kind, url } = request;
    try {
      const bytes = await download(target, request, policy);
      this.#failures.delete(key);
      return { outcome: 'retrieved', bytes };
    } catch (error) {
      const reason = reasonOf(error);
      logger.warn('retrieval-failed', { kind, url, reason });
      const outcome = { outcome: 'failed', problem: `${url} could not be retrieved: ${reason}` } as const;
      if (this.#failures.size >= maximumFailures) this.#failures.clear();
      this.#failures.set(key, { outcome, retryAfter: clock.now().getTime() + negativeSeconds * 1000 });
      return outcome;
    }
  }
}

async function download(start: URL, { body, kind }: RetrievalRequest, policy: RetrievalPolicy): Promise<Buffer> {
  const signal = AbortSignal.timeout(policy.timeoutMilliseconds);
  const headers = { 'content-type': `application/${kind}-request` };
  let target = start;
  for (let redirects = 0; redirects <= maximumRedirects; redirects++) {
    const posted = body && { method: 'POST', body: new Uint8Array(body), headers };
    const response = await fetch(target.href, { redirect: 'manual', signal, ...posted });
    if (response.status === 200) return read(response, policy.maximumOctets);
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

async function read(response: Response, maximumOctets: number): Promise<Buffer> {
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
function targetOf(url: string, { allowedHosts, schemes }: RetrievalPolicy): URL | string {
  const target = url.length <= longestUrl ? URL.parse(url) : null;
  if (target?.protocol !== 'http:' || !schemes.includes('http')) return `${url} is not an http: URL`;
  if (!allowedHosts.includes(target.hostname)) return `${url} is of a host that may not be asked`;
  return target;
}

class RetrievalError extends Error {
  override readonly name = 'RetrievalError';
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure';
  if (error.name === 'TimeoutError') return 'no complete answer in time';
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** Resolves when the login waits no longer; the retrieval goes on and serves the next one. */
function ended(waiting: AbortSignal): Promise<Retrieved> {
  const result: Retrieved = { outcome: 'failed', problem: 'the time for all retrievals of this login is over' };
  if (waiting.aborted) return Promise.resolve(result);
  return new Promise((resolve) => waiting.addEventListener('abort', () => resolve(result), { once: true }));
}
