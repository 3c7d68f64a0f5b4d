/** Remembers for a short time which account answers a question, so that it can be read again by its GUID; never what it said. */
import { LRUCache } from 'lru-cache';
import type { KnownAccount } from './active-directory/active-directory-forest.ts';
import type { AccountLookup } from './directory.ts';

const mostAccounts = 10_000;
/** Characters; longer questions are asked anew. */
const longestQuestion = 4096;

export class FoundAccounts {
  readonly #accounts: LRUCache<string, KnownAccount> | undefined;

  /** @param time milliseconds; 0: nothing is remembered */
  constructor(time: number) {
    this.#accounts = time > 0 ? new LRUCache({ max: mostAccounts, ttl: time }) : undefined;
  }

  /** @returns undefined when it is not known, or when its time is over */
  recall(question: string): KnownAccount | undefined {
    return this.#accounts?.get(question);
  }

  /** @param question of at most 4096 characters; a longer one is not remembered */
  remember(question: string, account: KnownAccount): void {
    if (question.length <= longestQuestion) this.#accounts?.set(question, account);
  }

  /** To be called when the entry is no longer what the question asked for. */
  forget(question: string): void {
    this.#accounts?.delete(question);
  }
}

/** One text for one question. */
export function questionOf(lookup: AccountLookup): string {
  if (lookup.by === 'certificate') return `certificate ${lookup.sha256}`;
  return JSON.stringify(lookup);
}
