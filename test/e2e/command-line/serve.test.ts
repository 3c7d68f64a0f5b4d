/** A gateway that reloads, drains and dies in order, and answers `cardgate health`. What commands print: test/commands. */
import { readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { cardgate } from '../../support/built-program.ts';
import { ControlClient, openData, readAll, type TlsIdentity } from '../../support/control-client.ts';
import { startGateway } from '../../support/gateway.ts';
import { accountsHolding, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { runInProcess } from '../../support/run-in-process.ts';

let pki: TestPki;
let ada: Person;
let world: LoginWorld;

async function startWorld(site: Readonly<Record<string, unknown>> = {}): Promise<LoginWorld> {
  return startLoginWorld({
    pki,
    ...accountsHolding({ ada }),
    site,
  });
}

beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
  await pki?.remove();
});

const identity = (): TlsIdentity => ({ cert: ada.chainPem, key: ada.privateKeyPem });

async function loggedIn(port: number): Promise<ControlClient> {
  const client = await ControlClient.connect(port);
  await client.reply();
  await client.secure(identity());
  await client.logIn('ada');
  return client;
}

async function userReply(port: number): Promise<number> {
  const client = await ControlClient.connect(port);
  await client.reply();
  await client.secure(identity());
  const { code } = await client.command('USER ada');
  client.destroy();
  return code;
}

describe('cardgate health', () => {
  it('needs no secret, and leaves no refusal in the audit trail, on implicit bindings too', async () => {
    const own = await startWorld({
      bindings: [
        { address: '127.0.0.1', port: 0 },
        { address: '127.0.0.1', port: 0, tls: 'implicit' },
      ],
    });
    const settings = parse(readFileSync(own.configuration, 'utf8')) as {
      sites: { bindings: { port: number }[]; ssl: object }[];
    };
    settings.sites[0]!.bindings.forEach((binding, index) => {
      binding.port = own.gateway.ports[index]!;
    });
    settings.sites[0]!.ssl = { serverCertificate: 'unreadable.pem', serverCertificateKey: 'unreadable.key' };
    const file = join(own.folder, 'health.yaml');
    await writeFile(file, stringify(settings));
    expect(await runInProcess(['health', file])).toMatchObject({ exitCode: 0, stderr: '' });
    await own.gateway.stop();
    expect(own.records().map(({ event }) => event)).toContain('session-end');
    expect(own.records().filter(({ event }) => event === 'refusal')).toEqual([]);
    await own.stop();
  });
});

describe('cardgate serve', () => {
  it('reads new revocations on SIGHUP, and keeps the old material when the new has a fault', async () => {
    const own = await startWorld();
    const log = () => readFileSync(join(own.folder, 'cardgate.log'), 'utf8');
    expect(await userReply(own.port)).toBe(230);

    await writeFile(join(own.folder, 'rules.yaml'), 'rules: [\n');
    own.gateway.signal('SIGHUP');
    await expect.poll(log).toContain('reload-refused');
    expect(await userReply(own.port)).toBe(230);

    await writeFile(join(own.folder, 'accounts.yaml'), 'accounts:\n  - { name: ada, disabled: true }\n');
    await writeFile(join(own.folder, 'rules.yaml'), 'rules:\n  - { name: one-to-one, map: certificate }\n');
    own.gateway.signal('SIGHUP');
    await expect.poll(log).toContain('"reloaded"');
    expect(await userReply(own.port)).toBe(530);
    await own.stop();
  });

  it('judges sessions that are running by what it read on SIGHUP', async () => {
    const own = await startWorld({ connections: { loginRecheckInterval: '1s' } });
    const client = await loggedIn(own.port);
    await writeFile(join(own.folder, 'accounts.yaml'), 'accounts:\n  - { name: ada, disabled: true }\n');
    own.gateway.signal('SIGHUP');
    expect((await client.reply()).code).toBe(421);
    const refusal = () => own.records().find(({ event }) => event === 'refusal');
    await expect.poll(refusal).toMatchObject({ denial: { code: 'mapping-none' } });
    await own.stop();
  });

  it('lets a running transfer finish on SIGTERM, tells idle clients 421, and exits 0', async () => {
    const own = await startWorld();
    const uploader = await loggedIn(own.port);
    const idle = await loggedIn(own.port);
    const dataPort = await uploader.passive();
    const data = await openData(dataPort, { ...identity(), ...(uploader.session && { session: uploader.session }) });
    uploader.write('STOR slow.bin\r\n');
    expect((await uploader.reply()).code).toBe(125);
    data.write('first half, ');
    const stopped = own.gateway.stop();
    expect((await idle.reply()).code).toBe(421);
    data.end('second half');
    expect((await uploader.reply()).code).toBe(226);
    expect(await stopped).toBe(0);
    expect(readFileSync(join(own.files, 'ada', 'slow.bin'), 'utf8')).toBe('first half, second half');
    await own.stop();
  });

  it('killed in the middle of an upload leaves the old file whole', async () => {
    const own = await startWorld();
    await mkdir(join(own.files, 'ada'));
    await writeFile(join(own.files, 'ada', 'report.txt'), 'the old content');
    const client = await loggedIn(own.port);
    const data = await openData(await client.passive(), {
      ...identity(),
      ...(client.session && { session: client.session }),
    });
    client.write('STOR report.txt\r\n');
    expect((await client.reply()).code).toBe(125);
    data.write(Buffer.alloc(300_000, 'x'));
    await expect.poll(() => readdir(join(own.files, 'ada'))).toHaveLength(2);
    own.gateway.signal('SIGKILL');
    await client.gone();
    expect(readFileSync(join(own.files, 'ada', 'report.txt'), 'utf8')).toBe('the old content');

    // The next gateway serves the old file, and shows nothing of the leftover.
    const again = await startGateway({ command: cardgate, configuration: own.configuration });
    const reader = await loggedIn(again.ports[0] ?? 0);
    const list = await openData(await reader.passive(), {
      ...identity(),
      ...(reader.session && { session: reader.session }),
    });
    reader.write('NLST\r\n');
    expect((await readAll(list)).toString()).toBe('report.txt\r\n');
    reader.destroy();
    await again.stop();
    await own.stop();
  });
});
