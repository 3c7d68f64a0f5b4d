/**
 * How far a name is from a trust anchor, counted in certificates and by names alone. In a mesh of CAs that certify one another it
 * tells the way out from the ways around; it proves nothing, so it only orders candidates.
 */
import type { Budget } from './budget.ts';
import type { IssuerPool } from './issuer-pool.ts';

/** Microseconds for one certificate looked at, for the budget. */
const stepCost = 0.5;

/**
 * @param start key of the name to begin at
 * @returns by the key of each name above `start`: the certificates between it and the nearest trust anchor; names without a way are absent
 * @throws BudgetExceededError
 */
export function anchorDistances(start: string, pool: IssuerPool, budget: Budget): ReadonlyMap<string, number> {
  const below = new Map<string, string[]>();
  const distances = new Map<string, number>();
  // Grows while it is gone through.
  const names = new Set([start]);
  for (const name of names)
    for (const { certificate, isTrustAnchor } of pool.bySubject(name)) {
      budget.spend('nameComparisons', stepCost);
      if (isTrustAnchor) {
        distances.set(name, 0);
        continue;
      }
      const { key: issuer } = certificate.issuer;
      names.add(issuer);
      const known = below.get(issuer);
      if (known) known.push(name);
      else below.set(issuer, [name]);
    }
  // Breadth first, and a Map keeps its order: the first distance found is the shortest.
  for (const [name, distance] of distances)
    for (const lower of below.get(name) ?? []) if (!distances.has(lower)) distances.set(lower, distance + 1);
  return distances;
}
