/**
 * Counts wrong passwords and says when no more may be tried: the gateway must neither help to guess passwords nor lock accounts out in
 * the directory, and strangers must not lock out the person either. So failures count for an account at one source; what all sources do
 * to one account together is bounded too, but that bound stops neither a source from which the account logged in before nor a person who
 * has shown the account's certificate. Tries under way count as failures until they succeed.
 */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { networkOf } from '../operations/network.ts';
import type { Decoded } from '../settings/decoded.ts';
import { duration } from '../settings/duration.ts';
import { iis } from '../settings/iis-name.ts';
import type { Milliseconds } from '../settings/units.ts';
import { count } from '../settings/values.ts';

/** In the words of IIS. */
export const denyByFailure = z
  .strictObject({
    maxFailure: count(1, 1000)
      .default(4)
      .describe('Wrong passwords for one account from one address, or /64 network, before none is tried from there')
      .meta(iis('system.ftpServer/security/authentication/denyByFailure@maxFailure')),
    maxFailurePerAccount: count(1, 1000)
      .default(8)
      .describe(
        'Wrong passwords for one account from all addresses before none is tried from new ones; below the directory’s lockout threshold',
      ),
    maxFailurePerAddress: count(1, 10_000).default(20).describe('Wrong passwords from one address for all accounts'),
    /** Not below the directory's observation window. */
    entryExpiration: duration('1s', '1d')
      .prefault('30m')
      .describe('Time after the last failure until it is forgotten')
      .meta(iis('system.ftpServer/security/authentication/denyByFailure@entryExpiration')),
  })
  .prefault({})
  .describe('Keeps guesses of passwords from locking accounts out in the directory');

/** One password that may be tried. Whatever is not called, it counts as wrong. */
export interface Admission {
  /** It was right. */
  succeeded(): void;
  /** The directory could not say whether it was right. */
  undecided(): void;
}

/** A password about to be tried. */
interface Guess {
  /** Directory and id. */
  readonly account: string;
  /** Sources are addresses, of IPv6 networks of 64 bits. */
  readonly remoteAddress: string;
  /** The account's certificate was accepted before: failures of people without it are not counted against this one. */
  readonly hasCertificate: boolean;
}

export interface FailureThrottle {
  /** For a password without a certificate, before its account is known. @returns undefined: no password may be tried now */
  admitAddress(remoteAddress: string): Admission | undefined;
  /** @returns undefined: no password may be tried now */
  admitAccount(guess: Guess): Admission | undefined;
}

/** Entries per kind; the oldest give way. Kinds are counted apart, so that many addresses cannot crowd out accounts. */
const mostEntries = 20_000;
/** Sources remembered for one account: an office, a home, a telephone. */
const mostKnownSources = 4;

interface Entry {
  failures: number;
  expiresAt: number;
}

/** @param clock by which failures expire */
export function createFailureThrottle(settings: Decoded<typeof denyByFailure>, clock: Clock): FailureThrottle {
  const { maxFailure, maxFailurePerAccount, maxFailurePerAddress, entryExpiration } = settings;
  const addresses = new Counter(entryExpiration, clock);
  const accountsAtSources = new Counter(entryExpiration, clock);
  const accounts = new Counter(entryExpiration, clock);
  const known = new LRUCache<string, readonly string[]>({ max: mostEntries });

  return {
    admitAddress: (remoteAddress) => {
      const source = networkOf(remoteAddress);
      if (addresses.failures(source) >= maxFailurePerAddress) return undefined;
      addresses.add(source);
      // who knows one password may guess at others from the same address, so a success forgives only itself
      const takeBack = () => addresses.takeBack(source);
      return { succeeded: takeBack, undecided: takeBack };
    },
    admitAccount: ({ account, remoteAddress, hasCertificate }) => {
      const source = networkOf(remoteAddress);
      const whole = JSON.stringify([hasCertificate, account]);
      const here = JSON.stringify([hasCertificate, account, source]);
      const sources = known.get(whole) ?? [];
      const isOpen = accounts.failures(whole) < maxFailurePerAccount || sources.includes(source);
      if (!isOpen || accountsAtSources.failures(here) >= maxFailure) return undefined;
      accounts.add(whole);
      accountsAtSources.add(here);
      return {
        succeeded: () => {
          // as the directory does at a right password; other sources stay as suspicious as they were
          accounts.forget(whole);
          accountsAtSources.forget(here);
          known.set(whole, [source, ...sources.filter((other) => other !== source)].slice(0, mostKnownSources));
        },
        undecided: () => {
          accounts.takeBack(whole);
          accountsAtSources.takeBack(here);
        },
      };
    },
  };
}

class Counter {
  readonly #entries = new LRUCache<string, Entry>({ max: mostEntries });
  readonly #expiration: Milliseconds;
  readonly #clock: Clock;

  constructor(expiration: Milliseconds, clock: Clock) {
    this.#expiration = expiration;
    this.#clock = clock;
  }

  /** Asking makes no entry newer: only a failure does. */
  failures(key: string): number {
    const entry = this.#entries.peek(key);
    return entry && entry.expiresAt > this.#clock.now().getTime() ? entry.failures : 0;
  }

  add(key: string): void {
    const expiresAt = this.#clock.now().getTime() + this.#expiration;
    this.#entries.set(key, { failures: this.failures(key) + 1, expiresAt });
  }

  takeBack(key: string): void {
    const entry = this.#entries.peek(key);
    if (!entry) return;
    entry.failures -= 1;
    if (entry.failures <= 0) this.#entries.delete(key);
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }
}
