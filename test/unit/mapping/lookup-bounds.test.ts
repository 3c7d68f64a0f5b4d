/** What of a certificate is looked for at all, what an answer must have to be believed, and what an administrator is shown. */
import { describe, expect, it } from 'vitest';
import type { DirectoryAccount } from '../../../src/directory/directory.ts';
import { describeLookup, questionsFor } from '../../../src/mapping/lookups.ts';
import type { MappingRule } from '../../../src/mapping/rules/rule.ts';
import { altValues } from '../../../src/mapping/stored/alt-security-identities.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import type { SubjectIdentity } from '../../../src/pki/names/subject-identity.ts';
import { janeDoe } from '../../support/jane-doe.ts';

const jane = parseCertificate(janeDoe);
const identity = (more: Partial<SubjectIdentity>): SubjectIdentity => ({
  userPrincipalNames: [],
  rfc822Names: [],
  ...more,
});
const withSid = (sid: string) => identity({ securityIdentifier: { sid, source: 'extension' } });
const questions = (rule: Partial<MappingRule>, of: SubjectIdentity) =>
  questionsFor({ name: 'r', map: 'upn', onMiss: 'next', ...rule }, { certificate: jane, identity: of });
const lookups = (rule: Partial<MappingRule>, of: SubjectIdentity) => questions(rule, of).map(({ lookup }) => lookup);
const domain = 'S-1-5-21-1-2-3';

describe('user principal names', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `u${index}@corp.example`);
  it.each([
    [8, 16],
    [9, 0],
  ])('of %i names %i look-ups are made', (count, made) => {
    expect(lookups({}, identity({ userPrincipalNames: names(count) }))).toHaveLength(made);
  });

  it.each<[string, readonly string[]]>([
    ['a@b', ['userPrincipalName', 'samAccountName']],
    ['ab', []],
    ['@b', []],
    ['a@', []],
    ['a@b@c', []],
    [`${'a'.repeat(20)}@b`, ['userPrincipalName', 'samAccountName']],
    [`${'a'.repeat(21)}@b`, ['userPrincipalName']],
    [`a@${'b'.repeat(1022)}`, ['userPrincipalName', 'samAccountName']],
    [`a@${'b'.repeat(1023)}`, []],
    ['a b@c', []],
    ['a\u0001@c', []],
    ['a\ud800@c', []],
    ['a"b@c', ['userPrincipalName']],
    ['a/b@c', ['userPrincipalName']],
    ['a\\b@c', ['userPrincipalName']],
    ['a$@c', ['userPrincipalName']],
    ['a$b@c', ['userPrincipalName', 'samAccountName']],
    ['a*@c', ['userPrincipalName']],
  ])('%.30j is looked for as %j', (name, by) => {
    expect(lookups({}, identity({ userPrincipalNames: [name] })).map((lookup) => lookup.by)).toEqual(by);
  });

  it.each([
    ['jane@CORP.example', 2],
    ['jane@lab.example', 0],
    ['corp.example', 0],
    ['jane@sub.corp.example', 0],
  ])('with the suffix corp.example %s makes %i look-ups', (name, made) => {
    const found = lookups({ suffixes: ['other.example', 'corp.example'] }, identity({ userPrincipalNames: [name] }));
    expect(found).toHaveLength(made);
  });
});

describe('a security identifier', () => {
  it.each([
    [`${domain}-1000`, 1],
    [`${domain}-999`, 0],
    [`${domain}-500`, 1],
    [`${domain}-501`, 0],
    ['S-1-5-18', 0],
    [`${domain}-4-1000`, 0],
    [`x${domain}-1000`, 0],
  ])('%s makes %i look-ups', (sid, made) => {
    expect(lookups({ map: 'sid' }, withSid(sid))).toHaveLength(made);
  });

  it('that is absent makes none', () => {
    expect(lookups({ map: 'sid' }, identity({}))).toEqual([]);
  });
});

describe('an answer proves', () => {
  const account = (more: Partial<DirectoryAccount>) =>
    ({ altSecurityIdentities: [], certificates: [], certificateFingerprints: [], ...more }) as never;
  const sid = `${domain}-1105`;
  const upn = identity({ userPrincipalNames: ['Jane@Corp.example'] });
  const strong = { strength: 'strong' };
  const weak = { what: 'upn', strength: 'weak' };

  it.each<[string, Partial<MappingRule>, SubjectIdentity, number, Partial<DirectoryAccount>, object | undefined]>([
    ['the SID', { map: 'sid' }, withSid(sid), 0, { sid }, { what: 'sid', ...strong }],
    ['another SID', { map: 'sid' }, withSid(sid), 0, { sid: `${sid}1` }, undefined],
    ['the name in another case', {}, upn, 0, { userPrincipalName: 'jane@corp.EXAMPLE' }, weak],
    ['another name', {}, upn, 0, { userPrincipalName: 'jané@corp.example' }, undefined],
    ['no name', {}, upn, 0, {}, undefined],
    ['account and domain', {}, upn, 1, { accountName: 'JANE', dnsDomain: 'corp.example' }, weak],
    ['account of another domain', {}, upn, 1, { accountName: 'jane', dnsDomain: 'lab.example' }, undefined],
    ['another account', {}, upn, 1, { accountName: 'john', dnsDomain: 'corp.example' }, undefined],
    [
      'the certificate',
      { map: 'certificate' },
      upn,
      0,
      { certificates: [jane.der] },
      { what: 'certificate', ...strong },
    ],
    [
      'its hash',
      { map: 'certificate' },
      upn,
      0,
      { certificateFingerprints: [jane.sha256] },
      { what: 'certificate', ...strong },
    ],
    ['another certificate', { map: 'certificate' }, upn, 0, { certificates: [Buffer.from('x')] }, undefined],
  ])('%s', (_what, rule, of, index, found, proof) => {
    expect(questions(rule, of)[index]?.proof(account(found))).toEqual(proof);
  });

  it('the strongest form that the account has, whatever the order of the values', () => {
    const [question] = questions({ map: 'altSecurityIdentities', forms: ['subject', 'ski'] } as never, identity({}));
    const value = (form: 'subject' | 'ski') => altValues(form, jane, identity({}))[0] ?? '';
    const proofOf = (...altSecurityIdentities: readonly string[]) =>
      question?.proof(account({ altSecurityIdentities }));
    expect(proofOf(value('subject').toLowerCase())).toEqual({ what: 'subject', strength: 'weak' });
    expect(proofOf(value('subject'), value('ski').toUpperCase())).toEqual({ what: 'ski', strength: 'strong' });
    expect(proofOf('X509:<S>other')).toBeUndefined();
  });
});

describe('values of altSecurityIdentities', () => {
  const addresses = (count: number) => Array.from({ length: count }, (_, index) => `a${index}@b`);
  const key = (octets: number) => ({ ...jane, subjectKeyIdentifier: Buffer.alloc(octets, 1) });

  it.each([
    [8, 8],
    [9, 0],
  ])('of %i addresses are %i', (count, made) => {
    expect(altValues('rfc822', jane, identity({ rfc822Names: addresses(count) }))).toHaveLength(made);
  });

  it.each([
    [8, [`X509:<SKI>${'01'.repeat(8)}`]],
    [7, []],
  ])('of a key identifier of %i octets are %j', (octets, values) => {
    expect(altValues('ski', key(octets), identity({}))).toEqual(values);
  });

  it('of a certificate without key identifier, SID or name of its own do not exist', () => {
    const { subjectKeyIdentifier: _, ...keyless } = jane;
    expect(altValues('ski', keyless, identity({}))).toEqual([]);
    expect(altValues('issuerSid', jane, identity({}))).toEqual([]);
    const nameless = { ...jane, subject: { ...jane.subject, rdns: [] } };
    expect(altValues('subject', nameless, identity({}))).toEqual([]);
    expect(altValues('issuerSerial', { ...jane, serialNumber: -1n }, identity({}))).toEqual([]);
  });

  it.each([
    [4096 - 'X509:<RFC822>'.length, 1],
    [4097 - 'X509:<RFC822>'.length, 0],
  ])('of an address of %i characters are %i', (length, made) => {
    expect(altValues('rfc822', jane, identity({ rfc822Names: ['a'.repeat(length)] }))).toHaveLength(made);
  });
});

const shown = [
  [{ by: 'sid', sid: domain }, [`objectSid=${domain}`]],
  [{ by: 'altSecurityIdentities', values: ['a\n', 'b'] }, ['altSecurityIdentities=a\\u{a}', 'altSecurityIdentities=b']],
  [{ by: 'userPrincipalName', userPrincipalName: 'a@b\n' }, ['userPrincipalName=a@b\\u{a}']],
  [{ by: 'samAccountName', samAccountName: 'a', dnsDomain: 'b' }, ['sAMAccountName=a in b']],
  [
    { by: 'certificate', der: Buffer.alloc(0), sha256: 'ab', serialNumber: 255n, issuer: 'CN=a\n' },
    ['certificate sha256=ab', 'serial ff, issuer CN=a\\u{a}'],
  ],
] as const;
it.each(shown.map(([lookup, lines]) => [lookup.by, lookup, lines] as const))(
  'an administrator is shown what was searched by %s',
  (_by, lookup, lines) => {
    expect(describeLookup(lookup)).toEqual(lines);
  },
);
