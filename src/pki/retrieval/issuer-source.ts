/**
 * Certificates of CAs that neither the peer sent nor the site has, from the caIssuers URLs of certificates (RFC 5280 4.2.2.1).
 * They are never trusted: a path must still lead to a trust anchor. Strangers can set this off, so all of it is bounded.
 */

import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import type { StepRecorder } from '../../explanation/steps.ts';
import { type Milliseconds, octets, type Seconds } from '../../settings/units.ts';
import { accessLocations } from '../certificate/authority-information-access.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { parseCertificatesOnly } from '../certificate/certificates-only.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import type { Budget } from '../path/budget.ts';
import { IssuerPool } from '../path/issuer-pool.ts';
import type { RetrievalPolicy, RetrievalRequest, Retriever } from './retriever.ts';
import type { EvidenceAccess } from './site-evidence.ts';

export interface IssuerRetrievalOptions {
  /** `cache-only`: what was retrieved and found useful before (IIS CertChainCacheOnlyUrlRetrieval). */
  readonly mode: 'retrieve' | 'cache-only';
  /** Shared by all sites. */
  readonly retriever: Retriever;
  /** Shared by all sites. */
  readonly store: EvidenceAccess;
  /** Only http: is asked, and at most 128 KiB are taken, whatever this allows. */
  readonly policy: RetrievalPolicy;
  /** For all retrievals one login waits for, those of revocation included. */
  readonly totalTimeout: Milliseconds;
  /** How long an answer that did not help is put up with before the URL is asked again. */
  readonly retryAfter: Seconds;
}

interface KnownAnswer {
  /** A string: why no certificate came. */
  readonly certificates: readonly Certificate[] | string;
  readonly bytes: Buffer;
  readonly askedAt: number;
  /** A path that was accepted went through one of them. */
  readonly isProved: boolean;
}

interface Search {
  readonly pool: IssuerPool;
  readonly budget: Budget;
  readonly steps: StepRecorder;
}

/** For one login. */
const maximumRetrievals = 4;
const maximumReachable = 16;
const maximumSize = 128 * 1024;
/** A CA seldom publishes a certificate anew; for so long what proved useful is not asked for again. */
const provedMilliseconds = 86_400_000;
const rememberedUrls = 128;

export class IssuerSource {
  readonly #options: IssuerRetrievalOptions;
  readonly #clock: Clock;
  /** Not in the store, where strangers could push out what others need. */
  readonly #known = new LRUCache<string, KnownAnswer>({ max: rememberedUrls });

  constructor(options: IssuerRetrievalOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** The pool with what could be found, upwards from the end entity; the same pool when nothing was. */
  async extend(endEntity: Certificate, { pool, budget, steps }: Search): Promise<IssuerPool> {
    const waiting = budget.waitingFor(this.#options.totalTimeout);
    const asked = new Set<string>();
    const found: Certificate[] = [];
    let extended = pool;
    while (asked.size < maximumRetrievals) {
      const url = nextUrl(endEntity, extended, asked, found.length === 0);
      if (url === undefined) break;
      asked.add(url);
      const certificates = await budget.waitFor(this.#at(url, waiting));
      const isFound = typeof certificates !== 'string';
      steps.record({
        stage: 'certificate',
        check: 'issuer by caIssuers',
        verdict: 'noted',
        citation: 'RFC 5280 4.2.2.1',
        facts: isFound ? { url, certificates: certificates.length } : { url, problem: certificates },
      });
      if (!isFound) continue;
      found.push(...certificates);
      extended = new IssuerPool([], found, pool);
    }
    return extended;
  }

  /** Told of the certificates of a path that was accepted: what led to it is worth keeping. */
  confirm(path: readonly Certificate[]): void {
    const onPath = new Set(path.map(({ sha256 }) => sha256));
    for (const [url, known] of this.#known.entries()) {
      if (known.isProved || typeof known.certificates === 'string') continue;
      const useful = known.certificates.find(({ sha256 }) => onPath.has(sha256));
      if (!useful) continue;
      this.#known.set(url, { ...known, isProved: true });
      const { store } = this.#options;
      const evidence = store.offer(requestFor(url), { bytes: known.bytes });
      store.confirm(evidence, { thisUpdate: new Date(known.askedAt), nextUpdate: useful.notAfter });
    }
  }

  /** The certificates at a URL; a string: why no certificate came. */
  async #at(url: string, waiting: AbortSignal): Promise<readonly Certificate[] | string> {
    const { mode, retriever, policy, retryAfter } = this.#options;
    const known = this.#known.get(url) ?? (await this.#stored(url));
    const age = this.#clock.now().getTime() - (known?.askedAt ?? 0);
    const mayAnswer = mode === 'cache-only' || age < (known?.isProved ? provedMilliseconds : retryAfter * 1000);
    if (known && mayAnswer) return known.certificates;
    if (mode === 'cache-only') return `${url} may not be asked`;
    const limits = { ...policy, maximumSize: octets(Math.min(maximumSize, policy.maximumSize)) };
    const retrieved = await retriever.retrieve(requestFor(url), limits, waiting);
    if (retrieved.outcome === 'failed') return known?.certificates ?? retrieved.problem;
    return this.#remember(url, retrieved.bytes, this.#clock.now(), false).certificates;
  }

  async #stored(url: string): Promise<KnownAnswer | undefined> {
    const { confirmed } = await this.#options.store.held(requestFor(url));
    return confirmed && this.#remember(url, confirmed.bytes, confirmed.retrievedAt, true);
  }

  #remember(url: string, bytes: Buffer, retrievedAt: Date, isProved: boolean): KnownAnswer {
    const known = { certificates: certificatesIn(bytes, url), bytes, askedAt: retrievedAt.getTime(), isProved };
    this.#known.set(url, known);
    return known;
  }
}

function certificatesIn(bytes: Buffer, url: string): readonly Certificate[] | string {
  try {
    return parseCertificatesOnly(bytes);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return `${url} holds no certificate: ${error.message}`;
  }
}

/** Where to ask next: for certificates without an issuer, and then for other issuers of those whose issuer did not do. */
function nextUrl(
  endEntity: Certificate,
  pool: IssuerPool,
  asked: ReadonlySet<string>,
  isFirst: boolean,
): string | undefined {
  const reachable = upwards(endEntity, pool);
  const lacking = reachable.filter(({ issuer }) => pool.bySubject(issuer.key).length === 0);
  return [...lacking, ...(isFirst ? reachable : [])]
    .flatMap((certificate) => accessLocations(certificate, oids.caIssuers))
    .find((url) => url.toLowerCase().startsWith('http:') && !asked.has(url));
}

/** The end entity and whatever may be above it, trust anchors excepted. */
function upwards(endEntity: Certificate, pool: IssuerPool): readonly Certificate[] {
  const reachable = new Set([endEntity]);
  for (const certificate of reachable) {
    if (reachable.size >= maximumReachable) break;
    for (const issuer of pool.bySubject(certificate.issuer.key))
      if (!issuer.isTrustAnchor) reachable.add(issuer.certificate);
  }
  return [...reachable].slice(0, maximumReachable);
}

function requestFor(url: string): RetrievalRequest {
  return { kind: 'certificates', url };
}
