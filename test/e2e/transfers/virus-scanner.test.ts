/**
 * `cardgate serve` with clamd as its hook for uploads, and with a site log: the EICAR test file never gets a name, by whatever command it comes and
 * however it is cut into pieces, and a scanner that hangs or is gone lets nothing pass.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Clamd, eicar, startClamd } from '../../support/clamd.ts';
import { ControlClient } from '../../support/control-client.ts';
import { upload } from '../../support/file-transfers.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

const hook = join(import.meta.dirname, 'clamd-hook.py');
const half = 40;

let pki: TestPki;
let ada: Person;
let clamd: Clamd;
let world: LoginWorld;
let client: ControlClient;
let identity: { readonly cert: string; readonly key: string };
beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  clamd = await startClamd();
  const sha256 = createHash('sha256').update(ada.der).digest('hex');
  const { directory, files } = accountFileDirectory([{ name: 'ada', certificates: [sha256] }]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: {
      hooks: { onUpload: { program: ['/usr/bin/python3', hook, clamd.socket], timeout: '5s', maximumConcurrent: 2 } },
      logFile: {
        directory: 'site-log',
        logExtFileFlags: [
          'UserName',
          'Method',
          'UriStem',
          'FtpStatus',
          'FtpSubStatus',
          'CertSubject',
          'CertRevocation',
        ],
      },
      fileHandling: { keepPartialUploads: true },
    },
  });
  identity = { cert: ada.chainPem, key: ada.privateKeyPem };
  client = await ControlClient.connect(world.port);
  await client.reply();
  await client.secure(identity);
  await client.logIn('ada');
}, 120_000);
afterAll(async () => {
  client?.destroy();
  await world?.gateway.stop();
  if (world) await rm(world.folder, { recursive: true, force: true });
  await clamd?.stop();
  await pki?.remove();
});

/** Every file below the served folder, hidden ones too. */
const contents = () =>
  readdirSync(world.files, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));

const home = () => {
  const [place] = readdirSync(world.files, { recursive: true, withFileTypes: true }).filter(
    ({ name }) => name === 'clean',
  );
  return place?.parentPath ?? world.files;
};

const send = async (command: string, content: string) => (await upload(client, identity, command, content)).code;
const say = async (command: string) => (await client.command(command)).code;

beforeEach(async () => {
  expect(await send('STOR clean', 'nothing to see')).toBe(226);
});

describe('EICAR', () => {
  const ways: readonly (readonly [name: string, run: () => Promise<number>])[] = [
    ['STOR of a new file', () => send('STOR virus', eicar)],
    ['STOR over a clean file', () => send('STOR clean', eicar)],
    ['STOR within much else', () => send('STOR virus', `${'x'.repeat(200_000)}${eicar}`)],
    ['STOU', () => send('STOU', eicar)],
    ['APPE of a new file', () => send('APPE virus', eicar)],
    [
      'APPE in two pieces, each of them clean',
      async () => {
        expect(await send('STOR pieces', eicar.slice(0, half))).toBe(226);
        return send('APPE pieces', eicar.slice(half));
      },
    ],
    [
      'STOR behind REST in two pieces',
      async () => {
        expect(await send('STOR pieces', eicar.slice(0, half))).toBe(226);
        expect(await say(`REST ${half}`)).toBe(350);
        return send('STOR pieces', eicar.slice(half));
      },
    ],
    [
      'COMB of two pieces',
      async () => {
        expect(await send('STOR one', eicar.slice(0, half))).toBe(226);
        expect(await send('STOR two', eicar.slice(half))).toBe(226);
        return say('COMB virus one two');
      },
    ],
    [
      'SITE COPY of a file that was there before the hook',
      async () => {
        await mkdir(join(home(), 'before'), { recursive: true });
        await writeFile(join(home(), 'before', 'virus'), eicar);
        return say('SITE COPY before/virus virus');
      },
    ],
  ];
  it.each(ways)('by %s never has a name', async (_name, run) => {
    expect(await run()).toBe(550);
    await rm(join(home(), 'before'), { recursive: true, force: true });
    expect(contents().filter((text) => text.includes(eicar))).toEqual([]);
    expect(contents()).toContain('nothing to see');
  });

  it('stands in the records with what the scanner found, and in the site log by its sub-status', async () => {
    expect(await send('STOR virus', eicar)).toBe(550);
    const refusals = () => world.records().filter(({ event }) => event === 'refusal');
    await expect.poll(() => refusals().length).toBeGreaterThan(0);
    expect(refusals().at(-1)).toMatchObject({
      denial: {
        code: 'refused-by-hook',
        subStatus: 34,
        facts: { event: 'onUpload', path: '/virus', reason: 'stream: Trial.Eicar.UNOFFICIAL FOUND' },
      },
    });
    const folder = join(world.folder, 'site-log');
    const log = () => readFileSync(join(folder, readdirSync(folder)[0] ?? ''), 'utf8');
    await expect.poll(log).toMatch(/^ada STOR virus 550 34 \S*ada\S* good$/m);
    expect(log()).toMatch(
      /^#Fields: cs-username cs-method cs-uri-stem sc-status sc-substatus x-cert-subject x-cert-revocation$/m,
    );
  });
});

describe('a scanner that', () => {
  it('does not examine a file lets it not pass', async () => {
    expect(await send('STOR large', 'x'.repeat(2 * 1024 * 1024))).toBe(451);
    expect(contents().every((text) => text.length < 1024 * 1024)).toBe(true);
  });

  it('hangs lets nothing pass, and keeps no other session from its files', async () => {
    await clamd.freeze();
    try {
      const storing = send('STOR virus', eicar);
      const other = await ControlClient.connect(world.port);
      await other.reply();
      await other.secure(identity);
      await other.logIn('ada');
      expect((await other.command('SIZE clean')).code).toBe(213);
      expect((await other.command('DELE clean')).code).toBe(250);
      other.destroy();
      expect(await storing).toBe(451);
    } finally {
      clamd.signal('SIGCONT');
    }
    expect(contents().filter((text) => text.includes(eicar))).toEqual([]);
    expect(await send('STOR clean', 'nothing to see')).toBe(226);
  });
});
