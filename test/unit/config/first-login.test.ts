/** What the first login finds otherwise is said when the configuration is read: what can never work is a fault, what time may heal a warning. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfiguration } from '../../../src/config/load.ts';
import { ConfigurationError, type ConfigurationFault } from '../../../src/config/yaml/fault.ts';
import type { IssuanceRequest } from '../../../src/smartcard/authority/certificate-authority.ts';
import type { KeyType } from '../../../src/smartcard/authority/key-type.ts';
import { generateSoftwareKey } from '../../../src/smartcard/authority/software-key.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

const day = 86_400_000;
let pki: TestPki;
let published: TestPki;
let foreign: TestPki;
let ada: Person;
let folder: string;
beforeAll(async () => {
  pki = await createTestPki();
  published = await createTestPki({ crlBaseUrl: 'http://pki.corp.example' });
  foreign = await createTestPki({ organization: 'Elsewhere' });
  ada = await pki.issuePerson({ name: 'ada' });
  folder = mkdtempSync(join(tmpdir(), 'cardgate-first-login-'));
  mkdirSync(join(folder, 'files'));
  writeFileSync(join(folder, 'rules.yaml'), 'rules:\n  - { name: exact, map: certificate }\n');
  writeFileSync(join(folder, 'accounts.yaml'), 'accounts:\n  - { name: ada, groups: [staff] }\n');
  const root = readFileSync(pki.files.root, 'utf8');
  writeFileSync(join(folder, 'bundle.pem'), `Root\n====\n${root}\nIssuing\n${readFileSync(pki.files.issuing, 'utf8')}`);
  const broken = '-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n';
  writeFileSync(join(folder, 'broken-bundle.pem'), `${root}${broken}`);
  writeFileSync(join(folder, 'password'), 'secret', { mode: 0o600 });
  writeFileSync(join(folder, 'person.key'), ada.privateKeyPem, { mode: 0o600 });
  writeFileSync(
    join(folder, 'backwards.pem'),
    [pki.server.chainPem.split(/(?<=-----END CERTIFICATE-----\n)/)[0], readFileSync(pki.files.root, 'utf8')].join(''),
  );
});
afterAll(async () => {
  for (const one of [pki, published, foreign]) await one.remove();
  rmSync(folder, { recursive: true, force: true });
});

type Node = Record<string, unknown>;

function base(): Node {
  return parse(`
directories: [{ name: local, type: file, accounts: accounts.yaml }]
sites:
  - name: files
    bindings: [{ address: 127.0.0.1, port: 2121 }]
    physicalPath: files
    ssl: { serverCertificate: ${pki.files.serverChain}, serverCertificateKey: ${pki.files.serverKey} }
    sslClientCertificates:
      trustAnchors: [${pki.files.root}]
      intermediates: [${pki.files.issuing}]
      crlFiles: [${pki.files.rootCrl}, ${pki.files.issuingCrl}]
    directories: [local]
    mapping: { rules: rules.yaml }
    authorization: [{ users: '*', permissions: [Read] }]
`) as Node;
}

/** Sets a value of the site, `a.b.c`. */
function site(path: string, value: unknown): (settings: Node) => void {
  return (settings) => {
    const keys = path.split('.');
    const parent = keys.slice(0, -1).reduce<Node>(
      (node, key) => {
        node[key] ??= {};
        return node[key] as Node;
      },
      (settings['sites'] as Node[])[0]!,
    );
    parent[keys.at(-1)!] = value;
  };
}

/** A second site at the address and port of the first. */
const sharing = (first: Node, second: Node, more: Node) => (settings: Node) => {
  const [one] = settings['sites'] as Node[];
  const binding = (changes: Node) => [{ address: '127.0.0.1', port: 2121, ...changes }];
  settings['sites'] = [
    { ...one, bindings: binding(first) },
    { ...one, ...more, name: 'second', bindings: binding(second) },
  ];
};

const top = (key: string, value: unknown) => (settings: Node) => {
  settings[key] = value;
};

function findings(changes: readonly ((settings: Node) => void)[], now: Date): readonly ConfigurationFault[] {
  const settings = base();
  for (const change of changes) change(settings);
  const file = join(folder, 'cardgate.yaml');
  writeFileSync(file, stringify(settings));
  try {
    return loadConfiguration(file, { now: () => now }).warnings;
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

const soon = () => new Date();
const certificates = 'sslClientCertificates';
const ldap = (more: Node) =>
  top('directories', [
    { name: 'local', type: 'file', accounts: 'accounts.yaml' },
    {
      name: 'people',
      type: 'ldap',
      servers: ['ldaps://dc1.example'],
      certificateAuthorities: [pki.files.root],
      bindDn: 'cn=gateway,dc=example',
      bindPasswordFile: 'password',
      searchBase: 'dc=example',
      ...more,
    },
  ]);

/** What differs at the first site, at the second, and in the rest of the second -> setting of the second, and what is said of it. */
const contradictions: readonly (readonly [string, Node, Node, Node, string, RegExp])[] = [
  ['without a host name', {}, {}, {}, 'bindings[0]', /127\.0\.0\.1 port 2121 is bound twice$/],
  [
    'for one host',
    { hostName: 'a.example' },
    { hostName: 'A.example' },
    {},
    'bindings[0]',
    /bound twice for a\.example$/,
  ],
  [
    'one of all addresses',
    {},
    { hostName: 'a.example', address: '0.0.0.0' },
    {},
    'bindings[0]',
    /bound already, by 127\.0\.0\.1$/,
  ],
  [
    'of two kinds of TLS',
    {},
    { hostName: 'a.example', tls: 'implicit' },
    {},
    'bindings[0].tls',
    /^is "implicit", and "explicit" at site files, which shares 127\.0\.0\.1 port 2121$/,
  ],
  [
    'of two backlogs',
    {},
    { hostName: 'a.example' },
    { connections: { serverListenBacklog: 7 } },
    'connections.serverListenBacklog',
    /^is 7, and 60 at site files/,
  ],
  [
    'of other proxies',
    {},
    { hostName: 'a.example' },
    { proxyProtocol: { trustedAddresses: ['192.0.2.1'] } },
    'proxyProtocol.trustedAddresses',
    /^is \["192\.0\.2\.1\/32"\], and \[\] at site files/,
  ],
  [
    'of other consent',
    {},
    { hostName: 'a.example' },
    { messages: { consentBanner: 'Watched.' } },
    'messages.consentBanner',
    /^is "Watched\.", and not set at site files/,
  ],
];

describe('two sites of one address and port', () => {
  it.each(contradictions)('%s: fault', (_what, first, second, more, setting, message) => {
    expect(findings([sharing(first, second, more)], new Date())).toContainEqual(
      expect.objectContaining({
        severity: 'fault',
        setting: `sites[1].${setting}`,
        message: expect.stringMatching(message) as string,
        remedy: expect.stringMatching(/./) as string,
      }),
    );
  });

  it.each([
    ['each for its host', { hostName: 'a.example' }, { hostName: 'b.example' }, {}],
    ['one without a host', {}, { hostName: 'b.example' }, {}],
    [
      'of other consent behind implicit TLS',
      { tls: 'implicit' },
      { tls: 'implicit', hostName: 'b.example' },
      { messages: { consentBanner: 'Watched.' } },
    ],
  ])('%s: no fault', (_what, first, second, more) => {
    const faults = findings([sharing(first, second, more)], new Date()).filter(({ severity }) => severity === 'fault');
    expect(faults).toEqual([]);
  });
});

describe('what the first login finds otherwise', () => {
  describe('of the status of the server’s certificate', () => {
    const ocspResponder = 'http://ocsp.corp.example/';
    const feature = { oid: '1.3.6.1.5.5.7.1.24', critical: false, value: Buffer.from('3003020105', 'hex') };

    /** Writes a certificate of the issuing CA and its key. @returns the settings that name them */
    async function server(name: string, request: Partial<IssuanceRequest> = {}, keyType: KeyType = 'P-256') {
      const privateKey = await generateSoftwareKey(keyType);
      const { pem } = await pki.issuing.issue({
        subject: 'localhost',
        dnsNames: ['localhost'],
        publicKey: privateKey,
        notBefore: new Date(Date.now() - day),
        notAfter: new Date(Date.now() + 90 * day),
        ...request,
      });
      const files = { serverCertificate: `${name}.pem`, serverCertificateKey: `${name}.key` };
      writeFileSync(join(folder, files.serverCertificate), pem + readFileSync(pki.files.issuing, 'utf8'));
      const key = privateKey.export({ format: 'pem', type: 'pkcs8' });
      writeFileSync(join(folder, files.serverCertificateKey), key, { mode: 0o600 });
      return files;
    }

    const told = (ssl: Node) =>
      findings([site('ssl', ssl)], soon()).filter(({ setting }) => setting?.startsWith('sites[0].ssl.'));

    it('is accepted where the certificate names a responder and its issuer follows', async () => {
      expect(told({ ...(await server('stapled', { ocspResponder })), ocspStapling: true })).toEqual([]);
    });

    it.each([
      ['names no responder', {}, 'no OCSP responder is named that may be asked'],
      [
        'names one by another scheme alone',
        { ocspResponder: 'ldap://ocsp.corp.example/' },
        'no OCSP responder is named',
      ],
    ])('is a fault where the certificate %s', async (_case, request, reason) => {
      expect(told({ ...(await server('unnamed', request)), ocspStapling: true })).toMatchObject([
        {
          severity: 'fault',
          setting: 'sites[0].ssl.serverCertificate',
          message: expect.stringContaining(reason),
          remedy: expect.stringContaining('ocspStapling to false'),
        },
      ]);
    });

    it('is a fault where the certificate of the issuer is missing', async () => {
      const files = await server('alone', { ocspResponder });
      const [own] = readFileSync(join(folder, files.serverCertificate), 'utf8').split(
        /(?<=-----END CERTIFICATE-----\n)/,
      );
      writeFileSync(join(folder, files.serverCertificate), own!);
      expect(told({ ...files, ocspStapling: true })).toMatchObject([
        { severity: 'fault', message: expect.stringContaining('the certificate of its issuer does not follow it') },
      ]);
    });

    it('is a fault of a further certificate too, at its place', async () => {
      const own = await server('first', { ocspResponder });
      const further = await server('further', { dnsNames: ['other.example'] });
      expect(told({ ...own, furtherCertificates: [further], ocspStapling: true })).toMatchObject([
        { severity: 'fault', setting: 'sites[0].ssl.furtherCertificates[0].serverCertificate' },
      ]);
    });

    it('is a fault where clients are shown one of two kinds of keys', async () => {
      const own = await server('elliptic', { ocspResponder });
      const twin = await server('rsa', { ocspResponder }, 'RSA-2048');
      expect(told({ ...own, furtherCertificates: [twin] })).toEqual([]);
      expect(told({ ...own, furtherCertificates: [twin], ocspStapling: true })).toMatchObject([
        {
          severity: 'fault',
          setting: 'sites[0].ssl.furtherCertificates[0].serverCertificate',
          message: expect.stringContaining('another kind of key'),
        },
      ]);
    });

    it('is warned of where the certificate demands it and the site does not tell it', async () => {
      const files = await server('demanding', { ocspResponder, extraExtensions: [feature] });
      expect(told(files)).toMatchObject([
        { severity: 'warning', setting: 'sites[0].ssl.serverCertificate', remedy: 'Set ssl.ocspStapling to true.' },
      ]);
      expect(told({ ...files, ocspStapling: true })).toEqual([]);
    });
  });

  it('is warned of where clients refuse the server for SHA-1, but not where it signed itself', () => {
    const certified = (name: string, ...signer: string[]) => {
      const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha1', '-days', '90', '-subj', `/CN=${name}`];
      const names = ['-addext', 'subjectAltName=DNS:localhost'];
      const output = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)];
      execFileSync('openssl', [...request, ...names, ...output, ...signer], { stdio: 'ignore' });
      chmodSync(join(folder, `${name}.key`), 0o600);
    };
    certified('root');
    certified('server', '-CA', join(folder, 'root.crt'), '-CAkey', join(folder, 'root.key'));
    const weak = (name: string) =>
      findings([site('ssl', { serverCertificate: `${name}.crt`, serverCertificateKey: `${name}.key` })], soon()).filter(
        ({ message }) => message.includes('SHA-1'),
      );
    expect(weak('server')).toMatchObject([{ severity: 'warning', setting: 'sites[0].ssl.serverCertificate' }]);
    expect(weak('root')).toEqual([]);
  });

  it('is nothing in a good configuration', () => {
    expect(findings([], soon())).toEqual([]);
  });

  it.each<
    [
      name: string,
      severity: 'fault' | 'warning',
      changes: () => readonly ((settings: Node) => void)[],
      setting: string,
      message: RegExp,
      now?: () => Date,
    ]
  >([
    [
      'no source of revocation',
      'warning',
      () => [site(`${certificates}.crlFiles`, [])],
      'sites[0].sslClientCertificates',
      /every login will be refused/,
    ],
    [
      'CRLs only, and OCSP alone as method',
      'warning',
      () => [site(`${certificates}.revocation`, { methods: ['ocsp'] })],
      'sites[0].sslClientCertificates',
      /every login will be refused/,
    ],
    [
      'a CRL that is out of date',
      'warning',
      () => [],
      'sites[0].sslClientCertificates.crlFiles[1]',
      /out of date since/,
      () => new Date(Date.now() + 100 * day),
    ],
    [
      'a CRL of another CA',
      'warning',
      () => [site(`${certificates}.crlFiles`, [pki.files.rootCrl, pki.files.issuingCrl, foreign.files.issuingCrl])],
      'sites[0].sslClientCertificates.crlFiles[2]',
      /is foreign/,
    ],
    [
      'a CRL of a namesake',
      'warning',
      () => [site(`${certificates}.crlFiles`, [pki.files.rootCrl, published.files.issuingCrl])],
      'sites[0].sslClientCertificates.crlFiles[1]',
      /not signed by the key/,
    ],
    [
      'no CRL of the issuing CA',
      'warning',
      () => [site(`${certificates}.crlFiles`, [pki.files.rootCrl])],
      'sites[0].sslClientCertificates.intermediates[0]',
      /no CRL of .* is given/,
    ],
    [
      'no CRL of the root',
      'warning',
      () => [site(`${certificates}.crlFiles`, [pki.files.issuingCrl])],
      'sites[0].sslClientCertificates.intermediates[0]',
      /no source says whether/,
    ],
    [
      'a certificate of a person as trust anchor',
      'fault',
      () => [site(`${certificates}.trustAnchors`, [pki.files.root, ada.certificateFile])],
      'sites[0].sslClientCertificates.trustAnchors[1]',
      /is not the certificate of a CA/,
    ],
    [
      'a certificate of a person as intermediate',
      'warning',
      () => [site(`${certificates}.intermediates`, [pki.files.issuing, ada.certificateFile])],
      'sites[0].sslClientCertificates.intermediates[1]',
      /is not the certificate of a CA/,
    ],
    [
      'a missing issuing CA',
      'warning',
      () => [site(`${certificates}.intermediates`, []), site(`${certificates}.crlFiles`, [pki.files.rootCrl])],
      'sites[0].sslClientCertificates.intermediates',
      /names no CA/,
    ],
    [
      'an intermediate of another root',
      'warning',
      () => [site(`${certificates}.intermediates`, [pki.files.issuing, foreign.files.issuing])],
      'sites[0].sslClientCertificates.intermediates[1]',
      /neither a trust anchor nor an intermediate/,
    ],
    [
      'an intermediate of a namesake of the root',
      'warning',
      () => [site(`${certificates}.intermediates`, [pki.files.issuing, published.files.issuing])],
      'sites[0].sslClientCertificates.intermediates[1]',
      /not signed by the key/,
    ],
    [
      'an accepted issuer that is not given',
      'warning',
      () => [site(`${certificates}.acceptedIssuers`, ['0'.repeat(64)])],
      'sites[0].sslClientCertificates.acceptedIssuers[0]',
      /fingerprint of no certificate/,
    ],
    [
      'a CRL host that may not be asked',
      'warning',
      () => [
        site(`${certificates}.trustAnchors`, [published.files.root]),
        site(`${certificates}.intermediates`, [published.files.issuing]),
        site(`${certificates}.crlFiles`, []),
        site(`${certificates}.revocationRetrievalHosts`, ['other.example']),
      ],
      'sites[0].sslClientCertificates.intermediates[0]',
      /no source says/,
    ],
    [
      'a responder that may not be asked',
      'warning',
      () => [site(`${certificates}.revocation`, { ocsp: { responders: ['http://ocsp.example/'] } })],
      'sites[0].sslClientCertificates.revocation.ocsp.responders[0]',
      /never asked/,
    ],
    [
      'an expired trust anchor',
      'warning',
      () => [],
      'sites[0].sslClientCertificates.trustAnchors[0]',
      /expired at/,
      () => new Date(Date.now() + 40 * 365 * day),
    ],
    [
      'a malformed SID',
      'fault',
      () => [site('authorization', [{ roles: ['S-1-5-21-x'], permissions: ['Read'] }])],
      'sites[0].authorization[0].roles[0]',
      /is not a SID/,
    ],
    [
      'a SID with a leading zero',
      'fault',
      () => [site('authorization', [{ roles: ['S-1-5-021'], permissions: ['Read'] }])],
      'sites[0].authorization[0].roles[0]',
      /is not a SID/,
    ],
    [
      'a malformed distinguished name',
      'fault',
      () => [site('authorization', [{ roles: ['CN=Staff,Groups'], permissions: ['Read'] }])],
      'sites[0].authorization[0].roles[0]',
      /is not a distinguished name/,
    ],
    [
      'a user with a domain',
      'warning',
      () => [site('authorization', [{ users: ['CORP\\ada'], permissions: ['Read'] }])],
      'sites[0].authorization[0].users[0]',
      /names a domain/,
    ],
    [
      'a star in a list of users',
      'warning',
      () => [site('authorization', [{ users: ['*'], permissions: ['Read'] }])],
      'sites[0].authorization[0].users[0]',
      /not every account/,
    ],
    [
      'a user that no account file has',
      'warning',
      () => [site('authorization', [{ users: ['adda'], permissions: ['Read'] }])],
      'sites[0].authorization[0].users[0]',
      /no account of the site’s account files is named adda/,
    ],
    [
      'a group that no account file has',
      'warning',
      () => [site('authorization', [{ roles: ['stafff'], permissions: ['Read'] }])],
      'sites[0].authorization[0].roles[0]',
      /no group of/,
    ],
    [
      'a rule that concerns no account',
      'warning',
      () => [
        site('authorization', [
          { users: '*', permissions: ['Read'] },
          { users: [], permissions: ['Read'] },
        ]),
      ],
      'sites[0].authorization[1]',
      /concerns no account/,
    ],
    [
      'a rule twice',
      'warning',
      () => [
        site('authorization', [
          { users: '*', permissions: ['Read'] },
          { users: '*', permissions: ['Read'] },
        ]),
      ],
      'sites[0].authorization[1]',
      /says the same/,
    ],
    [
      'rules that only deny',
      'warning',
      () => [site('authorization', [{ accessType: 'Deny', users: '*', permissions: ['Read'] }])],
      'sites[0].authorization',
      /no rule that allows/,
    ],
    [
      'a passive range over the control port',
      'fault',
      () => [site('firewallSupport', { lowDataChannelPort: 2100, highDataChannelPort: 2200 })],
      'sites[0].firewallSupport',
      /include port 2121/,
    ],
    [
      'a binding inside another',
      'fault',
      () => [
        site('bindings', [
          { address: '0.0.0.0', port: 2121 },
          { address: '127.0.0.1', port: 2121 },
        ]),
      ],
      'sites[0].bindings[1]',
      /bound already, by 0\.0\.0\.0/,
    ],
    [
      'a binding inside one of both IP versions',
      'fault',
      () => [
        site('bindings', [
          { address: '::', port: 2121 },
          { address: '0.0.0.0', port: 2121 },
        ]),
      ],
      'sites[0].bindings[1]',
      /bound already, by ::/,
    ],
    [
      'a binding in two spellings',
      'fault',
      () => [
        site('bindings', [
          { address: '::1', port: 2121 },
          { address: '0:0:0:0:0:0:0:1', port: 2121 },
        ]),
      ],
      'sites[0].bindings[1]',
      /bound twice/,
    ],
    [
      'a host name that no certificate of the site has',
      'warning',
      () => [site('bindings', [{ address: '127.0.0.1', port: 2121, hostName: 'a.example' }])],
      'sites[0].bindings[0].hostName',
      /no certificate of the site is for a\.example/,
    ],
    [
      'an address for a host name',
      'fault',
      () => [site('bindings', [{ address: '127.0.0.1', port: 2121, hostName: '127.0.0.1' }])],
      'sites[0].bindings[0].hostName',
      /must be the name of a host/,
    ],
    [
      'an address of another machine',
      'warning',
      () => [site('bindings', [{ address: '203.0.113.7', port: 2121 }])],
      'sites[0].bindings[0]',
      /no address 203\.0\.113\.7/,
    ],
    [
      'a server certificate without names',
      'warning',
      () => [site('ssl', { serverCertificate: ada.certificateFile, serverCertificateKey: 'person.key' })],
      'sites[0].ssl.serverCertificate',
      /no subject alternative name/,
    ],
    [
      'a server certificate for clients',
      'warning',
      () => [site('ssl', { serverCertificate: ada.certificateFile, serverCertificateKey: 'person.key' })],
      'sites[0].ssl.serverCertificate',
      /lacks serverAuth/,
    ],
    [
      'a chain with a gap',
      'warning',
      () => [site('ssl', { serverCertificate: 'backwards.pem', serverCertificateKey: pki.files.serverKey })],
      'sites[0].ssl.serverCertificate',
      /certificate 2 of the file did not issue/,
    ],
    [
      'passwords where certificates are required',
      'warning',
      () => [ldap({}), site('directories', ['people']), site('authentication', { mode: 'certificateOrPassword' })],
      'sites[0].sslClientCertificates.clientCertificatePolicy',
      /lets in without one/,
    ],
    [
      'a CA of a directory that cannot be read',
      'fault',
      () => [ldap({ certificateAuthorities: ['broken-bundle.pem'] })],
      'directories[1].certificateAuthorities[0]',
      /the certificate at line \d+ cannot be read/,
    ],
    [
      'a search base that is no name',
      'fault',
      () => [ldap({ searchBase: 'example.org' })],
      'directories[1].searchBase',
      /is not a distinguished name/,
    ],
    [
      'a client certificate with the key of another',
      'fault',
      () => [ldap({ clientCertificate: pki.files.serverChain, clientCertificateKey: 'person.key' })],
      'directories[1].clientCertificateKey',
      /is not the key/,
    ],
    [
      'homes outside the site',
      'warning',
      () => [
        site('physicalPath', join(folder, 'files')),
        site('userIsolation', { mode: 'DirectoryAttribute', replacePrefixes: [{ from: '//fs1', to: '/elsewhere' }] }),
      ],
      'sites[0].userIsolation.replacePrefixes[0].to',
      /outside physicalPath/,
    ],
  ])('%s: %s', (_name, severity, changes, setting, message, now = soon) => {
    const found = findings(changes(), now());
    expect(found).toContainEqual(
      expect.objectContaining({
        severity,
        setting,
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(/./),
      }),
    );
    // Far in the future the server's certificate has expired too, which is a fault.
    if (severity === 'warning' && now === soon) expect(found.filter((one) => one.severity === 'fault')).toEqual([]);
  });

  it.each<[name: string, changes: () => readonly ((settings: Node) => void)[]]>([
    ['a bundle of CAs with text between them', () => [ldap({ certificateAuthorities: ['bundle.pem'] })]],
    [
      'CRLs of hosts that may be asked',
      () => [
        site(`${certificates}.trustAnchors`, [published.files.root]),
        site(`${certificates}.intermediates`, [published.files.issuing]),
        site(`${certificates}.crlFiles`, []),
        site(`${certificates}.revocationRetrievalHosts`, ['PKI.corp.example']),
      ],
    ],
    [
      'a responder whose IPv6 address may be asked',
      () => [
        site(`${certificates}.revocationRetrievalHosts`, ['2001:DB8:0::1']),
        site(`${certificates}.revocation`, { ocsp: { responders: ['http://[2001:db8::1]/'] } }),
      ],
    ],
    [
      'distinguished names with escapes',
      () => [
        site('authorization', [{ roles: ['CN=Staff\\, all,OU=Gr\u00fcppen+UID=1, DC=corp'], permissions: ['Read'] }]),
      ],
    ],
    ['SIDs in lower case', () => [site('authorization', [{ roles: ['s-1-5-21-1-2-3-512'], permissions: ['Read'] }])]],
    [
      'the same port for both versions of loopback',
      () => [
        site('bindings', [
          { address: '127.0.0.1', port: 2121 },
          { address: '::1', port: 2121 },
        ]),
      ],
    ],
    [
      'free ports beside a passive range',
      () => [
        site('bindings', [{ address: '127.0.0.1', port: 0 }]),
        site('firewallSupport', { lowDataChannelPort: 50_000, highDataChannelPort: 50_063 }),
      ],
    ],
  ])('is nothing where it is right: %s', (_name, changes) => {
    expect(findings(changes(), soon())).toEqual([]);
  });
});
