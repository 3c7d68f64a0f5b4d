/** Published, real and hostile configurations of IIS: each behaves as its table says, and what is written is a valid configuration. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importIis } from '../../src/iis/import-iis.ts';
import { InputFault } from '../../src/iis/reading/input-fault.ts';
import { noOptions } from '../support/iis-files.ts';
import { createTestPki, type TestPki } from '../support/pki.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { readVector, skipReason } from './vectors.ts';

interface Expectation {
  readonly file: string;
  readonly expect: 'refuse' | 'finding' | 'accept' | 'accept with note' | 'refuse or accept';
  readonly why: string;
}

const json = <T>(path: string): T => JSON.parse(readVector(path).toString('utf8')) as T;
const hostile = skipReason ? [] : json<readonly Expectation[]>('iis/hostile/expected.json');
const samples = skipReason ? [] : json<{ samples: readonly { file: string }[] }>('iis/samples/manifest.json').samples;
const real = skipReason
  ? []
  : json<{ files: readonly { file: string; ftpSites: number }[] }>('iis/real/manifest.json').files;

const secrets = /AAECAwQF|AAEC|Winter2019!|57686f6120447564652c2049495320526f636b73:enc/;

describe.skipIf(skipReason)('hostile configurations', () => {
  it('are all there', () => expect(hostile.length).toBe(59));

  it.each(hostile)('$file: $expect ($why)', ({ file, expect: expected }) => {
    const octets = readVector(`iis/hostile/${file}`);
    const attempt = () => importIis(file, octets, noOptions);
    if (expected.startsWith('refuse')) {
      expect(attempt).toThrow(InputFault);
      return;
    }
    const { findings, yaml } = attempt();
    const open = findings.filter(({ outcome }) => outcome !== 'carriedOver' && outcome !== 'withoutEffect');
    if (expected === 'finding' && yaml !== undefined) expect(open.length).toBeGreaterThan(0);
    expect(findings.every(({ place }) => place !== undefined)).toBe(true);
    expect(JSON.stringify(findings) + yaml).not.toMatch(secrets);
    expect(attempt()).toEqual(attempt());
  });
});

describe.skipIf(skipReason)('a web.config that allows all accounts everything', () => {
  const opening = Buffer.from(
    '<configuration><system.ftpServer><security><authorization><clear /><add accessType="Allow" users="*" permissions="Read, Write" /></authorization></security></system.ftpServer></configuration>',
  );

  it.each([
    ...samples.map(({ file }) => `iis/samples/${file}`),
    ...real.map(({ file }) => `iis/real/${file}`),
    ...hostile
      .filter(({ expect: expected }) => !expected.startsWith('refuse'))
      .map(({ file }) => `iis/hostile/${file}`),
  ])('stops each site of %s that it is given for, unless authorization is unlocked', (path) => {
    const octets = readVector(path);
    for (const before of importIis(path, octets, noOptions).sites) {
      const { name } = before;
      const webConfigs = [{ file: 'web.config', location: name, octets: opening }];
      const { sites } = importIis(path, octets, { ...noOptions, webConfigs });
      const written = path.includes('/r14-') ? before.written : 'written as a comment';
      expect(sites.find((site) => site.name === name)).toMatchObject({ written });
    }
  });
});

describe.skipIf(skipReason)('what is imported', () => {
  let pki: TestPki;
  let folder: string;
  beforeAll(async () => {
    pki = await createTestPki();
    folder = await mkdtemp(join(tmpdir(), 'cardgate-iis-'));
    const served = Array.from({ length: 8 }, (_, index) => join(folder, 'served', String(index)));
    await Promise.all(served.map((path) => mkdir(path, { recursive: true })));
    // What no option names is filled in: a folder at the place that the configuration says.
    for (const name of ['folder', 'folder-1']) await mkdir(join(folder, 'fill-in', name), { recursive: true });
    await writeFile(join(folder, 'rules.yaml'), 'rules:\n  - { name: one-to-one, map: certificate }\n');
    await writeFile(join(folder, 'accounts.yaml'), 'accounts: []\n');
    await writeFile(
      join(folder, 'directories.yaml'),
      'directories: [{ name: corp, type: file, accounts: accounts.yaml }]\n',
    );
  });
  afterAll(async () => {
    await pki?.remove();
    if (folder) await rm(folder, { recursive: true });
  });

  /** Every folder is mapped to one that is there. */
  async function checked(file: string, octets: Buffer) {
    const input = join(folder, 'applicationHost.config');
    const output = join(folder, 'cardgate.yaml');
    await rm(output, { force: true });
    await writeFile(input, octets);
    const { findings } = importIis(file, octets, noOptions);
    const paths = findings
      .filter(({ subject }) => subject.endsWith('@physicalPath'))
      .flatMap(({ remedy }) => /--map '(.*)=\/srv\/(?:files|other)'/.exec(remedy ?? '')?.[1] ?? []);
    const maps = paths.flatMap((path, index) => ['--map', `${path}=${join(folder, 'served', String(index))}`]);
    const { serverChain, serverKey, root } = pki.files;
    const told = [
      '--certificate',
      `${serverChain},${serverKey}`,
      '--trust-anchor',
      root,
      '--revocation-host',
      'pki.example',
    ];
    const given = ['--mapping-rules', 'rules.yaml', '--directory', join(folder, 'directories.yaml')];
    const done = await runInProcess(['import-iis', input, '--output', output, ...maps, ...told, ...given]);
    const check = (await readdir(folder)).includes('cardgate.yaml')
      ? await runInProcess(['check-config', output])
      : undefined;
    return { done, check };
  }

  it.each([
    ...samples.map(({ file }) => ({ path: `iis/samples/${file}` })),
    ...real.map(({ file }) => ({ path: `iis/real/${file}` })),
    ...hostile
      .filter(({ expect: expected }) => !expected.startsWith('refuse'))
      .map(({ file }) => ({ path: `iis/hostile/${file}` })),
  ])('from $path is a configuration that check-config takes', async ({ path }) => {
    const octets = readVector(path);
    const { done, check } = await checked(path, octets);
    expect(done.exitCode).toBe(check === undefined ? 1 : 0);
    if (!check) return;
    const { sites } = importIis(path, octets, noOptions);
    const faults = check.stderr.split('\n').filter((line) => line.includes(': fault: '));
    // A file whose sites are all comments is a configuration of nothing, which check-config says.
    if (sites.every(({ written }) => written === 'written as a comment')) expect(faults).toHaveLength(1);
    else expect({ faults, exitCode: check.exitCode }).toEqual({ faults: [], exitCode: 0 });
  });

  it.each(real)('from $file has $ftpSites FTP sites', ({ file, ftpSites }) => {
    expect(importIis(file, readVector(`iis/real/${file}`), noOptions).sites).toHaveLength(ftpSites);
  });
});
