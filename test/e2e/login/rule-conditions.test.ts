/** Real clients before rules that look at their certificate, its CA, their network and the hour. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extendedKeyUsages } from '../../../src/smartcard/authority/certificate-extensions.ts';
import { fileIdentity } from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { runInProcess } from '../../support/run-in-process.ts';

/** id-PIV-cardAuth (FIPS 201-3): the key needs no PIN, so that it shows a card and no person. */
const cardAuthentication = '2.16.840.1.101.3.6.8';
const inside = '127.0.0.1';
const dmz = '127.0.0.2';

let staffPki: TestPki;
let partnerPki: TestPki;
let people: Readonly<Record<'staff' | 'card' | 'contractor', Person>>;
let world: LoginWorld;
let scratch: string;

beforeAll(async () => {
  staffPki = await createTestPki();
  partnerPki = await createTestPki({ organization: 'Partner' });
  people = {
    staff: await staffPki.issuePerson({ name: 'ada' }),
    card: await staffPki.issuePerson({
      name: 'ada-card',
      extendedKeyUsage: [extendedKeyUsages.clientAuth, cardAuthentication],
    }),
    contractor: await partnerPki.issuePerson({ name: 'carl' }),
  };
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-conditions-e2e-'));
  await writeFile(join(scratch, 'sent'), 'sent');
  await mkdir(join(scratch, 'files'));
  await writeFile(join(scratch, 'files', 'there'), 'there');
  const sha256 = (person: Person) => createHash('sha256').update(person.der).digest('hex');
  const { directory, files } = accountFileDirectory([
    { name: 'ada', groups: ['staff'], certificates: [sha256(people.staff), sha256(people.card)] },
    { name: 'carl', groups: ['contractors'], certificates: [sha256(people.contractor)] },
  ]);
  const partnerCa = createHash('sha256').update(partnerPki.issuing.certificateDer).digest('hex');
  world = await startLoginWorld({
    pki: staffPki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: {
      bindings: [{ address: '127.0.0.1', port: 0 }],
      physicalPath: join(scratch, 'files'),
      userIsolation: { mode: 'None' },
      sslClientCertificates: {
        trustAnchors: [staffPki.files.root, partnerPki.files.root],
        intermediates: [staffPki.files.issuing, partnerPki.files.issuing],
        crlFiles: [staffPki, partnerPki].flatMap(({ files: { rootCrl, issuingCrl } }) => [rootCrl, issuingCrl]),
      },
      authorization: [
        { accessType: 'Deny', users: '*', permissions: ['Read', 'Write'], extendedKeyUsage: [cardAuthentication] },
        { roles: ['contractors'], permissions: ['Read'], networks: [dmz], issuers: [partnerCa] },
        { roles: ['staff'], permissions: ['Read', 'Write'], authentication: ['certificate'] },
      ],
    },
  });
});
afterAll(async () => {
  await world?.stop();
  await staffPki?.remove();
  await partnerPki?.remove();
  await rm(scratch, { recursive: true, force: true });
});

describe('a client', () => {
  it.each([
    ['of the staff, from inside, reads and writes', 'staff', inside, { read: true, write: true }],
    ['of the staff, from the DMZ, too', 'staff', dmz, { read: true, write: true }],
    ['with the key that needs no PIN is refused', 'card', inside, 'denied'],
    ['of the partner, from the DMZ, reads alone', 'contractor', dmz, { read: true, write: false }],
    ['of the partner, from inside, is refused', 'contractor', inside, 'denied'],
  ] as const)('%s', async (_case, who, from, expected) => {
    const person = people[who];
    const account = who === 'contractor' ? 'carl' : 'ada';
    const copy = join(scratch, `${who}-${from}`);
    const run = (
      step: { do: 'upload'; local: string; remote: string } | { do: 'download'; local: string; remote: string },
    ) =>
      curl({ ...world.session(account, fileIdentity(person), '1.3', [step]), port: world.port }, [['interface', from]]);
    const before = world.logins(account).length;
    const read = await run({ do: 'download', remote: '/there', local: copy });
    const write = await run({ do: 'upload', local: join(scratch, 'sent'), remote: `/${who}-${from}` });
    // A refusal is told before its record is on the disk.
    await expect.poll(() => world.logins(account)).toHaveLength(before + 2);
    const logins = world.logins(account).slice(before);
    if (expected === 'denied') {
      expect(logins.map(({ outcome, denial }) => [outcome, denial?.code])).toEqual([
        ['denied', 'not-authorized'],
        ['denied', 'not-authorized'],
      ]);
      return;
    }
    expect(logins.map(({ outcome }) => outcome)).toEqual(['granted', 'granted']);
    expect([read.exitCode === 0, write.exitCode === 0]).toEqual([expected.read, expected.write]);
    expect(await readFile(copy, 'utf8')).toBe('there');
  });

  it('is explained by what each rule demands, and by the network it is told to come from', async () => {
    const certificate = join(scratch, 'carl.pem');
    await writeFile(certificate, people.contractor.chainPem);
    const explain = (...more: readonly string[]) =>
      runInProcess([
        'explain',
        certificate,
        '--config',
        world.configuration,
        '--user',
        'carl',
        '--path',
        '/there',
        ...more,
      ]);
    const unknown = await explain();
    expect(unknown.exitCode).not.toBe(0);
    expect(unknown.stdout).toContain('authorization[1] (networks)');
    const known = await explain('--from', dmz);
    expect(known, known.stdout).toMatchObject({ exitCode: 0 });
    expect(known.stdout).toMatch(/Read at \/there[\s\S]*authorization\[1\]/u);
    expect(await explain('--from', 'nowhere')).toMatchObject({ exitCode: 2 });
  });
});
