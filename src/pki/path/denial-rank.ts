/** Which of several refusals tells an operator most: the one of the candidate path that came furthest. */
import type { Denial, DenialCode } from '../../denial.ts';

/** The least telling first. */
const ranking: readonly DenialCode[] = [
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

/** Of two refusals the more telling; of equals the earlier, whose path was likelier. */
export function moreTelling(earlier: Denial | undefined, later: Denial): Denial {
  return earlier && ranking.indexOf(earlier.code) >= ranking.indexOf(later.code) ? earlier : later;
}
