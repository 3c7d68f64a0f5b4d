/**
 * What a person reads who wrote a setting wrongly: every kind of fault of the schema and of YAML names the setting, what was found, what
 * is allowed and, where that can be told, what was meant. All faults come at once.
 */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { ConfigurationError, type ConfigurationFault } from '../../../src/config/yaml/fault.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

let pki: TestPki;
let folder: string;
beforeAll(async () => {
  pki = await createTestPki();
  folder = mkdtempSync(join(tmpdir(), 'cardgate-messages-'));
  mkdirSync(join(folder, 'files'));
  copyFileSync(pki.files.root, join(folder, 'hook-ca.pem'));
  writeFileSync(join(folder, 'rules.yaml'), 'rules:\n  - { name: exact, map: certificate }\n');
  writeFileSync(join(folder, 'accounts.yaml'), 'accounts:\n  - { name: ada }\n');
});
afterAll(async () => {
  await pki.remove();
  rmSync(folder, { recursive: true, force: true });
});

const valid = () => `directories:
  - name: local
    type: file
    accounts: accounts.yaml
sites:
  - name: files
    bindings:
      - { address: 127.0.0.1, port: 2121 }
    physicalPath: files
    ssl:
      serverCertificate: ${pki.files.serverChain}
      serverCertificateKey: ${pki.files.serverKey}
    sslClientCertificates:
      trustAnchors: [${pki.files.root}]
      intermediates: [${pki.files.issuing}]
      crlFiles: [${pki.files.rootCrl}, ${pki.files.issuingCrl}]
    directories: [local]
    mapping: { rules: rules.yaml }
    authorization:
      - users: '*'
        permissions: [Read]
`;

function faultsOf(content: string | Buffer): readonly ConfigurationFault[] {
  const file = join(folder, 'cardgate.yaml');
  writeFileSync(file, content);
  try {
    return loadConfiguration(file, systemClock).warnings;
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

const changed = (from: string | RegExp, to: string) => {
  const text = valid().replace(from, to);
  expect(text).not.toBe(valid());
  return text;
};
const inSite = (lines: string) => `${valid()}    ${lines}\n`;

type Row = [name: string, text: () => string, setting: string, message: RegExp, remedy: RegExp];

describe('a setting that the schema refuses', () => {
  const rights = 'sites[0].authorization[0]';
  it.each<Row>([
    [
      'a name where a list is due, never answered with the star',
      () => changed("users: '*'", 'users: user01'),
      `${rights}.users`,
      /^user01 is not allowed; must be '\*', or '\?', or a list/,
      /^Did you mean \[user01\]\?$/,
    ],
    [
      'a word where a list is due',
      () => changed('[Read]', 'Read'),
      `${rights}.permissions`,
      /^Read is not allowed/,
      /^Did you mean \[Read\]\?$/,
    ],
    [
      'a misspelled word in a list',
      () => changed('[Read]', '[Raed]'),
      `${rights}.permissions[0]`,
      /^Raed is not allowed; must be one of Read, Write/,
      /^Did you mean Read\?$/,
    ],
    [
      'a word in another case',
      () => changed('[Read]', '[read]'),
      `${rights}.permissions[0]`,
      /one of Read, Write/,
      /^Did you mean Read\?$/,
    ],
    [
      'a word that is like none',
      () => changed('[Read]', '[Delete]'),
      `${rights}.permissions[0]`,
      /^Delete is not allowed/,
      /^Give one of Read, Write\.$/,
    ],
    [
      'a number without its unit',
      () => inSite('connections: { controlChannelTimeout: 120 }'),
      'sites[0].connections.controlChannelTimeout',
      /^120 is not allowed; must be a duration from 1s to 1d/,
      /^Did you mean 120s\?$/,
    ],
    [
      'a text without its unit',
      () => inSite("connections: { controlChannelTimeout: '120' }"),
      'sites[0].connections.controlChannelTimeout',
      /^120 is not allowed/,
      /^Did you mean 120s\?$/,
    ],
    [
      'a duration with a space',
      () => inSite('connections: { controlChannelTimeout: 2 m }'),
      'sites[0].connections.controlChannelTimeout',
      /^2 m is not allowed/,
      /^Did you mean 2m\?$/,
    ],
    [
      'a duration that is too long',
      () => inSite('connections: { controlChannelTimeout: 3d }'),
      'sites[0].connections.controlChannelTimeout',
      /^3d is not allowed; must be a duration from 1s to 1d/,
      /./,
    ],
    [
      'a number in quotes',
      () => changed('port: 2121', "port: '2121'"),
      'sites[0].bindings[0].port',
      /^2121 is not allowed; must be a whole number from 0 to 65535/,
      /^Did you mean 2121\?$/,
    ],
    [
      'a number that is too large',
      () => changed('2121', '212100'),
      'sites[0].bindings[0].port',
      /^212100 is not allowed; must be a whole number from 0 to 65535/,
      /./,
    ],
    ['a number that is negative', () => changed('2121', '-1'), 'sites[0].bindings[0].port', /^-1 is not allowed/, /./],
    [
      'a number that is not whole',
      () => changed('2121', '21.5'),
      'sites[0].bindings[0].port',
      /^21\.5 is not allowed; must be a whole number/,
      /./,
    ],
    [
      'a truth in the words of YAML 1.1',
      () => inSite('userIsolation: { createHome: yes }'),
      'sites[0].userIsolation.createHome',
      /^yes is not allowed; must be true or false/,
      /^Did you mean true\?$/,
    ],
    [
      'a number where a name is due',
      () => changed('name: files', 'name: 2024'),
      'sites[0].name',
      /^2024 is not allowed/,
      /^Did you mean '2024'\?$/,
    ],
    [
      'a list where a text is due',
      () => changed('physicalPath: files', 'physicalPath: [files]'),
      'sites[0].physicalPath',
      /^a list is not allowed; must be a text/,
      /^Did you mean files\?$/,
    ],
    [
      'a text where a section is due',
      () => inSite('messages: Hello'),
      'sites[0].messages',
      /^Hello is not allowed; must be a section with bannerMessage/,
      /./,
    ],
    [
      'an empty value',
      () => changed('physicalPath: files', 'physicalPath:'),
      'sites[0].physicalPath',
      /^is empty; must be/,
      /^Give a value, or remove the line\.$/,
    ],
    [
      'a missing value',
      () => changed('    physicalPath: files\n', ''),
      'sites[0].physicalPath',
      /^is missing; must be a text/,
      /^Add physicalPath/,
    ],
    [
      'an empty list',
      () => changed(/trustAnchors: .*/, 'trustAnchors: []'),
      'sites[0].sslClientCertificates.trustAnchors',
      /^an empty list is not allowed; must be a list of texts, 1 to 100 entries/,
      /./,
    ],
    [
      'a misspelled setting',
      () => changed('physicalPath', 'phyiscalPath'),
      'sites[0].phyiscalPath',
      /^is not a setting$/,
      /^Did you mean physicalPath\?/,
    ],
    [
      'a setting in the wrong section',
      () => inSite('serverCertificate: x'),
      'sites[0].serverCertificate',
      /^is not a setting$/,
      /^It belongs to sites\[\]\.ssl/,
    ],
    [
      'a setting that is known nowhere',
      () => `${valid()}colour: red\n`,
      'colour',
      /^is not a setting$/,
      /^Allowed here: .*sites/,
    ],
    [
      'an address with a host name',
      () => changed('address: 127.0.0.1', 'address: localhost'),
      'sites[0].bindings[0].address',
      /^localhost is not allowed; must be an IPv4 address, or an IPv6 address/,
      /./,
    ],
    [
      'a host as a URL',
      () =>
        changed(
          '    directories: [local]',
          "      revocationRetrievalHosts: ['http://pki.example/crls']\n    directories: [local]",
        ),
      'sites[0].sslClientCertificates.revocationRetrievalHosts[0]',
      /^http:\/\/pki\.example\/crls is not allowed; must be a host name or address/,
      /^Did you mean pki\.example\?$/,
    ],
    [
      'a kind of directory that does not exist',
      () => changed('type: file', 'type: ad'),
      'directories[0].type',
      /^ad is not allowed; must be one of activeDirectory, ldap, file/,
      /./,
    ],
    [
      'a directory of no kind',
      () => changed('    type: file\n', ''),
      'directories[0].type',
      /^is missing; must be one of activeDirectory, ldap, file/,
      /./,
    ],
    [
      'a fingerprint that is too short',
      () => changed('    directories: [local]', '      acceptedIssuers: [abcd]\n    directories: [local]'),
      'sites[0].sslClientCertificates.acceptedIssuers[0]',
      /^abcd is not allowed; must be a SHA-256 fingerprint/,
      /./,
    ],
    [
      'a file mode that YAML reads as a number',
      () => `${valid()}mappingService: { listeners: [{ socket: x.sock, mode: 0660 }] }\n`,
      'mappingService.listeners[0].mode',
      /^0660 is not allowed; must be a file mode in octal/,
      /^Did you mean '0660'\?$/,
    ],
    [
      'a listener that is half one kind and half the other',
      () => `${valid()}mappingService: { listeners: [{ socket: x.sock, port: 1 }] }\n`,
      'mappingService.listeners[0].port',
      /^does not go with the settings beside it$/,
      /Keep one of socket, mode/,
    ],
    ...['__proto__', 'toString', 'constructor'].map(
      (name): Row => [
        `a name that every object inherits: ${name}`,
        () => `${valid()}${name}: 1\n`,
        name,
        /^is not a setting$/,
        /^Allowed here: log, audit/,
      ],
    ),
    [
      'an empty text, for which nothing can be meant',
      () => changed('physicalPath: files', "physicalPath: ''"),
      'sites[0].physicalPath',
      /^an empty text is not allowed/,
      /^Give a text/,
    ],
    ...[
      ['pki.example:80', 'pki.example'],
      ['pki.example.', 'pki.example'],
      ["'[2001:db8::1]'", '2001:db8::1'],
      ["'[2001:db8::1]:80'", '2001:db8::1'],
    ].map(
      ([written, meant]): Row => [
        `a retrieval host that no URL ever equals: ${written}`,
        () => changed(/crlFiles: .*/, `revocationRetrievalHosts: [${written}]`),
        'sites[0].sslClientCertificates.revocationRetrievalHosts[0]',
        /must be a host name or address alone$/,
        new RegExp(`^Did you mean ${meant?.replaceAll('.', '\\.')}\\?$`),
      ],
    ),
    [
      'a wildcard as retrieval host',
      () => changed(/crlFiles: .*/, "revocationRetrievalHosts: ['*.example']"),
      'sites[0].sslClientCertificates.revocationRetrievalHosts[0]',
      /must be a host name or address alone$/,
      /^Give a host name/,
    ],
    [
      'an address that no client can connect to',
      () => inSite('firewallSupport: { externalIp4Address: 0.0.0.0 }'),
      'sites[0].firewallSupport.externalIp4Address',
      /^0\.0\.0\.0 is not allowed; must be an IPv4 address that clients can connect to$/,
      /^Give an IPv4/,
    ],
    [
      'half a passive range',
      () => inSite('firewallSupport: { lowDataChannelPort: 3000 }'),
      'sites[0].firewallSupport',
      /^lowDataChannelPort is given without the other end of the range$/,
      /^Set both/,
    ],
    [
      'a passive range backwards',
      () => inSite('firewallSupport: { lowDataChannelPort: 3000, highDataChannelPort: 2900 }'),
      'sites[0].firewallSupport',
      /^lowDataChannelPort 3000 is above highDataChannelPort 2900$/,
      /^Exchange/,
    ],
    [
      'a rule for a path that leads out of the home',
      () => changed("- users: '*'", "- path: /pub/../..\n        users: '*'"),
      `${rights}.path`,
      /must be a path that begins with \/ and has no \. or \.\. in it$/,
      /^Give a path/,
    ],
    [
      'an audit file that is the log too',
      () => `${valid()}audit: { file: same }\nlog: { file: ./same }\n`,
      'audit.file',
      /same is also the file of log\.file$/,
      /file of its own/,
    ],
    [
      'an audit file that is the configuration',
      () => `${valid()}audit: { file: cardgate.yaml }\n`,
      'audit.file',
      /is also the file of the configuration itself$/,
      /file of its own/,
    ],
    [
      'an audit file that is the file of accounts',
      () => `${valid()}audit: { file: accounts.yaml }\n`,
      'audit.file',
      /is also the file of directories\[0\]\.accounts$/,
      /file of its own/,
    ],
    ['a file that is a list', () => '- a\n', '', /^a list is not allowed; must be a section with/, /./],
    ['an empty file', () => '', '', /^is empty; must be a section with/, /./],
  ])('%s', (_name, text, setting, message, remedy) => {
    const faults = faultsOf(text()).filter(({ severity }) => severity === 'fault');
    expect(faults.map(({ setting: found }) => found)).toEqual([setting]);
    expect(faults[0]?.message).toMatch(message);
    expect(faults[0]?.remedy).toMatch(remedy);
  });

  it('hides no fault of another kind', () => {
    const text = valid()
      .replace('port: 2121', 'port: 70000')
      .replace("users: '*'", 'users: user01')
      .replace('name: files', 'name: a b')
      .replace('directories: [local]', 'directories: [locl]')
      .replace('rules: rules.yaml', 'rules: nowhere.yaml')
      .replace('accounts: accounts.yaml', 'accounts: missing.yaml')
      .replace(/trustAnchors: .*/, 'trustAnchors: [no-such.pem]');
    expect(
      faultsOf(text)
        .map(({ setting }) => setting)
        .sort(),
    ).toEqual([
      'directories[0].accounts',
      'sites[0].authorization[0].users',
      'sites[0].bindings[0].port',
      'sites[0].directories[0]',
      'sites[0].mapping.rules',
      'sites[0].name',
      'sites[0].sslClientCertificates.trustAnchors[0]',
    ]);
  });

  it('brings no fault of what stands in for it', () => {
    const text = valid()
      .replace('type: file', 'type: ad')
      .replace(/ {4}ssl:\n.*\n.*\n/, '');
    expect(
      faultsOf(text)
        .map(({ setting }) => setting)
        .sort(),
    ).toEqual(['directories[0].type', 'sites[0].ssl']);
  });
});

const withSiteLog = (directory: string) =>
  changed('    physicalPath: files', `    logFile: { directory: ${directory} }\n    physicalPath: files`);

const withHook = (hook: string) =>
  changed('    physicalPath: files', `    hooks: { onUpload: { ${hook} } }\n    physicalPath: files`);

describe('a hook', () => {
  const place = 'sites[0].hooks.onUpload';
  const cases: readonly (readonly [rule: string, hook: string, fault: string])[] = [
    ['names something to ask', 'timeout: 1s', `${place}: names nothing that can be asked`],
    [
      'names one thing to ask',
      'program: [/bin/true], socket: s',
      `${place}: names several things that are to be asked`,
    ],
    ['has a program with its whole path', 'program: [true]', `${place}.program[0]`],
    ['has a program that is there', 'program: [/bin/none-such]', `${place}.program[0]: cannot run /bin/none-such`],
    ['has a program that can be run', 'program: [/etc/passwd]', `${place}.program[0]: cannot run /etc/passwd`],
    ['has a program that is a file', 'program: [/bin]', `${place}.program[0]: /bin is not a file`],
    ['has a URL of https', 'url: "http://localhost/", certificateAuthorities: [hook-ca.pem]', `${place}.url`],
    [
      'has a CA for its URL',
      'url: "https://localhost/"',
      `${place}.certificateAuthorities: names no CA for the certificate of the URL`,
    ],
    [
      'has a key for its certificate',
      'url: "https://localhost/", certificateAuthorities: [hook-ca.pem], clientCertificate: c',
      `${place}.clientCertificate: clientCertificate and clientCertificateKey belong together`,
    ],
  ];
  it.each(cases)('%s', (_rule, hook, fault) => {
    const found = faultsOf(withHook(hook)).map(({ setting, message }) => `${setting}: ${message}`);
    expect(found).toHaveLength(1);
    expect(found[0]?.startsWith(fault)).toBe(true);
  });

  it('has a program that no other user can change, nor replace in its folder', () => {
    const own = join(folder, 'hooks');
    mkdirSync(own, { recursive: true });
    const program = join(own, 'hook');
    writeFileSync(program, '#!/bin/true\n', { mode: 0o755 });
    const messages = () => faultsOf(withHook(`program: [${program}]`)).map(({ message }) => message);
    expect(messages()).toEqual([]);
    chmodSync(program, 0o775);
    expect(messages()).toEqual([expect.stringMatching(/hook can be written by others than its owner/)]);
    chmodSync(program, 0o755);
    chmodSync(own, 0o777);
    expect(messages()).toEqual([expect.stringMatching(/hooks can be written by others than its owner/)]);
    chmodSync(own, 0o755);
  });
});

describe('the directory of a site log', () => {
  it('is a fault where every user of the machine may write to it, or where it is a file', () => {
    const messages = (directory: string) =>
      faultsOf(withSiteLog(directory)).map(({ setting, message }) => `${setting}: ${message}`);
    expect(messages('/tmp')).toEqual([
      'sites[0].logFile.directory: cannot write /tmp: every user of this machine may write to it',
    ]);
    expect(messages('/dev/null')).toEqual([
      'sites[0].logFile.directory: cannot write /dev/null: it is not a directory',
    ]);
  });

  it('is a fault where the cache of evidence lies, and no matter where the log is off', () => {
    const text = `${withSiteLog('log')}retrieval: { cacheDirectory: log }\n`;
    expect(faultsOf(text)).toMatchObject([
      {
        severity: 'fault',
        setting: 'sites[0].logFile.directory',
        message: expect.stringMatching(/log is also the file of/),
      },
    ]);
    expect(faultsOf(text.replace('{ directory: log }', '{ directory: log, enabled: false }'))).toEqual([]);
  });
});

describe('a file of the gateway that its clients could reach', () => {
  it.each([
    ['the audit file', () => `${valid()}audit: { file: files/audit.jsonl }\n`, 'audit.file'],
    ['the cache of evidence', () => `${valid()}retrieval: { cacheDirectory: files }\n`, 'retrieval.cacheDirectory'],
    ['the log of a site', () => withSiteLog('files/log'), 'sites[0].logFile.directory'],
    ['the rules', () => changed('physicalPath: files', 'physicalPath: .'), 'sites[0].mapping.rules'],
  ])('is warned of: %s', (_name, text, setting) => {
    expect(faultsOf(text())).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        setting,
        message: expect.stringMatching(/lies in physicalPath .*: clients may read or replace it$/),
      }),
    );
  });

  it('is none whose folder only begins with the same letters', () => {
    expect(faultsOf(`${valid()}audit: { file: files.jsonl }\n`)).toEqual([]);
  });
});

it('a home that is not there is one fault', () => {
  expect(
    faultsOf(
      inSite('userIsolation: { mode: IsolateAllDirectories, createHome: true }').replace(
        'physicalPath: files',
        'physicalPath: nowhere',
      ),
    ).length,
  ).toBe(1);
});

describe('text that is no YAML', () => {
  it.each<[name: string, text: () => string | Buffer, line: number, message: RegExp, remedy: RegExp]>([
    [
      'one tab is one fault',
      () => valid().replace(/^ +/gm, (spaces) => '\t'.repeat(spaces.length / 2)),
      2,
      /a tab indents the line/,
      /spaces only/,
    ],
    ['a star without quotes', () => changed("users: '*'", 'users: *'), 20, /\* begins an alias/, /'\*'/],
    ['a star before a name', () => changed("users: '*'", 'users: *admins'), 20, /\*admins is an alias/, /'\*admins'/],
    ['an at sign', () => changed('name: local', 'name: @local'), 2, /reserves/, /quotes/],
    [
      'a backslash in double quotes',
      () => changed('name: local', 'name: "C:\\local"'),
      2,
      /backslash/,
      /single quotes/,
    ],
    [
      'a quote that is not closed',
      () => changed('physicalPath: files', 'physicalPath: "files'),
      22,
      /not closed/,
      /close every quote/,
    ],
    ['a bracket that is not closed', () => changed('[local]', '[local'), 18, /bracket is not closed/, /\[ and \{/],
    ['two colons in a line', () => changed('name: local', 'name: local: x'), 2, /second colon/, /quotes/],
    ['no space after the colon', () => changed('name: local', 'name:local'), 2, /no colon with a space/, /name: value/],
    [
      'indentation that does not fit',
      () => changed('    physicalPath', '   physicalPath'),
      9,
      /indentation does not fit/,
      /same column/,
    ],
    ['a setting twice', () => `${valid()}sites: []\n`, 22, /^stands twice, in lines 5 and 22$/, /Keep one/],
    ['two documents', () => `${valid()}---\na: 1\n`, 22, /second document/, /---/],
    ['a tag', () => changed('rules: rules.yaml', 'rules: !include rules.yaml'), 18, /tag/, /include/],
    [
      'a file in another encoding',
      () => Buffer.from(`# Gr\u00fc\u00dfe\n${valid()}`, 'latin1'),
      1,
      /not in UTF-8/,
      /UTF-8/,
    ],
    [
      'aliases that multiply the file',
      () => `a: &a [${'x,'.repeat(20)}]\nb: &b [${'*a,'.repeat(20)}]\nc: [${'*b,'.repeat(20)}]\n`,
      1,
      /multiply/,
      /values themselves/,
    ],
  ])('%s', (_name, text, line, message, remedy) => {
    const faults = faultsOf(text());
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({
      severity: 'fault',
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
    expect(faults[0]?.position.line).toBe(line);
  });

  it('a byte order mark is no fault', () => {
    expect(faultsOf(`\uFEFF${valid()}`)).toEqual([]);
  });
});
