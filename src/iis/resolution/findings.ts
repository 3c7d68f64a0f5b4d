/**
 * What is said of the input, point by point, and the account of it: every attribute of the parts that concern FTP is spoken of at least
 * once, so that nothing is dropped in silence.
 */
import type { ConfigAttribute } from '../reading/config-element.ts';
import { comparePlaces, type InputPlace } from '../reading/input-fault.ts';

/** In the order in which a report counts them. `notUnderstood` is not `withoutEffect`: it may have had one. */
export const findingOutcomes = [
  'carriedOver',
  'different',
  'needsDecision',
  'cannotBeHad',
  'notUnderstood',
  'withoutEffect',
] as const;

export type FindingOutcome = (typeof findingOutcomes)[number];

export interface Finding {
  readonly outcome: FindingOutcome;
  /** Absent for what stands nowhere, such as a setting that IIS has no place for. */
  readonly place?: InputPlace | undefined;
  /** Names of the sites that it concerns; empty: the server, or no site. */
  readonly sites: readonly string[];
  /** Name in IIS, such as `ftpServer/connections@maxConnections`. */
  readonly subject: string;
  /** Safe to print. */
  readonly message: string;
  readonly remedy?: string | undefined;
}

export class ImportFindings {
  readonly #all = new Map<string, Finding>();
  readonly #accounted = new Set<ConfigAttribute>();

  /** ImportFindings that say the same of the same place become one, for all their sites. */
  add(finding: Finding): void {
    const { sites, ...rest } = finding;
    const key = JSON.stringify(rest);
    const before = this.#all.get(key);
    this.#all.set(key, before ? { ...before, sites: [...new Set([...before.sites, ...sites])] } : finding);
  }

  /** A finding about an attribute as it is written. */
  addOf(attribute: ConfigAttribute, finding: Omit<Finding, 'place'>): void {
    this.#accounted.add(attribute);
    this.add({ ...finding, place: attribute.place });
  }

  /** A finding about something larger speaks of it. */
  account(attributes: Iterable<ConfigAttribute>): void {
    for (const attribute of attributes) this.#accounted.add(attribute);
  }

  isAccounted(attribute: ConfigAttribute): boolean {
    return this.#accounted.has(attribute);
  }

  /** By place; what has no place comes last, in the order in which it was found. */
  all(): readonly Finding[] {
    const found = [...this.#all.values()];
    const placed = found.flatMap(({ place, ...rest }) => (place ? [{ place, ...rest }] : []));
    placed.sort((one, other) => comparePlaces(one.place, other.place));
    return [...placed, ...found.filter(({ place }) => place === undefined)];
  }
}
