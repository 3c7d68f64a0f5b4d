/** What the audit record of a login says of the certificate, its validation and the account; and what it leaves out. */
import { beforeAll, describe, expect, it } from 'vitest';
import { accountFacts, recordedCertificate, validationFacts } from '../../../src/login/login-record.ts';
import type { RevocationEvidence } from '../../../src/pki/path/validated-certificate.ts';
import { createLogonAuthority, type LogonAuthority } from '../../support/validated-certificate.ts';
import { accountWith, certificate, now, validated } from './certificate-login.ts';

const sid = 'S-1-5-21-1-2-3-1104';

describe('the record of a certificate', () => {
  let logon: LogonAuthority;
  beforeAll(async () => {
    logon = await createLogonAuthority();
  });
  const factsOf = async (request: Parameters<LogonAuthority['validated']>[0]) =>
    recordedCertificate((await logon.validated({ serialNumber: 0x1234n, ...request })).certificate);

  it('has names, serial number, times and every identity that an account can be chosen by', async () => {
    const userPrincipalNames = ['jane@corp.example', 'doe@corp.example'];
    expect(await factsOf({ subject: [{ type: 'CN', value: 'Jane' }], sid, userPrincipalNames })).toEqual({
      subject: 'CN=Jane',
      issuer: 'CN=Logon CA,DC=corp,DC=example',
      serialNumber: '1234',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      notBefore: '2026-01-01T00:00:00.000Z',
      notAfter: '2036-01-01T00:00:00.000Z',
      subjectKeyIdentifier: expect.stringMatching(/^[0-9a-f]{40}$/),
      userPrincipalNames,
      sid,
    });
  });

  it('has no field for an identity that the certificate has not', async () => {
    const written = JSON.stringify(await factsOf({}));
    expect(written).not.toContain('userPrincipalNames');
    expect(written).not.toContain('"sid"');
    const withoutKeyIdentifier = recordedCertificate({ ...certificate, subjectKeyIdentifier: undefined });
    expect(JSON.stringify(withoutKeyIdentifier)).not.toContain('subjectKeyIdentifier');
  });

  it('names a certificate whose identities are malformed, and hides no other fault', async () => {
    const identity = { oid: '1.3.6.1.4.1.311.25.2', critical: false, value: Buffer.from('0500', 'hex') };
    expect(await factsOf({ subject: [{ type: 'CN', value: 'odd' }], extraExtensions: [identity] })).toMatchObject({
      subject: 'CN=odd',
    });
    const broken = new Proxy(certificate, {
      get: (target, key) => {
        if (key === 'extensions') throw new TypeError('a fault of cardgate');
        return Reflect.get(target, key);
      },
    });
    expect(() => recordedCertificate(broken)).toThrow('a fault of cardgate');
  });
});

describe('the record of a validation', () => {
  const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
  const evidence = (more: Partial<RevocationEvidence>): RevocationEvidence =>
    ({ certificateSha256: 'ab', status: 'good', method: 'crl', source: 'http://crl\n', ...more }) as RevocationEvidence;
  const plain = { certificateSha256: 'ab', status: 'good', method: 'crl', source: 'http://crl\\u{a}' };

  it.each<[string, Partial<RevocationEvidence>, object]>([
    ['nothing but what it is', {}, {}],
    ['who answered, escaped', { responder: 'CN=a\tb' }, { responder: 'CN=a\\u{9}b' }],
    ['an empty name of who answered', { responder: '' }, { responder: '' }],
    ['when it was made', { producedAt: ago(5) }, { producedAt: '2026-06-01T11:59:55.000Z' }],
    ['its age', { thisUpdate: ago(90.4) }, { thisUpdate: '2026-06-01T11:58:29.600Z', ageSeconds: 90 }],
    ['its end', { nextUpdate: ago(-60) }, { nextUpdate: '2026-06-01T12:01:00.000Z' }],
    ['how long ago it ended', { endedAt: ago(30) }, { endedSecondsAgo: 30 }],
  ])('has of evidence %s', (_what, given, expected) => {
    const facts = validationFacts({ ...validated, evidence: [evidence(given)] });
    expect(facts.evidence).toStrictEqual([{ ...plain, ...expected }]);
  });

  it('has the certificates of the path, its end entity first, the anchor and the policies', () => {
    const facts = validationFacts({ ...validated, path: [certificate, { ...certificate, sha256: 'ca' }] });
    expect(facts).toMatchObject({
      certificate: { sha256: certificate.sha256 },
      path: [certificate.sha256, 'ca'],
      trustAnchor: 'aa',
      policies: 'any-policy',
    });
  });
});

it.each([
  ['its SID where it has one', { ...accountWith(), sid }, { sid }],
  ['none where it has none', accountWith(), {}],
])('the record of an account has %s', (_rule, account, expected) => {
  expect(accountFacts(account)).toEqual({
    directory: 'corp',
    name: 'jdoe',
    distinguishedName: 'CN=Jane Doe,DC=contoso,DC=com',
    ...expected,
  });
});
