/**
 * Names of addresses: asked of the name servers backwards, and each name forwards again, for the owner of an address gives it any name.
 * A client never waits longer than it is told; answers are kept for a while, and so are failures, so that strangers make few questions.
 */
import { Resolver } from 'node:dns/promises';
import { LRUCache } from 'lru-cache';
import type { Timer } from '../../clock.ts';
import { errorMessage } from '../../error-message.ts';
import { plainAddress } from '../../operations/network.ts';
import type { Milliseconds } from '../../settings/units.ts';
import type { ReverseNames } from './ip-security.ts';

/** The questions. Both reject where there is no answer; `code` of the error is ENOTFOUND or ENODATA where there is no such name. */
export interface NameServers {
  /** Names of an address. */
  reverse(address: string): Promise<readonly string[]>;
  /** Addresses of a name, of the family of this address. */
  forward(name: string, address: string): Promise<readonly string[]>;
}

/** Milliseconds for which an answer stands, and a failure. */
const freshFor = { known: 300_000, unknown: 10_000 };
/** Addresses kept. */
const maximumKept = 10_000;
/** Look-ups at a time; a client beyond them is as one whose name is not known. */
const maximumUnderWay = 100;
/** Names of one address that are looked at. */
const maximumNames = 5;

interface Kept {
  readonly names: ReverseNames;
  readonly until: number;
}

export class ReverseNameCache {
  readonly #servers: NameServers;
  readonly #timer: Timer;
  readonly #kept = new LRUCache<string, Kept>({ max: maximumKept });
  readonly #underWay = new Map<string, Promise<ReverseNames>>();

  constructor(servers: NameServers, timer: Timer) {
    this.#servers = servers;
    this.#timer = timer;
  }

  /** @param patience how long the caller waits @returns never rejects */
  async namesOf(address: string, patience: Milliseconds): Promise<ReverseNames> {
    const kept = this.#kept.get(address);
    if (kept && this.#timer() < kept.until) return kept.names;
    let work = this.#underWay.get(address);
    if (!work && this.#underWay.size >= maximumUnderWay)
      return { outcome: 'unknown', reason: `more than ${maximumUnderWay} look-ups run` };
    if (!work) {
      work = this.#lookUp(address).finally(() => this.#underWay.delete(address));
      this.#underWay.set(address, work);
    }
    return within(work, patience);
  }

  async #lookUp(address: string): Promise<ReverseNames> {
    const names = await this.#ask(address).catch(
      (error: unknown): ReverseNames => ({ outcome: 'unknown', reason: errorMessage(error) }),
    );
    this.#kept.set(address, { names, until: this.#timer() + freshFor[names.outcome] });
    return names;
  }

  async #ask(address: string): Promise<ReverseNames> {
    const claimed = (await unlessNone(this.#servers.reverse(address))).slice(0, maximumNames).map(plainName);
    const confirmed: string[] = [];
    for (const name of claimed) {
      const addresses = await unlessNone(this.#servers.forward(name, address));
      if (addresses.map(plainAddress).includes(address)) confirmed.push(name);
    }
    return { outcome: 'known', claimed, confirmed };
  }
}

/** As the system’s name servers have it. */
export function systemNameServers(): NameServers {
  return nameServers(new Resolver(patience));
}

/** @param servers each an address and its port */
export function chosenNameServers(servers: readonly string[]): NameServers {
  const resolver = new Resolver(patience);
  resolver.setServers(servers);
  return nameServers(resolver);
}

const patience = { timeout: 2_000, tries: 2 };

function nameServers(resolver: Resolver): NameServers {
  return {
    reverse: (address) => resolver.reverse(address),
    forward: (name, address) => (address.includes(':') ? resolver.resolve6(name) : resolver.resolve4(name)),
  };
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/u, '');
}

const none = new Set<unknown>(['ENOTFOUND', 'ENODATA']);

async function unlessNone(answer: Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && 'code' in error && none.has(error.code)) return [];
    throw error;
  }
}

async function within(work: Promise<ReverseNames>, patience: Milliseconds): Promise<ReverseNames> {
  const late = Promise.withResolvers<ReverseNames>();
  const timer = setTimeout(
    () => late.resolve({ outcome: 'unknown', reason: `no answer within ${patience} ms` }),
    patience,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
