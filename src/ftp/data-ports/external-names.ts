/**
 * The addresses of host names that PASV tells, looked up anew from time to time. A client never waits long for one, and a name server that
 * fails costs nothing for an hour: the last address stays.
 */
import { lookup } from 'node:dns/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Timer } from '../../clock.ts';
import { errorMessage } from '../../error-message.ts';
import type { Logger } from '../../operations/log.ts';
import { isReachable } from './firewall-support.ts';

/** @returns an IPv4 address of the host */
type NameLookup = (name: string) => Promise<string>;

export interface ExternalNamesOptions {
  readonly lookUp: NameLookup;
  readonly timer: Timer;
  readonly logger: Logger;
}

interface KnownName {
  address?: string;
  /** By the timer: of the last look-up that found it. */
  foundAt: number;
  /** Of the last that ended, either way. */
  triedAt: number;
  underWay?: Promise<void> | undefined;
}

/** Milliseconds for which an address is not looked up again, after an answer and after a failure. */
const freshFor = { found: 60_000, failed: 10_000 };
/** Milliseconds for which the last address stays while its name cannot be looked up. */
const keptFor = 3_600_000;
/** Milliseconds that a client waits for a look-up. */
const patience = 1000;
/** Names kept, those of former configurations included. */
const maximumNames = 64;

export class ExternalNames {
  readonly #options: ExternalNamesOptions;
  readonly #known = new Map<string, KnownName>();

  constructor(options: ExternalNamesOptions) {
    this.#options = options;
  }

  /** @returns undefined when the name has no address, or had none for an hour */
  async addressOf(name: string): Promise<string | undefined> {
    const known = this.#entry(name);
    if (!this.#isFresh(known)) await this.#patiently(this.#lookUpOnce(name, known));
    return this.#options.timer() - known.foundAt < keptFor ? known.address : undefined;
  }

  /** Looks them up now, so that the first client finds them and the log tells what is wrong. */
  prepare(names: readonly string[]): void {
    for (const name of names) void this.#lookUpOnce(name, this.#entry(name));
  }

  #entry(name: string): KnownName {
    const known = this.#known.get(name) ?? { foundAt: Number.NEGATIVE_INFINITY, triedAt: Number.NEGATIVE_INFINITY };
    this.#known.delete(name);
    this.#known.set(name, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > maximumNames && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }

  #isFresh({ foundAt, triedAt }: KnownName): boolean {
    const now = this.#options.timer();
    return now - foundAt < freshFor.found || now - triedAt < freshFor.failed;
  }

  /** A resolver that hangs holds one thread for a name, whatever clients ask. */
  #lookUpOnce(name: string, known: KnownName): Promise<void> {
    known.underWay ??= this.#lookUp(name, known).finally(() => {
      known.underWay = undefined;
    });
    return known.underWay;
  }

  async #lookUp(name: string, known: KnownName): Promise<void> {
    const { lookUp, timer, logger } = this.#options;
    try {
      const address = await lookUp(name);
      if (!isReachable(address)) throw new Error(`${address} is no address that clients can connect to`);
      if (address !== known.address) logger.info('external-name-found', { name, address, former: known.address });
      known.address = address;
      known.foundAt = timer();
    } catch (error) {
      logger.warn('external-name-failed', { name, kept: known.address, reason: errorMessage(error) });
    }
    known.triedAt = timer();
  }

  async #patiently(work: Promise<void>): Promise<void> {
    const over = new AbortController();
    const late = delay(patience, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([work, late]);
    over.abort();
  }
}

/** As the system has it: its name servers, and its file of hosts. */
export async function lookUpBySystem(name: string): Promise<string> {
  return (await lookup(name, { family: 4 })).address;
}
