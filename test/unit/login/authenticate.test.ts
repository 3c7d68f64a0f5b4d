/** One login, one verdict, one audit record: whatever stage says no, and whatever goes wrong on the way. */
import { describe, expect, it } from 'vitest';
import { denial } from '../../../src/denial.ts';
import type { AccountState } from '../../../src/directory/account-state.ts';
import { DirectoryAnswerError, DirectoryUnavailableError } from '../../../src/directory/directory.ts';
import type { LoginRequest } from '../../../src/login/authenticator.ts';
import type { AuditRecord, LoginAttempt } from '../../../src/operations/audit.ts';
import { ruleSet } from '../../support/authorize.ts';
import type { LoginSetup } from '../../support/login-setup.ts';
import { recordingTrail } from '../../support/recording-trail.ts';
import { accountWith, authenticatorWith, certificate, mappingTo, request } from './certificate-login.ts';

const mapped = (state: Partial<AccountState>): Partial<LoginSetup> => ({
  mapping: mappingTo(() => accountWith(state)),
});
const failing = (error: Error): Partial<LoginSetup> => ({
  mapping: { resolve: () => Promise.reject(error) },
});

describe('a login without a record', () => {
  it('is refused before anything is asked, while the audit trail cannot be written', async () => {
    const records: LoginAttempt[] = [];
    const write = (record: AuditRecord) => void (record.event === 'login' && records.push(record));
    const { authenticator } = authenticatorWith({
      audit: { ...recordingTrail(write), loginObstacle: 'the disk is full' },
      validator: { validate: () => expect.fail('asked') },
    });
    expect(await authenticator.authenticate(request)).toMatchObject({
      outcome: 'unavailable',
      denial: { code: 'audit-unwritable', detail: 'No record can be written: the disk is full.' },
    });
    expect(records).toEqual([expect.objectContaining({ outcome: 'unavailable' })]);
  });

  it('is refused when its record does not arrive, and a second record says that the first did not count', async () => {
    const records: LoginAttempt[] = [];
    const write = (record: AuditRecord) => void (record.event === 'login' && records.push(record));
    const { authenticator } = authenticatorWith({
      audit: { ...recordingTrail(write), arrived: async () => false },
    });
    const verdict = await authenticator.authenticate(request);
    expect(records.map(({ outcome }) => outcome)).toEqual(['granted', 'unavailable']);
    expect(verdict).toMatchObject({ outcome: 'unavailable', reference: records[1]!.reference });
    expect(records[1]!.denial?.detail).toContain(records[0]!.reference);
  });
});

describe('the last objection of the front end', () => {
  const objecting = async () => denial('login-refused-by-hook', 'Not today.', { hook: 'onLogin' });

  it('is in the one record of a login that everything else granted', async () => {
    const { authenticator, records } = authenticatorWith({});
    const asked: string[] = [];
    const verdict = await authenticator.authenticate(request, async ({ accountName }, { certificate: shown }) => {
      asked.push(`${accountName} ${shown?.sha256}`);
      return objecting();
    });
    expect(verdict).toMatchObject({ outcome: 'denied', denial: { code: 'login-refused-by-hook' } });
    expect(records).toMatchObject([
      { outcome: 'denied', denial: { code: 'login-refused-by-hook' }, account: { name: 'jdoe' } },
    ]);
    expect(verdict).toMatchObject({ reference: (records[0] as LoginAttempt).reference });
    expect(asked).toEqual([`jdoe ${certificate.sha256}`]);
  });

  it('is not asked about a login that is refused', async () => {
    const { authenticator, records } = authenticatorWith({ rules: ruleSet([]) });
    await authenticator.authenticate(request, () => expect.fail('asked'));
    expect(records).toMatchObject([{ denial: { code: 'not-authorized' } }]);
  });

  it('that there is not grants it', async () => {
    const { authenticator, records } = authenticatorWith({});
    const verdict = await authenticator.authenticate(request, async () => undefined);
    expect([verdict.outcome, records]).toMatchObject(['granted', [{ outcome: 'granted' }]]);
  });
});

describe('the duration in the record of a login', () => {
  it('is that of a timer which never goes back, not that of the clock', async () => {
    const clockReadings = [1_000_000, 0, 0, 0];
    const timerReadings = [5, 12.4];
    const { authenticator, records } = authenticatorWith({
      clock: { now: () => new Date(clockReadings.shift() ?? 0) },
      timer: () => timerReadings.shift()!,
    });
    await authenticator.authenticate(request);
    expect(records[0]).toMatchObject({ durationMilliseconds: 7 });
  });
});

describe('a login is refused', () => {
  it.each<[string, Partial<LoginSetup>, Partial<LoginRequest>, 'denied' | 'unavailable', string]>([
    ['without a certificate', {}, { peerCertificates: [] }, 'denied', 'certificate-missing'],
    [
      'with a password and no certificate',
      {},
      { peerCertificates: [], password: 'secret' },
      'denied',
      'password-not-accepted',
    ],
    ['when no method is enabled', { mode: 'disabled' }, {}, 'denied', 'authentication-disabled'],
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
    ['when no authorization rule lets the account in', { rules: ruleSet([]) }, {}, 'denied', 'not-authorized'],
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
          serialNumber: 'e1ac11000000002b',
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
