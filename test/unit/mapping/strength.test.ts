/** How much a hit proves, and what becomes of a weak one under each binding. */

import { describe, expect, it } from 'vitest';
import type { DirectoryAccount } from '../../../src/directory/directory.ts';
import type { Proof } from '../../../src/mapping/lookups.ts';
import type { MappingRule, RuleCondition } from '../../../src/mapping/rules/rule.ts';
import type { CertificateWithIdentity } from '../../../src/mapping/sssd/certificate-values.ts';
import { type BindingSettings, classify, isIssuerPinned, judgeWeak } from '../../../src/mapping/strength.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { bindingOf } from '../../support/settings.ts';

const accountOf = (facts: Partial<DirectoryAccount>) => facts as DirectoryAccount;
const ruleWith = (when?: RuleCondition): MappingRule => ({
  name: 'r',
  map: 'upn',
  onMiss: 'next',
  ...(when && { when }),
});
const sid = 'S-1-5-21-1-2-3-1105';

describe('a name that was found', () => {
  const name: Proof = { what: 'upn', strength: 'weak' };

  it.each<[string, RuleCondition | undefined]>([
    ['where the rule has no conditions', undefined],
    ['where the rule pins the issuer alone', { issuerSha256: ['aa'] }],
    ['where the rule pins a policy alone', { policies: ['1.2'] }],
    ['where the list of issuers is empty', { issuerSha256: [], issuerKeySha256: [], policies: ['1.2'] }],
    ['where the list of policies is empty', { issuerSha256: ['aa'], policies: [], allPolicies: [] }],
    ['where the issuer is pinned by name', { issuer: ['CN=x'], policies: ['1.2'] }],
  ])('is weak %s, and says what it is', (_rule, when) => {
    expect(classify(name, ruleWith(when), accountOf({}), undefined)).toEqual({ strength: 'weak', reason: 'upn' });
    expect(classify(name, ruleWith(when), accountOf({ sid }), `${sid}0`)).toEqual({ strength: 'weak', reason: 'upn' });
  });

  it.each<RuleCondition>([
    { issuerSha256: ['aa'], policies: ['1.2'] },
    { issuerKeySha256: ['aa'], policies: ['1.2'] },
    { issuerSha256: ['aa'], allPolicies: ['1.2'] },
  ])('is strong where issuer and policy are pinned: %j', (when) => {
    const pinned = { strength: 'strong', reason: 'pinned-issuer-and-policy' };
    expect(classify(name, ruleWith(when), accountOf({}), undefined)).toEqual(pinned);
    const subject: Proof = { what: 'subject', strength: 'weak' };
    expect(classify(subject, ruleWith(when), accountOf({}), undefined).strength).toBe('weak');
  });

  it('is strong by a SID on both sides, and by that only', () => {
    const confirmed = { strength: 'strong', reason: 'sid-confirms-name' };
    expect(classify(name, ruleWith(), accountOf({ sid }), sid)).toEqual(confirmed);
    expect(classify(name, ruleWith(), accountOf({ sid }), undefined).strength).toBe('weak');
    expect(classify(name, ruleWith(), accountOf({}), sid).strength).toBe('weak');
  });
});

it('an issuer is pinned by a list that names one', () => {
  expect(isIssuerPinned({ when: { issuerSha256: [] } })).toBe(false);
  expect(isIssuerPinned({ when: { issuerKeySha256: ['aa'] } })).toBe(true);
  expect(isIssuerPinned({})).toBe(false);
});

describe('a weak hit', () => {
  const notBefore = new Date('2026-01-01T00:00:00Z');
  const factsOf = (held?: string) =>
    ({
      certificate: { notBefore },
      identity: held === undefined ? {} : { securityIdentifier: { sid: held } },
    }) as CertificateWithIdentity;
  const later = (by: number) => ({ createdAt: new Date(notBefore.getTime() + by) });
  const compatibility = { ...bindingOf('compatibility'), backdating: milliseconds(1000) };

  it.each<[string, BindingSettings, string | undefined, Partial<DirectoryAccount>, boolean, string]>([
    ['full', bindingOf('full'), undefined, later(-1), false, 'binding is full'],
    ['off', bindingOf('off'), sid, {}, true, 'binding-off'],
    ['a SID to compare', compatibility, sid, later(-1), false, 'the account has no SID to compare'],
    ['an unknown age', compatibility, undefined, {}, false, 'when the account was created is not known'],
    ['an account just old enough', compatibility, undefined, later(1000), true, 'compatibility'],
    ['one too young', compatibility, undefined, later(1001), false, 'the certificate is older than the account'],
  ])('counts or not: %s', (_rule, settings, held, account, counts, reason) => {
    expect(judgeWeak(settings, factsOf(held), accountOf(account))).toEqual({ counts, reason });
  });
});
