/**
 * The CRLs that may speak of a certificate: those of files and those in the evidence store, which are at hand, and those its
 * distribution points name, which are retrieved when the former do not tell. Whether a CRL is authentic is for others to say.
 */
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../operations/log.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { readCrls } from '../encoding/pem.ts';
import type { EvidenceRefresher } from '../retrieval/evidence-refresher.ts';
import type { EvidenceStore } from '../retrieval/evidence-store.ts';
import type { Evidence, Held } from '../retrieval/retrieved-evidence.ts';
import type { RetrievalPolicy, RetrievalRequest, Retriever } from '../retrieval/retriever.ts';
import { type CertificateRevocationList, parseCrl } from './crl.ts';
import type { CrlsAtHand } from './crl-check.ts';
import type { DistributionPoint } from './distribution-point.ts';

/** A CRL out of a file. */
export interface CrlFile {
  /** Named in evidence and records. */
  readonly file: string;
  readonly der: Buffer;
}

export interface RetrievalOptions {
  /** Shared by all sites. */
  readonly retriever: Retriever;
  /** Shared by all sites. */
  readonly store: EvidenceStore;
  /** Shared by all sites; absent: evidence is retrieved only when a login waits for it. */
  readonly refresher?: EvidenceRefresher;
  readonly policy: RetrievalPolicy;
  /** For all retrievals one login waits for, in milliseconds. */
  readonly totalTimeoutMilliseconds: number;
  /** How long an answer that did not help is put up with before the URL is asked again, in seconds. */
  readonly negativeSeconds: number;
}

interface Tools {
  readonly clock: Clock;
  readonly logger: Logger;
}

const maximumUrls = 8;

/** By the octets of an Evidence, so that all sites parse and index a CRL once. A string: why the octets are not a CRL. */
const parsed = new WeakMap<Buffer, CertificateRevocationList | string>();
const origins = new WeakMap<CertificateRevocationList, Evidence>();

export class CrlSource {
  readonly #files = new Map<string, CertificateRevocationList[]>();
  /** Why files are left out, each with its name. */
  readonly unreadableFiles: readonly string[];
  readonly #retrieval: RetrievalOptions | undefined;
  readonly #freshnessSeconds: number;
  readonly #tools: Tools;

  /**
   * @param retrieval absent: files only
   * @param freshnessSeconds the age at which a newer CRL is wanted although the next update is not due; 0: never
   */
  constructor(
    files: readonly CrlFile[],
    retrieval: RetrievalOptions | undefined,
    freshnessSeconds: number,
    tools: Tools,
  ) {
    this.#freshnessSeconds = freshnessSeconds;
    this.#retrieval = retrieval;
    this.#tools = tools;
    const problems: string[] = [];
    for (const { file, der } of files) {
      const crl = readOne(der, file);
      if (typeof crl === 'string') {
        problems.push(crl);
        continue;
      }
      const { key } = crl.issuer;
      this.#files.set(key, [...(this.#files.get(key) ?? []), crl]);
    }
    this.unreadableFiles = problems;
  }

  /** What files and earlier retrievals offer. Nothing is asked over the network. */
  async atHand(certificate: Certificate): Promise<CrlsAtHand> {
    const issuers = certificate.crlDistributionPoints.flatMap(({ crlIssuers = [] }) => crlIssuers);
    const keys = new Set([certificate.issuer, ...issuers].map(({ key }) => key));
    const files = [...keys].flatMap((key) => this.#files.get(key) ?? []);
    const { store } = this.#retrieval ?? {};
    const held = await Promise.all(
      store ? this.#urlsOf(certificate).map(async (url) => crlsOf(await store.held(requestFor(url)))) : [],
    );
    return { crls: [...files, ...held.flat()], problems: this.unreadableFiles };
  }

  /** What is at hand and what the distribution points have now. @param waiting ends the waiting of this login */
  async retrieved(certificate: Certificate, waiting: AbortSignal): Promise<CrlsAtHand> {
    const retrieval = this.#retrieval;
    const points = retrieval ? this.#pointsOf(certificate) : [];
    const retrieved = await Promise.all(
      points.map(async (alternatives) => (retrieval ? this.#firstOf(alternatives, retrieval, waiting) : [])),
    );
    // Whatever came is in the store now.
    const { crls, problems } = await this.atHand(certificate);
    return { crls, problems: [...problems, ...retrieved.flat()] };
  }

  /** Told that a check proved this CRL authentic, whatever it says. */
  confirm(crl: CertificateRevocationList): void {
    const evidence = origins.get(crl);
    if (!evidence || !this.#retrieval) return;
    const { thisUpdate, nextUpdate } = crl;
    const period = { thisUpdate, ...(nextUpdate && { nextUpdate }) };
    const { store, refresher, policy } = this.#retrieval;
    store.confirm(evidence, period);
    refresher?.used({ evidence, period, freshnessSeconds: this.#freshnessSeconds, policy });
  }

  /** Asks the alternatives until one brings a CRL; the problems of those that did not. */
  async #firstOf(
    alternatives: readonly string[],
    retrieval: RetrievalOptions,
    waiting: AbortSignal,
  ): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const url of alternatives) {
      const problem = await this.#retrieve(url, retrieval, waiting);
      if (problem === undefined) break;
      problems.push(problem);
    }
    return problems;
  }

  /** Brings the CRL of a URL into the store, unless it was asked for a moment ago; why there is none. */
  async #retrieve(
    url: string,
    { retriever, store, policy, negativeSeconds }: RetrievalOptions,
    waiting: AbortSignal,
  ): Promise<string | undefined> {
    const request = requestFor(url);
    const { clock, logger } = this.#tools;
    const { askedAt, confirmed, problem } = await store.held(request);
    if (askedAt && clock.now().getTime() < askedAt.getTime() + negativeSeconds * 1000) return problem;
    const { confirmed: known } = await store.reread(request);
    if (known !== confirmed) return undefined;
    const retrieved = await retriever.retrieve({ ...request, ...(known && { known }) }, policy, waiting);
    if (retrieved.outcome === 'failed') return retrieved.problem;
    const evidence = store.offer(request, retrieved);
    const crl = crlOf(evidence);
    if (typeof crl !== 'string') return undefined;
    logger.warn('crl-refused', { url, reason: crl });
    store.reject(evidence, crl);
    return crl;
  }

  #urlsOf(certificate: Certificate): readonly string[] {
    return this.#pointsOf(certificate).flat();
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

function crlsOf({ confirmed, candidate }: Held): readonly CertificateRevocationList[] {
  return [candidate, confirmed]
    .map((evidence) => evidence && crlOf(evidence))
    .filter((crl) => crl !== undefined && typeof crl !== 'string');
}

function crlOf(evidence: Evidence): CertificateRevocationList | string {
  const known = parsed.get(evidence.bytes);
  if (known) return known;
  const crl = readCrl(evidence);
  parsed.set(evidence.bytes, crl);
  if (typeof crl !== 'string') origins.set(crl, evidence);
  return crl;
}

function readCrl({ bytes, request }: Evidence): CertificateRevocationList | string {
  try {
    const [der] = readCrls(bytes);
    return der ? parseCrl(der, request.url) : `${request.url} holds no CRL`;
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return `${request.url} holds no CRL: ${error.message}`;
  }
}

/** A string: why it cannot be read. */
function readOne(der: Buffer, file: string): CertificateRevocationList | string {
  try {
    return parseCrl(der, file);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return `${file}: the CRL cannot be read: ${error.message}`;
  }
}
