/** In which order the servers of a directory are asked: by priority, and by chance according to weight among equals (RFC 2782). */

export interface Ranked {
  /** Lower is asked first. */
  readonly priority: number;
  /** Among equals of priority: the share of the load; 0 for hardly any. */
  readonly weight: number;
}

/** @param random uniform in [0, 1) */
export function orderServers<S extends Ranked>(servers: readonly S[], random: () => number): readonly S[] {
  const byPriority = [...servers].sort((left, right) => left.priority - right.priority);
  const ordered: S[] = [];
  for (let start = 0; start < byPriority.length; ) {
    let end = start + 1;
    while (end < byPriority.length && byPriority[end]?.priority === byPriority[start]?.priority) end += 1;
    ordered.push(...shuffled(byPriority.slice(start, end), random));
    start = end;
  }
  return ordered;
}

/** RFC 2782 "Usage rules": those of weight 0 stand first, and the running sum is compared with a random number in [0, sum]. */
function shuffled<S extends Ranked>(equals: readonly S[], random: () => number): readonly S[] {
  const left = [...equals].sort((one, other) => Math.sign(one.weight) - Math.sign(other.weight));
  const ordered: S[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    const drawn = Math.floor(random() * (total + 1));
    let sum = 0;
    const index = left.findIndex(({ weight }) => {
      sum += weight;
      return sum >= drawn;
    });
    ordered.push(...left.splice(Math.max(0, index), 1));
  }
  return ordered;
}
