/** A session that runs while groups change in OpenLDAP: the recheck brings its rights, decided here or by a mapping service elsewhere. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Attribute, Change, Client } from 'ldapts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../../src/operations/audit.ts';
import { ControlClient } from '../../support/control-client.ts';
import { type LoginWorld, slapdDirectory, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';
import { type ServiceWorld, startService, temporarySocket } from '../service/service-world.ts';

const rules = readFileSync(join(import.meta.dirname, '..', '..', '..', 'mappings', 'openldap.yaml'), 'utf8');
const groupDn = (name: string) => `cn=${name},ou=groups,dc=corp,dc=example`;
const personDn = (uid: string) => `uid=${uid},ou=people,dc=corp,dc=example`;
const site = {
  connections: { loginRecheckInterval: '1s' },
  authorization: [
    { roles: [groupDn('readers')], permissions: ['Read'] },
    { roles: [groupDn('writers')], permissions: ['Write'] },
  ],
};

let pki: TestPki;
let ada: Person;
let slapd: Slapd;
let deciding: LoginWorld;
let service: ServiceWorld;
let asking: LoginWorld;

beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  slapd = await startSlapd({
    accounts: [{ uid: 'ada', certificates: [ada.der] }, { uid: 'bob' }],
    groups: { readers: ['ada', 'bob'], writers: ['group:editors', 'bob'], editors: ['ada', 'bob'] },
  });
  const { directory, files } = slapdDirectory(slapd, {
    userPrincipalNameAttribute: 'userPrincipalName',
    groups: { searchBase: 'ou=groups,dc=corp,dc=example' },
  });
  deciding = await startLoginWorld({ pki, directories: [directory], files, rules, site });
  const socket = temporarySocket();
  service = await startService(deciding.configuration, { listener: { socket, mode: 0o600 } });
  const mapping = { rules: undefined, service: { endpoints: [{ socket }] } };
  asking = await startLoginWorld({ pki, directories: [], rules: '', site: { ...site, mapping } });
});

afterAll(async () => {
  await asking?.stop();
  await service?.close();
  await deciding?.stop();
  await slapd?.stop();
  await pki?.remove();
});

async function setMembers(group: string, ...uids: readonly string[]): Promise<void> {
  const client = new Client({ url: slapd.url, tlsOptions: { ca: slapd.ca } });
  await client.bind(slapd.administrator.bindDn, slapd.administrator.password);
  const modification = new Attribute({ type: 'member', values: uids.map(personDn) });
  await client.modify(groupDn(group), new Change({ operation: 'replace', modification }));
  await client.unbind();
}

beforeEach(async () => {
  for (const group of ['readers', 'editors']) await setMembers(group, 'ada', 'bob');
});

async function loggedIn(world: LoginWorld): Promise<ControlClient> {
  const client = await ControlClient.connect(world.port);
  await client.reply();
  await client.secure({ cert: ada.chainPem, key: ada.privateKeyPem });
  await client.logIn('ada');
  return client;
}

describe.each([
  ['decided here', () => deciding],
  ['decided by a mapping service', () => asking],
])('a session of a login %s', (_where, worldOf) => {
  it('loses and regains at the recheck what a nested group gives', async () => {
    const client = await loggedIn(worldOf());
    let tries = 0;
    const mayWrite = async () => {
      tries += 1;
      return (await client.command(`MKD probe-${tries}`)).code;
    };
    expect(await mayWrite()).toBe(257);
    await setMembers('editors', 'bob');
    await expect.poll(mayWrite).toBe(550);
    expect((await client.command('MLST /')).code).toBe(250);
    await setMembers('editors', 'ada', 'bob');
    await expect.poll(mayWrite).toBe(257);
    client.destroy();
  });

  it('ends with 421 at the recheck when the account is in no group of a rule any more', async () => {
    const client = await loggedIn(worldOf());
    await setMembers('editors', 'bob');
    await setMembers('readers', 'bob');
    expect((await client.reply()).code).toBe(421);
    const refusal = { accountName: 'ada', denial: { code: 'not-authorized' } };
    const isRefusal = ({ event }: AuditRecord) => event === 'refusal';
    await expect.poll(() => worldOf().records().findLast(isRefusal)).toMatchObject(refusal);
  });
});
