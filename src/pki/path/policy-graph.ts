/**
 * Certificate policies along a path: the valid_policy_graph of RFC 9618, which replaces the tree of RFC 5280 6.1 because
 * that tree grows exponentially. A policy has one node per depth, however many ways lead to it.
 */
import type { PolicyMapping } from '../certificate/extensions.ts';
import { oids } from '../encoding/oids.ts';

interface PolicyNode {
  readonly policy: string;
  /** Valid policies of the parents at the depth above. */
  readonly parents: ReadonlySet<string>;
  expected: ReadonlySet<string>;
}

type Level = Map<string, PolicyNode>;

const { anyPolicy } = oids;

export class PolicyGraph {
  /** RFC 9618 5.2: one node of depth 0. An empty graph is the NULL of the standard. */
  #levels: Level[] = [new Map([[anyPolicy, node(anyPolicy, [])]])];

  get isNull(): boolean {
    return this.#levels.length === 0;
  }

  /** Nodes of the last depth. */
  get width(): number {
    return this.#levels.at(-1)?.size ?? 0;
  }

  /**
   * RFC 5280 6.1.3 (d) and (e) as RFC 9618 5.3 rewrites them: adds the depth of one certificate.
   * @param policies of the certificate; undefined when it has no such extension
   * @param anyPolicyCounts whether anyPolicy in it may stand for others
   */
  addCertificate(policies: readonly string[] | undefined, anyPolicyCounts: boolean): void {
    const above = this.#levels.at(-1);
    if (!above) return;
    if (!policies) {
      this.#levels = [];
      return;
    }
    const parentsByExpected = new Map<string, string[]>();
    for (const { policy, expected } of above.values())
      for (const expectation of expected) addTo(parentsByExpected, expectation, policy);
    const level: Level = new Map();
    for (const policy of policies) {
      if (policy === anyPolicy) continue;
      const parents = parentsByExpected.get(policy) ?? (above.has(anyPolicy) ? [anyPolicy] : undefined);
      if (parents) level.set(policy, node(policy, parents));
    }
    if (anyPolicyCounts && policies.includes(anyPolicy))
      for (const [policy, parents] of parentsByExpected)
        if (!level.has(policy)) level.set(policy, node(policy, parents));
    this.#levels.push(level);
    this.#prune();
  }

  /** RFC 5280 6.1.4 (b). @param allowed whether policy_mapping is still greater than 0 */
  map(mappings: readonly PolicyMapping[], allowed: boolean): void {
    const level = this.#levels.at(-1);
    if (!level) return;
    const targets = new Map<string, string[]>();
    for (const { issuerDomainPolicy, subjectDomainPolicy } of mappings)
      addTo(targets, issuerDomainPolicy, subjectDomainPolicy);
    for (const [policy, subjectPolicies] of targets) {
      if (!allowed) {
        level.delete(policy);
        continue;
      }
      const mapped = level.get(policy) ?? (level.has(anyPolicy) ? node(policy, [anyPolicy]) : undefined);
      if (!mapped) continue;
      mapped.expected = new Set(subjectPolicies);
      level.set(policy, mapped);
    }
    this.#prune();
  }

  /**
   * RFC 5280 6.1.5 (g): the user-constrained-policy-set.
   * @param userInitial the user-initial-policy-set
   */
  userConstrainedPolicySet(userInitial: ReadonlySet<string>): ReadonlySet<string> {
    const authority = this.#authorityConstrainedPolicySet();
    if (userInitial.has(anyPolicy)) return authority;
    if (authority.has(anyPolicy)) return userInitial;
    return new Set([...authority].filter((policy) => userInitial.has(policy)));
  }

  /** Policies as the trust anchor's domain names them: nodes below an anyPolicy, and anyPolicy if it reaches the end. */
  #authorityConstrainedPolicySet(): ReadonlySet<string> {
    const policies = new Set<string>();
    for (const level of this.#levels)
      for (const { policy, parents } of level.values())
        if (policy !== anyPolicy && parents.has(anyPolicy)) policies.add(policy);
    if (this.#levels.at(-1)?.has(anyPolicy)) policies.add(anyPolicy);
    return policies;
  }

  /** Deletes nodes without children, from the depth above the last upwards; an empty depth makes the graph NULL. */
  #prune(): void {
    for (let depth = this.#levels.length - 2; depth >= 0; depth--) {
      const children = this.#levels[depth + 1];
      const level = this.#levels[depth];
      if (!children || !level) continue;
      const withChildren = new Set<string>();
      for (const { parents } of children.values()) for (const parent of parents) withChildren.add(parent);
      const before = level.size;
      for (const policy of level.keys()) if (!withChildren.has(policy)) level.delete(policy);
      // Depths further above lose nodes only where this one has.
      if (level.size === before) break;
    }
    if (this.#levels.some((level) => level.size === 0)) this.#levels = [];
  }
}

function node(policy: string, parents: readonly string[]): PolicyNode {
  return { policy, parents: new Set(parents), expected: new Set([policy]) };
}

function addTo(map: Map<string, string[]>, key: string, value: string): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
