/** The log of a site read by programs of others, which know the W3C extended format: lnav by its own knowledge, GoAccess by a format that names the fields. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logFile } from '../../../src/operations/site-log/log-settings.ts';
import { SiteLog } from '../../../src/operations/site-log/site-log.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { download, upload } from '../../support/file-transfers.ts';
import { createIdentities } from '../../support/protocol-site.ts';
import { siteFactory } from '../../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);
const run = promisify(execFile);

type Line = Readonly<Record<string, string>>;

let folder: string;
let file: string;
let lines: readonly Line[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cardgate-log-readers-'));
  const clock = { now: () => new Date('2026-11-28T12:00:00.000Z') };
  // The fields of IIS, as they are by default, with those that count octets and time.
  const usual = logFile.parse({ directory: folder }).logExtFileFlags;
  const settings = logFile.parse({
    directory: folder,
    logExtFileFlags: [...usual, 'BytesSent', 'BytesRecv', 'TimeTaken'],
  });
  const onAlarm = (text: string) => expect.unreachable(text);
  const log = new SiteLog({ place: { settings, directory: folder }, site: 'files', clock, onAlarm });
  const site = await siteWith({ clock, siteLog: log });
  await writeFile(join(site.home, 'a b.txt'), 'content');
  const client = await site.connect();
  await client.secure(identities.ada);
  await client.logIn('ada');
  await download(client, identities.ada, 'RETR a b.txt');
  await upload(client, identities.ada, 'STOR ünïcode “x”', 'octets');
  for (const line of ['MKD d', 'RETR missing', 'SITE NOTHING', 'DELE "quoted" name', 'NO\u0001SUCH', 'QUIT'])
    await client.command(line);
  await client.gone();
  await site.server.close(milliseconds(0));
  await log.close();
  file = join(folder, 'u_ex261128.log');
  const text = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const fields =
    text
      .find((line) => line.startsWith('#Fields: '))
      ?.slice(9)
      .split(' ') ?? [];
  lines = text
    .filter((line) => !line.startsWith('#'))
    .map((line) => Object.fromEntries(line.split(' ').map((value, index) => [fields[index] ?? '', value])));
  expect(lines.length).toBeGreaterThan(12);
});
afterAll(() => folder && rm(folder, { recursive: true, force: true }));

const lnav = '/usr/bin/lnav';
describe.skipIf(!existsSync(lnav))(`lnav (${lnav} has to be installed)`, () => {
  it('knows the format, and reads every field of every line', async () => {
    const columns = ['c_ip', 's_ip', 's_port', 'cs_method', 'cs_uri_stem', 'sc_status', 'sc_bytes', 'cs_bytes'];
    const query = `;select log_format, ${columns.join(', ')} from w3c_log`;
    const { stdout } = await run(lnav, ['-n', '-c', query, '-c', ':write-json-to -', file], {
      env: { ...process.env, HOME: folder, TERM: 'dumb' },
    });
    const read = JSON.parse(stdout) as readonly Readonly<Record<string, string | number | null>>[];
    expect(read.map(({ log_format }) => log_format)).toEqual(lines.map(() => 'w3c_log'));
    const told = (value: string | number | null | undefined) => (value === null ? '-' : String(value));
    expect(read.map((row) => columns.map((column) => told(row[column])))).toEqual(
      lines.map((line) => columns.map((column) => line[column.replace('_', '-').replaceAll('_', '-')])),
    );
  });
});

const goaccess = '/usr/bin/goaccess';
describe.skipIf(!existsSync(goaccess))(`GoAccess (${goaccess} has to be installed)`, () => {
  /** Field -> specifier. It takes methods of HTTP only (%m), and statuses of HTTP only unless it is told not to be strict. */
  const specifiers: Readonly<Record<string, string>> = {
    date: '%d',
    time: '%t',
    'c-ip': '%h',
    'cs-username': '%e',
    'cs-uri-stem': '%U',
    'sc-status': '%s',
    'sc-bytes': '%b',
    'time-taken': '%L',
  };

  it('reads every line, and counts the octets that were sent', async () => {
    const [first = {}] = lines;
    const format = Object.keys(first)
      .map((field) => specifiers[field] ?? '%^')
      .join(' ');
    const report = join(folder, 'report.json');
    await run(goaccess, [
      ...[file, '--no-global-config', '--no-strict-status', '--log-format', format, '-o', report],
      ...['--date-format', '%Y-%m-%d', '--time-format', '%H:%M:%S'],
    ]);
    const { general } = JSON.parse(await readFile(report, 'utf8')) as { readonly general: Record<string, number> };
    expect(general['valid_requests']).toBe(lines.length);
    expect(general['failed_requests']).toBe(0);
    const octets = lines.reduce((sum, line) => sum + Number(line['sc-bytes']), 0);
    expect(general['bandwidth']).toBe(octets);
  });
});
