/** Three sites of one gateway on one address and port, each with trust anchors, certificate, accounts, folder and log of its own, and what real clients make of them. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { cardgate } from '../../support/built-program.ts';
import { type ClientSession, fileIdentity, type TlsVersion } from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { lftp } from '../../support/clients/lftp.ts';
import { runClient } from '../../support/clients/run-client.ts';
import { freePorts } from '../../support/free-ports.ts';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

interface Record {
  readonly event: string;
  readonly site?: string;
  readonly connectionId?: string;
  readonly accountName?: string;
  readonly denial?: { readonly code: string };
}

const names = ['main', 'elsewhere', 'lab'] as const;
type SiteName = (typeof names)[number];

let ours: TestPki;
let theirs: TestPki;
let ada: Person;
let ben: Person;
let folder: string;
let port: number;
let gateway: Gateway;

beforeAll(async () => {
  [ours, theirs] = [await createTestPki(), await createTestPki({ organization: 'Elsewhere' })];
  [ada, ben] = [await ours.issuePerson({ name: 'ada' }), await theirs.issuePerson({ name: 'ben' })];
  folder = await mkdtemp(join(tmpdir(), 'cardgate-sites-'));
  const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  const lab = await ours.issuing.issueServerCertificate({
    dnsNames: ['lab.example'],
    notBefore: new Date(ours.now.getTime() - 240_000),
    notAfter: new Date(ours.now.getTime() + 86_400_000),
  });
  await write('lab.pem', lab.chainPem);
  await write('lab.key', lab.privateKeyPem);
  await write('rules.yaml', 'rules:\n  - { name: one-to-one, map: certificate }\n');
  // Both accounts are everywhere, so that the trust anchors alone decide.
  const holding = ({ der }: Person) => [createHash('sha256').update(der).digest('hex')];
  const accounts = [
    { name: 'ada', certificates: holding(ada) },
    { name: 'ben', certificates: holding(ben) },
  ];
  await write('accounts.yaml', stringify({ accounts }));
  port = await freePorts(2);
  const site = async (name: SiteName, hostName: string | undefined, pki: TestPki, ssl?: object) => {
    await mkdir(join(folder, name));
    await write(`${name}/of-${name}`, name);
    const binding = { address: '127.0.0.1', ...(hostName !== undefined && { hostName }) };
    const { root, issuing, rootCrl, issuingCrl, serverChain, serverKey } = pki.files;
    return {
      name,
      bindings: [
        { ...binding, port },
        { ...binding, port: port + 1, tls: 'implicit' },
      ],
      physicalPath: name,
      ssl: { serverCertificate: serverChain, serverCertificateKey: serverKey, ...ssl },
      sslClientCertificates: { trustAnchors: [root], intermediates: [issuing], crlFiles: [rootCrl, issuingCrl] },
      directories: ['local'],
      userIsolation: { mode: 'None' },
      mapping: { rules: 'rules.yaml' },
      authorization: [{ users: '*', permissions: ['Read'] }],
      logFile: { directory: `log-${name}`, logExtFileFlags: ['Method', 'UriStem', 'SiteName'] },
    };
  };
  const sites = [
    await site('main', undefined, ours),
    await site('elsewhere', 'localhost', theirs),
    await site('lab', 'lab.example', ours, { serverCertificate: 'lab.pem', serverCertificateKey: 'lab.key' }),
  ];
  const configuration = join(folder, 'cardgate.yaml');
  await writeFile(
    configuration,
    stringify({
      audit: { file: 'audit.jsonl' },
      log: { file: 'log' },
      directories: [{ name: 'local', type: 'file', accounts: 'accounts.yaml' }],
      sites,
    }),
  );
  gateway = await startGateway({ command: cardgate, configuration });
});
afterAll(async () => {
  await gateway?.stop();
  await ours?.remove();
  await theirs?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function records(): Promise<readonly Record[]> {
  // The first record makes the file, and it may come behind the line that says where the sites listen.
  const file = join(folder, 'audit.jsonl');
  const text = existsSync(file) ? await readFile(file, 'utf8') : '';
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record);
}

/** The site, and what came of it, of the logins since. */
async function loginsSince(before: number, count: number): Promise<readonly string[]> {
  const logins = async () => (await records()).slice(before).filter(({ event }) => event === 'login');
  await expect.poll(async () => (await logins()).length).toBe(count);
  return (await logins()).map(({ site, denial }) => `${site}: ${denial?.code ?? 'granted'}`);
}

const where: { readonly [Name in SiteName]: { readonly host: string; readonly trusted: () => TestPki } } = {
  main: { host: '127.0.0.1', trusted: () => ours },
  elsewhere: { host: 'localhost', trusted: () => theirs },
  lab: { host: 'lab.example', trusted: () => ours },
};

const session = (name: SiteName, person: Person, tls: TlsVersion, implicit: boolean): ClientSession => ({
  host: where[name].host,
  port: implicit ? port + 1 : port,
  user: person === ada ? 'ada' : 'ben',
  rootFile: where[name].trusted().files.root,
  identity: fileIdentity(person),
  tls,
  implicit,
  steps: [{ do: 'list', path: '/' }],
});

describe.each([
  ['1.2', false],
  ['1.3', false],
  ['1.3', true],
] as const)('TLS %s, implicit: %s', (tls, implicit) => {
  it.each(names)('curl comes to %s by its name, and trusts its certificate on both connections', async (name) => {
    const before = (await records()).length;
    const person = name === 'elsewhere' ? ben : ada;
    const client = session(name, person, tls, implicit);
    const { exitCode, stdout, stderr } = await curl(client, [['resolve', `lab.example:${client.port}:127.0.0.1`]]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`of-${name}`);
    expect(await loginsSince(before, 1)).toEqual([`${name}: granted`]);
  });

  it.each([
    ['main', 'ben'],
    ['elsewhere', 'ada'],
    ['lab', 'ben'],
  ] as const)('%s takes no card of the trust anchors of another site: %s', async (name, person) => {
    const before = (await records()).length;
    const client = session(name, person === 'ada' ? ada : ben, tls, implicit);
    const { exitCode } = await curl(client, [['resolve', `lab.example:${client.port}:127.0.0.1`]]);
    expect(exitCode).not.toBe(0);
    expect(await loginsSince(before, 1)).toEqual([`${name}: path-not-found`]);
  });
});

it.each([
  ['main', 'ada'],
  ['elsewhere', 'ben'],
] as const)('lftp comes to %s, whether or not it names a host', async (name, person) => {
  const before = (await records()).length;
  const { stdout, exitCode, stderr } = await lftp(session(name, person === 'ada' ? ada : ben, '1.3', false));
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain(`of-${name}`);
  expect(await loginsSince(before, 1)).toEqual([`${name}: granted`]);
});

it.each([
  ['main', undefined, 'ours'],
  ['elsewhere', 'localhost', 'theirs'],
  ['lab', 'lab.example', 'ours'],
] as const)(
  'OpenSSL is asked by %s for certificates of its own trust anchors alone',
  async (_name, servername, whose) => {
    const named = servername === undefined ? ['-noservername'] : ['-servername', servername];
    const words = ['s_client', '-connect', `127.0.0.1:${port}`, '-starttls', 'ftp', ...named];
    const { stdout } = await runClient('openssl', words, { input: 'QUIT\r\n' });
    const [, asked = ''] =
      /Acceptable client certificate CA names\n([\s\S]*?)\n(?:Requested|Client)/u.exec(stdout) ?? [];
    const organizations = asked.split('\n').map((line) => line.includes('Elsewhere'));
    expect(organizations).toEqual([whose === 'theirs']);
  },
);

it('each log has the logins of its own site, lftp named its host there, and each connection is of one site in all records', async () => {
  for (const name of names) {
    const log = join(folder, `log-${name}`);
    const read = async () => readFile(join(log, (await readdir(log))[0] ?? ''), 'utf8');
    const logins = (await records()).filter(({ event, site }) => event === 'login' && site === name);
    await expect.poll(async () => (await read()).match(/USER \S+$/gmu)).toHaveLength(logins.length);
    const text = await read();
    const hosts = [...text.matchAll(/HOST (\S+)$/gmu)].map(([, host]) => host);
    expect(hosts).toEqual(name === 'lab' ? [] : [where[name].host]);
  }
  const sitesOf = new Map<string, Set<string | undefined>>();
  for (const { connectionId, site } of await records()) {
    if (connectionId === undefined) continue;
    sitesOf.set(connectionId, (sitesOf.get(connectionId) ?? new Set()).add(site));
  }
  expect([...sitesOf.values()].filter((sites) => sites.size !== 1)).toEqual([]);
});
