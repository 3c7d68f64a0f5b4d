/** Whether a rule concerns a certificate: every condition given must hold, compared as structures and whole values. */
import { createHash } from 'node:crypto';
import type { Certificate } from '../../pki/certificate/certificate.ts';
import type { DistinguishedName } from '../../pki/names/distinguished-name.ts';
import type { SubjectIdentity } from '../../pki/names/subject-identity.ts';
import type { ValidatedCertificate } from '../../pki/path/validated-certificate.ts';
import { matchesSssdRule } from '../sssd/sssd-match.ts';
import type { AlternativeNameKind, RuleCondition } from './rule.ts';
import { matchesPattern, type TextPattern } from './text-pattern.ts';

interface ConditionSubject {
  readonly validated: ValidatedCertificate;
  readonly certificate: Certificate;
  readonly identity: SubjectIdentity;
  /** anyPolicy asserts nothing in particular, so it meets no condition. */
  readonly policies: readonly string[];
}

/** Each condition by its name in a rule; true when it is not given or holds. */
const conditions: Readonly<Record<keyof RuleCondition, (when: RuleCondition, subject: ConditionSubject) => boolean>> = {
  issuerSha256: ({ issuerSha256 }, { validated }) =>
    !issuerSha256 || issuerSha256.includes(validated.path[1]?.sha256 ?? validated.trustAnchor.sha256),
  issuerKeySha256: ({ issuerKeySha256 }, { validated }) => {
    const key = validated.path[1]?.subjectPublicKeyInfo ?? validated.trustAnchor.subjectPublicKeyInfo;
    if (!issuerKeySha256) return true;
    return key !== undefined && issuerKeySha256.includes(createHash('sha256').update(key).digest('hex'));
  },
  issuer: ({ issuer }, { certificate }) => !issuer || issuer.includes(certificate.issuer.key),
  policies: ({ policies: wanted }, { policies }) => !wanted || wanted.some((policy) => policies.includes(policy)),
  allPolicies: ({ allPolicies }, { policies }) => (allPolicies ?? []).every((policy) => policies.includes(policy)),
  extendedKeyUsage: ({ extendedKeyUsage: wanted }, { certificate }) =>
    !wanted || wanted.some((purpose) => certificate.extendedKeyUsage?.includes(purpose) === true),
  allExtendedKeyUsage: ({ allExtendedKeyUsage }, { certificate }) =>
    (allExtendedKeyUsage ?? []).every((purpose) => certificate.extendedKeyUsage?.includes(purpose) === true),
  keyUsage: ({ keyUsage }, { certificate }) =>
    (keyUsage ?? []).every((usage) => certificate.keyUsage === undefined || certificate.keyUsage.has(usage)),
  subject: ({ subject }, { certificate }) => !subject || subject.includes(certificate.subject.key),
  subjectUnder: ({ subjectUnder }, { certificate: { subject } }) =>
    !subjectUnder || subjectUnder.some((base) => subject.key === base || subject.key.startsWith(`${base},`)),
  subjectAttributes: ({ subjectAttributes }, { certificate }) =>
    [...(subjectAttributes ?? [])].every(([type, patterns]) =>
      attributeTexts(certificate.subject, type).some((text) => matchesAny(patterns, text)),
    ),
  subjectAltName: ({ subjectAltName }, subject) =>
    [...(subjectAltName ?? [])].every(([kind, patterns]) => {
      const names = alternativeNames(kind, subject);
      return names.length > 0 && names.every((name) => matchesAny(patterns, name));
    }),
  sssd: ({ sssd }, facts) => !sssd || matchesSssdRule(sssd, facts),
};

/**
 * @returns the first condition of the rule that the certificate does not meet, with what it holds instead
 * @throws MalformedError when a name the rule looks at is malformed
 */
export function unmetCondition(
  when: RuleCondition | undefined,
  validated: ValidatedCertificate,
  identity: SubjectIdentity,
): string | undefined {
  if (!when) return undefined;
  const policies = validated.policies === 'any-policy' ? [] : validated.policies;
  const subject: ConditionSubject = { validated, certificate: validated.certificate, identity, policies };
  const [unmet] = Object.entries(conditions).find(([, holds]) => !holds(when, subject)) ?? [];
  return unmet;
}

function attributeTexts(name: DistinguishedName, type: string): readonly string[] {
  return name.rdns.flat().flatMap((attribute) => (attribute.type === type && attribute.text ? [attribute.text] : []));
}

function matchesAny(patterns: readonly TextPattern[], text: string): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, text));
}

function alternativeNames(kind: AlternativeNameKind, { certificate, identity }: ConditionSubject): readonly string[] {
  if (kind === 'upn') return identity.userPrincipalNames;
  return certificate.subjectAltName.flatMap((name) => (name.kind === kind ? [name.value] : []));
}
