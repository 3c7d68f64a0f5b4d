/** The table of Go's crypto/x509 for name constraints and nested extended key usage: 85 chains. */
import { describe, expect, it } from 'vitest';
import { oids } from '../../src/pki/encoding/oids.ts';
import { verdictOf } from './path-question.ts';
import { readVector, skipReason } from './vectors.ts';

interface GoCase {
  readonly ID: number;
  readonly Roots: readonly string[];
  readonly Intermediates: readonly string[] | null;
  readonly Leaf: string;
  readonly LeafSANs: readonly string[] | null;
  /** Null: the end entity has no such extension. */
  readonly LeafEKUs: readonly string[] | null;
  /** Go's numbers of purposes asked for; null: serverAuth. */
  readonly EKUs: readonly ('0' | '1' | '2' | '4')[] | null;
  readonly ExpectedError: string;
}

const purposes = { '1': oids.serverAuth, '2': oids.clientAuth, '4': oids.emailProtection } as const;

/** Cases whose published result is not ours. */
const exceptions: Readonly<Record<number, string>> = {
  28: 'a general name with a tag that RFC 5280 does not define makes the certificate malformed: GeneralName has no extension marker',
  29: 'the same',
  38: 'the same in a subtree: a constraint that cannot be read cannot be kept',
  39: 'the same in a subtree',
};

/** Go accepts any purpose for `0`, and an end entity without the extension for every one. */
function purposesOf({ LeafEKUs, EKUs }: GoCase): readonly string[] {
  if (!LeafEKUs || EKUs?.includes('0')) return [];
  return (EKUs ?? ['1']).flatMap((number) => (number === '0' ? [] : purposes[number]));
}

describe.skipIf(skipReason)(`Go name constraints${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  const cases: readonly GoCase[] = skipReason ? [] : JSON.parse(readVector('go-nameconstraints/cases.json').toString());

  it('has all 85 cases', () => expect(cases).toHaveLength(85));

  it.each(cases.map((test) => [`${test.ID} ${test.LeafSANs} ${test.ExpectedError}`, test] as const))(
    '%s',
    async (_, test) => {
      const verdict = await verdictOf({
        endEntity: test.Leaf,
        intermediates: test.Intermediates ?? [],
        trustAnchors: test.Roots,
        purposes: purposesOf(test),
        time: new Date(1_500_000),
      });
      const agrees = (verdict === 'accepted') === (test.ExpectedError === '');
      const exception = exceptions[test.ID];
      expect(agrees, exception ? `no longer an exception: ${exception}` : verdict).toBe(!exception);
    },
  );
});
