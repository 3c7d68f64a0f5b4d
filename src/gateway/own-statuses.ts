/**
 * The status of a site's own certificates, retrieved before it is asked for and again while it holds: no handshake waits for a responder. One
 * that fails costs nothing until the last answer ends.
 */
import type { Clock } from '../clock.ts';
import type { CertificateStatuses } from '../ftp/tls/certificate-statuses.ts';
import type { Logger } from '../operations/log.ts';
import { formatRfc4514 } from '../pki/names/distinguished-name.ts';
import { serialNumberText } from '../pki/names/serial-number-text.ts';
import type { OwnCertificate } from '../pki/ocsp/own-certificate.ts';
import { type OwnStatus, retrieveOwnStatus } from '../pki/ocsp/own-status.ts';
import type { Retriever } from '../pki/retrieval/retriever.ts';

interface OwnStatusesOptions {
  readonly retriever: Retriever;
  readonly clock: Clock;
  /** Of the site. */
  readonly logger: Logger;
}

type ToldStatus = Exclude<OwnStatus, { readonly status: 'unknown' }>;

interface Kept {
  readonly own: OwnCertificate;
  readonly over: AbortController;
  told?: ToldStatus;
  failures: number;
  /** Set while nothing is under way. */
  timer?: NodeJS.Timeout;
}

/** Milliseconds between an answer and the next question: half of the time that is left to it, within these. */
const leastWait = 10_000;
const greatestWait = 86_400_000;
/** After failures, doubled each time. */
const retryWait = { first: 15_000, greatest: 600_000 };

export class OwnStatuses implements CertificateStatuses {
  readonly #options: OwnStatusesOptions;
  /** By the octets of the certificate. */
  readonly #kept = new Map<string, Kept>();

  constructor(options: OwnStatusesOptions) {
    this.#options = options;
  }

  responseFor(certificate: Buffer): Buffer | undefined {
    const told = this.#kept.get(keyOf(certificate))?.told;
    return told && this.#options.clock.now() < told.validUntil ? told.response : undefined;
  }

  /**
   * Asks now, and from then on; what was known of the same certificates stays until the new answer is there.
   * @param own those that clients are to be told of; empty: none
   */
  prepare(own: readonly OwnCertificate[]): void {
    const former = new Map(this.#kept);
    this.#stop();
    for (const one of own) {
      const key = keyOf(one.certificate.der);
      const told = former.get(key)?.told;
      const kept: Kept = { own: one, over: new AbortController(), failures: 0, ...(told && { told }) };
      this.#kept.set(key, kept);
      void this.#renew(kept);
    }
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.#stop();
  }

  #stop(): void {
    for (const { over, timer } of this.#kept.values()) {
      clearTimeout(timer);
      over.abort();
    }
    this.#kept.clear();
  }

  async #renew(kept: Kept): Promise<void> {
    const { clock, retriever } = this.#options;
    const { own, over } = kept;
    const status = await retrieveOwnStatus(own, { retriever, clock }, over.signal);
    if (over.signal.aborted) return;
    const wait = status.status === 'unknown' ? this.#failed(kept, status.problems) : this.#told(kept, status);
    kept.timer = setTimeout(() => void this.#renew(kept), wait);
    kept.timer.unref();
  }

  /** @returns milliseconds until the next question */
  #told(kept: Kept, status: ToldStatus): number {
    const { clock, logger } = this.#options;
    const { validUntil, responder } = status;
    const facts = { ...factsOf(kept), responder, validUntil: validUntil.toISOString() };
    if (status.status === 'revoked') logger.error('server-certificate-revoked', facts);
    else if (kept.told?.status !== 'good' || kept.failures > 0) logger.info('server-certificate-good', facts);
    kept.told = status;
    kept.failures = 0;
    const left = validUntil.getTime() - clock.now().getTime();
    return Math.min(Math.max(left / 2, leastWait), greatestWait);
  }

  /** @returns likewise */
  #failed(kept: Kept, problems: readonly string[]): number {
    const { clock, logger } = this.#options;
    const { told } = kept;
    const held = told && clock.now() < told.validUntil ? told.validUntil.toISOString() : undefined;
    logger.warn('server-certificate-status-unknown', {
      ...factsOf(kept),
      heldUntil: held,
      reason: problems.join('; '),
    });
    const wait = Math.min(retryWait.first * 2 ** kept.failures, retryWait.greatest);
    kept.failures += 1;
    return wait;
  }
}

function factsOf({ own: { certificate } }: Kept) {
  return { subject: formatRfc4514(certificate.subject), serialNumber: serialNumberText(certificate.serialNumber) };
}

function keyOf(certificate: Buffer): string {
  return certificate.toString('latin1');
}
