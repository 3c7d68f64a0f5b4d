/** What transfers and files can be asked for, by real clients: a text under TYPE A comes back as it was, and digests are told. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClientSession, ClientStep } from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { ftplib } from '../../support/clients/ftplib.ts';
import { lftp } from '../../support/clients/lftp.ts';
import { createIdentities, type ProtocolSite, startSite } from '../../support/protocol-site.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cardgate-text-'));
const local = (name: string) => join(scratch, name);
const text = Array.from({ length: 5000 }, (_, line) => `line ${line} ${'x'.repeat(line % 97)}\n`).join('');

let site: ProtocolSite;
beforeAll(async () => {
  const identities = await createIdentities();
  site = await startSite(identities, { fileHandling: { compression: true } });
  await Promise.all([
    writeFile(local('ca.pem'), identities.caPem),
    writeFile(local('ada.crt'), identities.ada.cert),
    writeFile(local('ada.key'), identities.ada.key),
    writeFile(local('text'), text),
    writeFile(local('empty'), ''),
    writeFile(join(site.home, 'served'), text),
  ]);
});
afterAll(async () => {
  await site?.close();
  await rm(scratch, { recursive: true, force: true });
});

const session = (steps: readonly ClientStep[]): ClientSession => ({
  port: site.port,
  user: 'ada',
  rootFile: local('ca.pem'),
  identity: { kind: 'files', certificateFile: local('ada.crt'), keyFile: local('ada.key') },
  tls: '1.3',
  steps,
});

describe.each([
  ['curl --use-ascii', curl],
  ['lftp put -a and get -a', (asked: ClientSession) => lftp(asked, ['set ftp:use-mode-z no'])],
  ["ftplib's storlines and retrlines", ftplib],
] as const)('%s', (name, client) => {
  it('sends CRLF, and the file has LF; what comes back is the same text', async () => {
    const remote = `sent by ${name.split(' ')[0]}`;
    const copy = local(`copy ${remote}`);
    const result = await client(
      session([
        { do: 'upload', local: local('text'), remote, isText: true },
        { do: 'download', remote: 'served', local: copy, isText: true },
      ]),
    );
    expect(result, `${result.stdout}\n${result.stderr}`).toMatchObject({ exitCode: 0 });
    expect(await readFile(join(site.home, remote), 'utf8')).toBe(text);
    expect(readFileSync(copy, 'utf8')).toBe(text);
    const moved = site.audit.filter((record) => record.event === 'transfer' && record.path === `/${remote}`);
    expect(moved).toEqual([expect.objectContaining({ outcome: 'complete', bytes: text.length + 5000 })]);
  });
});

describe('quoted commands', () => {
  it.each([
    ['curl', (line: string) => curl(session([{ do: 'list', path: '/' }]), ['verbose', ['quote', line]])],
    ['lftp', (line: string) => lftp(session([]), [], [`quote ${line}`])],
  ] as const)('%s hears of digests', async (_name, quoted) => {
    const digest = createHash('sha256').update(text).digest('hex');
    for (const [line, answer] of [
      ['HASH served', `213 SHA-256 0-${text.length - 1} ${digest} served`],
      ['XSHA256 "served"', `250 ${digest}`],
    ] as const) {
      const { stdout, stderr, exitCode } = await quoted(line);
      expect(exitCode, stderr).toBe(0);
      expect(`${stdout}${stderr}`).toContain(answer);
    }
  });

  it('curl combines what it sent in parts', async () => {
    const steps = ['part 1', 'part 2'].map((remote) => ({ do: 'upload' as const, local: local('text'), remote }));
    const sent = await curl(session(steps));
    expect(sent, sent.stderr).toMatchObject({ exitCode: 0 });
    const line = 'COMB "whole" "part 1" "part 2"';
    const combined = await curl(session([{ do: 'list', path: '/' }]), [['quote', line]]);
    expect(combined, combined.stderr).toMatchObject({ exitCode: 0 });
    expect(combined.stdout).not.toContain('part');
    expect(await readFile(join(site.home, 'whole'), 'utf8')).toBe(text.repeat(2));
  });
});

describe('lftp with use-mode-z', () => {
  it('lists, sends and fetches files compressed', async () => {
    const settings = ['set ftp:use-mode-z yes', 'set ftp:mode-z-level 9'];
    const steps = [
      { do: 'upload' as const, local: local('text'), remote: 'compressed' },
      { do: 'upload' as const, local: local('empty'), remote: 'empty' },
      { do: 'list' as const, path: '/' },
      { do: 'download' as const, remote: 'compressed', local: local('copy') },
      { do: 'download' as const, remote: 'empty', local: local('copy of empty') },
    ];
    const result = await lftp(session(steps), settings);
    expect(result, `${result.stdout}\n${result.stderr}`).toMatchObject({ exitCode: 0 });
    expect(result.stdout).toMatch(/ compressed$/mu);
    expect(await readFile(join(site.home, 'compressed'), 'utf8')).toBe(text);
    expect(readFileSync(local('copy'), 'utf8')).toBe(text);
    expect(readFileSync(local('copy of empty'), 'utf8')).toBe('');
    const moved = site.audit.filter(
      (record) => record.event === 'transfer' && record.path === '/compressed' && record.bytes !== undefined,
    );
    for (const record of moved)
      expect(record).toMatchObject({ outcome: 'complete', facts: { fileBytes: text.length } });
    for (const record of moved) expect(record).not.toMatchObject({ bytes: text.length });
    expect(moved).toHaveLength(2);
  });
});
