/** A file system that hangs under one site: its clients get an answer, and logins, other homes, other sites and the audit file go on. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlClient, openData } from '../../support/control-client.ts';
import { canHang, type HangingMount, hangingMount } from '../../support/hanging-mount.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

let pki: TestPki;
let ada: Person;
let uma: Person;
let world: LoginWorld;
let mount: HangingMount | undefined;
beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  uma = await pki.issuePerson({ name: 'uma' });
  const certificates = ({ der }: Person) => [createHash('sha256').update(der).digest('hex')];
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: certificates(ada) },
    { name: 'uma', certificates: certificates(uma) },
  ]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: { fileHandling: { operationTimeout: '2s' } },
    sites: { files: {}, other: {} },
  });
  await (await loggedIn('ada', world.port)).command('QUIT');
  await writeFile(join(world.files, 'ada', 'file'), 'content');
  mkdirSync(join(world.files, 'ada', 'dead'));
});
afterAll(async () => {
  await mount?.end();
  await world?.stop();
  await pki?.remove();
});

async function loggedIn(name: string, port: number): Promise<ControlClient> {
  const person = name === 'ada' ? ada : uma;
  const client = await ControlClient.connect(port);
  await client.reply();
  await client.secure({ cert: person.chainPem, key: person.privateKeyPem });
  await client.logIn(name);
  return client;
}

const hang = async () => {
  mount = await hangingMount(join(world.files, 'ada', 'dead'));
};
const mend = async () => {
  await mount?.end();
  mount = undefined;
};
const requests = ['SIZE dead/file', 'STAT dead', 'MLST dead/file', 'DELE dead/file', 'MKD dead/new', 'RNFR dead/file'];

describe.runIf(canHang)('while a directory of one home hangs', () => {
  it('the process has file threads that no site can occupy', async () => {
    const tasks = `/proc/${world.gateway.pid}/task`;
    const names = (await readdir(tasks)).map((task) => readFile(join(tasks, task, 'comm'), 'utf8'));
    const workers = (await Promise.all(names)).filter((name) => name.startsWith('libuv-worker'));
    expect(workers).toHaveLength(16 + 2 * 12);
  });

  it('every client that asks for it is answered 451 with a record, and all other clients are served as ever', async () => {
    const clients = await Promise.all(Array.from({ length: 40 }, () => loggedIn('ada', world.port)));
    const healthy = await loggedIn('uma', world.port);
    await hang();
    const answers = clients.map((client, index) => client.command(requests[index % requests.length] ?? ''));
    const started = performance.now();

    const other = await loggedIn('ada', world.gateway.ports[1] ?? 0);
    expect((await other.command('SIZE file')).text).toBe('213 7');
    const data = await openData(await healthy.passive(), { cert: uma.chainPem, key: uma.privateKeyPem });
    data.resume();
    data.end('octets');
    healthy.write('STOR upload\r\n');
    await healthy.reply();
    expect((await healthy.reply()).code).toBe(226);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect((await (await loggedIn('uma', world.port)).command('SIZE upload')).code).toBe(213);

    expect((await Promise.all(answers)).map(({ code }) => code)).toEqual(Array(40).fill(451));
    const recorded = () =>
      world
        .records()
        .filter((record) => record.event === 'refusal' && record.denial.code === 'file-system-unresponsive');
    await expect.poll(() => recorded().length).toBe(40);
    expect(world.logins('uma').length).toBeGreaterThan(1);
    const log = await readFile(join(world.folder, 'cardgate.log'), 'utf8');
    expect(log.match(/"file-system-unresponsive"/gu)).toHaveLength(1);
    // What hangs for good is not tried again and again: the answer comes at once.
    const again = performance.now();
    expect((await clients[0]?.command('SIZE file'))?.code).toBe(451);
    expect(performance.now() - again).toBeLessThan(1500);

    await mend();
    await expect.poll(async () => (await clients[0]?.command('SIZE file'))?.code).toBe(213);
    for (const client of [...clients, healthy, other]) client.destroy();
  });

  it('the service still stops in its time, and says what never returned', async () => {
    const client = await loggedIn('ada', world.port);
    await hang();
    expect((await client.command('SIZE dead/file')).code).toBe(451);
    expect(await world.gateway.stop()).toBeNull();
    const log = await readFile(join(world.folder, 'cardgate.log'), 'utf8');
    expect(log).toContain('never-returned');
    expect(log).toContain('"stopped"');
  });
});
