/** Card profiles: those that come with cardgate are whole, and a faulty one is told about with file and line. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../src/config/yaml/fault.ts';
import { profileNames, readCardProfile } from '../../../src/smartcard/card/card-profile-file.ts';
import { ProfileVariables } from '../../../src/smartcard/card/person.ts';

const directory = mkdtempSync(join(tmpdir(), 'cardgate-profile-'));
afterAll(() => rmSync(directory, { recursive: true }));

const wanted = ['ad-smartcard-logon', 'cac', 'logon', 'none-upn', 'piv'];
const broken = [
  'duplicate-san',
  'expired',
  'foreign-issuer',
  'not-yet-valid',
  'revoked',
  'sid-mismatch',
  'two-upns',
  'weak-key',
  'wrong-purpose',
];

describe('the profiles that come with cardgate', () => {
  it('are these', async () => {
    expect(await profileNames()).toEqual([...wanted, ...broken.map((name) => `broken-${name}`)].sort());
  });

  it.each([...wanted, ...broken.map((name) => `broken-${name}`)])('%s can be read', async (name) => {
    const { description, certificates } = await readCardProfile(name);
    expect(description.length).toBeGreaterThan(5);
    expect(certificates.length).toBeGreaterThan(0);
  });
});

describe('a faulty profile', () => {
  it('is told about at once, with every fault and its line', async () => {
    const file = join(directory, 'faulty.yaml');
    const lines = [
      'description: x',
      'certificates:',
      '  - slot: 9A!',
      '    key: RSA-512',
      '    keyUsage: [sign]',
      "    userPrincipalNames: ['{missing}']",
      '    colour: red',
    ];
    writeFileSync(file, lines.join('\n'));
    const error = await readCardProfile(file).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    const faults = (error as ConfigurationError).faults.map(({ position, setting }) => `${position.line} ${setting}`);
    expect(faults).toEqual([
      '3 certificates[0].slot',
      '4 certificates[0].key',
      '5 certificates[0].keyUsage[0]',
      '6 certificates[0].userPrincipalNames[0]',
      '7 certificates[0].colour',
    ]);
  });

  it('that names a slot twice, or has no certificate, is refused', async () => {
    const file = join(directory, 'twice.yaml');
    const slot = '  - { slot: a, keyUsage: [digitalSignature] }\n';
    writeFileSync(file, `description: x\ncertificates:\n${slot}${slot}`);
    await expect(readCardProfile(file)).rejects.toThrow(ConfigurationError);
    writeFileSync(file, 'description: x\ncertificates: []\n');
    await expect(readCardProfile(file)).rejects.toThrow(ConfigurationError);
  });

  it('that does not exist is a mistake with a remedy that names those that do', async () => {
    await expect(readCardProfile('missing')).rejects.toMatchObject({
      remedy: expect.stringContaining('ad-smartcard-logon'),
    });
  });
});

describe('variables', () => {
  const uuid = Buffer.alloc(16, 0xff);
  const variables = new ProfileVariables(
    'ada',
    { userPrincipalName: 'ada@corp.example', sid: 'S-1-5-21-1-2-3-1105' },
    uuid,
  );

  it.each([
    ['{name} of {organization}', 'ada of cardgate trial'],
    ['CN={commonName}', 'CN=ada'],
    ['admin@{upnDomain}', 'admin@corp.example'],
    ['{nextSid}', 'S-1-5-21-1-2-3-1106'],
    ['urn:uuid:{uuid}', 'urn:uuid:ffffffff-ffff-4fff-bfff-ffffffffffff'],
    ['{mail?}', undefined],
    ['{upn}, {mail?}', undefined],
  ])('%s', (template, text) => {
    expect(variables.fill(template)).toBe(text);
  });

  it('one that is needed and not known is a mistake that names the option', () => {
    expect(() => variables.fill('{edipi}@mil')).toThrow('needs {edipi}');
  });
});
