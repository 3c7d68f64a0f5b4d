/** What explains, checks or lints changes nothing: not a file, not a mode, not a time; a read-only system is enough for it. */
import { createHash, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { cardgate } from '../../support/built-program.ts';
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts';
import { accountsHolding, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { hasReadOnlyViews, listing, runReadOnly } from '../../support/read-only-view.ts';
import { runInProcess } from '../../support/run-in-process.ts';
import { canTrace, runTraced } from '../../support/traced-changes.ts';

let crlServer: CrlServer;
let pki: TestPki;
let ada: Person;
let world: LoginWorld;
/** A configuration that has served nothing yet: no home, no log, no audit file, no cache. */
let unused: string;
/** Names the running gateway, and a cache directory with a file that is no evidence. */
let running: string;
let tuples: string;

beforeAll(async () => {
  crlServer = await startCrlServer();
  pki = await createTestPki({ crlBaseUrl: crlServer.baseUrl });
  crlServer.publish('root.crl', () => readFile(pki.files.rootCrl));
  crlServer.publish('issuing.crl', () => readFile(pki.files.issuingCrl));
  ada = await pki.issuePerson({ name: 'ada' });
  world = await startLoginWorld({
    pki,
    ...accountsHolding({ ada }),
    site: { sslClientCertificates: { crlFiles: [], revocationRetrievalHosts: ['127.0.0.1'] } },
  });
  const settings = parse(await readFile(world.configuration, 'utf8')) as {
    sites: { bindings: { port: number }[]; physicalPath: string }[];
  };
  await mkdir(join(world.folder, 'untouched'));
  unused = join(world.folder, 'unused.yaml');
  await writeFile(
    unused,
    stringify({
      ...settings,
      audit: { file: 'unused/audit.jsonl' },
      log: { file: 'unused/cardgate.log' },
      retrieval: { cacheDirectory: 'unused/cache' },
      sites: [{ ...settings.sites[0], physicalPath: 'untouched' }],
    }),
  );
  await mkdir(join(world.folder, 'unused'));
  tuples = join(world.folder, 'tuples.txt');
  const issuing = new X509Certificate(await readFile(pki.files.issuing));
  await writeFile(tuples, `${issuing.fingerprint.replaceAll(':', '')}; 1.2.3; IssuerSubject\n`);
  const cache = join(world.folder, 'cache');
  await mkdir(cache, { mode: 0o700 });
  await chmod(cache, 0o700);
  const key = `crl ${crlServer.baseUrl}/issuing.crl `;
  await writeFile(join(cache, createHash('sha256').update(key).digest('hex')), 'not evidence');
  settings.sites[0]!.bindings[0]!.port = world.port;
  running = join(world.folder, 'running.yaml');
  await writeFile(running, stringify({ ...settings, retrieval: { cacheDirectory: 'cache' } }));
});

afterAll(async () => {
  await world?.stop();
  await crlServer?.stop();
  await pki?.remove();
});

const explain = (configuration: string, ...more: string[]) => [
  'explain',
  ada.certificateFile,
  '-c',
  configuration,
  '-u',
  'ada',
  ...more,
];

const commands: Readonly<Record<string, () => readonly string[]>> = {
  'explain of a first login': () => explain(unused),
  'explain as JSON': () => explain(unused, '--json'),
  'explain as HTML': () => explain(unused, '--html', '-'),
  'explain beside a running gateway': () => explain(running),
  'mapping lint': () => ['mapping', 'lint', '-c', unused],
  'mapping value': () => ['mapping', 'value', ada.certificateFile],
  verify: () => [
    ...['verify', ada.certificateFile, '--trust-anchor', pki.files.root, '--untrusted', pki.files.issuing],
    ...['--crl', pki.files.rootCrl, pki.files.issuingCrl],
  ],
  'verify of lines': () => ['verify', '--json-lines', '--trust-anchor', pki.files.root],
  'mapping import-tuples': () => ['mapping', 'import-tuples', tuples, '--ca', pki.files.issuing],
  'config-schema': () => ['config-schema'],
  health: () => ['health', running],
  version: () => ['--version'],
};

/** Beside these, in a read-only view they have more to say. */
const checks: typeof commands = {
  'check-config': () => ['check-config', unused],
  'check-config as JSON': () => ['check-config', unused, '--json'],
  'check-config beside a running gateway': () => ['check-config', running],
};

/** What asks for no change needs no more than a read-only system: where calls can be traced, a few commands show that. */
const inReadOnlyView = canTrace ? ['explain of a first login', 'mapping lint', 'health'] : Object.keys(commands);

/** The gateway itself may write what it does; no client logs in meanwhile. */
const own = (lines: readonly string[]) => lines.filter((line) => !/^(\.|cardgate\.log|audit\.jsonl) /.test(line));

describe('a command that only looks', () => {
  it.each(Object.keys(commands))('%s leaves every file, mode and time as it was', async (name) => {
    const before = own(listing(world.folder));
    const result = await runInProcess(commands[name]!());
    expect(result).toMatchObject({ exitCode: 0 });
    expect(own(listing(world.folder))).toEqual(before);
  });

  it.skipIf(!hasReadOnlyViews).each(inReadOnlyView)(
    '%s needs no more than a read-only view of the system',
    async (name) => {
      expect(await runReadOnly(world.folder, [...cardgate, ...commands[name]!()])).toMatchObject({
        exitCode: 0,
        stderr: '',
      });
    },
  );

  it.skipIf(!canTrace).each(Object.keys({ ...commands, ...checks }))(
    '%s asks the kernel for no change, not even in vain',
    async (name) => {
      const words = (commands[name] ?? checks[name])!();
      expect(await runTraced([...cardgate, ...words])).toMatchObject({ exitCode: 0, changes: [] });
    },
  );

  it.skipIf(!canTrace)('a command that writes is seen by this trace', async () => {
    const report = join(world.folder, 'report.html');
    const { changes } = await runTraced([...cardgate, ...explain(unused, '--html', report)]);
    expect(changes).toEqual([expect.stringContaining(`"${report}`)]);
    await rm(report);
  });

  it.each(Object.keys(checks))('%s leaves every file, mode and time as it was', async (name) => {
    const before = own(listing(world.folder));
    expect(await runInProcess(checks[name]!())).toMatchObject({ exitCode: 0 });
    expect(own(listing(world.folder))).toEqual(before);
  });

  it.skipIf(!hasReadOnlyViews)('check-config says of a read-only system what the service could not write', async () => {
    const result = await runReadOnly(world.folder, [...cardgate, 'check-config', unused]);
    expect(result).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('the file system is read-only') });
  });

  it('explain says that the first login makes the home', async () => {
    const result = await runInProcess(explain(unused));
    expect(result.stdout).toContain(`home: ${join(world.folder, 'untouched', 'ada')}`);
    expect(result.stdout).toContain('wouldBeMade: by the first login');
  });
});
