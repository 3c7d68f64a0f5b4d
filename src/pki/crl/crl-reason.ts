/** CRLReason (RFC 5280 5.3.1), as CRL entries and OCSP responses give it. */
import { tags } from '../encoding/der.ts';

/** By number; 7 is not used. */
export const crlReasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'unused',
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const;

export type CrlReason = (typeof crlReasons)[number];

/**
 * RFC 5280 5.3.1: a hold may end, and removeFromCRL says that one did; every other revocation is for ever, so that nothing said
 * later takes it back.
 */
export function mayBeLifted(reason: CrlReason): boolean {
  return reason === 'certificateHold' || reason === 'removeFromCRL';
}

/** @param der of the ENUMERATED. A value that RFC 5280 does not define counts as unspecified: the revocation stands. */
export function crlReasonOf(der: Buffer): CrlReason {
  const [tag, length, number = -1] = der;
  const reason = crlReasons[number];
  const isReason = tag === tags.enumerated && length === 1 && der.length === 3;
  return (isReason ? reason : undefined) ?? 'unspecified';
}
