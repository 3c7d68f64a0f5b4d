/** Rules of authorization and what they come to, for tests that do not look at how a login came about. */
import type { AccessRights } from '../../src/authorization/access-rights.ts';
import type { AuthorizationOrder, AuthorizationRule } from '../../src/authorization/authorization-rules.ts';
import type { LoginCircumstances } from '../../src/authorization/rules/rule-conditions.ts';
import { type AuthorizationOutcome, RuleSet } from '../../src/authorization/rules/rule-set.ts';
import type { NamedSubject } from '../../src/authorization/rules/subject-names.ts';
import type { Clock } from '../../src/clock.ts';

/** By certificate, from an address of documentation (RFC 5737). */
export const byCertificate: LoginCircumstances = {
  method: 'certificate',
  remoteAddress: '192.0.2.10',
  certificate: {
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
    policies: ['2.16.840.1.101.3.2.1.3.13'],
    issuer: { name: 'CN=Issuing CA,O=Example', sha256: 'ab'.repeat(32) },
  },
};

export interface Judging {
  readonly order?: AuthorizationOrder;
  readonly circumstances?: LoginCircumstances;
  readonly clock?: Clock;
}

/** A Wednesday. */
const noon: Clock = { now: () => new Date('2026-07-01T12:00:00Z') };

export function ruleSet(
  rules: readonly AuthorizationRule[],
  { order = 'denyWins', clock = noon }: Judging = {},
): RuleSet {
  return new RuleSet(rules, order, clock);
}

export function authorize(
  rules: readonly AuthorizationRule[],
  subject: NamedSubject,
  judging: Judging = {},
): AuthorizationOutcome {
  return ruleSet(rules, judging).authorize({ ...subject, circumstances: judging.circumstances ?? byCertificate });
}

/** What an account may do. It is let in for the sake of another place, where nothing else allows it anything. */
export function rightsOf(
  rules: readonly AuthorizationRule[],
  subject: NamedSubject,
  judging: Judging = {},
): AccessRights {
  const elsewhere = { accessType: 'Allow', users: '*', permissions: ['Write'], path: '/let/in/for/this' } as const;
  const outcome = authorize([...rules, elsewhere], subject, judging);
  if (outcome.outcome === 'denied') throw new Error(outcome.denial.detail);
  return outcome.accessRights;
}
