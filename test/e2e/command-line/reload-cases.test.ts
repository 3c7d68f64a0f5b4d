/**
 * What an administrator may have done before SIGHUP: a fault refuses the reload as a whole, what only a start can renew is named, and
 * what is renewed reaches the sessions that are running. One gateway lives through all of it.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ControlClient, type TlsIdentity } from '../../support/control-client.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

let pki: TestPki;
let other: TestPki;
let ada: Person;
let world: LoginWorld;
/** What the gateway was started with, by name. */
let material: Readonly<Record<string, string>>;
/** Ada’s, logged in before the reload. */
let running: ControlClient;

const crlPem = (der: Buffer) => `-----BEGIN X509 CRL-----\n${der.toString('base64')}\n-----END X509 CRL-----\n`;

beforeAll(async () => {
  pki = await createTestPki();
  other = await createTestPki({ organization: 'Other' });
  ada = await pki.issuePerson({ name: 'ada' });
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: [createHash('sha256').update(ada.der).digest('hex')] },
  ]);
  const own = {
    ...files,
    'server.pem': pki.server.chainPem,
    'server.key': pki.server.privateKeyPem,
    'root.pem': pki.root.certificatePem,
    'issuing.pem': pki.issuing.certificatePem,
    'root.crl': crlPem(await readFile(pki.files.rootCrl)),
    'issuing.crl': crlPem(await readFile(pki.files.issuingCrl)),
  };
  const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files: own,
    rules,
    site: {
      ssl: { serverCertificate: 'server.pem', serverCertificateKey: 'server.key' },
      sslClientCertificates: {
        trustAnchors: ['root.pem'],
        intermediates: ['issuing.pem'],
        crlFiles: ['root.crl', 'issuing.crl'],
      },
      connections: { loginRecheckInterval: '1d' },
    },
  });
  material = { ...own, 'rules.yaml': rules, 'cardgate.yaml': readFileSync(world.configuration, 'utf8') };
});
beforeEach(async () => {
  running = await secured();
  await running.logIn('ada');
});
afterEach(async () => {
  running.destroy();
  for (const [name, text] of Object.entries(material)) await write(name, text);
  await hangUp();
});
afterAll(async () => {
  await world?.stop();
  await pki?.remove();
  await other?.remove();
});

interface Line {
  readonly event: string;
  readonly setting?: string;
  readonly message?: string;
  readonly faults?: readonly string[];
  readonly tookEffect?: readonly string[];
  readonly needsRestart?: readonly string[];
}

interface Settings {
  audit: object;
  readonly sites: {
    name: string;
    physicalPath: string;
    bindings: object[];
    authorization: object[];
    sslClientCertificates: { crlFiles: string[] };
    hooks?: object;
    logFile?: object;
  }[];
}

const write = (name: string, text: string) => writeFile(join(world.folder, name), text, { mode: 0o600 });
const remove = (name: string) => rm(join(world.folder, name));

async function edit(change: (settings: Settings) => void): Promise<void> {
  const settings = parse(readFileSync(world.configuration, 'utf8')) as Settings;
  change(settings);
  await write('cardgate.yaml', stringify(settings));
}

/** @returns the lines of the log from the signal until the sessions were rechecked */
async function hangUp(): Promise<readonly Line[]> {
  const lines = () =>
    readFileSync(join(world.folder, 'cardgate.log'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  const before = lines().length;
  const since = () => lines().slice(before);
  world.gateway.signal('SIGHUP');
  await expect.poll(() => since().some(({ event }) => event === 'sessions-rechecked')).toBe(true);
  return since();
}

const outcomeIn = (lines: readonly Line[]) => lines.find(({ event }) => event.startsWith('reload'));

async function secured(identity: TlsIdentity = {}): Promise<ControlClient> {
  const client = await ControlClient.connect(world.port);
  await client.reply();
  await client.secure({ cert: ada.chainPem, key: ada.privateKeyPem, ...identity });
  return client;
}

async function userReply(identity?: TlsIdentity): Promise<number> {
  const client = await secured(identity);
  const { code } = await client.command('USER ada');
  client.destroy();
  return code;
}

const day = 86_400_000;
async function serverCertificate(from: number, until: number): Promise<void> {
  const [notBefore, notAfter] = [from, until].map((days) => new Date(Date.now() + days * day)) as [Date, Date];
  const issued = await pki.issuing.issueServerCertificate({
    dnsNames: ['localhost'],
    ipAddresses: [],
    notBefore,
    notAfter,
  });
  await write('server.pem', issued.chainPem);
  await write('server.key', issued.privateKeyPem);
}

type Change = () => Promise<unknown>;
const missing = (name: string, setting: string): [string, Change, readonly string[]] => [
  `${name} is missing`,
  () => remove(name),
  [setting, `${name}: `],
];

describe('a reload is refused as a whole, and everything goes on as before, when', () => {
  it.each<[string, Change, readonly string[]]>([
    ['cardgate.yaml is missing', () => remove('cardgate.yaml'), ['cannot be read', 'no such file']],
    missing('server.pem', 'serverCertificate'),
    missing('server.key', 'serverCertificateKey'),
    missing('root.pem', 'trustAnchors'),
    missing('issuing.pem', 'intermediates'),
    missing('issuing.crl', 'crlFiles'),
    missing('rules.yaml', 'rules'),
    missing('accounts.yaml', 'accounts'),
    [
      'several files are missing',
      async () => {
        for (const name of ['server.key', 'root.crl', 'rules.yaml']) await remove(name);
      },
      ['server.key', 'root.crl', 'rules.yaml'],
    ],
    ['the server certificate has expired', () => serverCertificate(-30, -1), ['serverCertificate', 'expired at']],
    ['the server certificate is not valid yet', () => serverCertificate(1, 30), ['is not valid before']],
    [
      'the server certificate has another key',
      () => write('server.key', other.server.privateKeyPem),
      ['serverCertificateKey', 'is not the key of the certificate'],
    ],
    [
      'the server certificate is half a file',
      () => write('server.pem', material['server.pem']!.slice(0, 300)),
      ['PEM'],
    ],
    ['a CRL is half a file', () => write('issuing.crl', material['issuing.crl']!.slice(0, 200)), ['crlFiles']],
    ['a CRL is empty', () => write('issuing.crl', ''), ['crlFiles']],
    ['a trust anchor is empty', () => write('root.pem', ''), ['trustAnchors']],
    [
      'the folder of a site is missing',
      () =>
        edit(({ sites: [site] }) => {
          site!.physicalPath = 'gone';
        }),
      ['physicalPath'],
    ],
    [
      'the only site is renamed',
      () =>
        edit(({ sites: [site] }) => {
          site!.name = 'renamed';
        }),
      ['files', 'restart'],
    ],
    [
      'a site is removed',
      () => edit(({ sites }) => void sites.splice(0, 1, { ...sites[0]!, name: 'more' })),
      ['cannot remove sites: files', 'restart'],
    ],
  ])('%s', async (_what, change, words) => {
    // Withdrawn by the same reload, so that anything that took effect shows.
    await edit(({ sites: [site] }) => {
      site!.authorization = [{ users: ['bob'], permissions: ['Read'] }];
    });
    await change();
    const outcome = outcomeIn(await hangUp());
    expect(outcome).toMatchObject({ event: 'reload-refused' });
    for (const word of words) expect(outcome?.faults?.join('\n')).toContain(word);
    expect((await running.command('MKD made')).code).toBe(257);
    expect((await running.command('RMD made')).code).toBe(250);
    expect(await userReply()).toBe(230);
    const recorded = () => world.records().findLast(({ event }) => event === 'configuration');
    await expect.poll(recorded).toMatchObject({ action: 'reload-refused', faults: outcome?.faults });
  });
});

describe('what only a start can renew is named, and stays as it was:', () => {
  it('a site that is added', async () => {
    await edit(({ sites }) => void sites.push({ ...sites[0]!, name: 'more' }));
    expect(outcomeIn(await hangUp())).toMatchObject({
      event: 'reloaded',
      tookEffect: [],
      needsRestart: ['sites[more]'],
    });
    expect((await running.command('NOOP')).code).toBe(200);
    expect(await userReply()).toBe(230);
  });

  it('the path of the audit trail, whose records go on into the old file', async () => {
    await edit((settings) => {
      settings.audit = { file: 'elsewhere.jsonl' };
    });
    expect(outcomeIn(await hangUp())).toMatchObject({
      event: 'reloaded',
      tookEffect: [],
      needsRestart: ['audit.file'],
    });
    const before = world.logins('ada').length;
    expect(await userReply()).toBe(230);
    await expect.poll(() => world.logins('ada').length).toBe(before + 1);
  });
});

describe('a reload reaches the sessions that are running:', () => {
  it('rights that are taken and given', async () => {
    await edit(({ sites: [site] }) => {
      site!.authorization = [{ users: '*', permissions: ['Read'] }];
    });
    expect(outcomeIn(await hangUp())).toMatchObject({ tookEffect: ['sites[files].authorization'], needsRestart: [] });
    expect((await running.command('MKD made')).code).toBe(550);
    expect((await running.command('NOOP')).code).toBe(200);
  });

  it('hooks, which are asked for the next event, and no longer when they are gone', async () => {
    const program = join(world.folder, 'refuse.sh');
    await writeFile(program, '#!/bin/sh\necho \'{"allow": false, "reason": "kept by law"}\'\n', { mode: 0o700 });
    expect((await running.command('MKD made')).code).toBe(257);
    await edit(({ sites: [site] }) => {
      site!.hooks = { onDelete: { program: [program] } };
    });
    expect(outcomeIn(await hangUp())).toMatchObject({ tookEffect: ['sites[files].hooks'], needsRestart: [] });
    expect((await running.command('RMD made')).code).toBe(550);
    await write('cardgate.yaml', material['cardgate.yaml']!);
    expect(outcomeIn(await hangUp())).toMatchObject({ tookEffect: ['sites[files].hooks'], needsRestart: [] });
    expect((await running.command('RMD made')).code).toBe(250);
  });

  it('the log of a site: turned on, moved to another directory and turned off, with every command in its place', async () => {
    const log = async (directory: string | undefined) => {
      await edit(({ sites: [site] }) => {
        if (directory === undefined) delete site!.logFile;
        else site!.logFile = { directory, logExtFileFlags: ['Method'] };
      });
      const { tookEffect, needsRestart } = outcomeIn(await hangUp()) ?? {};
      expect({ tookEffect, needsRestart }).toEqual({ tookEffect: ['sites[files].logFile'], needsRestart: [] });
    };
    await running.command('NOOP');
    await log('logs-one');
    await running.command('PWD');
    await log('logs-two');
    await running.command('SYST');
    await log(undefined);
    await running.command('NOOP');
    const linesIn = async (directory: string) => {
      const folder = join(world.folder, directory);
      const names = await readdir(folder).catch(() => []);
      const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
      return texts
        .join('')
        .split('\n')
        .filter((line) => /^[A-Z]/.test(line));
    };
    // A line may still be on its way when the directory changes, and goes to the new one then.
    await expect
      .poll(async () => [...(await linesIn('logs-one')), ...(await linesIn('logs-two'))])
      .toEqual(['PWD', 'SYST']);
    expect(await linesIn('logs-two')).toContain('SYST');
  });

  it('a trust anchor that is withdrawn ends those whose cards it vouched for, and no resumed TLS session brings them back', async () => {
    const { session } = running;
    await write('root.pem', other.root.certificatePem);
    await write('issuing.pem', other.issuing.certificatePem);
    expect(outcomeIn(await hangUp())).toMatchObject({
      event: 'reloaded',
      tookEffect: ['sites[files].sslClientCertificates'],
    });
    expect((await running.reply()).code).toBe(421);
    const ends = () => world.records().findLast(({ event }) => event === 'session-end');
    await expect.poll(ends).toMatchObject({ accountName: 'ada', reason: 'login-withdrawn' });
    expect(await userReply()).toBe(530);
    expect(await userReply({ ...(session && { session }) })).toBe(530);
  });

  it('CRLs that are no longer named leave sessions alone, refuse the next login, and are warned of', async () => {
    await edit(({ sites: [site] }) => {
      site!.sslClientCertificates.crlFiles = [];
    });
    const lines = await hangUp();
    expect(outcomeIn(lines)).toMatchObject({ event: 'reloaded', tookEffect: ['sites[files].sslClientCertificates'] });
    expect(lines.filter(({ event }) => event === 'configuration-warning')).toMatchObject([
      { message: 'no source of revocation is named: every login will be refused' },
    ]);
    expect((await running.command('NOOP')).code).toBe(200);
    expect(await userReply()).toBe(530);
    await expect.poll(() => world.logins('ada').at(-1)?.denial?.code).toBe('revocation-unknown');
  });
});
