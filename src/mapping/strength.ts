/**
 * How much a hit proves. What only names an account counts only with a matching SID, a pinned issuer and policy, or, where the site
 * says so, a certificate that is not older than the account (KB5014754).
 */
import { z } from 'zod';
import type { DirectoryAccount } from '../directory/directory.ts';
import type { Decoded } from '../settings/decoded.ts';
import { duration } from '../settings/duration.ts';
import type { Strength } from './account-resolver.ts';
import type { Proof } from './lookups.ts';
import type { MappingRule } from './rules/rule.ts';
import type { CertificateWithIdentity } from './sssd/certificate-values.ts';

/** What becomes of an account found by a name only (StrongCertificateBindingEnforcement). */
export const bindingSettings = {
  /**
   * With `compatibility` it counts when the certificate holds no SID and is not older than the account, so that no card holder gets an
   * account that was made after the card. A person who chooses the names in certificates can still forge one. With `off` a person who
   * gets a certificate with another person's name from any trusted CA logs in as that person.
   */
  binding: z
    .enum(['full', 'compatibility', 'off'])
    .default('full')
    .describe(
      'Whether an account found by a name only counts: full never; compatibility if it is older than the certificate',
    ),
  /** In Windows about 10 minutes. */
  backdating: duration('0s', '24d')
    .prefault('10m')
    .describe('With compatibility: by how much the certificate may be older'),
};

export type BindingSettings = Decoded<typeof bindingSettings>;

export interface Classification {
  readonly strength: Strength;
  /** Why it is strong, or what a weak one is. */
  readonly reason: string;
}

/** The name matches that a pinned issuer and policy make strong ("Allow name-based strong mappings for certificates"). */
const pinnable: ReadonlySet<Proof['what']> = new Set(['upn', 'issuerSubject']);

/** @param certificateSid the SID in the certificate; that it does not contradict the account's is checked before */
export function classify(
  proof: Proof,
  rule: MappingRule,
  account: DirectoryAccount,
  certificateSid: string | undefined,
): Classification {
  const { what, strength } = proof;
  if (strength === 'strong') return { strength, reason: what };
  if (certificateSid !== undefined && certificateSid === account.sid) {
    return { strength: 'strong', reason: 'sid-confirms-name' };
  }
  // a rule is applied only when its conditions hold, so what it pins is proven for this certificate
  if (pinnable.has(what) && isIssuerPinned(rule) && pinsPolicy(rule)) {
    return { strength: 'strong', reason: 'pinned-issuer-and-policy' };
  }
  return { strength: 'weak', reason: what };
}

/** By certificate or key: a name pins nothing, for any CA can bear it. */
export function isIssuerPinned({ when = {} }: Pick<MappingRule, 'when'>): boolean {
  return [when.issuerSha256, when.issuerKeySha256].some((pins) => pins !== undefined && pins.length > 0);
}

function pinsPolicy({ when = {} }: MappingRule): boolean {
  return [when.policies, when.allPolicies].some((pins) => pins !== undefined && pins.length > 0);
}

export interface BindingVerdict {
  readonly counts: boolean;
  readonly reason: string;
}

/** Whether a weak hit counts, after no rule led strongly to an account. */
export function judgeWeak(
  { binding, backdating }: BindingSettings,
  { certificate, identity }: CertificateWithIdentity,
  account: DirectoryAccount,
): BindingVerdict {
  switch (binding) {
    case 'full':
      return { counts: false, reason: 'binding is full' };
    case 'off':
      return { counts: true, reason: 'binding-off' };
    case 'compatibility': {
      // a SID that cannot be compared is not a SID that agrees
      if (identity.securityIdentifier) return { counts: false, reason: 'the account has no SID to compare' };
      if (!account.createdAt) return { counts: false, reason: 'when the account was created is not known' };
      const earliest = account.createdAt.getTime() - backdating;
      return certificate.notBefore.getTime() >= earliest
        ? { counts: true, reason: 'compatibility' }
        : { counts: false, reason: 'the certificate is older than the account' };
    }
  }
}
