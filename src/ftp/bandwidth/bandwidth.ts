/** The section `bandwidth`, and which limits the transfers of a login have: of the site, of its account, of rules for it and its groups. */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { concernsSubject } from '../../authorization/rules/subject-names.ts';
import type { Login } from '../../login/authenticator.ts';
import type { Decoded } from '../../settings/decoded.ts';
import { count } from '../../settings/values.ts';
import { RateLimit } from './rate-limit.ts';

const rate = count(0, 1_000_000_000_000);

const bandwidthRule = z.strictObject({
  users: z
    .union([z.literal('*'), z.array(z.string().min(1).max(256)).max(10_000)])
    .optional()
    .describe('Account names, or * for every account'),
  roles: z
    .array(z.string().min(1).max(1024))
    .max(1_000)
    .optional()
    .describe('Groups, by SID, distinguished name or name'),
  bytesPerSecond: count(1, 1_000_000_000_000).describe('What their transfers move in a second, both ways together'),
  sharedBy: z
    .enum(['account', 'rule'])
    .default('account')
    .describe('account: each account has so much for itself; rule: all accounts of the rule have it together'),
});

/** IIS has `maxBandwidth`, and does nothing by it. */
export const bandwidth = z
  .strictObject({
    bytesPerSecond: rate
      .default(0)
      .describe('What all transfers of the site move in a second, both ways together; 0: no limit'),
    bytesPerSecondPerAccount: rate.default(0).describe('The same for each account; 0: no limit'),
    rules: z
      .array(bandwidthRule)
      .max(1_000)
      .default([])
      .describe('Limits of accounts and groups; all that concern a login hold'),
  })
  .prefault({});

export type Bandwidth = Decoded<typeof bandwidth>;

/** Accounts whose limits are remembered; one that gives way was not used for long, and begins anew. */
const maximumAccounts = 10_000;

/** The limits of one section: its transfers share them, and those of another configuration do not. */
class SharedLimits {
  readonly #settings: Bandwidth;
  readonly #site: RateLimit | undefined;
  readonly #ofRules = new Map<object, RateLimit>();
  readonly #ofAccounts = new LRUCache<string, RateLimit>({ max: maximumAccounts });

  constructor(settings: Bandwidth) {
    this.#settings = settings;
    if (settings.bytesPerSecond > 0) this.#site = new RateLimit(settings.bytesPerSecond);
  }

  of({ accountName, directory, groups = [] }: LimitedLogin): readonly RateLimit[] {
    const { bytesPerSecondPerAccount, rules } = this.#settings;
    const account = JSON.stringify([directory, accountName]);
    const isConcerned = concernsSubject({ accountName, groups });
    const concerning = rules.flatMap((rule, index) => {
      if (!isConcerned(rule)) return [];
      return rule.sharedBy === 'rule'
        ? this.#ofRule(rule)
        : this.#ofAccount(`${index} ${account}`, rule.bytesPerSecond);
    });
    const own = bytesPerSecondPerAccount > 0 ? [this.#ofAccount(account, bytesPerSecondPerAccount)] : [];
    return [...(this.#site ? [this.#site] : []), ...own, ...concerning];
  }

  #ofRule(rule: Bandwidth['rules'][number]): RateLimit {
    const limit = this.#ofRules.get(rule) ?? new RateLimit(rule.bytesPerSecond);
    this.#ofRules.set(rule, limit);
    return limit;
  }

  #ofAccount(key: string, bytesPerSecond: number): RateLimit {
    const limit = this.#ofAccounts.get(key) ?? new RateLimit(bytesPerSecond);
    this.#ofAccounts.set(key, limit);
    return limit;
  }
}

type LimitedLogin = Pick<Login, 'accountName' | 'directory' | 'groups'>;

const shared = new WeakMap<Bandwidth, SharedLimits>();

/** @returns none where the section sets none */
export function rateLimitsOf(settings: Bandwidth, login: LimitedLogin): readonly RateLimit[] {
  const { bytesPerSecond, bytesPerSecondPerAccount, rules } = settings;
  if (bytesPerSecond === 0 && bytesPerSecondPerAccount === 0 && rules.length === 0) return [];
  const limits = shared.get(settings) ?? new SharedLimits(settings);
  shared.set(settings, limits);
  return limits.of(login);
}
