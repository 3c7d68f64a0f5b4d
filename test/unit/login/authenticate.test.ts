/** One login, one verdict, one audit record: whatever stage says no, and whatever goes wrong on the way. */
import { describe, expect, it } from 'vitest';
import { denial } from '../../../src/denial.ts';
import type { AccountState } from '../../../src/directory/account-state.ts';
import {
  type Directory,
  type DirectoryAccount,
  DirectoryAnswerError,
  DirectoryUnavailableError,
} from '../../../src/directory/directory.ts';
import { type AuthenticatorOptions, createAuthenticator } from '../../../src/login/authenticate.ts';
import type { LoginRequest } from '../../../src/login/authenticator.ts';
import type { AuditRecord, LoginAttempt } from '../../../src/operations/audit.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import type { ValidatedCertificate } from '../../../src/pki/validated-certificate.ts';
import { janeDoe } from '../../support/jane-doe.ts';

const now = new Date('2026-06-01T12:00:00Z');
const certificate = parseCertificate(janeDoe);

const validated = {
  certificate,
  path: [certificate],
  trustAnchor: { name: 'CN=CONTOSO-DC-CA', sha256: 'aa' },
  policies: 'any-policy',
  evidence: [
    {
      certificateSha256: certificate.sha256,
      status: 'good',
      method: 'crl',
      source: 'file',
      thisUpdate: new Date('2026-06-01T11:00:00Z'),
    },
  ],
  validatedAt: now,
} as unknown as ValidatedCertificate;

const enabled: AccountState = { type: 'person', disabled: false, smartcardRequired: false };

function accountWith(state: Partial<AccountState> = {}): DirectoryAccount {
  return {
    directory: 'corp',
    id: '1',
    distinguishedName: 'CN=Jane Doe,DC=contoso,DC=com',
    accountName: 'jdoe',
    loginNames: ['jdoe'],
    altSecurityIdentities: [],
    certificates: [],
    certificateFingerprints: [],
    state: { ...enabled, ...state },
  };
}

const directory = { name: 'corp', readGroups: async () => [] } as unknown as Directory;

function authenticatorWith(overrides: Partial<AuthenticatorOptions>) {
  const records: AuditRecord[] = [];
  const authenticator = createAuthenticator({
    methods: { clientCertificate: true },
    validator: { validate: async () => ({ outcome: 'valid', certificate: validated }) },
    mapping: {
      resolve: async () => ({ outcome: 'mapped', account: accountWith(), directory, rule: 'by-sid', reason: 'sid' }),
    },
    authorize: async () => ({
      outcome: 'authorized',
      homeDirectory: '/srv/jdoe',
      accessRights: { allows: () => true, hasRuleBelow: () => false },
    }),
    audit: { write: (record) => void records.push(record) },
    logger: silentLogger,
    clock: { now: () => now },
    ...overrides,
  });
  return { authenticator, records };
}

const request: LoginRequest = {
  peerCertificates: [janeDoe],
  claimedName: 'jdoe',
  remoteAddress: '127.0.0.1',
  connectionId: 'C1',
  tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
};

const mapped = (state: Partial<AccountState>): Partial<AuthenticatorOptions> => ({
  mapping: {
    resolve: async () => ({
      outcome: 'mapped',
      account: accountWith(state),
      directory,
      rule: 'by-sid',
      reason: 'sid',
    }),
  },
});
const failing = (error: Error): Partial<AuthenticatorOptions> => ({
  mapping: { resolve: () => Promise.reject(error) },
});

describe('a login is refused', () => {
  it.each<[string, Partial<AuthenticatorOptions>, Partial<LoginRequest>, 'denied' | 'unavailable', string]>([
    ['without a certificate', {}, { peerCertificates: [] }, 'denied', 'certificate-missing'],
    [
      'with a password and no certificate',
      {},
      { peerCertificates: [], password: 'secret' },
      'denied',
      'password-not-accepted',
    ],
    ['when no method is enabled', { methods: { clientCertificate: false } }, {}, 'denied', 'authentication-disabled'],
    [
      'when validation says no',
      {
        validator: {
          validate: async () => ({ outcome: 'invalid', denial: denial('certificate-revoked', 'x'), certificate }),
        },
      },
      {},
      'denied',
      'certificate-revoked',
    ],
    [
      'when mapping says no',
      { mapping: { resolve: async () => ({ outcome: 'denied', denial: denial('mapping-ambiguous', 'x') }) } },
      {},
      'denied',
      'mapping-ambiguous',
    ],
    ['when the account is disabled', mapped({ disabled: true }), {}, 'denied', 'account-disabled'],
    ['when the account is locked out', mapped({ lockedUntil: 'never-ends' }), {}, 'denied', 'account-locked'],
    [
      'when the account is expired',
      mapped({ expiresAt: new Date('2026-05-31T00:00:00Z') }),
      {},
      'denied',
      'account-expired',
    ],
    [
      'when no authorization rule lets the account in',
      { authorize: async () => ({ outcome: 'denied', denial: denial('not-authorized', 'x') }) },
      {},
      'denied',
      'not-authorized',
    ],
    [
      'when no directory answers',
      failing(new DirectoryUnavailableError('down')),
      {},
      'unavailable',
      'directory-unavailable',
    ],
    [
      'when the directory answers nonsense',
      failing(new DirectoryAnswerError('odd')),
      {},
      'denied',
      'directory-answer-invalid',
    ],
    ['when cardgate itself fails', failing(new TypeError('bug')), {}, 'unavailable', 'internal-fault'],
  ])('%s', async (_name, overrides, changes, outcome, code) => {
    const { authenticator, records } = authenticatorWith(overrides);
    const verdict = await authenticator.authenticate({ ...request, ...changes });
    expect(verdict).toMatchObject({ outcome, denial: { code } });
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ event: 'login', outcome, denial: { code } });
  });
});

describe('a login that was granted', () => {
  const answers = (...results: (DirectoryAccount | Error)[]): Partial<AuthenticatorOptions> => ({
    mapping: {
      resolve: async () => {
        const next = results.shift();
        if (!next || next instanceof Error) throw next ?? new Error('nothing left to answer');
        return { outcome: 'mapped', account: next, directory, rule: 'by-sid', reason: 'sid' };
      },
    },
  });
  const recheckAfter = async (second: DirectoryAccount | Error) => {
    const { authenticator, records } = authenticatorWith(answers(accountWith(), second));
    const verdict = await authenticator.authenticate(request);
    const refusal = verdict.outcome === 'granted' ? await verdict.login.recheck() : expect.fail('not granted');
    expect(records).toHaveLength(1);
    return refusal?.code;
  };

  it.each<[string, DirectoryAccount | Error, string | undefined]>([
    ['goes on while nothing changed', accountWith(), undefined],
    ['ends when the account is disabled meanwhile', accountWith({ disabled: true }), 'account-disabled'],
    ['ends when it leads to another account', { ...accountWith(), accountName: 'jdoe2' }, 'mapping-ambiguous'],
    ['ends when it leads to another directory', { ...accountWith(), directory: 'other' }, 'mapping-ambiguous'],
    ['goes on while no directory answers', new DirectoryUnavailableError('down'), undefined],
    ['ends when the directory answers nonsense', new DirectoryAnswerError('odd'), 'directory-answer-invalid'],
    ['ends when cardgate itself fails', new TypeError('bug'), 'internal-fault'],
  ])('%s', async (_rule, second, code) => expect(await recheckAfter(second)).toBe(code));

  it('is valid until the first certificate of its path expires', async () => {
    const verdict = await authenticatorWith({}).authenticator.authenticate(request);
    expect(verdict).toMatchObject({ login: { validUntil: certificate.notAfter } });
  });
});

describe('an audit record of a login', () => {
  it('names the certificate, its evidence, the rule and the account of who was let in', async () => {
    const { authenticator, records } = authenticatorWith({});
    const verdict = await authenticator.authenticate(request);
    expect(verdict).toMatchObject({
      outcome: 'granted',
      login: { accountName: 'jdoe', homeDirectory: '/srv/jdoe', certificateSha256: certificate.sha256 },
    });
    expect(records).toMatchObject([
      {
        outcome: 'granted',
        claimedName: 'jdoe',
        certificate: {
          serialNumber: '00e1ac11000000002b',
          sid: 'S-1-5-21-1111111111-2222222222-3333333333-1105',
          userPrincipalNames: ['jdoe@contoso.com'],
        },
        evidence: [{ method: 'crl', ageSeconds: 3600 }],
        rule: 'by-sid',
        account: { name: 'jdoe', homeDirectory: '/srv/jdoe' },
      },
    ]);
  });

  it('has the reference the client is told', async () => {
    const { authenticator, records } = authenticatorWith({});
    const verdict = await authenticator.authenticate({ ...request, peerCertificates: [] });
    expect(verdict).toMatchObject({ reference: (records[0] as LoginAttempt).reference });
  });

  it('never holds the password, nor control characters of a claimed name', async () => {
    const { authenticator, records } = authenticatorWith({});
    await authenticator.authenticate({
      ...request,
      peerCertificates: [],
      claimedName: 'a\r\nb\u202e',
      password: 'tops3cret',
    });
    const text = JSON.stringify(records);
    expect(text).not.toContain('tops3cret');
    expect((records[0] as LoginAttempt).claimedName).toBe('a\\u{d}\\u{a}b\\u{202e}');
  });
});
