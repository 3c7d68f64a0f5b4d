/** BetterTLS path building: 81 sets of certificates with wrong turns, which demand backtracking. */
import { describe, expect, it } from 'vitest';
import { oids } from '../../src/pki/encoding/oids.ts';
import { verdictOf } from './path-question.ts';
import { readVector, skipReason } from './vectors.ts';

interface BetterTlsCase {
  readonly id: number;
  readonly certificates: readonly [string, ...string[]];
  readonly expected: 'ACCEPT' | 'REJECT';
}

/** Cases whose published result is not ours. */
const exceptions: Readonly<Record<number, string>> = {};

describe.skipIf(skipReason)(`BetterTLS path building${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  const { trustRoot, suites } = skipReason
    ? { trustRoot: '', suites: { pathbuilding: { testCases: [] } } }
    : JSON.parse(readVector('bettertls/pathbuilding.json').toString());
  const cases: readonly BetterTlsCase[] = suites.pathbuilding.testCases;

  it('has all 81 cases', () => expect(cases).toHaveLength(81));

  it.each(cases.map((test) => [test.id, test] as const))('case %i', async (id, test) => {
    const [endEntity, ...intermediates] = test.certificates;
    const time = new Date('2027-01-01T00:00:00Z');
    const verdict = await verdictOf({
      endEntity,
      intermediates,
      trustAnchors: [trustRoot],
      purposes: [oids.serverAuth],
      time,
    });
    const agrees = (verdict === 'accepted') === (test.expected === 'ACCEPT');
    const exception = exceptions[id];
    expect(agrees, exception ? `no longer an exception: ${exception}` : verdict).toBe(!exception);
  });
});
