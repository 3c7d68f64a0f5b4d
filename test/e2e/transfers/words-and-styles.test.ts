/** What real clients make of banners of several lines and of listings in the style of MS-DOS: they log in, and read name, size and kind. */
import { mkdtempSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClientSession, ClientStep } from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { ftplib } from '../../support/clients/ftplib.ts';
import { lftp } from '../../support/clients/lftp.ts';
import { createIdentities, type ProtocolSite, startSite } from '../../support/protocol-site.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cardgate-styles-'));
const local = (name: string) => join(scratch, name);

let site: ProtocolSite;
beforeAll(async () => {
  const identities = await createIdentities();
  site = await startSite(identities, {
    messages: {
      consentBanner: 'You consent\n220 to all of it.\n\n  And more.',
      bannerMessage: 'Ready\nat %SiteName%.',
      greetingMessage: 'Welcome %UserName%\n230 or not.\nLast line.',
      exitMessage: 'Until\nlater.',
      expandVariables: true,
    },
    directoryBrowse: { showFlags: ['DisplayAvailableBytes'] },
  });
  await mkdir(join(site.home, 'tree', 'a directory'), { recursive: true });
  await Promise.all([
    writeFile(local('ca.pem'), identities.caPem),
    writeFile(local('ada.crt'), identities.ada.cert),
    writeFile(local('ada.key'), identities.ada.key),
    writeFile(local('sent'), 'sent'),
    writeFile(join(site.home, 'tree', 'file of 9'), '123456789'),
    writeFile(join(site.home, 'tree', 'a directory', 'inner'), 'inner'),
  ]);
});
afterAll(async () => {
  await site?.close();
  await rm(scratch, { recursive: true, force: true });
});

const session = (implicit: boolean, steps: readonly ClientStep[]): ClientSession => ({
  port: implicit ? site.implicitPort : site.port,
  implicit,
  user: 'ada',
  rootFile: local('ca.pem'),
  identity: { kind: 'files', certificateFile: local('ada.crt'), keyFile: local('ada.key') },
  tls: '1.3',
  steps,
});

describe.each([
  ['curl', curl, [false, true]],
  ['lftp', (asked: ClientSession) => lftp(asked, ['set ftp:use-mlsd no']), [false, true]],
  ['ftplib', ftplib, [false]],
] as const)('%s', (name, client, kinds) => {
  it.each(kinds)('reads every banner to its end, and moves files; TLS from the first octet: %s', async (implicit) => {
    const copy = local(`copy of ${name} ${implicit}`);
    const steps: readonly ClientStep[] = [
      { do: 'list', path: 'tree' },
      { do: 'upload', local: local('sent'), remote: `sent by ${name}` },
      { do: 'download', remote: 'tree/file of 9', local: copy },
    ];
    const result = await client(session(implicit, steps));
    expect(result, `${result.stdout}\n${result.stderr}`).toMatchObject({ exitCode: 0 });
    expect(result.stdout).toMatch(/^\d\d-\d\d-\d\d {2}\d\d:\d\d[AP]M {7}<DIR> {10}a directory\r?$/mu);
    expect(result.stdout).toMatch(/^\d\d-\d\d-\d\d {2}\d\d:\d\d[AP]M {20}9 file of 9\r?$/mu);
    expect(await readFile(copy, 'utf8')).toBe('123456789');
    expect(await readFile(join(site.home, `sent by ${name}`), 'utf8')).toBe('sent');
  });
});

it('lftp finds directories and sizes in such a listing: it mirrors a tree by them', async () => {
  const mirror = local('mirror');
  const result = await lftp(session(false, []), ['set ftp:use-mlsd no'], [`mirror tree ${mirror}`]);
  expect(result, `${result.stdout}\n${result.stderr}`).toMatchObject({ exitCode: 0 });
  expect((await readdir(mirror)).sort()).toEqual(['a directory', 'file of 9']);
  expect(await readFile(join(mirror, 'a directory', 'inner'), 'utf8')).toBe('inner');
});
