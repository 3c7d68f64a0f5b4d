/** A configuration is whole or it is refused: every fault at once, with file, line and remedy. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfiguration } from '../../../src/config/load.ts';
import { configurationJsonSchema } from '../../../src/config/schema.ts';
import { ConfigurationError, type ConfigurationFault, formatFault } from '../../../src/config/yaml/fault.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

let pki: TestPki;
let folder: string;

beforeAll(async () => {
  pki = await createTestPki();
  folder = mkdtempSync(join(tmpdir(), 'cardgate-config-'));
  mkdirSync(join(folder, 'files'));
  writeFileSync(join(folder, 'rules.yaml'), 'rules:\n  - { name: exact, map: certificate }\n');
  writeFileSync(join(folder, 'bad-rules.yaml'), 'rules:\n  - name: exact\n    map: magic\n');
  writeFileSync(join(folder, 'accounts.yaml'), 'accounts:\n  - { name: ada }\n');
  writeFileSync(join(folder, 'bad-accounts.yaml'), 'accounts:\n  - name: ada\n  - name: ADA\n');
  writeFileSync(join(folder, 'open.key'), pki.server.privateKeyPem);
  chmodSync(join(folder, 'open.key'), 0o644);
  writeFileSync(join(folder, 'empty-password'), '\n', { mode: 0o600 });
});

afterAll(async () => {
  await pki.remove();
  rmSync(folder, { recursive: true, force: true });
});

const valid = () => `
directories:
  - name: local
    type: file
    accounts: accounts.yaml
sites:
  - name: files
    bindings:
      - { address: 127.0.0.1, port: 0 }
    physicalPath: files
    ssl:
      serverCertificate: ${pki.files.serverChain}
      serverCertificateKey: ${pki.files.serverKey}
    sslClientCertificates:
      trustAnchors:
        - ${pki.files.root}
      intermediates:
        - ${pki.files.issuing}
      crlFiles:
        - ${pki.files.rootCrl}
        - ${pki.files.issuingCrl}
    directories:
      - local
    mapping:
      rules: rules.yaml
    authorization:
      - users: '*'
        permissions:
          - Read
`;

function write(text: string): string {
  const file = join(folder, 'cardgate.yaml');
  writeFileSync(file, text);
  return file;
}

const clock = { now: () => new Date() };

function faultsOf(text: string, now = clock): readonly ConfigurationFault[] {
  try {
    return loadConfiguration(write(text), now).warnings;
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

/** The valid configuration with one setting changed; `undefined` removes it. */
function changed(path: readonly (string | number)[], value: unknown): string {
  const settings = parse(valid()) as Record<string, unknown>;
  const parent = path.slice(0, -1).reduce<Record<string, unknown>>((node, key) => {
    node[key] ??= {};
    return node[key] as Record<string, unknown>;
  }, settings);
  parent[String(path.at(-1))] = value;
  return stringify(settings);
}

describe('a valid configuration', () => {
  it('loads with defaults filled in, frozen, and with everything it names', () => {
    const configuration = loadConfiguration(write(valid()), clock);
    expect(configuration.warnings).toEqual([]);
    expect(Object.isFrozen(configuration)).toBe(true);
    const [site] = configuration.sites;
    expect(site?.trustAnchors).toHaveLength(1);
    expect(site?.crls).toHaveLength(2);
    expect(site?.rules).toMatchObject([{ name: 'exact', map: 'certificate' }]);
    expect(site?.physicalPath).toBe(join(folder, 'files'));
    expect(site?.settings.sslClientCertificates.clientCertificatePolicy).toBe('CertRequire');
    expect(site?.settings.ssl.dataChannelPolicy).toBe('SslRequire');
    expect(site?.settings.connections.controlChannelTimeout).toBe(120_000);
  });

  it('has a digest that changes with any file it names', () => {
    const before = loadConfiguration(write(valid()), clock).sha256;
    writeFileSync(join(folder, 'rules.yaml'), 'rules:\n  - { name: exact, map: certificate }\n# changed\n');
    expect(loadConfiguration(write(valid()), clock).sha256).not.toBe(before);
  });
});

describe('a faulty configuration', () => {
  const site = (...path: (string | number)[]) => ['sites', 0, ...path];
  it.each<[string, () => string, string, string]>([
    ['an unknown key', () => changed(site('colour'), 'red'), 'sites[0].colour', 'is not a setting'],
    ['an unknown key at the top', () => changed(['sties'], []), 'sties', 'is not a setting'],
    [
      'a wrong type',
      () => changed(site('bindings', 0, 'port'), 'ftp'),
      'sites[0].bindings[0].port',
      'must be a whole number from 0 to 65535',
    ],
    [
      'a word IIS does not have',
      () => changed(site('sslClientCertificates', 'clientCertificatePolicy'), 'CertMaybe'),
      'sites[0].sslClientCertificates.clientCertificatePolicy',
      'must be one of CertIgnore, CertAllow, CertRequire',
    ],
    [
      'a duration without unit',
      () => changed(site('connections', 'dataChannelTimeout'), '30'),
      'sites[0].connections.dataChannelTimeout',
      'must be a duration',
    ],
    [
      'a missing setting',
      () => changed(site('authorization'), undefined),
      'sites[0].authorization',
      'is missing; must be a list',
    ],
    [
      'no site at all',
      () => changed(['sites'], []),
      'sites',
      'an empty list is not allowed; must be a list of sections, 1 to 64 entries',
    ],
    [
      'a missing file',
      () => changed(site('sslClientCertificates', 'trustAnchors'), ['nowhere.pem']),
      'sites[0].sslClientCertificates.trustAnchors[0]',
      'there is no such file or directory',
    ],
    [
      'a file that is no certificate',
      () => changed(site('sslClientCertificates', 'trustAnchors'), ['rules.yaml']),
      'sites[0].sslClientCertificates.trustAnchors[0]',
      'neither DER nor a PEM block',
    ],
    [
      'a private key among the trust anchors',
      () => changed(site('sslClientCertificates', 'trustAnchors'), [pki.files.serverKey]),
      'sites[0].sslClientCertificates.trustAnchors[0]',
      'where CERTIFICATE is due',
    ],
    [
      'a key that every user can read',
      () => changed(site('ssl', 'serverCertificateKey'), 'open.key'),
      'sites[0].ssl.serverCertificateKey',
      'can be read by every user',
    ],
    [
      'a key of a further certificate that every user can read',
      () =>
        changed(site('ssl', 'furtherCertificates'), [
          { serverCertificate: pki.files.serverChain, serverCertificateKey: 'open.key' },
        ]),
      'sites[0].ssl.furtherCertificates[0].serverCertificateKey',
      'can be read by every user',
    ],
    [
      'a further certificate of the same names with the same kind of key',
      () =>
        changed(site('ssl', 'furtherCertificates'), [
          { serverCertificate: pki.files.serverChain, serverCertificateKey: pki.files.serverKey },
        ]),
      'sites[0].ssl.furtherCertificates[0].serverCertificate',
      'for the names of the site’s own: clients are shown one of them',
    ],
    [
      'a key of another certificate',
      () => changed(site('ssl', 'serverCertificate'), pki.files.root),
      'sites[0].ssl.serverCertificateKey',
      'is not the key of the certificate',
    ],
    [
      'a root that is no directory',
      () => changed(site('physicalPath'), 'nowhere'),
      'sites[0].physicalPath',
      'cannot use',
    ],
    [
      'TLS versions the wrong way round',
      () =>
        changed(site('ssl'), {
          serverCertificate: pki.files.serverChain,
          serverCertificateKey: pki.files.serverKey,
          minimumVersion: 'TLSv1.3',
          maximumVersion: 'TLSv1.2',
        }),
      'sites[0].ssl.minimumVersion',
      'is newer than maximumVersion',
    ],
    [
      'a TLS version that is too old',
      () => changed(site('ssl', 'minimumVersion'), 'TLSv1.1'),
      'sites[0].ssl.minimumVersion',
      'must be one of TLSv1.2, TLSv1.3',
    ],
    [
      'certificate login without asking for certificates',
      () => changed(site('sslClientCertificates', 'clientCertificatePolicy'), 'CertIgnore'),
      'sites[0].sslClientCertificates.clientCertificatePolicy',
      'asks for no certificate',
    ],
    [
      'certificate login with unprotected data',
      () => changed(site('ssl', 'dataChannelPolicy'), 'SslDeny'),
      'sites[0].ssl.dataChannelPolicy',
      'without any proof',
    ],
    [
      'half a port range',
      () => changed(site('firewallSupport'), { lowDataChannelPort: 50_000 }),
      'sites[0].firewallSupport',
      'without the other end of the range',
    ],
    [
      'a directory that is not defined',
      () => changed(site('directories'), ['corp']),
      'sites[0].directories[0]',
      'no directory named',
    ],
    [
      'an authorization rule without users',
      () => changed(site('authorization', 0), { permissions: ['Read'] }),
      'sites[0].authorization[0]',
      'neither users nor roles',
    ],
    [
      'a mapping rule of an unknown kind',
      () => changed(site('mapping', 'rules'), 'bad-rules.yaml'),
      'rules[0].map',
      'magic is not allowed; must be one of sid',
    ],
    [
      'an account twice',
      () => changed(['directories', 0, 'accounts'], 'bad-accounts.yaml'),
      'accounts[1].name',
      'is used twice',
    ],
    [
      'an LDAP server without TLS in its URL scheme',
      () =>
        changed(['directories', 0], {
          name: 'local',
          type: 'ldap',
          servers: ['http://dc1'],
          certificateAuthorities: [pki.files.root],
          bindDn: 'cn=x',
          bindPasswordFile: 'empty-password',
          searchBase: 'dc=x',
        }),
      'directories[0].servers[0]',
      'must be ldaps://',
    ],
    [
      'an LDAP directory without servers and credentials',
      () =>
        changed(['directories', 0], {
          name: 'local',
          type: 'ldap',
          certificateAuthorities: [pki.files.root],
          searchBase: 'dc=x',
        }),
      'directories[0]',
      'nothing to bind with',
    ],
    [
      'an empty bind password',
      () =>
        changed(['directories', 0], {
          name: 'local',
          type: 'ldap',
          servers: ['ldaps://dc1'],
          certificateAuthorities: [pki.files.root],
          bindDn: 'cn=x',
          bindPasswordFile: 'empty-password',
          searchBase: 'dc=x',
        }),
      'directories[0].bindPasswordFile',
      'empty password',
    ],
    [
      'an audit file in a directory that is not there',
      () => changed(['audit'], { file: 'nowhere/audit.jsonl' }),
      'audit.file',
      'cannot write',
    ],
    [
      'accepted policies that nothing demands',
      () =>
        changed(site('sslClientCertificates'), {
          trustAnchors: [pki.files.root],
          acceptedPolicies: ['1.2.3'],
          requireExplicitPolicy: false,
        }),
      'sites[0].sslClientCertificates.requireExplicitPolicy',
      'without any policy',
    ],
    ['broken YAML', () => 'sites: [', '', 'a bracket is not closed'],
    ['a duplicate key', () => 'sites: []\nsites: []', 'sites', 'stands twice, in lines 1 and 2'],
  ])('%s', (_name, text, setting, message) => {
    const faults = faultsOf(text()).filter(({ severity }) => severity === 'fault');
    expect(faults.map(formatFault).join('\n')).toContain(message);
    expect(faults.map((fault) => fault.setting)).toContain(setting);
    for (const fault of faults) expect(fault.remedy).not.toBe('');
  });

  it('reports all faults at once, each at its line', () => {
    const text = valid()
      .replace('port: 0', 'port: 70000')
      .replace("users: '*'", 'user: me')
      .replace('name: files', 'name: a b');
    const faults = faultsOf(text);
    const lineOf = (needle: string) => text.split('\n').findIndex((line) => line.includes(needle)) + 1;
    expect(faults.map(({ position }) => position.line)).toEqual(
      expect.arrayContaining([lineOf('port: 70000'), lineOf('user: me'), lineOf('name: a b')]),
    );
  });

  it('names the file the fault stands in', () => {
    const [fault] = faultsOf(changed(site('mapping', 'rules'), 'bad-rules.yaml'));
    expect(fault?.position).toMatchObject({ file: join(folder, 'bad-rules.yaml'), line: 3 });
  });

  it('refuses a server certificate that is expired at the time of the start', () => {
    const inTwoYears = { now: () => new Date(Date.now() + 2 * 365 * 86_400_000) };
    expect(faultsOf(valid(), inTwoYears).map(({ message }) => message)).toContainEqual(
      expect.stringContaining('expired at'),
    );
  });

  it('is a fault when the file cannot be read', () => {
    expect(() => loadConfiguration(join(folder, 'absent.yaml'), clock)).toThrow(ConfigurationError);
  });
});

describe('a weak configuration', () => {
  it.each([
    [
      'NoRevocationCheck',
      ['sslClientCertificates', 'validationFlags'],
      ['NoRevocationCheck'],
      'lets revoked cards log in',
    ],
    [
      'CertNoUsageCheck',
      ['sslClientCertificates', 'validationFlags'],
      ['CertNoUsageCheck'],
      'certificates for any purpose',
    ],
    ['names that count', ['mapping'], { rules: 'rules.yaml', binding: 'off' }, 'by a name only'],
    [
      'a grace for unknown status',
      ['sslClientCertificates', 'revocation'],
      { unknownStatus: 'allowWithinGrace', gracePeriod: '1h' },
      'keeps a revoked card alive',
    ],
    [
      'end certificate only',
      ['sslClientCertificates', 'revocation'],
      { certificates: 'endCertificate' },
      'CAs that were',
    ],
    ['SHA-1', ['sslClientCertificates', 'algorithms'], { digests: ['sha1', 'sha256'] }, 'can be forged'],
    ['clear control channel', ['ssl', 'controlChannelPolicy'], 'SslAllow', 'without TLS'],
    [
      'no proof but the address',
      ['dataChannelSecurity', 'dataChannelBindingWithoutCertificate'],
      'address',
      'behind the same address',
    ],
    ['no authentication', ['authentication', 'clientCertAuthentication'], { enabled: false }, 'every login is refused'],
  ])('is warned of: %s', (_name, path, value, message) => {
    const faults = faultsOf(changed(['sites', 0, ...path], value));
    expect(faults).toMatchObject([{ severity: 'warning', message: expect.stringContaining(message) }]);
  });
});

describe('the JSON Schema', () => {
  it('knows every setting and refuses unknown ones', () => {
    const schema = configurationJsonSchema() as {
      properties: Record<string, { items?: { additionalProperties?: boolean } }>;
    };
    expect(Object.keys(schema.properties).sort()).toEqual([
      'audit',
      'denyByFailure',
      'directories',
      'ipSecurity',
      'log',
      'mappingService',
      'retrieval',
      'shutdownDrainTime',
      'sites',
    ]);
    expect(schema.properties['sites']?.items?.additionalProperties).toBe(false);
  });
});
