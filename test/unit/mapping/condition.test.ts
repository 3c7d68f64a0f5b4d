/** Which certificates a rule concerns: one row for each rule of each condition, on structures without a directory. */
import { describe, expect, it } from 'vitest';
import { unmetCondition } from '../../../src/mapping/rules/condition.ts';
import { parseNameText } from '../../../src/mapping/rules/name-text.ts';
import type { RuleCondition } from '../../../src/mapping/rules/rule.ts';
import { parseTextPattern } from '../../../src/mapping/rules/text-pattern.ts';
import type { SubjectIdentity } from '../../../src/pki/names/subject-identity.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';

const keyOf = (name: string) => parseNameText(name).key;
const patterns = (...sources: string[]) => sources.map(parseTextPattern);
const ou = '2.5.4.11';

/** @param more of the certificate */
function unmet(when: RuleCondition, more: object = {}, policies: ValidatedCertificate['policies'] = ['1.1', '1.2']) {
  const certificate = {
    issuer: parseNameText('CN=CA,O=Acme'),
    subject: parseNameText('CN=Ada,OU=People,OU=Staff,O=Acme'),
    subjectAltName: [
      { kind: 'rfc822Name', value: 'ada@acme.example' },
      { kind: 'dNSName', value: 'ada.acme.example' },
    ],
    ...more,
  };
  const trustAnchor = { sha256: 'aa' };
  const validated = { certificate, path: [certificate], trustAnchor, policies } as unknown as ValidatedCertificate;
  return unmetCondition(when, validated, { userPrincipalNames: ['ada@acme.example'] } as unknown as SubjectIdentity);
}

const held = { extendedKeyUsage: ['2.1', '2.2'], keyUsage: new Set(['digitalSignature']) };
const upn = (...sources: string[]): RuleCondition => ({ subjectAltName: new Map([['upn', patterns(...sources)]]) });
const unit = (...sources: string[]): RuleCondition => ({ subjectAttributes: new Map([[ou, patterns(...sources)]]) });

describe('a condition holds', () => {
  it.each<[string, RuleCondition, object]>([
    ['with one of several policies', { policies: ['9.9', '1.2'] }, {}],
    ['with all policies', { allPolicies: ['1.1', '1.2'] }, {}],
    ['with one of several key purposes', { extendedKeyUsage: ['9.9', '2.2'] }, held],
    ['with all key purposes', { allExtendedKeyUsage: ['2.1', '2.2'] }, held],
    ['with the key usage', { keyUsage: ['digitalSignature'] }, held],
    ['with any key usage, where the certificate restricts none', { keyUsage: ['keyAgreement'] }, {}],
    ['at the name that is given', { subjectUnder: [keyOf('CN=Ada,OU=People,OU=Staff,O=Acme')] }, {}],
    ['below one of several names', { subjectUnder: [keyOf('O=Other'), keyOf('O=Acme')] }, {}],
    ['with one of several subjects', { subject: [keyOf('CN=x'), keyOf('CN=Ada,OU=People,OU=Staff,O=Acme')] }, {}],
    ['with any attribute of a type', unit('staff'), {}],
    ['with one of several patterns', unit('none', 'peop*'), {}],
    ['with a name by one of several patterns', upn('none', '*@acme.example'), {}],
    ['with the names of its kind only', { subjectAltName: new Map([['rfc822Name', patterns('*@acme.example')]]) }, {}],
  ])('%s', (_rule, when, more) => expect(unmet(when, more)).toBeUndefined());
});

describe('a condition does not hold', () => {
  it.each<[keyof RuleCondition, string, RuleCondition, object]>([
    ['policies', 'without any of the policies', { policies: ['9.9'] }, {}],
    ['allPolicies', 'without one of all policies', { allPolicies: ['1.1', '9.9'] }, {}],
    ['extendedKeyUsage', 'without any of the key purposes', { extendedKeyUsage: ['9.9'] }, held],
    ['extendedKeyUsage', 'where the certificate names no key purposes', { extendedKeyUsage: ['2.1'] }, {}],
    ['allExtendedKeyUsage', 'without one of all key purposes', { allExtendedKeyUsage: ['2.1', '9.9'] }, held],
    ['allExtendedKeyUsage', 'where the certificate names none', { allExtendedKeyUsage: ['2.1'] }, {}],
    ['keyUsage', 'without one of the key usages', { keyUsage: ['digitalSignature', 'keyAgreement'] }, held],
    ['subjectUnder', 'beside the names', { subjectUnder: [keyOf('OU=Guests,O=Acme'), keyOf('O=Other')] }, {}],
    ['subjectUnder', 'above the name', { subjectUnder: [keyOf('CN=x,CN=Ada,OU=People,OU=Staff,O=Acme')] }, {}],
    ['subjectAttributes', 'with the text in an attribute of another type', unit('Ada'), {}],
    [
      'subjectAttributes',
      'where the subject has no attribute of the type',
      unit('*a'),
      { subject: parseNameText('CN=a') },
    ],
    ['subjectAltName', 'with a name of no pattern', upn('*@other.example'), {}],
    [
      'subjectAltName',
      'without a name of its kind',
      { subjectAltName: new Map([['uniformResourceIdentifier', patterns('*acme*')]]) },
      {},
    ],
  ])('%s %s', (condition, _rule, when, more) => expect(unmet(when, more)).toBe(condition));

  it.each<[keyof RuleCondition, RuleCondition]>([
    ['policies', { policies: ['any-policy', 'a'] }],
    ['allPolicies', { allPolicies: ['a'] }],
  ])('%s where the path is valid for any policy, which asserts none', (condition, when) =>
    expect(unmet(when, {}, 'any-policy')).toBe(condition),
  );
});
