/** Wildcards, SITE, times and CCC with clients that people use: curl, lftp and Python’s ftplib. */
import { chmod, mkdir, mkdtemp, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClientSession } from '../../support/clients/client-session.ts';
import { lftp } from '../../support/clients/lftp.ts';
import { runClient } from '../../support/clients/run-client.ts';
import { createIdentities, type ProtocolSite, startSite } from '../../support/protocol-site.ts';

let site: ProtocolSite;
let folder: string;
let session: ClientSession;
const host = (path: string) => join(site.home, path);
const modeOf = async (path: string) => ((await stat(host(path))).mode & 0o777).toString(8);

beforeAll(async () => {
  const identities = await createIdentities();
  site = await startSite(identities, {
    fileHandling: { allowSymbolicLinks: true },
    ssl: { controlChannelPolicy: 'SslRequireCredentialsOnly' },
  });
  folder = await mkdtemp(join(tmpdir(), 'cardgate-names-'));
  for (const [file, content] of [
    ['ca.pem', identities.caPem],
    ['ada.pem', identities.ada.cert],
    ['ada.key', identities.ada.key],
  ] as const) {
    await writeFile(join(folder, file), content, { mode: 0o600 });
  }
  await mkdir(host('docs/deep'), { recursive: true });
  for (const path of ['a.txt', 'b.txt', 'c.bin', '.dot', 'docs/d.txt', 'docs/deep/e.txt', 'docs/.kept']) {
    await writeFile(host(path), path);
    await chmod(host(path), 0o640);
  }
  session = {
    identity: { kind: 'files', certificateFile: join(folder, 'ada.pem'), keyFile: join(folder, 'ada.key') },
    tls: '1.2',
    user: 'ada',
    port: site.port,
    implicit: false,
    rootFile: join(folder, 'ca.pem'),
    steps: [],
  } as ClientSession;
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

function curl(...words: readonly string[]) {
  const identity = ['--cert', join(folder, 'ada.pem'), '--key', join(folder, 'ada.key')];
  const trust = ['--cacert', join(folder, 'ca.pem'), '--ssl-reqd', '--user', 'ada:'];
  return runClient('curl', ['-q', '-sS', '-v', ...trust, ...identity, ...words]);
}
const url = (path = '') => `ftp://localhost:${site.port}/${path}`;

describe('lftp', () => {
  it('lists by pattern, sets modes, makes links and removes trees', async () => {
    const { stdout, exitCode } = await lftp(
      session,
      [],
      [
        'nlist *.txt',
        'ls -la',
        'chmod 600 a.txt',
        'glob chmod 660 *.txt',
        'ln -s a.txt link',
        'put /etc/hostname -o docs/named',
        'rm -r docs',
      ],
    );
    expect(exitCode).toBe(0);
    const [first, second] = stdout.split('\n');
    expect([first, second].toSorted()).toEqual(['a.txt', 'b.txt']);
    expect(stdout).toMatch(/^-rw-r----- .* \.dot$/mu);
    expect([await modeOf('a.txt'), await modeOf('b.txt')]).toEqual(['660', '660']);
    expect(await readlink(host('link'))).toBe('a.txt');
    expect((await readdir(site.home)).toSorted()).toEqual(['.dot', 'a.txt', 'b.txt', 'c.bin', 'link']);
  });

  it('clears the control channel where it is told to', async () => {
    const { stdout, exitCode } = await lftp(session, ['set ftp:ssl-use-ccc yes'], ['nlist *.bin', 'cat c.bin']);
    expect([stdout, exitCode]).toEqual(['c.bin\nc.bin', 0]);
  });
});

describe('curl', () => {
  it('runs commands of SITE before a listing', async () => {
    const { stdout, stderr, exitCode } = await curl(
      ...['-l', '-X', 'NLST -r *.t?t'],
      ...['-Q', 'SITE CHMOD 640 a.txt', '-Q', 'SITE COPY a.txt copy.txt', '-Q', 'SITE UTIME 200102030405 b.txt'],
      ...['-Q', 'CLNT curl', '-Q', 'LANG en', '-Q', 'AVBL', '-Q', 'SITE UMASK 027', '-Q', 'SITE WHO'],
      url(),
    );
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toBe('copy.txt\r\nb.txt\r\na.txt\r\n'.replaceAll('\r\n', stdout.includes('\r\n') ? '\r\n' : '\n'));
    expect(await modeOf('a.txt')).toBe('640');
    expect((await stat(host('b.txt'))).mtime.toISOString()).toBe('2001-02-03T04:05:00.000Z');
    await site.record((record) => record.event === 'session-end' && record.clientName === 'curl');
  });

  it.each(['passive', 'active'])('clears the control channel, %s about the end of TLS', async (mode) => {
    const { stdout, stderr, exitCode } = await curl('--ftp-ssl-ccc-mode', mode, url('c.bin'), url('a.txt'));
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(/^< 200 The control channel is clear/mu);
    expect(stdout).toBe('c.bina.txt');
  });
});

describe('ftplib', () => {
  it('clears the control channel, and lists and transfers as before', async () => {
    const script = `
import ftplib, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1] + '/ca.pem')
context.load_cert_chain(sys.argv[1] + '/ada.pem', sys.argv[1] + '/ada.key')
ftp = ftplib.FTP_TLS(context=context)
ftp.connect('localhost', int(sys.argv[2]), timeout=20)
ftp.login('ada'); ftp.prot_p()
print(ftp.ccc()); print(ftp.nlst('*.bin')); print(ftp.pwd())
print(ftp.sendcmd('SITE HELP').splitlines()[0])
ftp.quit()
`;
    const { stdout, stderr } = await runClient('python3', ['-c', script, folder, String(site.port)]);
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual([
      '200 The control channel is clear from now on.',
      "['c.bin']",
      '/',
      '214-Commands of SITE:',
      '',
    ]);
  });
});
