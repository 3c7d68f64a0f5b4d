/** Logins without an account: under two names, with any password, never by a certificate, and never with what was meant for accounts. */
import { describe, expect, it, vi } from 'vitest';
import type { AuthorizationRule } from '../../../src/authorization/authorization-rules.ts';
import type { Directory } from '../../../src/directory/directory.ts';
import { anonymousAccount } from '../../../src/login/anonymous-login.ts';
import type { LoginRequest } from '../../../src/login/authenticator.ts';
import { LoginGenerations } from '../../../src/login/login-generations.ts';
import { ruleSet } from '../../support/authorize.ts';
import { type LoginMode, type LoginSetup, loginsOf } from '../../support/login-setup.ts';
import { throttleOf } from '../../support/settings.ts';
import { accountWith, authenticatorWith, mappingTo, now, request } from './certificate-login.ts';

const guest: Partial<LoginRequest> = { peerCertificates: [], claimedName: 'anonymous', password: 'me@example.org' };

const open: readonly AuthorizationRule[] = [
  { accessType: 'Allow', users: '*', permissions: ['Read', 'Write'], path: '/' },
  { accessType: 'Allow', users: '?', permissions: ['Read'], path: '/pub' },
];

function site(mode: LoginMode = 'certificate', overrides: Partial<LoginSetup> = {}) {
  const ftp = { ...accountWith(), accountName: 'ftp', loginNames: ['ftp', 'anonymous'] };
  const corp = {
    name: 'corp',
    readGroups: async () => [{ name: 'staff' }],
    findByLoginName: vi.fn(async () => [ftp]),
    verifyPassword: vi.fn(async () => ({ outcome: 'accepted' })),
  };
  const directory = corp as unknown as Directory;
  return {
    corp,
    ...authenticatorWith({
      mode,
      rules: ruleSet(open),
      anonymous: anonymousAccount('guest'),
      passwords: { directories: [directory], throttle: throttleOf({ now: () => now }) },
      mapping: mappingTo(() => ftp, directory),
      ...overrides,
    }),
  };
}

async function outcomeOf({ authenticator }: ReturnType<typeof site>, changes: Partial<LoginRequest>) {
  const verdict = await authenticator.authenticate({ ...request, ...changes });
  return 'denial' in verdict ? verdict.denial.code : verdict.outcome;
}

describe('an anonymous login', () => {
  it.each(['anonymous', 'ftp', 'Anonymous', 'FTP'])('is granted to USER %s with any password', async (claimedName) => {
    for (const password of ['', 'x', 'me@example.org']) {
      const own = site();
      expect(await outcomeOf(own, { ...guest, claimedName, password })).toBe('granted');
      expect(own.records).toMatchObject([
        {
          authenticationMethod: 'anonymous',
          mappingReason: 'anonymous',
          account: { name: 'guest', directory: '(anonymous)' },
        },
      ]);
      expect(own.corp.findByLoginName).not.toHaveBeenCalled();
    }
  });

  it('is asked for a password at USER, as clients expect', async () => {
    const own = site();
    expect(await outcomeOf(own, { ...guest, password: undefined })).toBe('password-required');
    expect(own.records).toEqual([]);
  });

  it('has the rights of rules for ? and none of those for *, for its name or for groups', async () => {
    const rules: readonly AuthorizationRule[] = [
      ...open,
      { accessType: 'Allow', users: ['guest', 'anonymous', '?'], permissions: ['Write'], path: '/pub' },
      { accessType: 'Allow', roles: ['staff'], permissions: ['Write'], path: '/pub' },
    ];
    const verdict = await site('certificate', { rules: ruleSet(rules) }).authenticator.authenticate({
      ...request,
      ...guest,
    });
    if (verdict.outcome !== 'granted') expect.fail('not granted');
    const { accessRights } = verdict.login;
    const allowed = (['Read', 'Write'] as const).flatMap((permission) =>
      ['/', '/pub', '/pub/a']
        .filter((path) => accessRights.allows(permission, path))
        .map((path) => `${permission} ${path}`),
    );
    expect(allowed).toEqual(['Read /pub', 'Read /pub/a']);
    expect(verdict.login).not.toHaveProperty('certificateSha256');
  });

  it('is denied what is denied to *', async () => {
    const rules: readonly AuthorizationRule[] = [
      ...open,
      { accessType: 'Deny', users: '*', permissions: ['Read'], path: '/pub/secret' },
    ];
    const verdict = await site('certificate', { rules: ruleSet(rules) }).authenticator.authenticate({
      ...request,
      ...guest,
    });
    if (verdict.outcome !== 'granted') expect.fail('not granted');
    expect(verdict.login.accessRights.allows('Read', '/pub/secret')).toBe(false);
  });

  it('is refused where rules for * alone are there', async () => {
    expect(await outcomeOf(site('certificate', { rules: ruleSet(open.slice(0, 1)) }), guest)).toBe('not-authorized');
  });

  it.each<[string, LoginMode, Partial<LoginRequest>, Partial<LoginSetup>, string]>([
    [
      'of a client with a certificate is that of its account, by its name',
      'certificate',
      { ...guest, peerCertificates: request.peerCertificates },
      {},
      'granted',
    ],
    [
      'is not had where the site has none',
      'certificateOrPassword',
      guest,
      { anonymous: undefined as never },
      'granted',
    ],
    ['is not had under another name', 'certificate', { ...guest, claimedName: 'anon' }, {}, 'password-not-accepted'],
    [
      'is for clients of this site, not of services',
      'certificate',
      { ...guest, caller: 'nginx' },
      {},
      'password-not-accepted',
    ],
    [
      'is refused where only smart cards are admitted',
      'certificate',
      guest,
      { requireSmartcardRequired: true },
      'account-smartcard-not-required',
    ],
    [
      'is refused from a network whose rule admits none',
      'certificate',
      guest,
      { methodRules: [{ networks: ['127.0.0.0/8'], methods: ['certificate'] }] },
      'anonymous-not-admitted',
    ],
    [
      'is admitted from a network whose rule says so',
      'certificate',
      guest,
      { methodRules: [{ networks: ['127.0.0.0/8'], methods: ['anonymous'] }, { methods: ['certificate'] }] },
      'granted',
    ],
    [
      'is refused from elsewhere then',
      'certificate',
      { ...guest, remoteAddress: '192.0.2.1' },
      { methodRules: [{ networks: ['127.0.0.0/8'], methods: ['anonymous'] }, { methods: ['certificate'] }] },
      'anonymous-not-admitted',
    ],
    [
      'is refused from an address that is not known',
      'certificate',
      { ...guest, remoteAddress: '' },
      { methodRules: [{ networks: ['127.0.0.0/8'], methods: ['anonymous'] }, { methods: ['certificate'] }] },
      'anonymous-not-admitted',
    ],
    [
      'is no matter of rules for accounts and groups',
      'certificate',
      guest,
      { methodRules: [{ users: ['guest'], roles: ['staff'], methods: [] }] },
      'granted',
    ],
  ])('%s', async (_rule, mode, shown, overrides, outcome) => {
    const own = site(mode, overrides);
    expect(await outcomeOf(own, shown)).toBe(outcome);
    const methods = own.records.map((record) =>
      'authenticationMethod' in record ? record.authenticationMethod : undefined,
    );
    const isCard = (shown.peerCertificates ?? []).length > 0;
    if (outcome === 'granted')
      expect(methods).toEqual([
        isCard
          ? 'certificate'
          : overrides.anonymous === undefined && 'anonymous' in overrides
            ? 'password'
            : 'anonymous',
      ]);
  });

  it('takes the names from accounts of directories that bear them, whose passwords are not tried', async () => {
    const own = site('certificateOrPassword');
    expect(await outcomeOf(own, guest)).toBe('granted');
    expect(own.corp.verifyPassword).not.toHaveBeenCalled();
    expect(own.records).toMatchObject([{ authenticationMethod: 'anonymous' }]);
  });
});

describe('a session over a reload', () => {
  it.each<[string, Parameters<typeof site>, Partial<LoginRequest>, Parameters<typeof site>, string]>([
    ['stays anonymous', ['certificate'], guest, ['certificate'], 'confirmed'],
    [
      'ends with anonymous logins',
      ['certificate'],
      guest,
      ['certificate', { anonymous: undefined as never }],
      'certificate-missing',
    ],
    [
      'never becomes that of an account',
      ['certificate'],
      guest,
      ['certificateOrPassword', { anonymous: undefined as never }],
      'password-missing',
    ],
    [
      'of an account never becomes anonymous',
      ['certificateOrPassword', { anonymous: undefined as never }],
      guest,
      ['certificateOrPassword'],
      'account-changed',
    ],
    ['of a card never becomes anonymous', ['certificate'], { claimedName: 'ftp' }, ['password'], 'account-changed'],
    [
      'ends where its network is not admitted any more',
      ['certificate'],
      guest,
      ['certificate', { methodRules: [{ methods: ['certificate'] }] }],
      'anonymous-not-admitted',
    ],
  ])('%s', async (_rule, before, shown, after, outcome) => {
    const logins = new LoginGenerations(loginsOf(site(...before).login));
    const verdict = await logins.authenticate('site', { ...request, ...shown });
    if (verdict.outcome !== 'granted') expect.fail(`not granted: ${JSON.stringify(verdict)}`);
    await logins.replace(loginsOf(site(...after).login));
    const standing = await verdict.login.recheck();
    expect(standing?.outcome === 'withdrawn' ? standing.denial.code : standing?.outcome).toBe(outcome);
  });
});
