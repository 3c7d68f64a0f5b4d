import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  issueStoredCrl,
  loadCertificateAuthority,
  saveCertificateAuthority,
} from '../../../src/smartcard/authority/authority-directory.ts';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../../src/smartcard/authority/certificate-authority.ts';
import { extendedKeyUsages } from '../../../src/smartcard/authority/certificate-extensions.ts';
import { keyTypes } from '../../../src/smartcard/authority/key-type.ts';
import { generateSoftwareKey } from '../../../src/smartcard/authority/software-key.ts';

const now = new Date('2026-06-01T12:00:00Z');
const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') };
const atNow = ['-attime', String(now.getTime() / 1000)];
const directory = mkdtempSync(join(tmpdir(), 'cardgate-ca-'));
const path = (name: string) => join(directory, name);
const sid = 'S-1-5-21-1111111111-2222222222-3333333333-1105';

const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { encoding: 'utf8' });

afterAll(() => rmSync(directory, { recursive: true }));

async function createPair(keyType: (typeof keyTypes)[number]) {
  const root = await createCertificateAuthority({ subject: 'Root', keyType, validity });
  const issuing = await createCertificateAuthority({
    subject: [
      { type: 'DC', value: 'example' },
      { type: 'CN', value: 'Issuing' },
    ],
    keyType,
    validity,
    parent: root,
    pathLength: 0,
    locations: { crlDistributionPoint: 'http://127.0.0.1:1/issuing.crl' },
  });
  writeFileSync(path('root.pem'), root.certificatePem);
  writeFileSync(path('issuing.pem'), issuing.chainPem);
  return { root, issuing };
}

describe.each(keyTypes)('an authority with a %s key', (keyType) => {
  let issuing: CertificateAuthority;
  let text: string;

  beforeAll(async () => {
    ({ issuing } = await createPair(keyType));
    const issued = await issuing.issue({
      subject: [
        { type: 'C', value: 'DE' },
        [
          { type: 'UID', value: 'alice' },
          { type: 'CN', value: 'Alice Ünal' },
        ],
      ],
      publicKey: await generateSoftwareKey('P-256'),
      ...validity,
      extendedKeyUsage: [extendedKeyUsages.clientAuth, extendedKeyUsages.smartCardLogon],
      userPrincipalNames: ['alice@corp.example'],
      rfc822Names: ['alice@mail.example'],
      dnsNames: ['pc.example'],
      ipAddresses: ['10.1.2.3', 'fe80::1:2'],
      sid,
      sidUri: sid,
      policies: ['1.3.6.1.4.1.99999.1'],
      serialNumber: 0xe1ac11000000002bn,
    });
    writeFileSync(path('end-entity.pem'), issued.pem);
    text = openssl('x509', '-in', path('end-entity.pem'), '-noout', '-text', '-nameopt', 'RFC2253,utf8,-esc_msb');
  });

  it('issues what OpenSSL accepts for client authentication under its strict rules', () => {
    const chain = ['-CAfile', path('root.pem'), '-untrusted', path('issuing.pem')];
    const result = openssl(
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      ...atNow,
      ...chain,
      path('end-entity.pem'),
    );
    expect(result).toContain('OK');
  });

  it.each([
    ['the UPN as an otherName', 'othername: UPN::alice@corp.example'],
    ['the SID in the security extension', sid],
    ['the SID as a URI', `URI:tag:microsoft.com,2022-09-14:sid:${sid}`],
    ['mail, DNS and IPv4 names', 'email:alice@mail.example, DNS:pc.example'],
    ['IPv6 addresses without their abbreviation', 'IP Address:FE80:0:0:0:0:0:1:2'],
    ['the purposes of a logon card', 'TLS Web Client Authentication, Microsoft Smartcard Login'],
    ['certificate policies', 'Policy: 1.3.6.1.4.1.99999.1'],
    ['the distribution point of the authority', 'URI:http://127.0.0.1:1/issuing.crl'],
    ['a key identifier', 'X509v3 Subject Key Identifier'],
    ['the key identifier of the authority', 'X509v3 Authority Key Identifier'],
    ['no authority over others', 'CA:FALSE'],
    ['a positive serial number whose first bit is set', 'e1:ac:11:00:00:00:00:2b'],
  ])('writes %s', (_rule, expected) => {
    expect(text).toContain(expected);
  });

  it('sorts the members of a multi-valued RDN by their encoding', () => {
    expect(text).toMatch(/Subject: (CN=Alice Ünal\+UID=alice|UID=alice\+CN=Alice Ünal),C=DE/);
    const der = new X509Certificate(readFileSync(path('end-entity.pem'))).raw.toString('latin1');
    expect(der.indexOf('Alice')).toBeLessThan(der.indexOf('alice'));
  });

  it('signs CRLs that OpenSSL verifies, with number, reason and date', async () => {
    const revoked = [{ serialNumber: 0xe1ac11000000002bn, revokedAt: now, reason: 'keyCompromise' as const }];
    const crl = await issuing.issueCrl({
      revoked,
      thisUpdate: now,
      nextUpdate: new Date('2050-02-01T00:00:00Z'),
      number: 258n,
    });
    writeFileSync(path('crl.der'), crl);
    const args = ['-inform', 'DER', '-in', path('crl.der'), '-CAfile', path('issuing.pem'), '-noout', '-text'];
    const { stdout, stderr } = spawnSync('openssl', ['crl', ...args], { encoding: 'utf8' });
    expect(stderr).toContain('verify OK');
    for (const fact of ['Serial Number: E1AC11000000002B', 'Key Compromise', '258', 'Jun  1 12:00:00 2026 GMT']) {
      expect(stdout).toContain(fact);
    }
    // RFC 5280 5.1.2.6: from 2050 on GeneralizedTime.
    expect(crl.includes(Buffer.from('20500201000000Z'))).toBe(true);
  });
});

describe('an authority', () => {
  it('gives RSA signatures the NULL parameters of RFC 4055, once inside and once outside', async () => {
    const { certificateDer } = await createCertificateAuthority({ subject: 'R', keyType: 'RSA-2048', validity });
    const withNull = '300d06092a864886f70d01010b0500';
    expect(certificateDer.toString('hex').split(withNull)).toHaveLength(3);
  });

  it.each([0n, -1n])('refuses the serial number %s', async (serialNumber) => {
    const root = await createCertificateAuthority({ subject: 'R', keyType: 'P-256', validity });
    const publicKey = await generateSoftwareKey('P-256');
    await expect(root.issue({ subject: 'x', publicKey, ...validity, serialNumber })).rejects.toThrow('4.1.2.2');
  });

  it('chooses positive serial numbers of 16 octets that differ', async () => {
    const root = await createCertificateAuthority({ subject: 'R', keyType: 'P-256', validity });
    const publicKey = await generateSoftwareKey('P-256');
    const issued = await Promise.all([1, 2, 3].map(() => root.issue({ subject: 'x', publicKey, ...validity })));
    expect(new Set(issued.map(({ serialNumber }) => serialNumber)).size).toBe(3);
    for (const { serialNumber } of issued) {
      expect(serialNumber.toString(16)).toMatch(/^[4-7][0-9a-f]{31}$/);
    }
  });

  it('issues a server certificate that OpenSSL accepts for the name and address', async () => {
    const { issuing } = await createPair('P-256');
    const server = await issuing.issueServerCertificate({
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      ...validity,
    });
    writeFileSync(path('server.pem'), server.pem);
    for (const check of [
      ['-verify_hostname', 'localhost'],
      ['-verify_ip', '127.0.0.1'],
    ]) {
      const chain = ['-CAfile', path('root.pem'), '-untrusted', path('issuing.pem'), path('server.pem')];
      expect(openssl('verify', '-x509_strict', '-purpose', 'sslserver', ...atNow, ...check, ...chain)).toContain('OK');
    }
    expect(server.chainPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });
});

describe('an authority in a directory', () => {
  it('keeps its key to its owner, and issues under the same name after it was loaded', async () => {
    const { issuing } = await createPair('P-384');
    await saveCertificateAuthority(path('issuing'), issuing);
    expect(statSync(path('issuing/private-key.pem')).mode & 0o777).toBe(0o600);
    const { authority, crlNumber } = await loadCertificateAuthority(path('issuing'));
    expect(crlNumber).toBe(0n);
    expect(authority.locations).toEqual(issuing.locations);
    expect(authority.chainPem).toBe(issuing.chainPem);
    const issued = await authority.issue({ subject: 'x', publicKey: await generateSoftwareKey('P-256'), ...validity });
    const certificate = new X509Certificate(issued.der);
    expect(certificate.checkIssued(new X509Certificate(issuing.certificateDer))).toBe(true);
    expect(certificate.verify(new X509Certificate(issuing.certificateDer).publicKey)).toBe(true);
  });

  it('never forgets a revocation, and numbers its CRLs upwards', async () => {
    const { root } = await createPair('P-256');
    await saveCertificateAuthority(path('root'), root);
    const revocation = (serialNumber: bigint) => [{ serialNumber, revokedAt: now }];
    const options = { now, lifetimeMs: 1000 };
    await issueStoredCrl(path('root'), { ...options, revoke: revocation(5n) });
    await issueStoredCrl(path('root'), { ...options, revoke: revocation(6n) });
    await issueStoredCrl(path('root'), { ...options, revoke: revocation(5n) });
    const last = await issueStoredCrl(path('root'), options);
    expect(last.number).toBe(4n);
    expect(last.revoked.map(({ serialNumber }) => serialNumber)).toEqual([5n, 6n]);
  });

  it.each([
    ['is not JSON', () => '{'],
    ['has no CRL number', () => '{"revoked":[],"locations":{}}'],
    ['has a revocation without a date', () => '{"crlNumber":"1","revoked":[{"serialNumber":"5"}],"locations":{}}'],
    ['has lost its revocations', () => '{"crlNumber":"1","locations":{}}'],
  ])('is refused when its record %s', async (_rule, record) => {
    const { root } = await createPair('P-256');
    await saveCertificateAuthority(path('broken'), root);
    writeFileSync(path('broken/authority.json'), record());
    await expect(loadCertificateAuthority(path('broken'))).rejects.toMatchObject({ name: 'CardError' });
  });
});
