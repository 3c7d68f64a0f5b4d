/** `cardgate check-config --online` against a real directory, real hosts, ports and folders, as the user of the service; nothing is left behind. */
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { slapdDirectory } from '../../support/login-world.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';
import { listing } from '../../support/read-only-view.ts';
import { runCardgate } from '../../support/run-cardgate.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';

const isRoot = process.getuid?.() === 0;
let pki: TestPki;
let slapd: Slapd;
let folder: string;
let taken: Server;

beforeAll(async () => {
  pki = await createTestPki();
  slapd = await startSlapd({ accounts: [{ uid: 'ada' }] });
  folder = await mkdtemp(join(tmpdir(), 'cardgate-online-'));
  for (const name of ['files', 'log']) await mkdir(join(folder, name));
  for (const [name, content] of Object.entries(slapdDirectory(slapd).files)) {
    await writeFile(join(folder, name), content, { mode: 0o600 });
  }
  await writeFile(join(folder, 'wrong-password'), 'not it', { mode: 0o600 });
  await writeFile(join(folder, 'rules.yaml'), 'rules:\n  - { name: exact, map: certificate }\n');
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
});

afterAll(async () => {
  taken?.close();
  await slapd?.stop();
  await pki?.remove();
  await rm(folder, { recursive: true, force: true });
});

type Node = Readonly<Record<string, unknown>>;
const portOf = (server: Server) => (server.address() as { port: number }).port;

async function check(
  changes: { readonly directory?: Node; readonly site?: Node; readonly top?: Node } = {},
  ...more: string[]
) {
  const { directory } = slapdDirectory(slapd);
  const file = join(folder, 'cardgate.yaml');
  await writeFile(
    file,
    stringify({
      audit: { file: 'log/audit.jsonl' },
      retrieval: { cacheDirectory: 'log/cache' },
      directories: [{ ...directory, ...changes.directory }],
      sites: [
        {
          name: 'files',
          bindings: [{ address: '127.0.0.1', port: 0 }],
          physicalPath: 'files',
          ssl: { serverCertificate: pki.files.serverChain, serverCertificateKey: pki.files.serverKey },
          sslClientCertificates: {
            trustAnchors: [pki.files.root],
            intermediates: [pki.files.issuing],
            crlFiles: [pki.files.rootCrl, pki.files.issuingCrl],
          },
          directories: ['people'],
          mapping: { rules: 'rules.yaml' },
          userIsolation: { createHome: true },
          authorization: [{ users: '*', permissions: ['Read', 'Write'] }],
          ...changes.site,
        },
      ],
      ...changes.top,
    }),
  );
  const before = listing(folder);
  const result = await runCardgate(['check-config', file, '--online', '--json', ...more]);
  expect(listing(folder)).toEqual(before);
  const { online = [], faults = [] } = (result.stdout ? JSON.parse(result.stdout) : {}) as {
    readonly online?: readonly { severity: string; setting: string; message: string; remedy: string }[];
    readonly faults?: readonly { setting: string; message: string }[];
  };
  return {
    exitCode: result.exitCode,
    faults,
    stderr: result.stderr,
    findings: online.filter(({ setting }) => setting !== ''),
  };
}

describe('check-config --online', () => {
  it('finds nothing where everything answers, and leaves nothing behind', async () => {
    expect(await check()).toMatchObject({ exitCode: 0, findings: [] });
  });

  it.each<[name: string, changes: () => Parameters<typeof check>[0], setting: string, message: RegExp]>([
    [
      'a wrong bind password',
      () => ({ directory: { bindPasswordFile: 'wrong-password' } }),
      'directories[0].bindDn',
      /bind account is refused/,
    ],
    [
      'a wrong bind name',
      () => ({ directory: { bindDn: 'cn=nobody,dc=example,dc=org' } }),
      'directories[0].bindDn',
      /bind account is refused/,
    ],
    [
      'a wrong base',
      () => ({ directory: { searchBase: `ou=nowhere,${slapd.searchBase}` } }),
      'directories[0].searchBase',
      /there is no entry ou=nowhere/,
    ],
    [
      'a wrong base of groups',
      () => ({ directory: { groups: { searchBase: `ou=gruppen,${slapd.searchBase}` } } }),
      'directories[0].groups.searchBase',
      /there is no entry ou=gruppen/,
    ],
    [
      'a server that is not there',
      () => ({ directory: { servers: ['ldaps://127.0.0.1:1'] } }),
      'directories[0].servers',
      /ECONNREFUSED/,
    ],
    [
      'a server of another CA',
      () => ({ directory: { certificateAuthorities: [pki.files.root] } }),
      'directories[0].servers',
      /certificate/,
    ],
    [
      'a host that cannot be reached',
      () => ({
        site: {
          sslClientCertificates: {
            trustAnchors: [pki.files.root],
            intermediates: [pki.files.issuing],
            crlFiles: [pki.files.rootCrl, pki.files.issuingCrl],
            revocationRetrievalHosts: ['127.0.0.1'],
            revocation: { ocsp: { responders: ['http://127.0.0.1:1/'] } },
          },
        },
      }),
      'sites[0].sslClientCertificates.revocationRetrievalHosts[0]',
      /127\.0\.0\.1 port 1 cannot be reached/,
    ],
    [
      'an address of another machine',
      () => ({ site: { bindings: [{ address: '203.0.113.7', port: 2121 }] } }),
      'sites[0].bindings[0]',
      /no address 203\.0\.113\.7/,
    ],
    [
      'a mapping service that is not there',
      () => ({
        directory: {},
        site: { directories: [], mapping: { service: { endpoints: [{ socket: 'nowhere.sock' }] } } },
      }),
      'sites[0].mapping.service.endpoints[0]',
      /cannot be reached/,
    ],
  ])('finds %s', async (_name, changes, setting, message) => {
    const { exitCode, findings } = await check(changes());
    expect(exitCode).toBe(1);
    expect(findings).toContainEqual(
      expect.objectContaining({
        severity: 'fault',
        setting,
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(/./),
      }),
    );
  });

  it('warns of a base without any account', async () => {
    const { exitCode, findings } = await check({ directory: { accountObjectClass: 'printer' } });
    expect(exitCode).toBe(0);
    expect(findings).toMatchObject([
      {
        severity: 'warning',
        setting: 'directories[0].searchBase',
        message: expect.stringContaining('no entry of class printer'),
      },
    ]);
  });

  it('says of a port that is taken that it may be the gateway itself', async () => {
    const { exitCode, findings } = await check({ site: { bindings: [{ address: '127.0.0.1', port: portOf(taken) }] } });
    expect(exitCode).toBe(0);
    expect(findings).toMatchObject([
      { severity: 'warning', setting: 'sites[0].bindings[0]', message: expect.stringContaining('another process') },
    ]);
  });

  it('says the same of a port of the mapping service', async () => {
    const { certificateAuthorities: authorities } = slapdDirectory(slapd).directory as Node;
    const listener = {
      address: '127.0.0.1',
      port: portOf(taken),
      certificate: pki.files.serverChain,
      certificateKey: pki.files.serverKey,
      callerAuthorities: authorities,
    };
    const { exitCode, findings } = await check({ top: { mappingService: { listeners: [listener] } } });
    expect({ exitCode, findings }).toMatchObject({
      exitCode: 0,
      findings: [
        {
          severity: 'warning',
          setting: 'mappingService.listeners[0]',
          message: expect.stringMatching(/another process does already \(right if it is this service\)/),
        },
      ],
    });
  });

  it('says the same of a socket that another process has, and leaves it', async () => {
    const holder = createServer().listen(join(folder, 'log', 'taken.sock'));
    await once(holder, 'listening');
    const listeners = [{ socket: 'log/taken.sock' }, { socket: 'log/free.sock' }];
    const { exitCode, findings } = await check({ top: { mappingService: { listeners } } });
    holder.close();
    expect({ exitCode, findings }).toMatchObject({
      exitCode: 0,
      findings: [
        {
          severity: 'warning',
          setting: 'mappingService.listeners[0].socket',
          message: expect.stringMatching(/taken\.sock: another process does already/),
        },
      ],
    });
  });

  it('finds a file in the place of a socket', async () => {
    await writeFile(join(folder, 'log', 'file.sock'), 'not a socket');
    const { exitCode, findings } = await check({
      top: { mappingService: { listeners: [{ socket: 'log/file.sock' }] } },
    });
    await rm(join(folder, 'log', 'file.sock'));
    expect({ exitCode, findings }).toMatchObject({
      exitCode: 1,
      findings: [{ severity: 'fault', message: expect.stringContaining('a file that is not a socket is there') }],
    });
  });

  it.skipIf(!isRoot)('judges by the user of the service: files it cannot read, folders it cannot write', async () => {
    const unreadable = await check({}, '--user', 'nobody');
    expect(unreadable.exitCode).toBe(2);
    await chmod(folder, 0o755);
    const { exitCode, faults } = await check({}, '--user', 'nobody');
    expect(exitCode).toBe(2);
    const named = faults.map(({ setting }) => setting);
    for (const setting of ['audit.file', 'retrieval.cacheDirectory', 'directories[0].bindPasswordFile']) {
      expect(named).toContain(setting);
    }
    await chmod(folder, 0o700);
  });

  it('is bad usage for a user that does not exist', async () => {
    const result = await runCardgate(['check-config', join(folder, 'cardgate.yaml'), '--user', 'no-such-user']);
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('there is no user no-such-user') });
  });
});
