import { beforeAll, describe, expect, it } from 'vitest';
import type { FileAccount } from '../../../src/directory/account-file.ts';
import {
  type AccountLookup,
  type Directory,
  type DirectoryAccount,
  DirectoryUnavailableError,
  type LookupKind,
} from '../../../src/directory/directory.ts';
import { recordingSteps, unrecorded } from '../../../src/explanation/steps.ts';
import { createAccountResolver } from '../../../src/mapping/resolve.ts';
import type { IdentityKind, MappingRule } from '../../../src/mapping/rules/rule.ts';
import { issuerSerialValues } from '../../../src/mapping/stored/alt-security-identities.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';
import { accountsInFile } from '../../support/directory-options.ts';
import { janeDoe } from '../../support/jane-doe.ts';
import { bindingOf } from '../../support/settings.ts';
import { rulesFromFile } from '../../support/shipped-rules.ts';
import { asValidated, createLogonAuthority, type LogonAuthority } from '../../support/validated-certificate.ts';

const sid = 'S-1-5-21-1111111111-2222222222-3333333333-1105';
let jane: ValidatedCertificate;
let ca: LogonAuthority;
beforeAll(async () => {
  ca = await createLogonAuthority();
  jane = asValidated(parseCertificate(janeDoe), ca.certificate);
});

/** Active Directory as it can be only in theory: it answers every look-up with these accounts. */
function answering(
  name: string,
  accounts: readonly Partial<DirectoryAccount>[],
  lookups: LookupKind[] = ['sid', 'altSecurityIdentities', 'userPrincipalName', 'samAccountName', 'certificate'],
): Directory & { readonly asked: AccountLookup[] } {
  const asked: AccountLookup[] = [];
  return {
    name,
    kind: 'activeDirectory',
    lookups: new Set(lookups),
    asked,
    findAccounts: async (lookup, limit) => {
      asked.push(lookup);
      return accounts.slice(0, limit).map((account, index) => ({
        directory: name,
        id: String(index),
        distinguishedName: `CN=${index}`,
        accountName: 'jdoe',
        loginNames: ['jdoe'],
        altSecurityIdentities: [],
        certificates: [],
        certificateFingerprints: [],
        state: { type: 'person', disabled: false, smartcardRequired: false },
        ...account,
      }));
    },
    readGroups: async () => [],
    close: async () => undefined,
  };
}

const rule = (map: IdentityKind, more: Partial<MappingRule> = {}): MappingRule => ({
  name: `by-${map}`,
  map,
  onMiss: 'next',
  ...more,
});

async function resolve(
  certificate: ValidatedCertificate,
  rules: readonly MappingRule[],
  directories: readonly Directory[],
  user = 'jdoe',
): Promise<string> {
  const service = createAccountResolver({ rules, settings: bindingOf('full'), directories, logger: silentLogger });
  const result = await service.resolve(certificate, user, unrecorded);
  return result.outcome === 'mapped' ? `${result.rule} ${result.reason}` : result.denial.code;
}

const file = (...accounts: Partial<FileAccount>[]) =>
  accountsInFile(
    'file',
    accounts.map((account, index) => ({ name: index ? `jdoe${index}` : 'jdoe', ...(account as object) })),
  );

describe('a strong mapping', () => {
  it('by SID, issuer and serial, or fingerprint', async () => {
    const [value] = issuerSerialValues(jane.certificate);
    expect(await resolve(jane, [rule('sid')], [file({ sid })])).toBe('by-sid sid');
    expect(await resolve(jane, [rule('issuerSerial')], [file({ altSecurityIdentities: [value!.toUpperCase()] })])).toBe(
      'by-issuerSerial issuerSerial',
    );
    const listed = file({ certificates: [jane.certificate.sha256] });
    expect(await resolve(jane, rulesFromFile('one-to-one.yaml'), [listed])).toBe('one-to-one certificate');
    expect(await resolve(jane, rulesFromFile('one-to-one.yaml'), [file({ sid })])).toBe('mapping-none');
  });

  it('ends the search: later rules are not asked', async () => {
    const directory = answering('ad', [{ sid }]);
    await resolve(jane, [rule('sid'), rule('issuerSerial')], [directory]);
    expect(directory.asked.map(({ by }) => by)).toEqual(['sid']);
  });
});

describe('a user principal name', () => {
  const userPrincipalName = 'jdoe@contoso.com';
  const request = { userPrincipalNames: [userPrincipalName] };
  const policies = ['1.2.3.4'];

  it('is too weak by itself, and with a matching SID is not', async () => {
    const account = file({ userPrincipalName, sid });
    expect(await resolve(await ca.validated(request), [rule('upn')], [account])).toBe('mapping-weak');
    expect(await resolve(jane, [rule('upn')], [account])).toBe('by-upn sid-confirms-name');
  });

  it('is not confirmed by a SID the account does not have', async () => {
    expect(await resolve(jane, [rule('upn')], [file({ userPrincipalName })])).toBe('mapping-weak');
  });

  it.each<[string, MappingRule['when'], ValidatedCertificate['policies'], string]>([
    ['issuer and policy pinned', { issuerSha256: ['CA'], policies }, policies, 'by-upn pinned-issuer-and-policy'],
    [
      'one of several policies',
      { issuerSha256: ['CA'], policies: ['2.5.1', ...policies] },
      policies,
      'by-upn pinned-issuer-and-policy',
    ],
    ['only the issuer pinned', { issuerSha256: ['CA'] }, policies, 'mapping-weak'],
    ['only the policy pinned', { policies }, policies, 'mapping-weak'],
    ['another issuer', { issuerSha256: ['00'.repeat(32)], policies }, policies, 'mapping-none'],
    ['another policy', { issuerSha256: ['CA'], policies }, ['1.2.3.5'], 'mapping-none'],
    ['any policy, which asserts none', { issuerSha256: ['CA'], policies }, 'any-policy', 'mapping-none'],
  ])('%s', async (_what, when, valid, expected) => {
    const issuerSha256 = when?.issuerSha256?.map((value) => (value === 'CA' ? ca.certificate.sha256 : value));
    const pinned = rule('upn', { when: { ...when, ...(issuerSha256 && { issuerSha256 }) } });
    const certificate = await ca.validated(request, valid);
    expect(await resolve(certificate, [pinned], [file({ userPrincipalName })])).toBe(expected);
  });

  it('the issuing CA is the next certificate of the path, not the trust anchor', async () => {
    const pinned = rule('upn', { when: { issuerSha256: [ca.certificate.sha256], policies } });
    const deeper = await ca.validated(request, policies);
    const intermediate = parseCertificate(janeDoe);
    const path = [deeper.certificate, intermediate];
    expect(await resolve({ ...deeper, path }, [pinned], [file({ userPrincipalName })])).toBe('mapping-none');
  });

  it('several names must lead to one account', async () => {
    const certificate = await ca.validated({ userPrincipalNames: ['a@corp.example', 'b@corp.example'] });
    const two = file({ userPrincipalName: 'a@corp.example' }, { userPrincipalName: 'b@corp.example' });
    expect(await resolve(certificate, [rule('upn')], [two])).toBe('mapping-ambiguous');
  });

  it('a weak hit does not end the search, and must be the account a later rule finds', async () => {
    const certificate = await ca.validated(request);
    const [value] = issuerSerialValues(certificate.certificate);
    const altSecurityIdentities = [value!];
    const rules = [rule('upn'), rule('issuerSerial')];
    expect(await resolve(certificate, rules, [file({ userPrincipalName, altSecurityIdentities })])).toBe(
      'by-issuerSerial issuerSerial',
    );
    const two = file({ userPrincipalName }, { altSecurityIdentities });
    expect(await resolve(certificate, rules, [two])).toBe('mapping-ambiguous');
  });
});

describe('what is found must hold', () => {
  it('a SID that differs denies, however strong the mapping', async () => {
    const wrong = file({ certificates: [jane.certificate.sha256], sid: `${sid}0` });
    expect(await resolve(jane, [rule('certificate')], [wrong])).toBe('sid-mismatch');
  });

  it('two accounts are ambiguous, in one directory or in two', async () => {
    const listed = { certificates: [jane.certificate.sha256] };
    expect(await resolve(jane, [rule('certificate')], [file(listed, listed)])).toBe('mapping-ambiguous');
    const other = accountsInFile('other', [{ name: 'jdoe', ...listed }]);
    expect(await resolve(jane, [rule('certificate')], [file(listed), other])).toBe('mapping-ambiguous');
    expect(await resolve(jane, [rule('certificate', { directory: 'other' })], [file(listed), other])).toBe(
      'by-certificate certificate',
    );
  });

  it('two accounts are two, although the directory gives them one id', async () => {
    const twin = { id: 'same', certificates: [janeDoe] };
    expect(await resolve(jane, [rule('certificate')], [answering('ad', [twin])])).toBe('by-certificate certificate');
    expect(await resolve(jane, [rule('certificate')], [answering('ad', [twin, twin])])).toBe('mapping-ambiguous');
  });

  it.each<[IdentityKind, Partial<DirectoryAccount>]>([
    ['sid', {}],
    ['sid', { sid: undefined as never }],
    ['issuerSerial', { altSecurityIdentities: ['X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CÄ<SR>2b0000000011ace1'] }],
    ['issuerSerial', { altSecurityIdentities: ['X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA'] }],
    ['upn', { userPrincipalName: 'jdoe＠contoso.com', dnsDomain: 'contoso.com' }],
    ['upn', { userPrincipalName: 'jdoe@contoso.com', dnsDomain: 'evil.example' }],
    ['upn', { userPrincipalName: 'jdoe@contoso.com' }],
    ['certificate', { certificates: [janeDoe.subarray(1)] }],
    ['certificate', { certificateFingerprints: ['00'.repeat(32)] }],
  ])('an answer to %s that does not have what was asked for is refused: %j', async (map, account) => {
    expect(await resolve(jane, [rule(map)], [answering('ad', [account])])).toBe('directory-answer-invalid');
  });

  it.each([
    ['JDoe', 'by-sid sid'],
    ['corp\\JDOE', 'by-sid sid'],
    ['', 'name-mismatch'],
    ['jdoe ', 'name-mismatch'],
    ['jdoe\0', 'name-mismatch'],
    ['ｊdoe', 'name-mismatch'],
    ['administrator', 'name-mismatch'],
  ])('USER %j: %s', async (user, expected) => {
    const directory = answering('ad', [{ sid, loginNames: ['jdoe', 'CORP\\jdoe'] }]);
    expect(await resolve(jane, [rule('sid')], [directory], user)).toBe(expected);
  });

  it('an explanation without USER maps to the account that the certificate leads to', async () => {
    const service = createAccountResolver({
      rules: [rule('sid')],
      settings: bindingOf('full'),
      directories: [file({ sid })],
      logger: silentLogger,
    });
    expect(await service.resolve(jane, undefined, unrecorded)).toMatchObject({ outcome: 'mapped', reason: 'sid' });
  });

  it('a directory that does not answer stops the search, although another found the account', async () => {
    const silent: Directory = {
      ...answering('silent', []),
      findAccounts: () => Promise.reject(new DirectoryUnavailableError('down')),
    };
    await expect(resolve(jane, [rule('sid')], [file({ sid }), silent])).rejects.toThrow(DirectoryUnavailableError);
  });

  it('an identity that cannot be read without doubt is refused', async () => {
    const other = { type: '1.3.6.1.4.1.311.20.2.3', kind: 'otherName', value: Buffer.from('0500', 'hex') } as const;
    const certificate = { ...jane, certificate: { ...jane.certificate, subjectAltName: [other] } };
    expect(await resolve(certificate, [rule('certificate')], [file()])).toBe('certificate-malformed');
  });
});

describe('rules', () => {
  it('a miss goes on to the next rule, or denies where the rule says so', async () => {
    const listed = file({ certificates: [jane.certificate.sha256] });
    expect(await resolve(jane, [rule('sid'), rule('certificate')], [listed])).toBe('by-certificate certificate');
    expect(await resolve(jane, [rule('sid', { onMiss: 'deny' }), rule('certificate')], [listed])).toBe('mapping-none');
  });

  it('a certificate that holds nothing to look for is a miss, one the rule does not concern is not', async () => {
    const certificate = await ca.validated({});
    const rules = (when: MappingRule['when']) => [
      rule('sid', { onMiss: 'deny', ...(when && { when }) }),
      rule('certificate'),
    ];
    const listed = file({ certificates: [certificate.certificate.sha256] });
    expect(await resolve(certificate, rules(undefined), [listed])).toBe('mapping-none');
    expect(await resolve(certificate, rules({ policies: ['1.2'] }), [listed])).toBe('by-certificate certificate');
  });

  it('a rule that no directory can answer is refused when the service is made', () => {
    const options = {
      settings: bindingOf('full'),
      logger: silentLogger,
      directories: [answering('ad', [], ['sid'])],
    } as const;
    expect(() => createAccountResolver({ ...options, rules: [rule('upn')] })).toThrow(TypeError);
    expect(() => createAccountResolver({ ...options, rules: [rule('sid', { directory: 'x' })] })).toThrow(TypeError);
  });

  it('every rule tried is recorded with what was searched and what came back', async () => {
    const steps = recordingSteps();
    const rules = [rule('issuerSerial'), rule('upn', { when: { policies: ['1.2'] } }), rule('sid')];
    const options = { settings: bindingOf('full'), directories: [file({ sid })], logger: silentLogger } as const;
    await createAccountResolver({ ...options, rules }).resolve(jane, 'eve', steps);
    expect(steps.steps).toMatchObject([
      {
        check: 'rule by-issuerSerial',
        verdict: 'failed',
        facts: { found: [], searched: [expect.stringContaining('<SR>2b0000000011ace1'), expect.any(String)] },
      },
      { check: 'rule by-upn', verdict: 'skipped', facts: { condition: expect.any(String) } },
      {
        check: 'rule by-sid',
        verdict: 'passed',
        facts: { searched: [`objectSid=${sid}`], found: ['jdoe'], reason: 'sid' },
      },
      { check: 'USER names the account', verdict: 'failed', facts: { claimedName: 'eve', loginNames: ['jdoe'] } },
    ]);
  });
});
