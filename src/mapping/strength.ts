/** How much a hit proves. What only names an account counts only with a matching SID or a pinned issuer and policy (KB5014754). */
import type { DirectoryAccount } from '../directory/directory.ts';
import type { ValidatedCertificate } from '../pki/validated-certificate.ts';
import type { Strength } from './mapping-service.ts';
import type { MappingRule } from './rule.ts';

export interface Classification {
  readonly strength: Strength;
  /** Why it is strong, or what a weak one is. */
  readonly reason: string;
}

/** @param certificateSid the SID in the certificate; that it does not contradict the account's is checked before */
export function classify(
  rule: MappingRule,
  account: DirectoryAccount,
  certificateSid: string | undefined,
): Classification {
  if (rule.map !== 'upn') return { strength: 'strong', reason: rule.map };
  if (certificateSid !== undefined && certificateSid === account.sid) {
    return { strength: 'strong', reason: 'sid-confirms-name' };
  }
  // a rule is applied only when its conditions hold, so what it pins is proven for this certificate
  const { issuerSha256 = [], policies = [] } = rule.when ?? {};
  if (issuerSha256.length > 0 && policies.length > 0) return { strength: 'strong', reason: 'pinned-issuer-and-policy' };
  return { strength: 'weak', reason: rule.map };
}

/** @returns the first condition of the rule that the certificate does not meet, in words */
export function unmetCondition(rule: MappingRule, certificate: ValidatedCertificate): string | undefined {
  const { issuerSha256, policies } = rule.when ?? {};
  const issuer = certificate.path[1]?.sha256 ?? certificate.trustAnchor.sha256;
  if (issuerSha256 && !issuerSha256.includes(issuer)) return `issued by ${issuer}, which issuerSha256 does not list`;
  // anyPolicy asserts nothing in particular, so it meets no condition
  const valid = certificate.policies === 'any-policy' ? [] : certificate.policies;
  if (policies && !policies.some((policy) => valid.includes(policy))) {
    return `the path is valid for the policies ${valid.join(', ') || 'none in particular'}`;
  }
  return undefined;
}
