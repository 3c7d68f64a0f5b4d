/** The same card against every kind of directory, with the rule sets that are shipped: Active Directory, OpenLDAP, account file. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issuerSerialValues } from '../../../src/mapping/stored/alt-security-identities.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { ControlClient } from '../../support/control-client.ts';
import {
  accountFileDirectory,
  type LoginWorld,
  sambaDirectory,
  slapdDirectory,
  startLoginWorld,
} from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { type SambaDc, startSambaDc } from '../../support/samba-dc.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';

const shipped = (name: string) => readFileSync(join(import.meta.dirname, '..', '..', '..', 'mappings', name), 'utf8');

let pki: TestPki;

beforeAll(async () => {
  pki = await createTestPki();
});
afterAll(() => pki?.remove());

async function answerTo(world: LoginWorld, person: Person, user: string): Promise<number> {
  const client = await ControlClient.connect(world.port);
  await client.reply();
  await client.secure({ cert: person.chainPem, key: person.privateKeyPem });
  const { code } = await client.command(`USER ${user}`);
  client.destroy();
  return code;
}

/** The last record of a claimed name, as soon as it is written. */
async function recordOf(world: LoginWorld, user: string, count = 1) {
  await expect.poll(() => world.logins(user).length).toBe(count);
  return world.logins(user).at(-1);
}

describe('Active Directory', () => {
  let dc: SambaDc;
  let world: LoginWorld;
  const people = new Map<string, Person>();

  beforeAll(async () => {
    dc = await startSambaDc();
    const strong = await dc.addUser({ sam: 'sidney', userPrincipalName: 'sidney@corp.example' });
    const disabled = await dc.addUser({ sam: 'dora', disabled: true });
    const expired = await dc.addUser({ sam: 'erin', accountExpires: new Date('2020-01-01T00:00:00Z') });
    const locked = await dc.addUser({ sam: 'lock', locked: true });
    const named = await dc.addUser({ sam: 'upton', userPrincipalName: 'upton@corp.example' });
    people.set('sidney', await pki.issuePerson({ name: 'sidney', sid: strong.sid }));
    people.set('dora', await pki.issuePerson({ name: 'dora', sid: disabled.sid }));
    people.set('erin', await pki.issuePerson({ name: 'erin', sid: expired.sid }));
    people.set('lock', await pki.issuePerson({ name: 'lock', sid: locked.sid }));
    people.set('upton', await pki.issuePerson({ name: 'upton', userPrincipalNames: ['upton@corp.example'] }));
    people.set(
      'thief',
      await pki.issuePerson({ name: 'thief', userPrincipalNames: ['sidney@corp.example'], sid: named.sid }),
    );
    const serial = await pki.issuePerson({ name: 'serena' });
    people.set('serena', serial);
    const [value = ''] = issuerSerialValues(parseCertificate(serial.der));
    await dc.addUser({ sam: 'serena', altSecurityIdentities: [value] });
    const twin = await pki.issuePerson({ name: 'twin' });
    people.set('twin', twin);
    const [twinValue = ''] = issuerSerialValues(parseCertificate(twin.der));
    await dc.addUser({ sam: 'twin', altSecurityIdentities: [twinValue] });
    await dc.addUser({ sam: 'planted', altSecurityIdentities: [twinValue] });
    const staff = await dc.addGroup('Staff', [strong.distinguishedName]);
    await dc.addGroup('All', [staff.distinguishedName]);
    const { directory, files } = sambaDirectory(dc);
    world = await startLoginWorld({
      pki,
      directories: [directory],
      files,
      rules: shipped('active-directory.yaml'),
      site: { authorization: [{ users: '*', permissions: ['Read'] }] },
    });
  });

  afterAll(async () => {
    await world?.stop();
    await dc?.stop();
  });

  const person = (name: string) => people.get(name) ?? expect.fail(`no person is called ${name}`);

  it.each([
    ['by the SID of the certificate', 'sidney', 'by-sid'],
    ['by issuer and serial number', 'serena', 'by-issuer-and-serial'],
  ])('lets in %s', async (_rule, name, rule) => {
    expect(await answerTo(world, person(name), name)).toBe(230);
    expect(await recordOf(world, name)).toMatchObject({
      outcome: 'granted',
      rule,
      account: { name, directory: 'corp' },
    });
  });

  it.each(['CORP\\sidney', 'sidney@corp.example', 'SIDNEY'])('USER may say %s', async (user) => {
    expect(await answerTo(world, person('sidney'), user)).toBe(230);
  });

  it.each([
    ['a disabled account', 'dora', 'account-disabled'],
    ['an expired account', 'erin', 'account-expired'],
    ['a locked account', 'lock', 'account-locked'],
    ['a user principal name without proof', 'upton', 'mapping-weak'],
    ['two accounts with one mapping', 'twin', 'mapping-ambiguous'],
  ])('refuses %s', async (_rule, name, code) => {
    expect(await answerTo(world, person(name), name)).toBe(530);
    expect(await recordOf(world, name)).toMatchObject({ outcome: 'denied', denial: { code } });
  });

  it('refuses a certificate that names one account and holds the SID of another', async () => {
    expect(await answerTo(world, person('thief'), 'sidney@corp.example')).toBe(530);
  });

  it('answers 421 and says directory-unavailable when no server answers, and recovers', async () => {
    await dc.child.freeze();
    expect(await answerTo(world, person('serena'), 'serena')).toBe(421);
    dc.child.signal('SIGCONT');
    expect(await recordOf(world, 'serena', 2)).toMatchObject({
      outcome: 'unavailable',
      denial: { code: 'directory-unavailable' },
    });
    await expect.poll(() => answerTo(world, person('serena'), 'serena'), { timeout: 10_000 }).toBe(230);
  });
});

describe('OpenLDAP', () => {
  let slapd: Slapd;
  let world: LoginWorld;
  let ada: Person;
  let lou: Person;

  beforeAll(async () => {
    ada = await pki.issuePerson({ name: 'ada' });
    lou = await pki.issuePerson({ name: 'lou' });
    slapd = await startSlapd({
      accounts: [
        { uid: 'ada', certificates: [ada.der] },
        { uid: 'lou', certificates: [lou.der], lines: ['pwdAccountLockedTime: 000001010000Z'] },
      ],
      groups: { staff: ['ada'] },
    });
    const { directory, files } = slapdDirectory(slapd, {
      userPrincipalNameAttribute: 'userPrincipalName',
      groups: { searchBase: 'ou=groups,dc=corp,dc=example' },
    });
    world = await startLoginWorld({
      pki,
      directories: [directory],
      files,
      rules: shipped('openldap.yaml'),
      site: {
        authorization: [
          { roles: ['cn=staff,ou=groups,dc=corp,dc=example'], permissions: ['Read'] },
          { users: ['lou'], permissions: ['Read'] },
        ],
      },
    });
  });

  afterAll(async () => {
    await world?.stop();
    await slapd?.stop();
  });

  it('lets in by exact certificate, with rights by group', async () => {
    expect(await answerTo(world, ada, 'ada')).toBe(230);
    expect(await recordOf(world, 'ada')).toMatchObject({ rule: 'by-certificate', account: { name: 'ada' } });
  });

  it('refuses an account that the password policy locked', async () => {
    expect(await answerTo(world, lou, 'lou')).toBe(530);
    expect(await recordOf(world, 'lou')).toMatchObject({ denial: { code: 'account-locked' } });
  });
});

describe('an account file', () => {
  it('lets in by fingerprint, with nothing else installed', async () => {
    const ada = await pki.issuePerson({ name: 'ada-file' });
    const { directory, files } = accountFileDirectory([
      { name: 'ada', certificates: [createHash('sha256').update(ada.der).digest('hex')] },
    ]);
    const world = await startLoginWorld({ pki, directories: [directory], files, rules: shipped('one-to-one.yaml') });
    expect(await answerTo(world, ada, 'ada')).toBe(230);
    await world.stop();
  });
});
