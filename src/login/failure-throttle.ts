/**
 * Counts wrong passwords by account and by address, and says when no more may be tried: the gateway must neither help to guess
 * passwords nor lock accounts out in the directory. Tries under way count as failures until they succeed.
 */
import type { Clock } from '../clock.ts';

/** The words of IIS’s `denyByFailure`. */
export interface FailureThrottleOptions {
  /** Wrong passwords for one account after which none is tried; below the directory's own lockout threshold. Default 4. */
  readonly maxFailure?: number;
  /** Wrong passwords from one address, or /64 network of IPv6. Default 20. */
  readonly maxFailurePerAddress?: number;
  /** Milliseconds after the last failure until it is forgotten; not below the directory's observation window. Default 1800000. */
  readonly entryExpiration?: number;
  readonly clock: Clock;
}

/** One password that may be tried. Whatever is not called, it counts as wrong. */
export interface Admission {
  /** It was right: the failures before it are forgotten. */
  succeeded(): void;
  /** Nobody could say whether it was right. */
  undecided(): void;
}

export interface FailureThrottle {
  /** @returns undefined: no password may be tried now */
  admitAddress(remoteAddress: string): Admission | undefined;
  /** @param account directory and id */
  admitAccount(account: string): Admission | undefined;
}

/** Entries per kind; the oldest give way. Accounts are counted apart, so that many addresses cannot crowd them out. */
const mostEntries = 20_000;

interface Entry {
  failures: number;
  expiresAt: number;
}

export function createFailureThrottle(options: FailureThrottleOptions): FailureThrottle {
  const { maxFailure = 4, maxFailurePerAddress = 20, entryExpiration = 1_800_000, clock } = options;
  const accounts = counter(maxFailure, entryExpiration, clock);
  const addresses = counter(maxFailurePerAddress, entryExpiration, clock);
  return {
    admitAccount: (account) => accounts(account, true),
    // who knows one password may guess at others from the same address, so a success forgives only itself
    admitAddress: (remoteAddress) => addresses(network(remoteAddress), false),
  };
}

function counter(most: number, expiration: number, clock: Clock) {
  const entries = new Map<string, Entry>();
  return (key: string, successForgivesAll: boolean): Admission | undefined => {
    const now = clock.now().getTime();
    const known = entries.get(key);
    const failures = known && known.expiresAt > now ? known.failures : 0;
    if (failures >= most) return undefined;
    const entry: Entry = { failures: failures + 1, expiresAt: now + expiration };
    // the newest stand last
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size > mostEntries) {
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    }
    const takeBack = () => {
      const current = entries.get(key);
      if (!current) return;
      current.failures -= 1;
      if (current.failures <= 0) entries.delete(key);
    };
    return {
      succeeded: () => {
        if (successForgivesAll) entries.delete(key);
        else takeBack();
      },
      undecided: takeBack,
    };
  };
}

/** An IPv6 network of 64 bits, for a host may choose freely within it; an IPv4 address, mapped into IPv6 or not. */
function network(address: string): string {
  const text = address.replace(/%.*$/, '').toLowerCase();
  if (!text.includes(':')) return text;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail = ''] = text.split('::');
  const groups = (part: string) => part.split(':').filter((group) => group !== '');
  const missing = text.includes('::') ? 8 - groups(head).length - groups(tail).length : 0;
  const all = [...groups(head), ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...groups(tail)];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
