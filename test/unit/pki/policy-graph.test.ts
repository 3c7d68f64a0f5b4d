/** RFC 5280 6.1.3 (d) to (f), 6.1.4 (b) and 6.1.5 (g), by the graph of RFC 9618: what is left of the policies of a path. */
import { describe, expect, it } from 'vitest';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { PolicyGraph } from '../../../src/pki/path/policy-graph.ts';

const { anyPolicy } = oids;
const [gold, silver, bronze] = ['1.2.1', '1.2.2', '1.2.3'];

interface Level {
  /** Absent: the certificate has no certificatePolicies. */
  readonly policies?: readonly string[];
  readonly anyPolicyCounts?: boolean;
  readonly mappings?: readonly (readonly [issuer: string, subject: string])[];
  readonly mappingAllowed?: boolean;
}

/** `null`, or the policies of the user-constrained-policy-set. */
function leftOf(levels: readonly Level[], userInitial: readonly string[] = [anyPolicy]): readonly string[] | null {
  const graph = new PolicyGraph();
  for (const { policies, anyPolicyCounts = true, mappings, mappingAllowed = true } of levels) {
    graph.addCertificate(policies, anyPolicyCounts);
    const pairs = mappings?.map(([issuerDomainPolicy, subjectDomainPolicy]) => ({
      issuerDomainPolicy,
      subjectDomainPolicy,
    }));
    if (pairs) graph.map(pairs, mappingAllowed);
  }
  const left = [...graph.userConstrainedPolicySet(new Set(userInitial))].sort();
  // The NULL graph has no policy, whatever the user takes.
  if (graph.isNull) expect(left).toEqual([]);
  return graph.isNull ? null : left;
}

describe('the policies of a path', () => {
  it.each<[rule: string, levels: readonly Level[], left: readonly string[] | null]>([
    ['of no certificate are any', [], [anyPolicy]],
    ['are those of its only certificate', [{ policies: [gold, silver] }], [gold, silver]],
    ['are those that every certificate has', [{ policies: [gold, silver] }, { policies: [silver, bronze] }], [silver]],
    ['are none when two certificates have none in common', [{ policies: [gold] }, { policies: [silver] }], null],
    ['are none once a certificate has no extension', [{ policies: [gold] }, {}], null],
    ['stay none below such a certificate', [{}, { policies: [gold, anyPolicy] }], null],
    ['are any where each has anyPolicy', [{ policies: [anyPolicy] }, { policies: [anyPolicy] }], [anyPolicy]],
    ['of anyPolicy above are those below', [{ policies: [anyPolicy] }, { policies: [gold] }], [gold]],
    ['of anyPolicy below are those above', [{ policies: [gold] }, { policies: [anyPolicy] }], [gold]],
    [
      'with anyPolicy beside a policy take it once',
      [{ policies: [gold, silver] }, { policies: [gold, anyPolicy] }],
      [gold, silver],
    ],
    [
      'are none where anyPolicy is inhibited and nothing else fits',
      [{ policies: [gold] }, { policies: [anyPolicy], anyPolicyCounts: false }],
      null,
    ],
    [
      'keep what is named where anyPolicy is inhibited',
      [{ policies: [gold, silver] }, { policies: [gold, anyPolicy], anyPolicyCounts: false }],
      [gold],
    ],
    [
      'lose a policy for the whole path when it ends halfway',
      [{ policies: [gold, silver] }, { policies: [gold, silver] }, { policies: [gold] }],
      [gold],
    ],
    [
      'end when those that the first two share are not those of the third',
      [{ policies: [gold, silver] }, { policies: [gold] }, { policies: [silver] }],
      null,
    ],
    [
      'are named in the domain of the trust anchor after a mapping',
      [{ policies: [gold], mappings: [[gold, silver]] }, { policies: [silver] }],
      [gold],
    ],
    [
      'lose the mapped policy itself below the mapping',
      [{ policies: [gold], mappings: [[gold, silver]] }, { policies: [gold] }],
      null,
    ],
    [
      'may be mapped to several, any of which will do',
      [
        {
          policies: [gold],
          mappings: [
            [gold, silver],
            [gold, bronze],
          ],
        },
        { policies: [bronze] },
      ],
      [gold],
    ],
    [
      'may be several that are mapped to one',
      [
        {
          policies: [gold, silver],
          mappings: [
            [gold, bronze],
            [silver, bronze],
          ],
        },
        { policies: [bronze] },
      ],
      [gold, silver],
    ],
    [
      'are not mapped where mapping is inhibited: the mapped one ends',
      [{ policies: [gold, silver], mappings: [[gold, bronze]], mappingAllowed: false }, { policies: [bronze, silver] }],
      [silver],
    ],
    [
      'are none when mapping is inhibited and the mapped one was the last',
      [{ policies: [gold], mappings: [[gold, silver]], mappingAllowed: false }],
      null,
    ],
    [
      'are mapped through anyPolicy too',
      [{ policies: [anyPolicy], mappings: [[gold, silver]] }, { policies: [silver] }],
      [gold],
    ],
    [
      'are untouched by a mapping of a policy that is not there',
      [{ policies: [gold], mappings: [[silver, bronze]] }, { policies: [gold, bronze] }],
      [gold],
    ],
    [
      'are none below a mapping in a path that has none already',
      [{ mappings: [[gold, silver]] }, { policies: [silver] }],
      null,
    ],
  ])('%s', (_rule, levels, left) => {
    expect(leftOf(levels)).toEqual(left);
  });

  it.each<[rule: string, levels: readonly Level[], userInitial: readonly string[], left: readonly string[]]>([
    ['those of the path that the user takes', [{ policies: [gold, silver] }], [silver, bronze], [silver]],
    ['none when the user takes others', [{ policies: [gold] }], [bronze], []],
    [
      'all that the user takes when the path is good for any',
      [{ policies: [anyPolicy] }],
      [gold, silver],
      [gold, silver],
    ],
    [
      'by the name above the mapping',
      [{ policies: [gold], mappings: [[gold, silver]] }, { policies: [silver] }],
      [gold],
      [gold],
    ],
    [
      'not by the name below it',
      [{ policies: [gold], mappings: [[gold, silver]] }, { policies: [silver] }],
      [silver],
      [],
    ],
  ])('for a user are %s', (_rule, levels, userInitial, left) => {
    expect(leftOf(levels, userInitial)).toEqual(left);
  });

  it('are counted by the nodes of the last depth, which work on it costs', () => {
    const graph = new PolicyGraph();
    expect(graph.width).toBe(1);
    graph.addCertificate([gold, silver], true);
    expect(graph.width).toBe(2);
    graph.addCertificate(undefined, true);
    expect(graph.width).toBe(0);
  });
});
