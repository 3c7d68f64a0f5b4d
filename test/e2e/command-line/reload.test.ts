/** SIGHUP of a running gateway: what is renewed serves the next connection, what is not is named, in the log and in the audit trail. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ControlClient } from '../../support/control-client.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

let pki: TestPki;
let other: TestPki;
let ada: Person;
let world: LoginWorld;

beforeAll(async () => {
  pki = await createTestPki();
  other = await createTestPki({ organization: 'Other' });
  ada = await pki.issuePerson({ name: 'ada' });
  return async () => {
    await pki.remove();
    await other.remove();
  };
});

async function start(): Promise<void> {
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: [createHash('sha256').update(ada.der).digest('hex')] },
  ]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files: { ...files, 'server.pem': pki.server.chainPem, 'server.key': pki.server.privateKeyPem },
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: { ssl: { serverCertificate: 'server.pem', serverCertificateKey: 'server.key' } },
  });
  await expect.poll(logText).toContain('"started"');
}
afterEach(() => world?.stop());

interface Settings {
  audit: object;
  readonly sites: [
    {
      readonly bindings: { address: string }[];
      readonly ssl: { signatureAlgorithms?: string };
      messages?: object;
      connections?: object;
      authorization: object[];
    },
  ];
}

interface Reloaded {
  readonly level: string;
  readonly event: string;
  readonly sha256: string;
  readonly tookEffect: readonly string[];
  readonly needsRestart: readonly string[];
}

const logText = () => {
  const file = join(world.folder, 'cardgate.log');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};
const lines = () =>
  logText()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Reloaded);

/** @returns the line of the log that says what came of it */
async function reload(): Promise<Reloaded> {
  const done = () => lines().filter(({ event }) => /^reload/.test(event));
  const before = done().length;
  world.gateway.signal('SIGHUP');
  await expect.poll(() => done().length).toBe(before + 1);
  return done().at(-1)!;
}

async function edit(change: (settings: Settings) => void): Promise<void> {
  const settings = parse(readFileSync(world.configuration, 'utf8')) as Settings;
  change(settings);
  await writeFile(world.configuration, stringify(settings));
}

async function connected(): Promise<{ client: ControlClient; banner: string; serverCertificate: string }> {
  const client = await ControlClient.connect(world.port);
  const banner = (await client.reply()).lines.join(' ');
  await client.secure({ cert: ada.chainPem, key: ada.privateKeyPem });
  return { client, banner, serverCertificate: client.tls.getPeerCertificate().fingerprint256 };
}

describe('SIGHUP', () => {
  it('renews the server certificate, its key, limits and messages for the next connection', async () => {
    await start();
    const before = await connected();
    await writeFile(join(world.folder, 'server.pem'), other.server.chainPem);
    await writeFile(join(world.folder, 'server.key'), other.server.privateKeyPem);
    await edit(({ sites: [site] }) => {
      site.messages = { bannerMessage: 'renewed banner' };
      site.connections = { maxConnectionsPerAddress: 2 };
    });
    expect(await reload()).toMatchObject({
      level: 'info',
      tookEffect: ['sites[files].connections', 'sites[files].messages', 'sites[files].ssl'],
      needsRestart: [],
    });
    const after = await connected();
    expect(after.banner).toContain('renewed banner');
    expect(after.serverCertificate).not.toBe(before.serverCertificate);
    const third = await ControlClient.connect(world.port);
    expect((await third.reply()).code).toBe(421);
    expect((await before.client.command('NOOP')).code).toBe(200);
    for (const client of [before.client, after.client, third]) client.destroy();
  });

  it('names what needs a restart, again at every reload, and takes the rest', async () => {
    await start();
    await edit((settings) => {
      settings.audit = { file: 'elsewhere.jsonl' };
      settings.sites[0].bindings[0]!.address = '127.0.0.2';
      settings.sites[0].messages = { bannerMessage: 'renewed banner' };
    });
    const needsRestart = ['audit.file', 'sites[files].bindings'];
    expect(await reload()).toMatchObject({ level: 'warn', tookEffect: ['sites[files].messages'], needsRestart });
    expect(await reload()).toMatchObject({ level: 'warn', tookEffect: [], needsRestart });
    const { client, banner } = await connected();
    expect(banner).toContain('renewed banner');
    client.destroy();
  });

  it('refuses an identity that OpenSSL cannot use, and keeps all of the old', async () => {
    await start();
    await edit(({ sites: [site] }) => {
      site.ssl.signatureAlgorithms = 'nonsense';
      site.authorization = [{ users: ['bob'], permissions: ['Read'] }];
    });
    expect(await reload()).toMatchObject({ event: 'reload-refused' });
    const { client } = await connected();
    expect((await client.command('USER ada')).code).toBe(230);
    client.destroy();
  });

  it('is recorded with the digest of what is in force, as the start is', async () => {
    await start();
    const started = lines().find(({ event }) => event === 'started')!;
    await edit(({ sites: [site] }) => {
      site.messages = { bannerMessage: 'renewed banner' };
    });
    const reloaded = await reload();
    expect(reloaded.sha256).not.toBe(started.sha256);
    await writeFile(world.configuration, 'sites: [\n');
    await reload();
    const records = () => world.records().filter(({ event }) => event === 'configuration');
    await expect.poll(records).toMatchObject([
      { action: 'started', sha256: started.sha256 },
      { action: 'reloaded', sha256: reloaded.sha256, tookEffect: ['sites[files].messages'], needsRestart: [] },
      {
        action: 'reload-refused',
        sha256: reloaded.sha256,
        faults: [expect.any(String)],
      },
    ]);
  });
});
