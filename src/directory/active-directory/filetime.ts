/** Windows FILETIME: 100-nanosecond intervals since 1601-01-01 UTC, beyond the exact range of a number, hence bigint. */

const unixEpoch = 116_444_736_000_000_000n;
const intervalsPerMillisecond = 10_000n;
const largest = 0x7fff_ffff_ffff_ffffn;

/**
 * accountExpires as LDAP shows it (MS-ADA1 2.1).
 * @returns `never` for 0 and 2^63-1; undefined when the text is not a FILETIME
 */
export function expiryFromFiletime(text: string): Date | 'never' | undefined {
  if (!/^(?:0|[1-9]\d{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  if (value > largest) return undefined;
  if (value === 0n || value === largest) return 'never';
  // the largest is in the year 30828, which a Date can hold
  return new Date(Number((value - unixEpoch) / intervalsPerMillisecond));
}
