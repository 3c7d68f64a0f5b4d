/**
 * The CRLs that may speak of a certificate: those of files and those in the evidence store, which are at hand, and those its
 * distribution points name, which are retrieved when the former do not tell. Whether a CRL is authentic is for others to say.
 */

import type { Clock } from '../../clock.ts';
import type { Logger } from '../../operations/log.ts';
import type { Milliseconds, Seconds } from '../../settings/units.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import type { EvidenceRefresher } from '../retrieval/evidence-refresher.ts';
import type { Evidence } from '../retrieval/retrieved-evidence.ts';
import type { RetrievalPolicy, RetrievalRequest, Retriever } from '../retrieval/retriever.ts';
import type { EvidenceAccess } from '../retrieval/site-evidence.ts';
import { parseCrl } from './crl.ts';
import type { CrlAtHand, CrlsAtHand } from './crl-check.ts';
import type { DistributionPoint } from './distribution-point.ts';
import { KnownCrl } from './known-crl.ts';

/** A CRL out of a file. */
export interface CrlFile {
  /** Named in evidence and records. */
  readonly file: string;
  readonly der: Buffer;
}

export interface RetrievalOptions {
  /** Shared by all sites. */
  readonly retriever: Retriever;
  /** Shared by all sites, and what of it this one may use. */
  readonly store: EvidenceAccess;
  /** Shared by all sites; absent: evidence is retrieved only when a login waits for it. */
  readonly refresher?: EvidenceRefresher;
  readonly policy: RetrievalPolicy;
  /** For all retrievals one login waits for. */
  readonly totalTimeout: Milliseconds;
  /** How long an answer that did not help is put up with before the URL is asked again. */
  readonly retryAfter: Seconds;
}

interface CrlSourceTools {
  readonly clock: Clock;
  readonly logger: Logger;
}

const maximumUrls = 8;

/** What the retrieval from one URL came to. */
interface Brought {
  readonly evidence?: Evidence;
  /** Why there is nothing new. */
  readonly problem?: string | undefined;
}

export class CrlSource {
  readonly #files = new Map<string, CrlAtHand[]>();
  /** Why files are left out, each with its name. */
  readonly unreadableFiles: readonly string[];
  readonly #retrieval: RetrievalOptions | undefined;
  readonly #freshness: Seconds;
  readonly #tools: CrlSourceTools;

  /**
   * @param retrieval absent: files only
   * @param freshness the age at which a newer CRL is wanted although the next update is not due; 0: never
   */
  constructor(
    files: readonly CrlFile[],
    retrieval: RetrievalOptions | undefined,
    freshness: Seconds,
    tools: CrlSourceTools,
  ) {
    this.#freshness = freshness;
    this.#retrieval = retrieval;
    this.#tools = tools;
    const problems: string[] = [];
    for (const { file, der } of files) {
      const crl = readOne(der, file);
      if (typeof crl === 'string') {
        problems.push(crl);
        continue;
      }
      const { key } = crl.list.issuer;
      this.#files.set(key, [...(this.#files.get(key) ?? []), { crl }]);
    }
    this.unreadableFiles = problems;
  }

  /** What files and earlier retrievals offer. Nothing is asked over the network. */
  async atHand(certificate: Certificate): Promise<CrlsAtHand> {
    const { store } = this.#retrieval ?? {};
    const held = await Promise.all(
      store
        ? this.#pointsOf(certificate)
            .flat()
            .map((url) => heldAt(url, store))
        : [],
    );
    return { crls: [...this.#filesFor(certificate), ...held.flat()], problems: this.unreadableFiles };
  }

  /** What is at hand and what the distribution points have now. @param waiting ends the waiting of this login */
  async retrieved(certificate: Certificate, waiting: AbortSignal): Promise<CrlsAtHand> {
    const retrieval = this.#retrieval;
    if (!retrieval) return this.atHand(certificate);
    const found = await Promise.all(
      this.#pointsOf(certificate).map((alternatives) => this.#fromPoint(alternatives, retrieval, waiting)),
    );
    return {
      crls: [...this.#filesFor(certificate), ...found.flatMap(({ crls }) => crls)],
      problems: [...this.unreadableFiles, ...found.flatMap(({ problems }) => problems)],
    };
  }

  /** Told that a check proved this CRL authentic, whatever it says. */
  confirm({ crl, evidence }: CrlAtHand): void {
    if (!evidence || !this.#retrieval) return;
    const { thisUpdate, nextUpdate } = crl.list;
    const period = { thisUpdate, nextUpdate };
    const { store, refresher, policy } = this.#retrieval;
    store.confirm(evidence, period);
    refresher?.used({ evidence, period, freshness: this.#freshness, policy });
  }

  #filesFor({ issuer, crlDistributionPoints }: Certificate): readonly CrlAtHand[] {
    const issuers = crlDistributionPoints.flatMap(({ crlIssuers = [] }) => crlIssuers);
    const keys = new Set([issuer, ...issuers].map(({ key }) => key));
    return [...keys].flatMap((key) => this.#files.get(key) ?? []);
  }

  /** Asks the alternatives until one brings a CRL, and takes what is at hand of the others. */
  async #fromPoint(
    alternatives: readonly string[],
    retrieval: RetrievalOptions,
    waiting: AbortSignal,
  ): Promise<CrlsAtHand> {
    const crls: CrlAtHand[] = [];
    const problems: string[] = [];
    let isFound = false;
    for (const url of alternatives) {
      const { evidence, problem } = isFound ? {} : await this.#bring(url, retrieval, waiting);
      // Beside what came stands what other logins proved meanwhile.
      crls.push(...(await heldAt(url, retrieval.store, evidence)));
      if (problem === undefined) isFound = true;
      else problems.push(problem);
    }
    return { crls, problems };
  }

  /** Asks a URL for its CRL, unless it was asked a moment ago or another process has brought one. */
  async #bring(
    url: string,
    { retriever, store, policy, retryAfter }: RetrievalOptions,
    waiting: AbortSignal,
  ): Promise<Brought> {
    const request = requestFor(url);
    const { clock, logger } = this.#tools;
    const { askedAt, confirmed, problem } = await store.held(request);
    if (askedAt && clock.now().getTime() < askedAt.getTime() + retryAfter * 1000) return { problem };
    const { confirmed: known } = await store.reread(request);
    if (known !== confirmed) return {};
    const retrieved = await retriever.retrieve({ ...request, known }, policy, waiting);
    if (retrieved.outcome === 'failed') return { problem: retrieved.problem };
    const evidence = store.offer(request, retrieved);
    const { crl } = evidence.content;
    if (typeof crl !== 'string') return { evidence };
    logger.warn('crl-refused', { url, reason: crl });
    store.reject(evidence, crl);
    return { problem: crl };
  }

  /** The URLs of each distribution point, which are alternatives (RFC 5280 4.2.1.13), at most eight in all. */
  #pointsOf({ crlDistributionPoints, freshestCrl }: Certificate): readonly (readonly string[])[] {
    const schemes: readonly string[] = this.#retrieval?.policy.schemes ?? [];
    let left = maximumUrls;
    return [...crlDistributionPoints, ...freshestCrl].map(({ name }: DistributionPoint) => {
      const names = name?.kind === 'fullName' ? name.names : [];
      const urls = names
        .flatMap((entry) => (entry.kind === 'uniformResourceIdentifier' ? [entry.value] : []))
        .filter((url) => schemes.includes(url.slice(0, url.indexOf(':')).toLowerCase()))
        .slice(0, left);
      left -= urls.length;
      return urls;
    });
  }
}

function requestFor(url: string): RetrievalRequest {
  return { kind: 'crl', url };
}

/** The CRLs that the store holds of a URL, after the one that was just brought, each once. */
async function heldAt(url: string, store: EvidenceAccess, brought?: Evidence): Promise<readonly CrlAtHand[]> {
  const { candidate, confirmed } = await store.held(requestFor(url));
  const found = new Map<KnownCrl, CrlAtHand>();
  for (const evidence of [brought, candidate, confirmed]) {
    const crl = evidence?.content.crl;
    if (evidence && crl instanceof KnownCrl && !found.has(crl)) found.set(crl, { crl, evidence });
  }
  return [...found.values()];
}

/** A string: why it cannot be read. */
function readOne(der: Buffer, file: string): KnownCrl | string {
  try {
    return new KnownCrl(parseCrl(der, file));
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return `${file}: the CRL cannot be read: ${error.message}`;
  }
}
