/** Mapping and account state against a real Active Directory domain controller (Samba) over ldaps. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountDenial } from '../../../src/directory/account-state.ts';
import type { Directory } from '../../../src/directory/directory.ts';
import { recordingSteps, unrecorded } from '../../../src/explanation/steps.ts';
import type { MappingResult } from '../../../src/mapping/account-resolver.ts';
import { createAccountResolver } from '../../../src/mapping/resolve.ts';
import { issuerSerialValues } from '../../../src/mapping/stored/alt-security-identities.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';
import { openActiveDirectory } from '../../support/open-active-directory.ts';
import { type SambaDc, startSambaDc } from '../../support/samba-dc.ts';
import { bindingOf } from '../../support/settings.ts';
import { rulesFromFile } from '../../support/shipped-rules.ts';
import { createLogonAuthority, type LogonAuthority } from '../../support/validated-certificate.ts';

let dc: SambaDc;
let authority: LogonAuthority;
let directory: Directory;

beforeAll(async () => {
  [dc, authority] = await Promise.all([startSambaDc(), createLogonAuthority()]);
  directory = openActiveDirectory(dc);
});

afterAll(async () => {
  await directory?.close();
  await dc?.stop();
});

function resolve(certificate: ValidatedCertificate, claimedName: string, rules = 'active-directory.yaml') {
  const mapping = createAccountResolver({
    rules: rulesFromFile(rules),
    settings: bindingOf('full'),
    directories: [directory],
    logger: silentLogger,
  });
  return mapping.resolve(certificate, claimedName, unrecorded);
}

const codeOf = (result: MappingResult) => (result.outcome === 'denied' ? result.denial.code : result.reason);

describe('mapping in Active Directory', () => {
  it('the SID in the certificate finds the account, by every name it may log in with', async () => {
    const { sid, distinguishedName } = await dc.addUser({ sam: 'ada', userPrincipalName: 'ada.l@corp.example' });
    const certificate = await authority.validated({ sid });
    for (const name of ['ada', 'ADA', 'ada.l@corp.example', 'ada@corp.example', 'CORP\\ada']) {
      const result = await resolve(certificate, name);
      expect(result, name).toMatchObject({ outcome: 'mapped', reason: 'sid', account: { sid, distinguishedName } });
    }
    expect(codeOf(await resolve(certificate, 'eve'))).toBe('name-mismatch');
  });

  it('issuer and serial in altSecurityIdentities find the account', async () => {
    const certificate = await authority.validated({ serialNumber: 0xe1ac11000000002bn });
    const [value] = issuerSerialValues(certificate.certificate);
    expect(value).toBe('X509:<I>DC=example,DC=corp,CN=Logon CA<SR>2b0000000011ace1');
    await dc.addUser({ sam: 'bob', altSecurityIdentities: [`${value}00`, 'X509:<RFC822>bob@corp.example'] });
    expect(codeOf(await resolve(certificate, 'bob'))).toBe('issuerSerial');
  });

  it('a user principal name alone is too weak, with the matching SID it counts', async () => {
    const { sid } = await dc.addUser({ sam: 'carol', userPrincipalName: 'carol@partner.example' });
    const userPrincipalNames = ['Carol@Partner.example'];
    expect(codeOf(await resolve(await authority.validated({ userPrincipalNames }), 'carol'))).toBe('mapping-weak');
    const pinned = createAccountResolver({
      rules: [
        {
          name: 'pinned',
          map: 'upn',
          onMiss: 'next',
          when: { issuerSha256: [authority.certificate.sha256], policies: ['1.2.3.4'] },
        },
      ],
      settings: bindingOf('full'),
      directories: [directory],
      logger: silentLogger,
    });
    const issued = await authority.validated({ userPrincipalNames, policies: ['1.2.3.4'] });
    expect(codeOf(await pinned.resolve(issued, 'carol', unrecorded))).toBe('pinned-issuer-and-policy');
    const byName = createAccountResolver({
      rules: [{ name: 'by-name', map: 'upn', onMiss: 'next' }],
      settings: bindingOf('full'),
      directories: [directory],
      logger: silentLogger,
    });
    const confirmed = await authority.validated({ userPrincipalNames, sid });
    expect(codeOf(await byName.resolve(confirmed, 'carol', unrecorded))).toBe('sid-confirms-name');
  });

  it('an implicit user principal name counts in the account’s own domain only', async () => {
    const { sid } = await dc.addUser({ sam: 'dora' });
    const byName = createAccountResolver({
      rules: [{ name: 'by-name', map: 'upn', onMiss: 'next' }],
      settings: bindingOf('full'),
      directories: [directory],
      logger: silentLogger,
    });
    const code = async (name: string) =>
      codeOf(await byName.resolve(await authority.validated({ userPrincipalNames: [name], sid }), 'dora', unrecorded));
    expect(await code('dora@corp.example')).toBe('sid-confirms-name');
    expect(await code('dora@evil.example')).toBe('mapping-none');
  });

  it('a SID that differs from the account’s denies whatever else matched', async () => {
    const certificate = await authority.validated({ sid: `${dc.domainSid}-4711`, serialNumber: 77n });
    await dc.addUser({ sam: 'erin', altSecurityIdentities: [...issuerSerialValues(certificate.certificate)] });
    expect(codeOf(await resolve(certificate, 'erin'))).toBe('sid-mismatch');
  });

  it('two accounts with the same mapping are ambiguous', async () => {
    const certificate = await authority.validated({ serialNumber: 78n });
    const altSecurityIdentities = [...issuerSerialValues(certificate.certificate)];
    await dc.addUser({ sam: 'twin1', altSecurityIdentities });
    await dc.addUser({ sam: 'twin2', altSecurityIdentities });
    expect(await resolve(certificate, 'twin1')).toMatchObject({
      denial: { code: 'mapping-ambiguous', facts: { accounts: [expect.anything(), expect.anything()] } },
    });
  });

  it('accents and widths that the directory folds together are told apart', async () => {
    await dc.addUser({ sam: 'bjorn', userPrincipalName: 'björn@corp.example' });
    const certificate = await authority.validated({ userPrincipalNames: ['BJÖRN@corp.example'] });
    expect(codeOf(await resolve(certificate, 'bjorn'))).toBe('directory-answer-invalid');
  });

  it('the exact certificate finds the account', async () => {
    const certificate = await authority.validated({ serialNumber: 79n });
    await dc.addUser({ sam: 'finn', userCertificate: [certificate.certificate.der] });
    const exact = createAccountResolver({
      rules: [{ name: 'exact', map: 'certificate', onMiss: 'deny' }],
      settings: bindingOf('full'),
      directories: [directory],
      logger: silentLogger,
    });
    expect(codeOf(await exact.resolve(certificate, 'finn', unrecorded))).toBe('certificate');
  });

  it.each([
    '*)(objectClass=*',
    'x)(|(sAMAccountName=*',
    '*@corp.example',
    'ada\\2a@corp.example',
    'administrator)(cn=*@corp.example',
    'dc1$@corp.example',
  ])('the user principal name %s finds no account', async (name) => {
    const steps = recordingSteps();
    const byName = createAccountResolver({
      rules: [{ name: 'by-name', map: 'upn', onMiss: 'next' }],
      settings: bindingOf('full'),
      directories: [directory],
      logger: silentLogger,
    });
    const result = await byName.resolve(await authority.validated({ userPrincipalNames: [name] }), 'ada', steps);
    expect(codeOf(result)).toBe('mapping-none');
  });

  it('computers are no accounts', async () => {
    const found = await directory.findAccounts(
      { by: 'samAccountName', samAccountName: 'DC1$', dnsDomain: 'corp.example' },
      2,
    );
    expect(found).toEqual([]);
  });

  it('no more accounts come back than were asked for', async () => {
    const values = ['X509:<SKI>00'];
    for (const sam of ['many1', 'many2', 'many3']) await dc.addUser({ sam, altSecurityIdentities: values });
    expect(await directory.findAccounts({ by: 'altSecurityIdentities', values }, 2)).toHaveLength(2);
  });
});

describe('account state in Active Directory', () => {
  const now = new Date();
  const past = new Date(now.getTime() - 86_400_000);
  const future = new Date(now.getTime() + 86_400_000);

  it.each([
    [{ sam: 'state-good' }, undefined],
    [{ sam: 'state-disabled', disabled: true }, 'account-disabled'],
    [{ sam: 'state-locked', locked: true }, 'account-locked'],
    [{ sam: 'state-expired', accountExpires: past }, 'account-expired'],
    [{ sam: 'state-not-yet-expired', accountExpires: future }, undefined],
    [{ sam: 'state-never-hours', logonHours: Buffer.alloc(21) }, 'account-logon-hours'],
    [{ sam: 'state-all-hours', logonHours: Buffer.alloc(21, 0xff) }, undefined],
  ])('%o: %s', async (user, code) => {
    const { sid } = await dc.addUser(user);
    const [account] = await directory.findAccounts({ by: 'sid', sid }, 2);
    expect(accountDenial(account!.state, now)?.code).toBe(code);
  });

  it('groups are the nested ones and the primary group, by SID', async () => {
    const user = await dc.addUser({ sam: 'gina', unixHomeDirectory: '/home/gina' });
    const inner = await dc.addGroup('staff', [user.distinguishedName]);
    const outer = await dc.addGroup('all-staff', [inner.distinguishedName]);
    await dc.addGroup('others', []);
    const [account] = await directory.findAccounts({ by: 'sid', sid: user.sid }, 2);
    expect(account).toMatchObject({ homeDirectory: '/home/gina', dnsDomain: 'corp.example', accountName: 'gina' });
    const sids = (await directory.readGroups(account!)).map(({ sid }) => sid);
    expect(sids).toEqual(expect.arrayContaining([inner.sid, outer.sid, `${dc.domainSid}-513`]));
    expect(sids).toHaveLength(4);
  });

  it('an account that is gone has no groups to read', async () => {
    const user = await dc.addUser({ sam: 'harry' });
    const [account] = await directory.findAccounts({ by: 'sid', sid: user.sid }, 2);
    await dc.remove(user.distinguishedName);
    await expect(directory.readGroups(account!)).rejects.toThrow();
  });
});
