/** Folders that are not for clients, rules for directories that are not there, and addresses in several spellings. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { systemClock } from '../../../src/clock.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { ConfigurationError, type ConfigurationFault } from '../../../src/config/yaml/fault.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

let pki: TestPki;
let folder: string;
beforeAll(async () => {
  pki = await createTestPki();
  folder = mkdtempSync(join(tmpdir(), 'cardgate-served-'));
  mkdirSync(join(folder, 'files', 'reports', 'secret'), { recursive: true });
  for (const inside of ['ada', 'bob']) mkdirSync(join(folder, 'files', inside));
  mkdirSync(join(folder, 'keys'));
  writeFileSync(join(folder, 'keys', 'server.key'), pki.server.privateKeyPem, { mode: 0o600 });
  writeFileSync(join(folder, 'files', 'server.key'), pki.server.privateKeyPem, { mode: 0o600 });
  symlinkSync(join(folder, 'files', 'server.key'), join(folder, 'keys', 'link-in.key'));
  symlinkSync(join(folder, 'keys', 'server.key'), join(folder, 'files', 'link-out.key'));
  symlinkSync(join(folder, 'keys'), join(folder, 'served-by-link'));
  writeFileSync(join(folder, 'rules.yaml'), 'rules:\n  - { name: exact, map: certificate }\n');
  writeFileSync(join(folder, 'accounts.yaml'), 'accounts:\n  - { name: ada }\n');
});
afterAll(async () => {
  await pki.remove();
  rmSync(folder, { recursive: true, force: true });
});

type Node = Record<string, unknown>;

function faultsOf({ key = pki.files.serverKey, ...site }: Node): readonly ConfigurationFault[] {
  const base = parse(`
name: files
bindings: [{ address: 127.0.0.1, port: 2121 }]
physicalPath: files
ssl: { serverCertificate: ${pki.files.serverChain}, serverCertificateKey: ${key} }
sslClientCertificates:
  trustAnchors: [${pki.files.root}]
  intermediates: [${pki.files.issuing}]
  crlFiles: [${pki.files.rootCrl}, ${pki.files.issuingCrl}]
directories: [local]
mapping: { rules: rules.yaml }
userIsolation: { mode: None }
authorization: [{ users: '*', permissions: [Read] }]
`) as Node;
  const file = join(folder, 'cardgate.yaml');
  const directories = [{ name: 'local', type: 'file', accounts: 'accounts.yaml' }];
  writeFileSync(file, stringify({ directories, sites: [{ ...base, ...site }] }));
  try {
    return loadConfiguration(file, systemClock).warnings;
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

const ssl = (key: string) => ({ key });
const keySetting = 'sites[0].ssl.serverCertificateKey';
const isolated = { userIsolation: { mode: 'IsolateAllDirectories' } };
const writeOnly = { authorization: [{ users: '*', permissions: ['Write'] }] };

describe('the private key of the server in a folder that is served', () => {
  it.each<[name: string, severity: string | undefined, site: Node]>([
    ['is a fault where all may read', 'fault', { physicalPath: 'keys', ...ssl('keys/server.key') }],
    ['is a fault below the folder', 'fault', { physicalPath: '.', ...ssl('keys/server.key') }],
    [
      'is a fault where the folder is named by a link',
      'fault',
      { physicalPath: 'served-by-link', ...ssl('keys/server.key') },
    ],
    ['is a fault where the key is named by a link', 'fault', ssl('keys/link-in.key')],
    ['is a warning where only a link to it lies', 'warning', ssl('files/link-out.key')],
    ['is a warning where homes are isolated', 'warning', { ...isolated, ...ssl('files/server.key') }],
    ['is a warning where nothing may be read', 'warning', { ...writeOnly, ...ssl('files/server.key') }],
    ['is right beside the folder', undefined, ssl('keys/server.key')],
  ])('%s', (_name, severity, site) => {
    expect(faultsOf(site).find(({ setting }) => setting === keySetting)?.severity).toBe(severity);
  });
});

describe('a folder of the system', () => {
  it.each(['/', '/etc', '/proc', '/proc/sys', '/sys/kernel', '/dev'])('%s is warned of', (physicalPath) => {
    expect(faultsOf({ physicalPath })).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        setting: 'sites[0].physicalPath',
        message: expect.stringContaining(`${physicalPath} belongs to the system: it holds`),
      }),
    );
  });
});

describe('a rule for a directory that is not there', () => {
  const rule = (path: string) => ({
    authorization: [
      { users: '*', permissions: ['Read'] },
      { accessType: 'Deny', users: '*', permissions: ['Read'], path },
    ],
  });
  const setting = 'sites[0].authorization[1].path';
  it.each([
    ['/report', /^there is no \/report in physicalPath/, 'Did you mean /reports?'],
    ['/reports/secrets/deep', /^there is no \/reports\/secrets in/, 'Did you mean /reports/secret?'],
    ['/elsewhere', /^there is no \/elsewhere in/, 'Correct the path, or create the directory.'],
  ])('%s is warned of', (path, message, remedy) => {
    expect(faultsOf(rule(path))).toMatchObject([
      { severity: 'warning', setting, message: expect.stringMatching(message), remedy },
    ]);
  });

  it.each([
    ['it is there', '/reports/secret/', {}],
    ['homes are isolated, of which some may have it', '/report', isolated],
  ])('nothing is said where %s', (_name, path, site) => {
    expect(faultsOf({ ...rule(path), ...site })).toEqual([]);
  });
});

describe('addresses are compared as addresses, however they are written', () => {
  it.each([
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::FFFF:7F00:1', '127.0.0.1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['::ffff:0.0.0.0', '127.0.0.1'],
    ['0:0::0', '127.0.0.1'],
    ['FE80::0:A', 'fe80::a'],
  ])('%s and %s collide', (one, other) => {
    const bindings = [one, other].map((address) => ({ address, port: 2121 }));
    expect(faultsOf({ bindings })).toContainEqual(
      expect.objectContaining({
        setting: 'sites[0].bindings[1]',
        message: expect.stringMatching(/bound (twice|already)/),
      }),
    );
  });

  it.each(['::ffff:127.0.0.1', '0:0:0:0:0:0:0:1'])('%s is an address of this machine', (address) => {
    expect(faultsOf({ bindings: [{ address, port: 2121 }] })).toEqual([]);
  });

  it('one in brackets, as URLs have it, is told how to be written', () => {
    const [fault] = faultsOf({ bindings: [{ address: '[::1]', port: 2121 }] });
    expect(fault?.remedy).toBe('Did you mean ::1?');
  });
});

describe('virtual directories', () => {
  const virtual = (path: string, physicalPath: string) => ({ path, physicalPath });
  const messagesOf = (site: Node) => faultsOf(site).map(({ severity, message }) => `${severity}: ${message}`);

  it.each([
    ['at the root', [virtual('/', 'keys')], /must be a path below \//],
    ['above it', [virtual('/a/../b', 'keys')], /must be a path below \//],
    ['without a slash', [virtual('a', 'keys')], /must be a path below \//],
    ['that are not there', [virtual('/a', 'none')], /cannot use .*none/],
    ['that are no directories', [virtual('/a', 'rules.yaml')], /is not a directory/],
    [
      'at one path, in whatever letter case',
      [virtual('/a', 'keys'), virtual('/A/', 'keys')],
      /^fault: \/A is also the path of virtualDirectories\[0\]/,
    ],
    [
      'that hold what another holds',
      [virtual('/a', '.'), virtual('/b', 'keys')],
      /^warning: .*keys and virtualDirectories\[0\] .* hold the same files/,
    ],
    [
      'in physicalPath',
      [virtual('/a', 'files/reports')],
      /^warning: .*reports and physicalPath .* hold the same files/,
    ],
    ['that cover something', [virtual('/reports', 'keys')], /^warning: physicalPath has \/reports, too/],
    [
      'with a secret in them',
      [virtual('/a', 'keys')],
      /^fault: .*server\.key lies in physicalPath .*may read this secret/,
    ],
    ['of the system', [virtual('/a', '/etc')], /^warning: \/etc belongs to the system/],
  ] as const)('%s are reported', (_rule, virtualDirectories, message) => {
    const found = messagesOf({ virtualDirectories, key: join(folder, 'keys', 'server.key') });
    expect(found).toContainEqual(expect.stringMatching(message));
  });

  it('are where rules for paths below them look', () => {
    const rule = (path: string) => ({ users: '*', permissions: ['Read'], path });
    const site = { virtualDirectories: [virtual('/deep/place', 'files/reports')] };
    const concerned = (path: string) =>
      messagesOf({ ...site, authorization: [rule(path)] }).filter((text) => text.includes('concerns nothing'));
    for (const path of ['/deep', '/deep/place', '/deep/place/secret'])
      expect([path, concerned(path)]).toEqual([path, []]);
    expect(concerned('/deep/place/none')).toHaveLength(1);
  });
});

it('a layout that the mode does not look at is a fault', () => {
  for (const mode of ['None', 'DirectoryAttribute']) {
    expect(faultsOf({ userIsolation: { mode, layout: 'iis' } })).toContainEqual(
      expect.objectContaining({ severity: 'fault', message: expect.stringContaining('does not look at layout') }),
    );
  }
});
