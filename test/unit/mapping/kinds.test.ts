/** Every kind of mapping on the certificate with every identity, and what the site's binding makes of the weak ones. */

import { beforeAll, describe, expect, it } from 'vitest';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { createAccountResolver } from '../../../src/mapping/resolve.ts';
import { decodeRules } from '../../../src/mapping/rules/rule-language.ts';
import type { BindingSettings } from '../../../src/mapping/strength.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { janeDoe } from '../../support/jane-doe.ts';
import { bindingOf } from '../../support/settings.ts';
import { rulesFromFile } from '../../support/shipped-rules.ts';
import { asValidated, createLogonAuthority, type LogonAuthority } from '../../support/validated-certificate.ts';
import { type MemoryAccount, memoryDirectory } from './memory-directory.ts';

const sid = 'S-1-5-21-1111111111-2222222222-3333333333-1105';
const issuer = 'DC=com,DC=contoso,CN=CONTOSO-DC-CA';
const subject = 'C=US,S=WA,O="Acme, Inc.",OU=People (Ops),CN=JANE DOE OID.0.9.2342.19200300.100.1.1=25001003151020';
const ski = '3358296b5426cb12be0a2b43eb5cfafd8ccdec4f';
let ca: LogonAuthority;
/** With a SID. */
let jane: ValidatedCertificate;
/** The names of jane, no SID. */
let anonymous: ValidatedCertificate;
beforeAll(async () => {
  ca = await createLogonAuthority();
  jane = asValidated(parseCertificate(janeDoe), ca.certificate);
  const { extensions, subjectAltName } = jane.certificate;
  anonymous = {
    ...jane,
    certificate: {
      ...jane.certificate,
      extensions: new Map([...extensions].filter(([oid]) => oid !== '1.3.6.1.4.1.311.25.2')),
      subjectAltName: subjectAltName.filter(({ kind }) => kind !== 'uniformResourceIdentifier'),
    },
  };
});

function rulesOf(...rules: object[]) {
  const decoded = decodeRules({ rules: rules.map((rule, index) => ({ name: `r${index}`, ...rule })) });
  if (decoded.outcome === 'faulty') throw new Error(JSON.stringify(decoded.faults));
  return decoded.rules;
}

async function resolve(
  certificate: ValidatedCertificate,
  rules: object | readonly object[],
  accounts: readonly MemoryAccount[],
  { user = 'jdoe', settings = bindingOf('full') }: { user?: string | null; settings?: BindingSettings } = {},
): Promise<string> {
  const service = createAccountResolver({
    rules: rulesOf(...[rules].flat()),
    settings,
    directories: [memoryDirectory(accounts)],
    logger: silentLogger,
  });
  const result = await service.resolve(certificate, user ?? undefined, unrecorded);
  return result.outcome === 'mapped' ? `${result.account.accountName} ${result.reason}` : result.denial.code;
}

const account = (...altSecurityIdentities: string[]): MemoryAccount => ({ accountName: 'jdoe', altSecurityIdentities });

describe('the forms of altSecurityIdentities', () => {
  it.each<[string, string, string]>([
    ['issuerSerial', `X509:<I>${issuer}<SR>2b0000000011ace1`, 'jdoe issuerSerial'],
    ['issuerSerial', `X509:<I>${issuer}<SR>2B0000000011ACE100`, 'jdoe issuerSerial'],
    ['ski', `X509:<SKI>${ski}`, 'jdoe ski'],
    ['sha1PublicKey', 'X509:<SHA1-PUKEY>92dd5e44fb8cc38b3b05fec75d48e9d3f8d9e34a', 'jdoe sha1PublicKey'],
    ['issuerSid', `X509:<I>${issuer}<SID>${sid}`, 'jdoe issuerSid'],
    ['issuerSubject', `X509:<I>${issuer}<S>${subject}`, 'mapping-weak'],
    ['issuerSubject', `X509:<I>${issuer}<S>${subject.replace(' OID', ' + OID')}`, 'mapping-weak'],
    ['subject', `X509:<S>${subject}`, 'mapping-weak'],
    // values that find no account
    ['issuerSerial', `X509:<I>${issuer}<SR>e1ac11000000002b`, 'mapping-none'],
    ['issuerSerial', 'X509:<I>CN=CONTOSO-DC-CA,DC=contoso,DC=com<SR>2b0000000011ace1', 'mapping-none'],
    ['issuerSerial', `X509:<I>${issuer}`, 'mapping-none'],
    ['issuerSubject', `X509:<I>${issuer}`, 'mapping-none'],
    ['issuerSubject', `X509:<I>${issuer}<S>${subject.replaceAll('"', '')}`, 'mapping-none'],
    ['sha1PublicKey', 'X509:<SHA1-PUKEY>07751f13e4023275ff4830514be51bbbf29c4038', 'mapping-none'],
    ['sha1PublicKey', `X509:<SHA1-PUKEY>${ski}`, 'mapping-none'],
    ['ski', `X509:<SHA1-PUKEY>${ski}`, 'mapping-none'],
  ])('%s by %s: %s', async (map, value, expected) => {
    expect(await resolve(map === 'issuerSid' ? jane : anonymous, { map }, [account(value)])).toBe(expected);
  });

  it.each<[string[], string, string]>([
    [['subjectPublicKeyInfo'], '07751f13e4023275ff4830514be51bbbf29c4038', 'jdoe sha1PublicKey'],
    [['publicKey'], ski, 'jdoe sha1PublicKey'],
    [['subjectPublicKeyInfo'], '92dd5e44fb8cc38b3b05fec75d48e9d3f8d9e34a', 'mapping-none'],
  ])('SHA1-PUKEY of %s', async (sha1PublicKeyOf, value, expected) => {
    const rule = { map: 'sha1PublicKey', sha1PublicKeyOf };
    expect(await resolve(anonymous, rule, [account(`X509:<SHA1-PUKEY>${value}`)])).toBe(expected);
  });

  it('an e-mail address is weak, and compared as it stands', async () => {
    const certificate = await ca.validated({ rfc822Names: ['jane@corp.example'] });
    const found = [account('X509:<RFC822>jane@corp.example')];
    expect(await resolve(certificate, { map: 'rfc822' }, found)).toBe('mapping-weak');
    expect(await resolve(certificate, { map: 'rfc822' }, [account('X509:<RFC822>jäne@corp.example')])).toBe(
      'directory-answer-invalid',
    );
  });

  it('all forms are one search, and the strongest value an account has decides', async () => {
    const directory = memoryDirectory([
      account(`X509:<I>${issuer}<S>${subject}`, `X509:<I>${issuer}<SR>2b0000000011ace1`),
    ]);
    const service = createAccountResolver({
      rules: rulesOf({ map: 'altSecurityIdentities' }),
      settings: bindingOf('full'),
      directories: [directory],
      logger: silentLogger,
    });
    expect(await service.resolve(anonymous, 'jdoe', unrecorded)).toMatchObject({ reason: 'issuerSerial' });
    expect(directory.asked).toHaveLength(1);
  });

  it('forms that are not asked for do not count', async () => {
    const rule = { map: 'altSecurityIdentities' };
    expect(await resolve(anonymous, rule, [account(`X509:<SKI>${ski}`)])).toBe('mapping-none');
    expect(await resolve(anonymous, { ...rule, forms: ['ski'] }, [account(`X509:<SKI>${ski}`)])).toBe('jdoe ski');
  });

  it('a short key identifier is nothing to go by', async () => {
    const short = {
      ...anonymous,
      certificate: { ...anonymous.certificate, subjectKeyIdentifier: Buffer.from('01', 'hex') },
    };
    expect(await resolve(short, { map: 'ski' }, [account('X509:<SKI>01')])).toBe('mapping-none');
  });

  it('a SID that differs denies, whichever form matched', async () => {
    for (const [map, value] of [
      ['ski', `X509:<SKI>${ski}`],
      ['issuerSid', `X509:<I>${issuer}<SID>${sid}`],
      ['subject', `X509:<S>${subject}`],
    ]) {
      const other = { ...account(value ?? ''), sid: `${sid}0` };
      expect(await resolve(jane, { map }, [other]), map).toBe('sid-mismatch');
      expect(await resolve(jane, { map }, [other], { settings: bindingOf('off') }), map).toBe('sid-mismatch');
    }
  });
});

describe('what makes a name count', () => {
  const names = account(`X509:<I>${issuer}<S>${subject}`);
  const born = (createdAt: string): MemoryAccount => ({ ...names, createdAt: new Date(createdAt) });
  const compatibility = (backdating = 0) => ({
    ...bindingOf('compatibility'),
    backdating: milliseconds(backdating),
  });
  const rule = { map: 'issuerSubject' };

  it.each<[string, MemoryAccount, BindingSettings, string]>([
    ['full', born('2025-01-01'), bindingOf('full'), 'mapping-weak'],
    ['off', born('2026-06-01'), bindingOf('off'), 'jdoe binding-off'],
    ['a certificate younger than the account', born('2025-01-01'), compatibility(), 'jdoe compatibility'],
    ['of the same moment', born('2026-01-01T00:00:00Z'), compatibility(), 'jdoe compatibility'],
    ['older by a second', born('2026-01-01T00:00:01Z'), compatibility(), 'mapping-weak'],
    ['older by what is allowed', born('2026-01-01T00:10:00Z'), compatibility(600_000), 'jdoe compatibility'],
    ['older by more', born('2026-01-01T00:10:01Z'), compatibility(600_000), 'mapping-weak'],
    ['of an unknown age', names, compatibility(), 'mapping-weak'],
  ])('binding: %s', async (_what, found, settings, expected) => {
    expect(await resolve(anonymous, rule, [found], { settings })).toBe(expected);
  });

  it('a SID that cannot be compared does not agree', async () => {
    expect(await resolve(jane, rule, [born('2025-01-01')], { settings: compatibility() })).toBe('mapping-weak');
    expect(await resolve(jane, rule, [{ ...names, sid }])).toBe('jdoe sid-confirms-name');
  });

  it('two accounts found by names are two, whatever the binding', async () => {
    const two = [names, { ...names, accountName: 'eve' }];
    expect(await resolve(anonymous, rule, two, { settings: bindingOf('off') })).toBe('mapping-ambiguous');
  });

  it('a later rule that had to find the account and did not is not made up for', async () => {
    const rules = [rule, { map: 'ski', onMiss: 'deny' }];
    expect(await resolve(anonymous, rules, [names], { settings: bindingOf('off') })).toBe('mapping-weak');
  });

  it('USER must name the account all the same', async () => {
    expect(await resolve(anonymous, rule, [names], { settings: bindingOf('off'), user: 'eve' })).toBe('name-mismatch');
  });

  it.each<[string, object, string]>([
    ['issuer and subject', { map: 'issuerSubject' }, 'jdoe pinned-issuer-and-policy'],
    ['a subject', { map: 'subject' }, 'mapping-weak'],
    ['a user principal name', { map: 'upn' }, 'jdoe pinned-issuer-and-policy'],
    ['one with a suffix listed', { map: 'upn', suffixes: ['CONTOSO.com'] }, 'jdoe pinned-issuer-and-policy'],
    ['one with another', { map: 'upn', suffixes: ['oso.com', 'contoso'] }, 'mapping-none'],
  ])('issuer and policy pinned make %s strong or do not', async (_what, more, expected) => {
    const certificate = { ...anonymous, policies: ['1.2.3'] };
    const when = { issuerSha256: [ca.certificate.sha256], policies: ['1.2.3'] };
    const found = {
      ...account(`X509:<I>${issuer}<S>${subject}`, `X509:<S>${subject}`),
      userPrincipalName: 'jdoe@contoso.com',
    };
    expect(await resolve(certificate, { when, ...more }, [found])).toBe(expected);
    expect(
      await resolve(
        certificate,
        { when: { issuer: ['CN=CONTOSO-DC-CA,DC=contoso,DC=com'], policies: ['1.2.3'] }, ...more },
        [found],
      ),
    ).toBe(expected === 'mapping-none' ? expected : 'mapping-weak');
  });
});

describe('one card, several accounts', () => {
  const value = `X509:<I>${issuer}<SR>2b0000000011ace1`;
  const rule = { map: 'issuerSerial', severalAccounts: 'userPicks' };
  const both = [account(value), { ...account(value), accountName: 'jdoe-admin' }];

  it.each<[string | null, string]>([
    ['jdoe', 'jdoe issuerSerial'],
    ['JDOE-admin', 'jdoe-admin issuerSerial'],
    ['eve', 'mapping-ambiguous'],
    ['', 'mapping-ambiguous'],
    [null, 'mapping-ambiguous'],
  ])('USER %s picks: %s', async (user, expected) => {
    expect(await resolve(anonymous, rule, both, { user })).toBe(expected);
  });

  it('without the option no account is picked', async () => {
    expect(await resolve(anonymous, { map: 'issuerSerial' }, both)).toBe('mapping-ambiguous');
  });

  it('a SID in the certificate binds all the same', async () => {
    const withSids = [
      { ...both[0]!, sid },
      { ...both[1]!, sid: `${sid}0` },
    ];
    expect(await resolve(jane, rule, withSids)).toBe('sid-mismatch');
    expect(await resolve(jane, rule, withSids, { user: 'jdoe-admin' })).toBe('sid-mismatch');
  });

  it('an account that another rule found by a name does not count among them', async () => {
    const upn = { map: 'upn' };
    const stranger = { accountName: 'eve', userPrincipalName: 'jdoe@contoso.com' };
    expect(await resolve(anonymous, [upn, rule], [...both, stranger])).toBe('mapping-ambiguous');
    expect(
      await resolve(anonymous, [upn, rule], [{ ...both[0]!, userPrincipalName: 'jdoe@contoso.com' }, both[1]!]),
    ).toBe('jdoe issuerSerial');
  });

  it('one name at two accounts picks neither', async () => {
    const loginNames = ['jdoe'];
    expect(
      await resolve(
        anonymous,
        rule,
        both.map((entry) => ({ ...entry, loginNames })),
      ),
    ).toBe('mapping-ambiguous');
  });

  it('an account that holds only a name of the certificate does not count among them, though a rule made by hand asks for it', async () => {
    const rules = [
      {
        name: 'r',
        map: 'altSecurityIdentities',
        forms: ['issuerSerial', 'issuerSubject'],
        severalAccounts: 'userPicks',
        onMiss: 'next',
      },
    ] as const;
    const accounts = [account(value), { ...account(`X509:<I>${issuer}<S>${subject}`), accountName: 'eve' }];
    const directories = [memoryDirectory(accounts)];
    const service = createAccountResolver({ rules, settings: bindingOf('off'), directories, logger: silentLogger });
    for (const user of ['jdoe', 'eve']) {
      expect(await service.resolve(anonymous, user, unrecorded)).toMatchObject({
        denial: { code: 'mapping-ambiguous' },
      });
    }
  });

  it('seventeen accounts are refused', async () => {
    const many = Array.from({ length: 17 }, (_, index) => ({ ...account(value), accountName: `jdoe${index || ''}` }));
    expect(await resolve(anonymous, rule, many)).toBe('mapping-ambiguous');
    expect(await resolve(anonymous, rule, many.slice(1), { user: 'jdoe3' })).toBe('jdoe3 issuerSerial');
  });
});

describe('conditions', () => {
  const listed = () => [{ accountName: 'jdoe', certificateFingerprints: [jane.certificate.sha256] }];
  const ok = 'jdoe certificate';
  it.each<[string, object, string]>([
    ['issuer by name', { issuer: ['CN=Contoso-DC-CA,DC=contoso,DC=com'] }, ok],
    ['issuer in the wrong order', { issuer: ['DC=com,DC=contoso,CN=CONTOSO-DC-CA'] }, 'mapping-none'],
    ['issuer by certificate', { issuerSha256: ['CA'] }, ok],
    ['issuer by key', { issuerKeySha256: ['KEY'] }, ok],
    ['issuer by another key', { issuerKeySha256: ['ab'.repeat(32)] }, 'mapping-none'],
    ['any policy of the path', { policies: ['1.2', '1.3'] }, ok],
    ['all policies of the path', { allPolicies: ['1.2', '1.3'] }, 'mapping-none'],
    ['key usage absent', { keyUsage: ['digitalSignature'] }, ok],
    ['extended key usage absent', { extendedKeyUsage: ['clientAuth'] }, 'mapping-none'],
    ['subject', { subject: ['CN=JANE DOE+UID=25001003151020,OU=People (Ops),O=Acme\\, Inc.,ST=WA,C=US'] }, ok],
    ['subject under', { subjectUnder: ['O="Acme, Inc.",ST=WA,C=US'] }, ok],
    ['subject under something inside a value', { subjectUnder: ['O=Acme'] }, 'mapping-none'],
    ['an attribute of the subject', { subjectAttributes: { OU: ['people *'], UID: ['25*'] } }, ok],
    ['an attribute that is not there', { subjectAttributes: { OU: ['people *'], L: ['x'] } }, 'mapping-none'],
    ['an alternative name', { subjectAltName: { upn: ['*@contoso.com'] } }, ok],
    ['an alternative name with more behind', { subjectAltName: { upn: ['*@contoso'] } }, 'mapping-none'],
    ['a kind that is not there', { subjectAltName: { dNSName: ['*.com'] } }, 'mapping-none'],
    ['all together, one not held', { subjectAltName: { upn: ['*@contoso.com'] }, subject: ['CN=x'] }, 'mapping-none'],
  ])('%s', async (_what, when, expected) => {
    const { createHash } = await import('node:crypto');
    const { subjectPublicKeyInfo } = ca.certificate;
    const key = createHash('sha256').update(subjectPublicKeyInfo).digest('hex');
    const filled = JSON.parse(
      JSON.stringify(when).replace('"CA"', `"${ca.certificate.sha256}"`).replace('"KEY"', `"${key}"`),
    );
    const certificate = { ...jane, policies: ['1.3'], trustAnchor: { ...jane.trustAnchor, subjectPublicKeyInfo } };
    expect(await resolve(certificate, { map: 'certificate', when: filled }, listed())).toBe(expected);
  });

  it('a key that is not known meets no pin', async () => {
    const { createHash } = await import('node:crypto');
    const pin = createHash('sha256').update('').digest('hex');
    expect(await resolve(jane, { map: 'certificate', when: { issuerKeySha256: [pin] } }, listed())).toBe(
      'mapping-none',
    );
  });

  it('every alternative name of a kind must match', async () => {
    const certificate = await ca.validated({ rfc822Names: ['a@corp.example', 'a@evil.example'] });
    const when = { subjectAltName: { rfc822Name: ['*@corp.example'] } };
    const found = [{ accountName: 'jdoe', certificateFingerprints: [certificate.certificate.sha256] }];
    expect(await resolve(certificate, { map: 'certificate', when }, found)).toBe('mapping-none');
  });
});

describe('the shipped rule sets', () => {
  const value = `X509:<I>${issuer}<SR>2b0000000011ace1`;
  const resolveBy = async (
    file: string,
    certificate: ValidatedCertificate,
    accounts: readonly MemoryAccount[],
    user: string,
  ) => {
    const service = createAccountResolver({
      rules: rulesFromFile(file),
      settings: bindingOf('full'),
      directories: [memoryDirectory(accounts)],
      logger: silentLogger,
    });
    const result = await service.resolve(certificate, user, unrecorded);
    return result.outcome === 'mapped' ? `${result.account.accountName} ${result.rule}` : result.denial.code;
  };

  it('second accounts: USER picks, and a SID finds without a value', async () => {
    const accounts = [account(value), { ...account(value), accountName: 'jdoe-admin' }];
    const file = 'active-directory-second-accounts.yaml';
    expect(await resolveBy(file, anonymous, accounts, 'jdoe-admin')).toBe('jdoe-admin by-value');
    expect(await resolveBy(file, jane, [{ accountName: 'jdoe', sid }], 'jdoe')).toBe('jdoe by-sid');
    expect(await resolveBy(file, anonymous, [account(`X509:<I>${issuer}<S>${subject}`)], 'jdoe')).toBe('mapping-none');
  });

  it('FreeIPA: the whole certificate, and no name before a CA is filled in', async () => {
    const held = { accountName: 'jdoe', certificateFingerprints: [anonymous.certificate.sha256] };
    expect(await resolveBy('freeipa.yaml', anonymous, [held], 'jdoe')).toBe('jdoe by-certificate');
    const named = account(`X509:<I>${issuer}<S>${subject}`);
    expect(await resolveBy('freeipa.yaml', anonymous, [named], 'jdoe')).toBe('mapping-none');
  });
});
