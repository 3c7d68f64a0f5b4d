/** What the lint says of values as people and scripts store them, and that it leaves right ones alone. */
import { describe, expect, it } from 'vitest';
import { lintDirectory } from '../../../src/commands/mapping/mapping-lint.ts';
import type { StoredMapping } from '../../../src/directory/directory.ts';
import { altValues } from '../../../src/mapping/stored/alt-security-identities.ts';
import { certificateMappings } from '../../../src/mapping/stored/certificate-mappings.ts';
import { createMappingLint } from '../../../src/mapping/stored/mapping-lint.ts';
import { readStoredValue } from '../../../src/mapping/stored/stored-value.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { subjectIdentity } from '../../../src/pki/names/subject-identity.ts';
import { cpuMilliseconds } from '../../support/cpu-time.ts';
import { accountsInFile } from '../../support/directory-options.ts';
import { janeDoe } from '../../support/jane-doe.ts';
import { createLogonAuthority, type LogonAuthority } from '../../support/validated-certificate.ts';

const issuer = 'DC=com,DC=contoso,CN=CONTOSO-DC-CA';
const right = `X509:<I>${issuer}<SR>2b0000000011ace1`;
const sid = 'S-1-5-21-1-2-3-1105';
const account = (value: string | readonly string[], more: Partial<StoredMapping> = {}): StoredMapping => ({
  distinguishedName: 'CN=ada',
  accountName: 'ada',
  altSecurityIdentities: [value].flat(),
  certificates: [],
  ...more,
});
const examine = (...args: Parameters<typeof account>) =>
  createMappingLint()
    .examine(account(...args))
    .map(({ kind, right: instead }) => (instead === undefined ? kind : `${kind} -> ${instead}`));

describe('values that are right', () => {
  it('every value that is printed for a certificate, in any case of its hexadecimal digits', () => {
    const { altSecurityIdentities } = certificateMappings(parseCertificate(janeDoe));
    for (const { value, form } of altSecurityIdentities) {
      expect(readStoredValue(value), value).toMatchObject({ kind: 'value', form, right: value });
    }
  });

  it.each([
    right,
    `${right}00`,
    right.replace('2b', '2B'),
    'X509:<I>O="Acme, Inc. <x>",CN=CA<SR>01',
    'X509:<I>OU=X + CN=CA,CN=B<SR>01',
    'Kerberos:ada@CORP.EXAMPLE',
    `X509:<SKI>${'ab'.repeat(20)}`,
    `X509:<SHA1-PUKEY>${'ab'.repeat(20)}`,
  ])('%s', (value) => {
    expect(examine(value)).toEqual([]);
  });
});

describe('values that are wrong', () => {
  it.each<[string, string]>([
    ['X509:<I>CN=CONTOSO-DC-CA,DC=contoso,DC=com<SR>2b0000000011ace1', 'broken'],
    ['X509:<I>CN=CONTOSO-DC-CA,DC=contoso,DC=com<SR>0101', `broken -> X509:<I>${issuer}<SR>0101`],
    ['X509:<I>DC=com, DC=contoso, CN=CONTOSO-DC-CA<SR>2b 00 00 00 00 11 ac e1', `broken -> ${right}`],
    [`x509:<i>${issuer}<sr>2b0000000011ace1`, `broken -> ${right}`],
    [`X509: <I>${issuer}<SR>2b0000000011ace1`, `broken -> ${right}`],
    ['X509:<I>C=US,ST=WA,O=Acme\\, Inc.<SR>01', 'broken -> X509:<I>C=US,S=WA,O="Acme, Inc."<SR>01'],
    ['X509:<I>O=X,UID=1<SR>01', 'broken -> X509:<I>O=X,OID.0.9.2342.19200300.100.1.1=1<SR>01'],
    ['X509:<I>O=X,CN=Y<SR>2b:00', 'broken -> X509:<I>O=X,CN=Y<SR>2b00'],
    ['X509:<I>O=X<SR>abc', 'broken'],
    ['X509:<I>O=X<SR>', 'broken'],
    ['X509:<I>not a name<SR>01', 'broken'],
    ['X509:<I>O=X<I>O=Y<SR>01', 'broken'],
    ['X509:<SR>01', 'broken'],
    ['X509:<FOO>01', 'broken'],
    ['X509:', 'broken'],
    ['X509:ada', 'broken'],
    ['X509:<SKI>ab', 'broken'],
    [`X509:<SHA1-PUKEY>${'ab'.repeat(32)}`, 'broken'],
    ['X509:<I>O=X<SID>S-1', 'broken'],
    [`${right}\u200b`, 'broken'],
    [`X509:<I>${issuer}`, 'planted'],
    ['X509:<S>CN=ada', 'weak'],
    ['X509:<RFC822>ada@corp.example', 'weak'],
    [`X509:<I>${issuer}<S>CN=ada`, 'weak'],
  ])('%s: %s', (value, expected) => {
    // a value of nothing but a prefix is no row of tags; an empty body reads as no mapping at all
    expect(examine(value)).toEqual([expected]);
  });

  it.each(['2b0000000011ace1', 'e1ac11000000002b'])(
    'an issuer in display order with the serial number %s gets a value that maps, or both',
    (serial) => {
      const value = `X509:<I>CN=CONTOSO-DC-CA,DC=contoso,DC=com<SR>${serial}`;
      const [finding] = createMappingLint().examine(account(value));
      expect(finding?.right).toBeUndefined();
      expect(finding?.message).toContain(right);
      expect(finding?.message).toContain('e1ac11000000002b');
      expect(examine(value, { certificates: [janeDoe] })).toEqual([`broken -> ${right}`]);
    },
  );

  it.each<[string, string, string]>([
    ['CN=CA,OU=PKI', 'OU=PKI,CN=CA', '0c0b0a'],
    ['CN=CA,OU=PKI', 'OU=PKI,CN=CA', '0a0b0c'],
    ['ST=WA,CN=CA', 'CN=CA,S=WA', '0c0b0a'],
    ['O=X,CN=CA', 'CN=CA,O=X', '0a0b0c'],
  ])(
    'an issuer encoded as %s: with its certificate, %s and %s get the value that maps',
    async (encoded, stored, serial) => {
      const subject = encoded.split(',').map((part) => ({ type: part.split('=')[0]!, value: part.split('=')[1]! }));
      const own = await (await createLogonAuthority(subject)).validated({ serialNumber: 0x0a0b0cn });
      const value = `X509:<I>${stored}<SR>${serial}`;
      const [finding] = createMappingLint().examine(account(value, { certificates: [own.certificate.der] }));
      const maps = altValues('issuerSerial', own.certificate, subjectIdentity(own.certificate));
      expect(maps).toContain(finding?.right);
      expect(maps).not.toContain(value);
    },
  );

  it('an issuer encoded with its CN first is right as it is, when the certificate at the account says so', async () => {
    const names = [
      { type: 'CN', value: 'CA' },
      { type: 'O', value: 'X' },
    ];
    const own = await (await createLogonAuthority(names)).validated({ serialNumber: 0x0a0b0cn });
    expect(examine('X509:<I>CN=CA,O=X<SR>0c0b0a', { certificates: [own.certificate.der] })).toEqual([]);
  });

  it('a serial number that is not reversed shows by the certificate at the account', () => {
    const certificates = [janeDoe];
    expect(examine(`X509:<I>${issuer}<SR>e1ac11000000002b`, { certificates })).toEqual([`broken -> ${right}`]);
    expect(examine(right, { certificates })).toEqual([]);
  });

  it('the strong value stands beside a weak one when the account holds its one certificate', () => {
    expect(examine('X509:<S>CN=ada', { certificates: [janeDoe] })).toEqual([`weak -> ${right}`]);
  });

  it('a name at a protected account, another SID, a stranger’s certificate and a flood look planted', async () => {
    expect(examine('X509:<S>CN=ada', { isProtected: true })).toEqual(['planted']);
    expect(examine(`X509:<I>${issuer}<SID>${sid}`, { sid: `${sid}0` })).toEqual(['planted']);
    expect(examine(`X509:<I>${issuer}<SID>${sid}`, { sid })).toEqual([]);
    expect(examine([], { sid, certificates: [janeDoe] })).toEqual(['planted']);
    const ca: LogonAuthority = await createLogonAuthority();
    expect(examine([], { sid, certificates: [(await ca.validated({ sid })).certificate.der] })).toEqual([]);
    expect(
      examine(Array.from({ length: 33 }, (_, index) => `X509:<I>O=X<SR>${String(index).padStart(2, '0')}`)),
    ).toEqual(['planted']);
  });

  it('certificates that cannot be parsed suggest nothing and stop nothing', () => {
    expect(examine('X509:<S>CN=ada', { certificates: [Buffer.from('junk')] })).toEqual(['weak']);
  });

  it('hostile values cost little time', () => {
    const started = cpuMilliseconds();
    for (const value of [
      '"',
      '"'.repeat(8000),
      '<I>'.repeat(2700),
      `<I>${'"",'.repeat(2600)}`,
      `<I>${'a=b+'.repeat(2000)}`,
      `<I>${' A='.repeat(2700)}`,
    ]) {
      createMappingLint().examine(account(`X509:${value}`));
    }
    expect(cpuMilliseconds() - started).toBeLessThan(3000);
  });
});

describe('values at two accounts', () => {
  it('are found in any case and spelling, and look planted when one account is protected', () => {
    const lint = createMappingLint();
    lint.examine(account(right));
    lint.examine(
      account(right.toUpperCase().replace('DC=COM,DC=CONTOSO', 'dc=com,dc=contoso'), { distinguishedName: 'CN=eve' }),
    );
    expect(lint.duplicates()).toMatchObject([
      { kind: 'duplicate', account: 'CN=ada', message: expect.stringContaining('CN=eve') },
      { kind: 'duplicate', account: 'CN=eve' },
    ]);
    lint.examine(account(right, { distinguishedName: 'CN=root', isProtected: true }));
    expect(lint.duplicates().map(({ kind }) => kind)).toEqual(['planted', 'planted', 'planted']);
  });

  it('twice at one account is no duplicate', () => {
    const lint = createMappingLint();
    lint.examine(account([right, right.toUpperCase()]));
    expect(lint.duplicates()).toEqual([]);
  });
});

describe('a directory', () => {
  const accounts = ['a', 'b', 'c'].map((name) => ({ name, altSecurityIdentities: ['X509:<S>CN=x'] }));
  it('is read to its end or to the limit, and the worst comes first', async () => {
    const directory = accountsInFile('file', accounts);
    const lint = await lintDirectory(directory, 3);
    expect(lint).toMatchObject({ directory: 'file', accounts: 3, complete: true });
    expect(lint.findings.map(({ kind }) => kind)).toEqual([...Array(3).fill('duplicate'), ...Array(3).fill('weak')]);
    expect(await lintDirectory(directory, 2)).toMatchObject({ accounts: 2, complete: false });
  });
});

describe('what is printed for a certificate', () => {
  it('every form, strong first, and the filters', () => {
    const values = certificateMappings(parseCertificate(janeDoe));
    expect(values.altSecurityIdentities.map(({ form }) => form)).toEqual([
      'issuerSerial',
      'issuerSid',
      'ski',
      'sha1PublicKey',
      'issuerSubject',
      'subject',
    ]);
    expect(values.altSecurityIdentities[0]!.value).toBe(right);
    expect(values.exactMatchFilter).toBe(
      '(userCertificate={ serialNumber 16261391046225690667, issuer rdnSequence:"CN=CONTOSO-DC-CA,DC=contoso,DC=com" })',
    );
    expect(values.ipaCertMapData).toContain('<S>C=US,ST=WA,O=Acme\\, Inc.');
  });

  it('what cannot be is left out', async () => {
    const umlaut = await createLogonAuthority([{ type: 'O', value: 'Prüf*stelle' }]);
    const { certificate } = await umlaut.validated({ subject: [] });
    expect(certificateMappings(certificate)).toMatchObject({ exactMatchFilter: undefined, ipaCertMapData: undefined });
    const star = await createLogonAuthority([{ type: 'O', value: 'a*(b)\\' }]);
    expect(certificateMappings((await star.validated({ serialNumber: 5n })).certificate).exactMatchFilter).toBe(
      '(userCertificate={ serialNumber 5, issuer rdnSequence:"O=a\\2a\\28b\\29\\5c\\5c" })',
    );
  });
});
