/** What a login leaves for those who read about it: steps, audit record, log, and what the mapping service hands on. */
import { describe, expect, it } from 'vitest';
import { denial } from '../../../src/denial.ts';
import { type Directory, DirectoryUnavailableError, type Group } from '../../../src/directory/directory.ts';
import { type Step, unrecorded } from '../../../src/explanation/steps.ts';
import { SiteLogin } from '../../../src/login/site-login.ts';
import { unrecordedTrail } from '../../../src/operations/audit.ts';
import { type Logger, silentLogger } from '../../../src/operations/log.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';
import { authenticatorOf, type LoginSetup } from '../../support/login-setup.ts';
import {
  accountWith,
  authenticatorWith,
  certificate,
  directory,
  mappingTo,
  request,
  validated,
} from './certificate-login.ts';

async function stepsOf(overrides: Partial<LoginSetup>): Promise<readonly Step[]> {
  const steps: Step[] = [];
  await authenticatorWith(overrides).authenticator.explain(request, { record: (step) => void steps.push(step) });
  return steps;
}

const inGroups = (...groups: readonly Group[]): Partial<LoginSetup> => {
  const grouped = { ...directory, readGroups: async () => groups } as Directory;
  return { mapping: mappingTo(() => accountWith(), grouped) };
};

describe('the steps of a login', () => {
  it('say that the account may log in now, and name its groups by what is known of each', async () => {
    const sid = 'S-1-5-32-544';
    const groups = [{ name: 'writers', sid }, { distinguishedName: 'CN=readers', sid }, { sid }, {}];
    expect((await stepsOf(inGroups(...groups))).slice(0, 3)).toEqual([
      { stage: 'account', check: 'account may log in now', verdict: 'passed', facts: { account: 'jdoe' } },
      {
        stage: 'account',
        check: 'method of authentication',
        verdict: 'passed',
        facts: { rule: 'authentication.mode', methods: ['certificate'], shown: 'certificate', wanted: 'nothing' },
      },
      { stage: 'account', check: 'groups', verdict: 'noted', facts: { groups: ['writers', 'CN=readers', sid, ''] } },
    ]);
  });

  it('end with why the account may not, and whose it is', async () => {
    const overrides = { mapping: mappingTo(() => accountWith({ disabled: true })) };
    const [step, ...more] = await stepsOf(overrides);
    expect(step).toMatchObject({ verdict: 'failed', facts: { reason: 'account-disabled' } });
    expect(more).toEqual([]);
    const verdict = await authenticatorWith(overrides).authenticator.authenticate(request);
    expect(verdict).toMatchObject({ denial: { facts: { account: 'CN=Jane Doe,DC=contoso,DC=com' } } });
  });
});

describe('the record of a login', () => {
  it('names the certificate that was refused, and no denial where it was granted', async () => {
    const refusing: Partial<LoginSetup> = {
      validator: {
        validate: async () => ({ outcome: 'invalid', denial: denial('certificate-revoked', 'x'), certificate }),
      },
    };
    const { authenticator, records } = authenticatorWith(refusing);
    await authenticator.authenticate(request);
    expect(records).toMatchObject([{ certificate: { sha256: certificate.sha256 } }]);
    const granted = authenticatorWith({});
    await granted.authenticator.authenticate(request);
    expect(granted.records[0]).not.toHaveProperty('denial');
  });

  it('names the binding that the client came by, and none where there was no connection', async () => {
    const { authenticator, records } = authenticatorWith({});
    await authenticator.authenticate({ ...request, binding: '192.0.2.7:990' });
    await authenticator.authenticate(request);
    expect(records[0]).toMatchObject({ binding: '192.0.2.7:990' });
    expect(JSON.parse(JSON.stringify(records[1]))).not.toHaveProperty('binding');
  });

  it('names the service that asked, and none where the peer asked itself', async () => {
    const { authenticator, records } = authenticatorWith({});
    await authenticator.authenticate({ ...request, caller: 'CN=nginx\n' });
    await authenticator.authenticate(request);
    expect(records[0]).toMatchObject({ caller: 'CN=nginx\\u{a}' });
    expect(JSON.parse(JSON.stringify(records[1]))).not.toHaveProperty('caller');
  });
});

describe('a fault while a login is decided', () => {
  const recording = () => {
    const errors: unknown[][] = [];
    const logger: Logger = { ...silentLogger, error: (...entry) => void errors.push(entry), with: () => logger };
    return { logger, errors };
  };

  it('goes to the log with the reference that the client is told', async () => {
    const { logger, errors } = recording();
    const fault = new DirectoryUnavailableError('down');
    const { authenticator } = authenticatorWith({ logger, mapping: { resolve: () => Promise.reject(fault) } });
    const verdict = await authenticator.authenticate(request);
    const reference = 'reference' in verdict ? verdict.reference : expect.fail('without a reference');
    expect(errors).toEqual([['login-fault', { reference, connectionId: 'C1', error: fault }]]);
  });

  it('is the only thing that goes there', async () => {
    const { logger, errors } = recording();
    await authenticatorWith({ logger }).authenticator.authenticate(request);
    expect(errors).toEqual([]);
  });
});

describe('what the mapping service hands on', () => {
  it('is the account, with its groups once they were read', async () => {
    const resolution = await authenticatorWith(inGroups({ name: 'writers' })).authenticator.resolve(
      request,
      unrecorded,
    );
    expect(resolution).toMatchObject({ mapped: { account: { accountName: 'jdoe' }, groups: [{ name: 'writers' }] } });
    expect(resolution.record).toMatchObject({ outcome: 'granted', reference: resolution.verdict.reference });
  });

  it('is the account without groups where the login ended before, and nothing where none was found', async () => {
    const disabled = authenticatorWith({ mapping: mappingTo(() => accountWith({ disabled: true })) }).authenticator;
    const { mapped } = await disabled.resolve(request, unrecorded);
    expect(mapped).toMatchObject({ account: { accountName: 'jdoe' } });
    expect(mapped).not.toHaveProperty('groups');
    const none = await authenticatorWith({}).authenticator.resolve({ ...request, peerCertificates: [] }, unrecorded);
    expect(none.mapped).toBeUndefined();
  });

  it('bears the reference of the record that another service made', async () => {
    const parts = { audit: unrecordedTrail, logger: silentLogger, timer: () => 0 };
    const login = new SiteLogin(
      async () => ({ outcome: 'denied', denial: denial('mapping-none', 'x'), findings: { reference: 'THERE' } }),
      parts,
    );
    const { verdict } = await authenticatorOf(login).resolve(request, unrecorded);
    expect(verdict).toMatchObject({ outcome: 'denied', reference: 'THERE', denial: { code: 'mapping-none' } });
  });
});

describe('a login by certificate', () => {
  it('lasts until the first certificate of its path expires', async () => {
    const issuer = { ...certificate, notAfter: new Date(certificate.notAfter.getTime() - 1000) };
    const path = { ...validated, path: [certificate, issuer] } as unknown as ValidatedCertificate;
    const validator = { validate: async () => ({ outcome: 'valid', certificate: path }) as const };
    const verdict = await authenticatorWith({ validator }).authenticator.authenticate(request);
    expect(verdict).toMatchObject({ login: { validUntil: issuer.notAfter } });
  });

  it('needs an account that can log in nowhere without a card, where the site says so', async () => {
    const verdict = await authenticatorWith({ requireSmartcardRequired: true }).authenticator.authenticate(request);
    expect(verdict).toMatchObject({ denial: { code: 'account-smartcard-not-required' } });
  });
});
