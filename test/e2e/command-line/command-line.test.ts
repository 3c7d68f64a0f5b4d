/** The command line: exit codes, what goes to which stream, and a gateway that reloads, drains and dies as it should. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ControlClient, openData, readAll, type TlsIdentity } from '../../support/control-client.ts';
import { startGateway } from '../../support/gateway.ts';
import { accountFileDirectory, cardgate, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { runCardgate } from '../../support/run-cardgate.ts';

let pki: TestPki;
let ada: Person;
let uma: Person;
let world: LoginWorld;

async function startWorld(site: Readonly<Record<string, unknown>> = {}): Promise<LoginWorld> {
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: [createHash('sha256').update(ada.der).digest('hex')] },
  ]);
  return startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site,
  });
}

beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  uma = await pki.issuePerson({ name: 'uma' });
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

describe('cardgate', () => {
  it.each<[string, readonly string[], number, RegExp]>([
    ['--help is for newcomers', ['--help'], 0, /Examples:/],
    ['an unknown command is bad usage', ['frobnicate'], 2, /unknown command/],
    ['an unknown option is bad usage', ['serve', '--colour', 'x'], 2, /unknown option/],
    ['a missing argument is bad usage', ['serve'], 2, /missing required argument/],
    ['a missing argument of a card command too', ['card', 'create'], 2, /missing required argument/],
    ['check-config of an absent file is bad configuration', ['check-config', '/nonexistent.yaml'], 2, /cannot be read/],
    ['serve of an absent file is bad configuration', ['serve', '/nonexistent.yaml'], 2, /cannot be read/],
    [
      'a card command that cannot be done is refused',
      ['card', 'remove', 'x', '-d', '/nonexistent'],
      1,
      /There is no card/,
    ],
    ['config-schema prints a schema', ['config-schema'], 0, /"\$schema"/],
  ])('%s', async (_rule, args, exitCode, text) => {
    const result = await runCardgate(args);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout + result.stderr).toMatch(text);
  });
});

describe('cardgate check-config', () => {
  it('exits 0 and prints the digest of a valid configuration', async () => {
    const result = await runCardgate(['check-config', world.configuration]);
    expect(result).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: expect.stringMatching(/is valid \(SHA-256 [0-9a-f]{64}\)/),
    });
  });

  it('exits 2 and prints every fault with file and line', async () => {
    const file = join(world.folder, 'faulty.yaml');
    const text = readFileSync(world.configuration, 'utf8').replace('clientCertificatePolicy', 'clientCertPolicy');
    await writeFile(file, `${text}colour: red\n`);
    const result = await runCardgate(['check-config', file, '--json']);
    expect(result.exitCode).toBe(2);
    expect(JSON.parse(result.stdout)).toMatchObject({
      valid: false,
      faults: [{ setting: 'colour', position: { file } }],
    });
  });

  it('finds a rule that no directory of the site can answer', async () => {
    const settings = parse(readFileSync(world.configuration, 'utf8')) as {
      directories: unknown[];
      sites: { directories: string[] }[];
    };
    settings.directories.push({
      name: 'people',
      type: 'ldap',
      servers: ['ldaps://127.0.0.1'],
      certificateAuthorities: [pki.files.root],
      bindDn: 'cn=x',
      bindPasswordFile: 'accounts.yaml',
      searchBase: 'dc=x',
    });
    settings.sites[0]!.directories = ['people'];
    await writeFile(join(world.folder, 'sid-rules.yaml'), 'rules:\n  - { name: by-sid, map: sid }\n');
    const file = join(world.folder, 'unanswerable.yaml');
    await writeFile(file, stringify(settings).replace('rules: rules.yaml', 'rules: sid-rules.yaml'));
    const result = await runCardgate(['check-config', file]);
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('by-sid') });
  });
});

describe('cardgate explain', () => {
  it('exits 0 for who would be let in, and shows every step', async () => {
    const result = await runCardgate(['explain', ada.certificateFile, '-c', world.configuration, '-u', 'ada']);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    for (const part of ['RFC 5280 6.1.3', 'Revocation', 'rule one-to-one', 'home directory', 'GRANTED']) {
      expect(result.stdout).toContain(part);
    }
  });

  it('needs no name: whoever the certificate leads to', async () => {
    const result = await runCardgate(['explain', ada.certificateFile, '-c', world.configuration]);
    expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('GRANTED') });
  });

  it('exits 1 for who would be refused, with the code and its remedy, as JSON too', async () => {
    const result = await runCardgate([
      'explain',
      uma.certificateFile,
      '-c',
      world.configuration,
      '-u',
      'uma',
      '--json',
    ]);
    expect(result.exitCode).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({
      verdict: { outcome: 'denied', denial: { code: 'mapping-none' } },
      steps: expect.arrayContaining([expect.objectContaining({ stage: 'mapping', verdict: 'failed' })]),
    });
  });

  it('explains what is wrong with a certificate that is garbage inside its PEM', async () => {
    const file = join(world.folder, 'garbage.pem');
    await writeFile(file, '-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n');
    const result = await runCardgate(['explain', file, '-c', world.configuration]);
    expect(result).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('certificate-malformed') });
  });

  it('exits 2 when the file holds no certificate, and when the site is unknown', async () => {
    const noCertificate = await runCardgate(['explain', world.configuration, '-c', world.configuration]);
    expect(noCertificate.exitCode).toBe(2);
    const noSite = await runCardgate(['explain', ada.certificateFile, '-c', world.configuration, '-s', 'other']);
    expect(noSite).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('There is no site other') });
  });

  it('writes nothing to the audit trail of the gateway', async () => {
    const before = world.records().length;
    await runCardgate(['explain', ada.certificateFile, '-c', world.configuration, '-u', 'ada']);
    expect(world.records()).toHaveLength(before);
  });
});

describe('cardgate health', () => {
  const withPort = async (port: number) => {
    const file = join(world.folder, `health-${port}.yaml`);
    await writeFile(file, readFileSync(world.configuration, 'utf8').replace('port: 0', `port: ${port}`));
    return file;
  };

  it('exits 0 while the gateway answers', async () => {
    expect(await runCardgate(['health', await withPort(world.port)])).toMatchObject({ exitCode: 0 });
  });

  it('exits 1 when nobody answers', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    expect(await runCardgate(['health', await withPort(port)])).toMatchObject({ exitCode: 1 });
  });

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
    expect(await runCardgate(['health', file])).toMatchObject({ exitCode: 0, stderr: '' });
    await own.gateway.stop();
    expect(own.records().map(({ event }) => event)).toContain('session-end');
    expect(own.records().filter(({ event }) => event === 'refusal')).toEqual([]);
    await own.stop();
  });

  it('exits 1 when a directory of a site is dead', async () => {
    const file = await withPort(world.port);
    const settings = parse(readFileSync(file, 'utf8')) as { directories: object[]; sites: { directories: string[] }[] };
    settings.directories.push({
      name: 'people',
      type: 'ldap',
      servers: ['ldaps://127.0.0.1:1'],
      certificateAuthorities: [pki.files.root],
      bindDn: 'cn=x',
      bindPasswordFile: 'not-there',
      searchBase: 'dc=x',
    });
    await writeFile(file, stringify(settings));
    expect(await runCardgate(['health', file])).toMatchObject({ exitCode: 0 });
    settings.sites[0]!.directories.push('people');
    await writeFile(file, stringify(settings));
    expect(await runCardgate(['health', file])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/directory people: .*ECONNREFUSED/),
    });
  });
});

describe('cardgate serve', () => {
  it('exits 1 and starts nothing when a port is taken', async () => {
    const file = join(world.folder, 'taken.yaml');
    await writeFile(file, readFileSync(world.configuration, 'utf8').replace('port: 0', `port: ${world.port}`));
    const result = await runCardgate(['serve', file]);
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('cannot listen') });
    expect(result.stderr).toMatch(
      /taken\.yaml:\d+:\d+: fault: sites\[0\]\.bindings\[0\]: .*another process does already/,
    );
  });

  it('exits 1 and names the line when the machine has no such address', async () => {
    const file = join(world.folder, 'foreign.yaml');
    const text = readFileSync(world.configuration, 'utf8').replace('127.0.0.1\n', '203.0.113.7\n');
    await writeFile(file, text.replace('port: 0', 'port: 2121'));
    const result = await runCardgate(['serve', file]);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/foreign\.yaml:\d+:\d+: fault: .*no address 203\.0\.113\.7/);
  });

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
