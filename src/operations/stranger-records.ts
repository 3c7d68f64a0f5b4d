/**
 * Records of what happened before a login, from strangers who can cause as many as they like. The first ones of an address and
 * reason are written in full; those beyond are counted, and told in one record when the time of counting is over.
 */
import type { AuditRecord, LoginAttempt, RefusalRecord, SessionEnd, Summary } from './audit.ts';
import { MinuteWindow } from './minute-window.ts';
import { networkOf } from './network.ts';

/** Of one network, event and reason in one window. */
const inFullOfOne = 10;
/** Of all together in one window: a flood from many addresses is a flood too. */
const inFullOfAll = 600;
/** Networks, events and reasons that are told apart in one window; those beyond share their summary. */
const mostCounted = 1024;
/** References and names kept of what was counted, for the help desk. */
const mostKept = 20;
const otherNetworks = 'other networks';

/** A record that a stranger can cause: a peer that has not logged in. */
export type StrangerRecord = LoginAttempt | RefusalRecord | SessionEnd;

/** What one network did for one reason in one window. */
interface CountedRecords {
  readonly facts: Pick<Summary, 'site' | 'of' | 'reason' | 'remoteAddress'>;
  seen: number;
  count: number;
  firstAt: string;
  lastAt: string;
  readonly references: string[];
  readonly claimedNames: string[];
}

export class StrangerRecords {
  readonly #write: (summary: Summary) => void;
  readonly #now: () => Date;
  readonly #counted = new Map<string, CountedRecords>();
  #inFull = 0;
  readonly #window = new MinuteWindow(() => this.#tell());

  /** @param write takes the summaries */
  constructor(write: (summary: Summary) => void, now: () => Date) {
    this.#write = write;
    this.#now = now;
  }

  /** @returns whether the record is to be written in full; otherwise it is counted */
  admits(record: StrangerRecord): boolean {
    this.#window.open();
    const counted = this.#entryOf(record);
    counted.seen += 1;
    const isToldApart = counted.facts.remoteAddress !== otherNetworks;
    if (isToldApart && counted.seen <= inFullOfOne && this.#inFull < inFullOfAll) {
      this.#inFull += 1;
      return true;
    }
    counted.lastAt = this.#now().toISOString();
    if (counted.count === 0) counted.firstAt = counted.lastAt;
    counted.count += 1;
    if ('reference' in record) keepNewest(counted.references, record.reference);
    if ('claimedName' in record) keepNewest(counted.claimedNames, record.claimedName);
    return false;
  }

  /** Writes the summaries of what was counted since the last time. */
  endWindow(): void {
    this.#window.end();
  }

  #tell(): void {
    this.#inFull = 0;
    for (const { facts, seen: _, ...counted } of this.#counted.values()) {
      if (counted.count > 0) this.#write({ event: 'summary', ...facts, ...counted });
    }
    this.#counted.clear();
  }

  #entryOf(record: StrangerRecord): CountedRecords {
    const { event: of, site } = record;
    const reason = reasonOf(record);
    const keyOf = (network: string) => [network, of, reason, site].join(' ');
    const network = networkOf(record.remoteAddress);
    const remoteAddress =
      this.#counted.size < mostCounted || this.#counted.has(keyOf(network)) ? network : otherNetworks;
    const known = this.#counted.get(keyOf(remoteAddress));
    if (known) return known;
    const facts = { site, of, reason, remoteAddress };
    const entry = { facts, seen: 0, count: 0, firstAt: '', lastAt: '', references: [], claimedNames: [] };
    this.#counted.set(keyOf(remoteAddress), entry);
    return entry;
  }
}

/** Whether a stranger can cause such a record: nothing in it proves who did, neither a login nor a certificate with a valid path. */
export function isOfStranger(record: AuditRecord): record is StrangerRecord {
  switch (record.event) {
    case 'login':
      return record.outcome !== 'granted' && record.path === undefined;
    case 'refusal':
    case 'session-end':
      return record.accountName === undefined;
    default:
      return false;
  }
}

function reasonOf(record: StrangerRecord): string {
  if (record.event === 'session-end') return record.reason;
  return record.event === 'login' ? (record.denial?.code ?? record.outcome) : record.denial.code;
}

function keepNewest(kept: string[], added: string): void {
  if (kept.includes(added)) return;
  if (kept.length >= mostKept) kept.shift();
  kept.push(added);
}
