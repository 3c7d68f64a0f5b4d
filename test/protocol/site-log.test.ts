/** What the site log says of commands and channels: one line for each, as IIS writes it, read strictly; and nothing that a client can forge or a secret. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { denial } from '../../src/denial.ts';
import type { Authenticator } from '../../src/login/authenticator.ts';
import { logFlags } from '../../src/operations/site-log/log-fields.ts';
import { logFile } from '../../src/operations/site-log/log-settings.ts';
import { SiteLog } from '../../src/operations/site-log/site-log.ts';
import { milliseconds } from '../../src/settings/units.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { ControlClient } from '../support/control-client.ts';
import { download, upload } from '../support/file-transfers.ts';
import { createIdentities, type ProtocolSite, type SiteChanges } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);
const clock = { now: () => new Date('2026-11-28T12:00:00.000Z') };

let directory: string;
let log: SiteLog;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cardgate-site-log-'));
  const settings = logFile.parse({ directory, logExtFileFlags: [...logFlags] });
  const onAlarm = (text: string) => expect.unreachable(text);
  log = new SiteLog({ place: { settings, directory }, site: 'files', clock, onAlarm });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

type Line = Readonly<Record<string, string>>;

/** Reads as the format demands: directives first, then as many values as there are fields. */
async function linesOf(site: ProtocolSite): Promise<readonly Line[]> {
  await site.server.close(milliseconds(0));
  await log.close();
  const names = await readdir(directory);
  expect(names).toEqual(['u_ex261128.log']);
  const text = await readFile(join(directory, 'u_ex261128.log'), 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  let fields: readonly string[] = [];
  const lines: Line[] = [];
  for (const line of text.slice(0, -1).split('\n')) {
    expect(line).not.toMatch(/[\u0000-\u001f\u007f]/);
    if (line.startsWith('#Fields: ')) fields = line.slice(9).split(' ');
    if (line.startsWith('#')) {
      expect(line).toMatch(
        /^#(Software: cardgate \S+|Version: 1\.0|Date: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d|Fields: [a-z0-9 -]+)$/,
      );
      continue;
    }
    const values = line.split(' ');
    expect(values).toHaveLength(fields.length);
    lines.push(Object.fromEntries(fields.map((field, index) => [field, values[index] ?? ''])));
  }
  return lines;
}

const brief = (line: Line | undefined) =>
  ['cs-username', 'cs-method', 'cs-uri-stem', 'sc-status', 'sc-win32-status', 'sc-substatus', 'x-fullpath']
    .map((field) => line?.[field])
    .join(' ');

const commands = (lines: readonly Line[]) => lines.filter((line) => !line['cs-method']?.includes('Channel'));

const start = (changes: SiteChanges = {}) => siteWith({ clock, siteLog: log, ...changes });

describe('a session', () => {
  it('is a line for each command and for each channel, in the order in which they were answered', async () => {
    const site = await start();
    await writeFile(join(site.home, 'a b.txt'), 'content');
    const client = await site.connect();
    await client.secure(identities.ada);
    await client.logIn('ada');
    await client.command('PWD');
    await download(client, identities.ada, 'RETR a b.txt');
    await upload(client, identities.ada, 'STOR new', 'octets');
    await client.command('MKD d');
    await client.command('CWD d');
    await client.command('CDUP');
    await client.command('QUIT');
    await client.gone();
    const lines = await linesOf(site);
    // A data channel is closed when both ends have closed it, which the next command need not wait for.
    expect(lines.filter((line) => !line['cs-method']?.startsWith('Data')).map(brief)).toEqual([
      '- ControlChannelOpened - - 0 0 -',
      '- AUTH TLS 234 0 0 -',
      'ada USER ada 230 0 0 /',
      'ada PBSZ 0 200 0 0 -',
      'ada PROT P 200 0 0 -',
      'ada TYPE I 200 0 0 -',
      'ada PWD - 257 0 0 -',
      'ada EPSV - 229 0 0 -',
      'ada RETR a+b.txt 226 0 0 /a+b.txt',
      'ada EPSV - 229 0 0 -',
      'ada STOR new 226 0 0 /new',
      'ada MKD d 257 0 0 /d',
      'ada CWD d 250 0 0 /d',
      'ada CDUP - 250 0 0 /',
      'ada QUIT - 221 0 0 -',
      'ada ControlChannelClosed - - 0 0 -',
    ]);
    const transfers = lines.filter((line) => ['RETR', 'STOR'].includes(line['cs-method'] ?? ''));
    const replyOctets = Number(transfers[0]?.['sc-bytes']) - 'content'.length;
    expect(replyOctets).toBeGreaterThan('226 .\r\n'.length);
    expect(transfers[0]?.['cs-bytes']).toBe(String('RETR a b.txt\r\n'.length));
    expect(transfers[1]?.['cs-bytes']).toBe(String('STOR new\r\n'.length + 'octets'.length));
    const data = lines.filter((line) => line['cs-method']?.startsWith('DataChannel'));
    const ports = (method: string) =>
      data.filter((line) => line['cs-method'] === method).map((line) => Number(line['s-port']));
    expect(ports('DataChannelOpened')).toHaveLength(2);
    expect(ports('DataChannelClosed').sort()).toEqual(ports('DataChannelOpened').sort());
    expect(ports('DataChannelOpened')).not.toContain(site.port);
    const [opened] = lines;
    expect(opened).toMatchObject({ date: '2026-11-28', time: '12:00:00', 'c-ip': '127.0.0.1', 's-ip': '127.0.0.1' });
    expect(opened).toMatchObject({ 's-port': String(site.port), 's-sitename': 'files' });
    expect(new Set(lines.map((line) => line['x-session']))).toEqual(
      new Set(site.audit.flatMap((record) => ('connectionId' in record ? [record.connectionId] : []))),
    );
  });

  it('tells an urgent command from the transfer that it ends', async () => {
    const site = await start();
    const client = await site.loggedIn();
    await client.passive();
    expect((await client.command('STOR slow')).code).toBe(150);
    client.write('ABOR\r\n');
    expect((await client.reply()).code).toBe(426);
    expect((await client.reply()).code).toBe(226);
    const lines = commands(await linesOf(site)).slice(-2);
    const answers = lines.map((line) => `${line['cs-method']} ${line['sc-status']}`);
    expect(answers.sort()).toEqual(['ABOR 226', 'STOR 426']);
  });
});

describe('a secret', () => {
  const typed = [
    ['PASS secret', 'PASS ***'],
    ['ACCT secret', 'ACCT ***'],
    ['PAS secret', 'PAS ***'],
    ['SITE PSWD old secret', 'SITE ***'],
  ] as const;
  it.each(typed)('in %s does not stand in the log', async (line, written) => {
    const site = await start();
    const client = await site.loggedIn();
    await client.command(line);
    const [last] = commands(await linesOf(site)).slice(-1);
    expect(`${last?.['cs-method']} ${last?.['cs-uri-stem']}`).toBe(written);
    expect(await readFile(join(directory, 'u_ex261128.log'), 'utf8')).not.toContain('secret');
  });
});

describe('a client', () => {
  it('forges no line by the name of a file or a person, in whatever octets', async () => {
    const site = await start();
    const client = await site.loggedIn();
    const names: readonly (readonly [string | Buffer, string])[] = [
      ['2026-11-28 00:00:00 x', '2026-11-28+00:00:00+x'],
      ['x\r\0y', 'x%0Dy'],
      [Buffer.from([0x66, 0xff, 0xff, 0xfe]), 'f%FF%FE'],
      ['tab\tbed', 'tab%09bed'],
      ['\u2028#Fields: date', '%E2%80%A8#Fields:+date'],
      ['#Fields: date', '%23Fields:+date'],
    ];
    for (const [name] of names) {
      client.write(Buffer.concat([Buffer.from('MKD '), Buffer.from(name), Buffer.from('\r\n')]));
      await client.reply();
    }
    await client.command('USER 1 - 2 #Date:');
    const lines = commands(await linesOf(site));
    const stems = lines.map((line) => line['cs-uri-stem']);
    for (const [, written] of names) expect(stems).toContain(written);
    expect(stems).toContain('1+-+2+%23Date:'.replace('%23', '#'));
  });
});

describe('a refusal', () => {
  const rules = [{ accessType: 'Deny', users: '*', permissions: ['Write'], path: '/kept' } as const];
  const cases = [
    ['RETR nothing', '550 2 3 /nothing', '-'],
    ['DELE kept', '550 5 1 /kept', 'access-denied'],
    ['CWD file', '550 267 13 /file', '-'],
    ['MKD file', '550 183 3 /file', '-'],
    ['NOSUCH', '500 87 0 -', '-'],
    ['RNTO x', '503 22 0 -', '-'],
    ['TYPE E', '504 87 0 -', '-'],
    ['LPSV', '502 50 0 -', '-'],
    ['PORT 10,0,0,1,200,1', '504 1236 38 -', 'active-address-refused'],
  ] as const;
  it.each(cases)('of %s has the codes %s', async (line, expected, code) => {
    const site = await start({ rules, firewallSupport: { activeMode: true } });
    await writeFile(join(site.home, 'file'), '');
    await writeFile(join(site.home, 'kept'), '');
    const client = await site.loggedIn();
    if (line.startsWith('RETR')) await client.passive();
    await client.command(line);
    const [last] = commands(await linesOf(site)).slice(-1);
    const { 'sc-status': status, 'sc-win32-status': win32, 'sc-substatus': sub, 'x-fullpath': path } = last ?? {};
    expect([status, win32, sub, path].join(' ')).toBe(expected);
    expect(last?.['x-debug']).toBe(code);
  });

  it('by the file system is another than one by a rule, in the record too', async () => {
    const site = await start({
      wrapStorage: (storage) => ({
        ...storage,
        removeFile: () => Promise.reject(new StorageError('forbidden', 'EACCES')),
      }),
    });
    const client = await site.loggedIn();
    await client.command('DELE file');
    const [last] = commands(await linesOf(site)).slice(-1);
    expect(last).toMatchObject({ 'sc-win32-status': '5', 'sc-substatus': '2', 'x-debug': 'file-permission-denied' });
    expect(await site.record(({ event }) => event === 'refusal')).toMatchObject({
      denial: { code: 'file-permission-denied' },
    });
  });

  it('of a command in the clear has the sub-status of the policy for the control channel', async () => {
    const site = await start();
    const client = await site.connect();
    await client.command('USER ada');
    const [last] = commands(await linesOf(site)).slice(-1);
    expect(last).toMatchObject({ 'sc-status': '530', 'sc-substatus': '25', 'x-debug': 'tls-required' });
  });

  it('of a data connection stands at its channel and at the command that waited for it', async () => {
    const site = await start();
    await writeFile(join(site.home, 'file'), 'content');
    const client = await site.loggedIn();
    await download(client, identities.bob, 'RETR file').catch(() => undefined);
    await site.record(({ event }) => event === 'transfer');
    const lines = await linesOf(site);
    const status = (method: string) => lines.find((line) => line['cs-method'] === method)?.['sc-substatus'];
    expect([status('DataChannelClosed'), status('RETR')]).toEqual(['49', '49']);
  });
});

describe('the certificate of a client', () => {
  const certificate = {
    subject: 'CN=Ada B',
    issuer: 'CN=Test CA',
    serialNumber: '0a0b',
    sha256: 'ab'.repeat(32),
    notBefore: '',
    notAfter: '',
  };

  it('stands in the lines of its session, from the decision on', async () => {
    const site = await start({
      authenticator: decided({ certificate, revocation: 'good', account: 'CN=ada,OU=Card people' }),
    });
    const client = await site.loggedIn();
    await client.command('PWD');
    const lines = commands(await linesOf(site));
    const shown = (line: Line | undefined) =>
      ['subject', 'issuer', 'serial', 'sha256', 'account', 'revocation']
        .map((name) => line?.[`x-cert-${name}`])
        .join(' ');
    expect(shown(lines[0])).toBe('- - - - - -');
    const whole = `CN=Ada+B CN=Test+CA 0a0b ${'ab'.repeat(32)} CN=ada,OU=Card+people good`;
    expect(lines.slice(1).map(shown)).toEqual(lines.slice(1).map(() => whole));
  });

  it('stands in the line of a login that was refused for it', async () => {
    const refused: Authenticator = {
      authenticate: async () => ({
        outcome: 'denied',
        denial: denial('certificate-revoked', 'Revoked.'),
        reference: 'REF',
        facts: { certificate, revocation: 'revoked' },
      }),
    };
    const site = await start({ authenticator: refused });
    const client = await site.connect();
    await client.secure(identities.ada);
    await client.command('USER ada');
    const [last] = commands(await linesOf(site)).slice(-1);
    expect(last).toMatchObject({
      'cs-username': '-',
      'sc-status': '530',
      'sc-substatus': '48',
      'x-debug': 'certificate-revoked',
      'x-cert-subject': 'CN=Ada+B',
      'x-cert-account': '-',
      'x-cert-revocation': 'revoked',
    });
  });
});

/** Grants every login. */
function decided(
  facts: NonNullable<Extract<Awaited<ReturnType<Authenticator['authenticate']>>, { outcome: 'granted' }>['facts']>,
): Authenticator {
  return {
    authenticate: async ({ claimedName }) => ({
      outcome: 'granted',
      reference: 'REF',
      facts,
      login: {
        accountName: claimedName,
        directory: 'test',
        homeDirectory: '/',
        authenticationMethod: 'certificate' as const,
        accessRights: {
          allows: () => true,
          isFixed: () => false,
          permissions: () => ({ read: true, write: true }),
        } as never,
        recheck: async () => undefined,
      },
    }),
  };
}

describe('the end of a control connection', () => {
  it('by the server has the sub-status of a site that stops', async () => {
    const site = await start();
    await site.loggedIn();
    await turn();
    const lines = await linesOf(site);
    expect(lines.at(-1)).toMatchObject({ 'cs-method': 'ControlChannelClosed', 'sc-substatus': '21' });
  });
});

describe('a client beyond the limits of the site', () => {
  it.each([
    ['of all clients', { maxConnections: 1 }],
    ['of an address', { maxConnectionsPerAddress: 1 }],
  ])('%s has a line with the sub-status of IIS for them', async (_limit, connections) => {
    const site = await start({ connections });
    const first = await site.connect();
    const second = await ControlClient.connect(site.port);
    expect((await second.reply()).code).toBe(421);
    await first.command('QUIT');
    await first.gone();
    const lines = (await linesOf(site)).map(brief);
    expect(lines).toEqual([
      '- ControlChannelOpened - - 0 0 -',
      '- ControlChannelClosed - - 1238 19 -',
      '- QUIT - 221 0 0 -',
      '- ControlChannelClosed - - 0 0 -',
    ]);
  });
});

describe('a log that is renewed', () => {
  const placeIn = (folder: string) => ({ settings: logFile.parse({ directory: folder }), directory: folder });
  const methods = async (folder: string) =>
    (await readFile(join(folder, 'u_ex261128.log'), 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => /ControlChannel\w+|USER|PWD|NOOP|MKD|QUIT/.exec(line)?.[0])
      .filter((method) => method !== undefined);

  it('has a line for every command of a running session, in the old directory or in the new', async () => {
    const site = await start();
    const client = await site.connect();
    await client.secure(identities.ada);
    await client.logIn('ada');
    const other = join(directory, 'other');
    for (let count = 0; count < 5; count += 1) await client.command('NOOP');
    log.renew(placeIn(other));
    for (let count = 0; count < 5; count += 1) await client.command('PWD');
    await client.command('QUIT');
    await client.gone();
    await site.server.close(milliseconds(0));
    await log.close();
    const noops = Array.from({ length: 5 }, () => 'NOOP');
    const pwds = Array.from({ length: 5 }, () => 'PWD');
    expect([...(await methods(directory)), ...(await methods(other))]).toEqual([
      'ControlChannelOpened',
      'USER',
      ...noops,
      ...pwds,
      'QUIT',
      'ControlChannelClosed',
    ]);
    expect(await methods(other)).toEqual(expect.arrayContaining(pwds));
  });

  it('is turned off and on in a session that is running, and says nothing of what was refused in between', async () => {
    const site = await start();
    const client = await site.connect();
    log.renew(undefined);
    expect((await client.command('USER ada')).code).toBe(530);
    log.renew({ settings: logFile.parse({ directory, logExtFileFlags: [...logFlags] }), directory });
    await client.secure(identities.ada);
    await client.logIn('ada');
    await client.command('QUIT');
    await client.gone();
    const lines = (await linesOf(site)).map(brief);
    expect(lines[0]).toBe('- ControlChannelOpened - - 0 0 -');
    expect(lines.slice(1)).toEqual([
      '- AUTH TLS 234 0 0 -',
      'ada USER ada 230 0 0 /',
      'ada PBSZ 0 200 0 0 -',
      'ada PROT P 200 0 0 -',
      'ada TYPE I 200 0 0 -',
      'ada QUIT - 221 0 0 -',
      'ada ControlChannelClosed - - 0 0 -',
    ]);
  });
});
