import { describe, expect, it } from 'vitest';
import { type DenialCode, denial } from '../../../src/denial.ts';
import { moreTelling } from '../../../src/pki/path/denial-rank.ts';

/** What an operator must hear of, of several refusals of one certificate; the last prevails over all before it. */
const order: readonly DenialCode[] = [
  'path-not-found',
  'signature-invalid',
  'algorithm-not-acceptable',
  'basic-constraints-violated',
  'key-usage-violated',
  'critical-extension-unknown',
  'certificate-not-yet-valid',
  'certificate-expired',
  'name-constraints-violated',
  'certificate-policy-not-acceptable',
  'extended-key-usage-missing',
  'issuer-not-acceptable',
  'revocation-unknown',
  'certificate-revoked',
];

describe('of two refusals', () => {
  const pairs = order.slice(1).map((code, index) => [code, order[index]!] as const);
  it.each(pairs)('%s tells more than %s, whichever came first', (more, less) => {
    const [strong, weak] = [denial(more, 'more'), denial(less, 'less')];
    expect(moreTelling(strong, weak)).toBe(strong);
    expect(moreTelling(weak, strong)).toBe(strong);
  });

  it('of the same kind the earlier stays, whose path was likelier', () => {
    const [first, second] = [denial('certificate-expired', 'first'), denial('certificate-expired', 'second')];
    expect(moreTelling(first, second)).toBe(first);
    expect(moreTelling(undefined, second)).toBe(second);
  });
});
