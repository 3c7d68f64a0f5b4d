/** Windows' strong name mappings, imported by the command and served by a gateway: who logs in by a name, and who does not. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decodeRules } from '../../../src/mapping/rules/rule-language.ts';
import { altValues } from '../../../src/mapping/stored/alt-security-identities.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { subjectIdentity } from '../../../src/pki/names/subject-identity.ts';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../../src/smartcard/authority/certificate-authority.ts';
import { ControlClient } from '../../support/control-client.ts';
import { type LoginWorld, slapdDirectory, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { runInProcess } from '../../support/run-in-process.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';

const policy = '1.3.6.1.4.1.311.21.8.1.2.3';
const day = 86_400_000;
let pki: TestPki;
/** Under the same root, with the very name of the CA that the tuple pins. */
let namesake: CertificateAuthority;
let ldap: Slapd;
let world: LoginWorld;
let printed: string;
const people: Record<string, Person> = {};

const sha1 = (der: Buffer) => createHash('sha1').update(der).digest('hex');
const file = (name: string) => join(pki.directory, name);

async function importTuples(text: string | Buffer, ...more: readonly string[]) {
  await writeFile(file('policy.txt'), text);
  return runInProcess(['mapping', 'import-tuples', file('policy.txt'), ...more]);
}

beforeAll(async () => {
  pki = await createTestPki();
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
  const issuing = parseCertificate(pki.issuing.certificateDer);
  const subject = issuing.subject.rdns.flat().map(({ type, text = '' }) => ({ type, value: text }));
  namesake = await createCertificateAuthority({ subject, keyType: 'P-256', validity, parent: pki.root });
  expect(parseCertificate(namesake.certificateDer).subject.key).toBe(issuing.subject.key);
  await writeFile(file('namesake.pem'), namesake.certificatePem);
  const crl = { revoked: [], thisUpdate: validity.notBefore, nextUpdate: validity.notAfter, number: 1n };
  await writeFile(file('namesake.crl'), await namesake.issueCrl(crl));

  const upn = { userPrincipalNames: ['ada@corp.example'] };
  people['right'] = await pki.issuePerson({ name: 'right', policies: [policy], ...upn });
  people['otherPolicy'] = await pki.issuePerson({ name: 'otherPolicy', policies: [`${policy}.4`], ...upn });
  people['noPolicy'] = await pki.issuePerson({ name: 'noPolicy', ...upn });
  const suffix = { userPrincipalNames: ['ada@sub.corp.example'] };
  people['otherSuffix'] = await pki.issuePerson({ name: 'otherSuffix', policies: [policy], ...suffix });
  people['bySubject'] = await pki.issuePerson({ name: 'bySubject', policies: [policy] });
  const { privateKeyPem } = people['right'];
  const { pem } = await namesake.issue({
    subject: 'foreign',
    publicKey: parseCertificate(people['right'].der).subjectPublicKeyInfo,
    policies: [policy],
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
    ...validity,
    ...upn,
  });
  people['otherIssuer'] = { ...people['right'], chainPem: pem + namesake.chainPem, privateKeyPem };

  const bySubject = parseCertificate(people['bySubject'].der);
  ldap = await startSlapd({
    accounts: [
      { uid: 'ada', userPrincipalName: 'ada@corp.example' },
      { uid: 'sub', userPrincipalName: 'ada@sub.corp.example' },
      { uid: 'bea', altSecurityIdentities: altValues('issuerSubject', bySubject, subjectIdentity(bySubject)) },
    ],
  });
  const tuple = `# cards\r\n${sha1(pki.issuing.certificateDer).toUpperCase()}; ${policy}, 1.2.3; UpnSuffix=corp.example, IssuerSubject\r\n`;
  await promisify(execFile)('openssl', [
    ...['crl2pkcs7', '-nocrl', '-outform', 'DER', '-out', file('cas.p7b')],
    ...['-certfile', pki.files.root, '-certfile', file('namesake.pem'), '-certfile', pki.files.issuing],
  ]);
  const imported = await importTuples(Buffer.from(`\ufeff${tuple}`, 'utf16le'), '--ca', file('cas.p7b'));
  expect(imported).toMatchObject({ exitCode: 0, stderr: '' });
  printed = imported.stdout;
  const { directory, files } = slapdDirectory(ldap, {
    userPrincipalNameAttribute: 'userPrincipalName',
    altSecurityIdentitiesAttribute: 'altSecurityIdentities',
  });
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: printed,
    site: {
      sslClientCertificates: {
        intermediates: [pki.files.issuing, file('namesake.pem')],
        crlFiles: [pki.files.rootCrl, pki.files.issuingCrl, file('namesake.crl')],
      },
    },
  });
});

afterAll(async () => {
  await world?.stop();
  await ldap?.stop();
  await rm(file('policy.txt'), { force: true });
  await pki?.remove();
});

describe('a gateway with imported tuples', () => {
  it.each<[string, string, number, string]>([
    ['right', 'ada', 230, 'pinned-issuer-and-policy'],
    ['bySubject', 'bea', 230, 'pinned-issuer-and-policy'],
    ['otherPolicy', 'ada', 530, 'mapping-none'],
    ['noPolicy', 'ada', 530, 'mapping-none'],
    ['otherSuffix', 'sub', 530, 'mapping-none'],
    ['otherIssuer', 'ada', 530, 'mapping-none'],
  ])('a card like %s as %s: %i, %s', async (person, user, code, why) => {
    const { chainPem = '', privateKeyPem = '' } = people[person] ?? {};
    const before = world.logins(user).length;
    const client = await ControlClient.connect(world.port);
    await client.reply();
    await client.secure({ cert: chainPem, key: privateKeyPem });
    expect((await client.command(`USER ${user}`)).code).toBe(code);
    client.destroy();
    await expect.poll(() => world.logins(user).length).toBe(before + 1);
    const { mappingReason, denial } = world.logins(user).at(-1) ?? {};
    expect(mappingReason ?? denial?.code).toBe(why);
  });
});

describe('cardgate mapping import-tuples', () => {
  it('prints rules that load, each with where it came from', () => {
    const [head, start, ...rest] = printed.split('\n');
    expect(head).toMatch(/^# Made by cardgate mapping import-tuples from .*policy\.txt \(SHA-256 [0-9a-f]{64}\)$/);
    expect(start).toBe('rules:');
    expect(rest[0]).toMatch(/^ {2}# line 2: [0-9A-F]{40}; 1\.3\..*IssuerSubject$/);
    expect(rest[1]).toMatch(/^ {2}# issuer: CN=.*, from .*cas\.p7b$/);
    expect(decodeRules(parse(printed))).toMatchObject({
      outcome: 'decoded',
      rules: [
        { map: 'upn', suffixes: ['corp.example'], when: { policies: [policy, '1.2.3'] } },
        { map: 'issuerSubject', when: { policies: [policy, '1.2.3'] } },
      ],
    });
  });

  it('prints JSON that is a rule file too', async () => {
    const { stdout } = await importTuples(
      `${sha1(pki.issuing.certificateDer)}; 1.2.3; UpnSuffix=a.example`,
      ...['--ca', pki.files.root, pki.files.issuing, '--json'],
    );
    const sha256 = createHash('sha256').update(pki.issuing.certificateDer).digest('hex');
    expect(decodeRules(JSON.parse(stdout))).toMatchObject({ rules: [{ when: { issuerSha256: [sha256] } }] });
  });
});
