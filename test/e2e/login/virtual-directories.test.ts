/** Real clients on sites with virtual directories, and homes as IIS lays them out. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileIdentity } from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { ftplib } from '../../support/clients/ftplib.ts';
import { lftp } from '../../support/clients/lftp.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { runInProcess } from '../../support/run-in-process.ts';

let pki: TestPki;
let ada: Person;
let world: LoginWorld;
let scratch: string;
const content = randomBytes(100_003);
const at = (...path: string[]) => join(scratch, ...path);

beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-virtual-e2e-'));
  for (const path of ['share', 'own', 'inetpub/LocalUser/ADA', 'inetpub/ada'])
    await mkdir(at(path), { recursive: true });
  await writeFile(at('original'), content);
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: [createHash('sha256').update(ada.der).digest('hex')] },
  ]);
  const site = (mode: string, layout: string) => ({
    physicalPath: at('inetpub'),
    userIsolation: { mode, layout, createHome: false },
    virtualDirectories: [
      { path: '/pub/share', physicalPath: at('share') },
      { path: '/LocalUser/ada/in', physicalPath: at('own') },
    ],
  });
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    sites: {
      start: site('StartInUsersDirectory', 'account'),
      root: site('IsolateRootDirectoryOnly', 'iis'),
      all: site('IsolateAllDirectories', 'iis'),
    },
  });
});
afterAll(async () => {
  await world?.stop();
  await pki?.remove();
  await rm(scratch, { recursive: true, force: true });
});

const clients = { curl, lftp, ftplib };

describe.each(Object.entries(clients))('%s', (client, run) => {
  const moves = async (site: string, remote: string, host: string, shown: readonly string[]) => {
    const copy = at(`copy${remote.replaceAll('/', '-')}-${site}`);
    const folder = remote.slice(0, remote.lastIndexOf('/') + 1);
    const steps = [
      { do: 'upload', local: at('original'), remote },
      { do: 'list', path: folder },
      { do: 'download', remote, local: copy },
      { do: 'list', path: '/' },
    ] as const;
    const session = world.session('ada', fileIdentity(ada), '1.2', steps);
    const result = await run({ ...session, port: world.portOf(site) });
    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    expect(await readFile(host)).toEqual(content);
    expect(readFileSync(copy).equals(content)).toBe(true);
    for (const name of shown) expect(result.stdout).toContain(name);
  };

  it('moves files in a virtual directory that all have', async () => {
    await moves('root', `/pub/share/${client}.bin`, at('share', `${client}.bin`), [`${client}.bin`, 'pub']);
  });

  it('moves files in a virtual directory of its own account, in a home that differs in letter case', async () => {
    await moves('all', `/in/${client}.bin`, at('own', `${client}.bin`), [`${client}.bin`, 'in']);
    await moves('all', `/${client}.bin`, at('inetpub/LocalUser/ADA', `${client}.bin`), [`${client}.bin`]);
  });
});

it('a session begins in the directory of the account, from where curl counts its paths', async () => {
  const steps = [
    { do: 'upload', local: at('original'), remote: '/begun.bin' },
    { do: 'list', path: '/' },
  ] as const;
  const result = await curl({ ...world.session('ada', fileIdentity(ada), '1.3', steps), port: world.portOf('start') });
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  expect(await readFile(at('inetpub/ada/begun.bin'))).toEqual(content);
});

it('explain shows what is laid over the home, and where a session begins', async () => {
  const certificate = at('ada.pem');
  await writeFile(certificate, ada.chainPem);
  const explained = await runInProcess([
    'explain',
    certificate,
    '--config',
    world.configuration,
    '--site',
    'start',
    '--user',
    'ada',
  ]);
  expect(explained, explained.stderr).toMatchObject({ exitCode: 0 });
  expect(explained.stdout).toContain(`/pub/share = ${at('share')}`);
  expect(explained.stdout).toMatch(/startDirectory\W+\/ada/);
});
