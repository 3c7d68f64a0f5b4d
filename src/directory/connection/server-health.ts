/**
 * Which servers of a directory are worth asking first. One that failed or fell silent is asked last until it answers again;
 * a probe in the background finds that out, so that no login has to.
 */
import type { Logger } from '../../operations/log.ts';

export interface ServerHealthOptions {
  /** Milliseconds between two probes of a server that failed. */
  readonly probeInterval: number;
  /** Resolves when the server does its work again. */
  readonly probe: (url: string) => Promise<void>;
  readonly logger: Logger;
}

export class ServerHealth {
  readonly #options: ServerHealthOptions;
  /** URL of each server that failed, and the timer of its next probe. */
  readonly #failed = new Map<string, NodeJS.Timeout>();
  #closed = false;

  constructor(options: ServerHealthOptions) {
    this.#options = options;
  }

  /** @param url of a server; one that is not known has not failed */
  isFailed(url: string): boolean {
    return this.#failed.has(url);
  }

  /**
   * Logs the first failure of an outage, and begins to probe the server.
   * @param reason for the log
   */
  failed(url: string, reason: string): void {
    if (this.#closed || this.#failed.has(url)) return;
    this.#options.logger.warn('directory-server-failed', { server: url, reason });
    this.#schedule(url);
  }

  /** Ends the probes, and logs that the outage is over. */
  answered(url: string): void {
    const timer = this.#failed.get(url);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#failed.delete(url);
    this.#options.logger.info('directory-server-recovered', { server: url });
  }

  /** The server is in the list no more. */
  forget(url: string): void {
    clearTimeout(this.#failed.get(url));
    this.#failed.delete(url);
  }

  close(): void {
    this.#closed = true;
    for (const url of [...this.#failed.keys()]) this.forget(url);
  }

  #schedule(url: string): void {
    const timer = setTimeout(() => void this.#probe(url, timer), this.#options.probeInterval);
    timer.unref();
    this.#failed.set(url, timer);
  }

  async #probe(url: string, timer: NodeJS.Timeout): Promise<void> {
    try {
      await this.#options.probe(url);
      this.answered(url);
    } catch {
      // it may have answered a search, or left the list, in the meantime
      if (!this.#closed && this.#failed.get(url) === timer) this.#schedule(url);
    }
  }
}
