/** What a person reads who wrote a rule, an account or a card profile wrongly: the same words as for the configuration, at the line. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { ConfigurationError, type ConfigurationFault } from '../../../src/config/yaml/fault.ts';
import { readCardProfile } from '../../../src/smartcard/card/card-profile-file.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

let pki: TestPki;
let folder: string;
const exact = 'rules:\n  - { name: exact, map: certificate }\n';
const ada = 'accounts:\n  - { name: ada }\n';
beforeAll(async () => {
  pki = await createTestPki();
  folder = mkdtempSync(join(tmpdir(), 'cardgate-rule-messages-'));
  mkdirSync(join(folder, 'files'));
  writeFileSync(
    join(folder, 'cardgate.yaml'),
    `directories:
  - { name: local, type: file, accounts: accounts.yaml }
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
`,
  );
});
afterAll(async () => {
  await pki.remove();
  rmSync(folder, { recursive: true, force: true });
});

function faultsWith(rules: string, accounts: string): readonly ConfigurationFault[] {
  writeFileSync(join(folder, 'rules.yaml'), rules);
  writeFileSync(join(folder, 'accounts.yaml'), accounts);
  try {
    return loadConfiguration(join(folder, 'cardgate.yaml'), systemClock).warnings;
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

type Row = [name: string, lines: string, line: number, setting: string, message: RegExp, remedy: RegExp];

describe('a mapping rule that the language refuses', () => {
  const rule = (more: string) => `rules:\n  - name: exact\n    map: certificate\n${more}`;
  it.each<Row>([
    [
      'a kind',
      'rules:\n  - name: a\n    map: issuerSerail\n',
      3,
      'rules[0].map',
      /^issuerSerail is not allowed; must be one of sid, issuerSerial,/,
      /^Did you mean issuerSerial\?$/,
    ],
    [
      'the name of a key',
      rule('    on_miss: deny\n'),
      4,
      'rules[0].on_miss',
      /^is not a setting$/,
      /^Did you mean onMiss\? Allowed here: name, when, map,/,
    ],
    [
      'a key of a condition in the rule itself',
      rule('    issuerSha256: [aa]\n'),
      4,
      'rules[0].issuerSha256',
      /^is not a setting$/,
      /^It belongs to rules\[\]\.when\. Allowed here:/,
    ],
    ['the only key', 'rule:\n  - { name: a, map: sid }\n', 1, 'rule', /^is not a setting$/, /^Did you mean rules\?/],
    [
      'a kind that is missing',
      'rules:\n  - name: a\n',
      2,
      'rules[0].map',
      /^is missing; must be one of sid,/,
      /^Add map; mappings\/README\.md describes it\.$/,
    ],
    [
      'one value where a list is due',
      rule('    when:\n      policies: 1.2.3\n'),
      5,
      'rules[0].when.policies',
      /^1\.2\.3 is not allowed; must be a list of texts$/,
      /^Did you mean \[1\.2\.3\]\?$/,
    ],
    [
      'an object identifier',
      rule('    when:\n      policies: [1.02.3]\n'),
      5,
      'rules[0].when.policies[0]',
      /^1\.02\.3 is not allowed; must be an object identifier/,
      /^Give an object identifier/,
    ],
    [
      'a key purpose',
      rule('    when:\n      extendedKeyUsage: [smartcardLogin]\n'),
      5,
      'rules[0].when.extendedKeyUsage[0]',
      /^smartcardLogin is not allowed; must be one of clientAuth, smartCardLogon, .*, or an object identifier/,
      /^Did you mean smartCardLogon\?$/,
    ],
    [
      'a key usage',
      rule('    when:\n      keyUsage: [digitalSignatur]\n'),
      5,
      'rules[0].when.keyUsage[0]',
      /^digitalSignatur is not allowed; must be one of digitalSignature,/,
      /^Did you mean digitalSignature\?$/,
    ],
    [
      'an attribute type',
      rule('    when:\n      subjectAttributes:\n        givenNam: [Ada]\n'),
      6,
      'rules[0].when.subjectAttributes.givenNam',
      /^is not a known attribute type; write its OID$/,
      /^Did you mean givenName\?$/,
    ],
    [
      'an attribute type in a name',
      rule('    when:\n      subject: ["CN=Ada,postalCod=1"]\n'),
      5,
      'rules[0].when.subject[0]',
      /^CN=Ada,postalCod=1: postalCod is not a known attribute type/,
      /^Did you mean postalCode\?$/,
    ],
    [
      'a kind of alternative name',
      rule('    when:\n      subjectAltName:\n        rfc822: ["*@x.example"]\n'),
      6,
      'rules[0].when.subjectAltName.rfc822',
      /^is not a setting$/,
      /Allowed here: .*rfc822Name/,
    ],
    [
      'a template of a filter',
      'rules:\n  - name: a\n    map: search\n    filter: (mail={subject_rfc822_nam})\n',
      4,
      'rules[0].filter',
      /^\(mail=\{subject_rfc822_nam\}\): \{subject_rfc822_nam\} is not a template/,
      /^Did you mean \{subject_rfc822_name\}\?$/,
    ],
    [
      'a keyword of SSSD',
      'rules:\n  - name: a\n    map: sssd\n    matchrule: <ISUER>^CN=CA$\n',
      4,
      'rules[0].matchrule',
      /^<ISUER>\^CN=CA\$: <ISUER>: is not a keyword of SSSD$/,
      /^Did you mean <ISSUER>\?$/,
    ],
    [
      'a number of another range',
      'rules:\n  - name: a\n    map: sssd\n    priority: -1\n',
      4,
      'rules[0].priority',
      /^-1 is not allowed; must be a whole number from 0 to 4294967295$/,
      /^Give a whole number/,
    ],
    [
      'an empty value',
      rule('    onMiss:\n'),
      4,
      'rules[0].onMiss',
      /^is empty; must be one of next, deny$/,
      /^Give a value, or remove the line\.$/,
    ],
    [
      'a directory that the site has not',
      rule('    directory: locl\n'),
      4,
      'rules[0].directory',
      /^site files has no directory named locl$/,
      /^Did you mean local\? Use one of: local\.$/,
    ],
    [
      'no rule at all',
      'rules: []\n',
      1,
      'rules',
      /^an empty list is not allowed; must be a list of sections, 1 to 100 entries$/,
      /^Give a list/,
    ],
    ['an empty file', '', 1, '', /^is empty; must be a section with rules$/, /^Give a value/],
  ])('%s', (_name, text, line, setting, message, remedy) => {
    const [fault, ...others] = faultsWith(text, ada);
    expect(others).toEqual([]);
    expect(fault).toMatchObject({
      position: { file: join(folder, 'rules.yaml'), line },
      setting,
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
  });

  it('all at once, those that only several rules or the site show too', () => {
    const faults = faultsWith(
      `rules:
  - { name: a, map: sidd }
  - { name: a, map: upn, directory: nowhere, onmiss: deny }
  - { name: c, map: search }
  - { name: d, map: sid, when: { issuer: [CM=x], issuerSha256: [zz], subjectAttributes: { XX: [a] } } }
`,
      ada,
    );
    expect(faults.map(({ position, setting }) => [position.line, setting])).toEqual(
      expect.arrayContaining([
        [2, 'rules[0].map'],
        [3, 'rules[1].name'],
        [3, 'rules[1].directory'],
        [3, 'rules[1].onmiss'],
        [4, 'rules[2].map'],
        [5, 'rules[3].when.issuer[0]'],
        [5, 'rules[3].when.issuerSha256[0]'],
        [5, 'rules[3].when.subjectAttributes.XX'],
      ]),
    );
    expect(faults).toHaveLength(8);
  });
});

describe('an account file', () => {
  it('that the schema refuses names every account that is used twice as well', () => {
    const faults = faultsWith(exact, 'accounts:\n  - { name: ada, groop: [a] }\n  - { name: Ada }\n');
    expect(faults).toMatchObject([
      { position: { line: 2 }, setting: 'accounts[0].groop', message: 'is not a setting' },
      { position: { line: 3 }, setting: 'accounts[1].name', message: 'Ada is used twice' },
    ]);
  });
});

describe('a card profile', () => {
  const profile = (lines: string) =>
    `description: a\ncertificates:\n  - slot: 9A\n    keyUsage: [digitalSignature]\n${lines}`;
  it.each<Row>([
    [
      'a variable',
      profile("    rfc822Names: ['{mial}']\n"),
      5,
      'certificates[0].rfc822Names[0]',
      /^\{mial\}: names a variable that does not exist$/,
      /^Did you mean \{mail\}\?$/,
    ],
    [
      'a purpose',
      profile('    extendedKeyUsage: [clientAut]\n'),
      5,
      'certificates[0].extendedKeyUsage[0]',
      /^clientAut is not allowed; must be one of .*clientAuth.*, or a dotted object identifier$/,
      /^Did you mean clientAuth\?$/,
    ],
    [
      'a reason of revocation',
      profile('    revoked: keyCompromized\n'),
      5,
      'certificates[0].revoked',
      /^keyCompromized is not allowed; must be one of .*keyCompromise/,
      /^Did you mean keyCompromise\?$/,
    ],
    [
      'a slot twice',
      profile('  - { slot: 9A, keyUsage: [digitalSignature] }\n'),
      2,
      'certificates',
      /^names a slot more than once$/,
      /docs\/reference says what stands here/,
    ],
  ])('%s', async (_name, text, line, setting, message, remedy) => {
    const file = join(folder, 'profile.yaml');
    writeFileSync(file, text);
    const error = await readCardProfile(file).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as ConfigurationError).faults).toMatchObject([
      {
        position: { file, line },
        setting,
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(remedy),
      },
    ]);
  });
});

describe('a setting that stands twice', () => {
  const twice = (line: number, first: number, setting: string) => ({
    position: { line },
    setting,
    message: `stands twice, in lines ${first} and ${line}`,
    remedy: 'Keep one of the two.',
  });

  it('in a rule file is named with both lines, beside the other faults of the file', () => {
    const text = `rules:
  - name: a
    map: sid
    when:
      policies: [1.2.3]
      keyUsage: [digitalSignature]
      policies: [1.2.4]
    map: upn
  - { name: b, map: upm }
  - name: c
    map: sid
    directory: nowhere
`;
    expect(faultsWith(text, ada).toSorted((a, b) => a.position.line - b.position.line)).toMatchObject([
      twice(7, 5, 'rules[0].when.policies'),
      twice(8, 3, 'rules[0].map'),
      { position: { line: 9 }, setting: 'rules[1].map' },
      { position: { line: 12 }, setting: 'rules[2].directory' },
    ]);
  });

  it('in an account file', () => {
    const text = 'accounts:\n  - name: ada\n    groups: [a]\n    groups: [b]\n';
    expect(faultsWith(exact, text)).toMatchObject([twice(4, 3, 'accounts[0].groups')]);
  });

  it('in a card profile', async () => {
    const file = join(folder, 'profile.yaml');
    writeFileSync(
      file,
      'description: a\ncertificates:\n  - { slot: 9A, keyUsage: [digitalSignature] }\ndescription: b\n',
    );
    await expect(readCardProfile(file)).rejects.toMatchObject({ faults: [twice(4, 1, 'description')] });
  });
});
