/** Logins over FTPS with passwords that a real OpenLDAP checks: what the client is asked, told and never told. */

import { X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemTimer } from '../../../src/clock.ts';
import type { Directory } from '../../../src/directory/directory.ts';
import { createAccountResolver } from '../../../src/mapping/resolve.ts';
import type { LoginAttempt } from '../../../src/operations/audit.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import type { ControlClient } from '../../support/control-client.ts';
import { authenticatorOf, everybodyMayAll, homesAt, siteLoginOf } from '../../support/login-setup.ts';
import { openLdap } from '../../support/open-ldap.ts';
import { createIdentities, type ProtocolSite, startSite, type TestIdentities } from '../../support/protocol-site.ts';
import { recordingTrail } from '../../support/recording-trail.ts';
import { bindingOf, throttleOf } from '../../support/settings.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';
import { asValidated } from '../../support/validated-certificate.ts';

const password = 'Correct horse 1';
let identities: TestIdentities;
let ldap: Slapd;
let people: Directory;
const sites: ProtocolSite[] = [];

beforeAll(async () => {
  identities = await createIdentities();
  const der = new X509Certificate(identities.ada.cert).raw;
  ldap = await startSlapd({
    accounts: [
      { uid: 'ada', certificates: [der], lines: [`userPassword: ${password}`] },
      { uid: 'bob', lines: [`userPassword: ${password}`] },
      { uid: 'disabled', lines: [`userPassword: ${password}`, 'nsAccountLock: TRUE'] },
    ],
  });
  people = openLdap(ldap);
});
afterEach(() => Promise.all(sites.splice(0).map((site) => site.close())));
afterAll(async () => {
  await people?.close();
  await ldap?.stop();
});

async function siteWith(mode: 'certificate' | 'certificateAndPassword' | 'certificateOrPassword') {
  const audit: LoginAttempt[] = [];
  const issuer = parseCertificate(new X509Certificate(identities.caPem).raw);
  const login = siteLoginOf({
    mode,
    passwords: {
      directories: [people],
      throttle: throttleOf(systemClock, { maxFailure: 3 }),
    },
    failureDelay: milliseconds(200),
    validator: {
      validate: async ([der]) => ({ outcome: 'valid', certificate: asValidated(parseCertificate(der!), issuer) }),
    },
    mapping: createAccountResolver({
      rules: [{ name: 'exact', map: 'certificate', onMiss: 'deny' }],
      settings: bindingOf('full'),
      directories: [people],
      logger: silentLogger,
    }),
    rules: everybodyMayAll,
    homes: homesAt(() => '/'),
    requireSmartcardRequired: false,
    audit: recordingTrail((record) => void (record.event === 'login' && audit.push(record))),
    logger: silentLogger,
    clock: systemClock,
    timer: systemTimer,
  });
  const site = await startSite(identities, {
    authenticator: authenticatorOf(login),
    sslClientCertificates: { clientCertificatePolicy: 'CertAllow' },
  });
  sites.push(site);
  return { site, audit };
}

async function connected(site: ProtocolSite, person?: 'ada' | 'bob'): Promise<ControlClient> {
  const client = await site.connect();
  await client.secure(person ? identities[person] : {});
  return client;
}
const say = async (client: ControlClient, ...lines: string[]) => {
  const codes: number[] = [];
  for (const line of lines) codes.push((await client.command(line)).code);
  return codes;
};

describe('certificate and password', () => {
  it.each<[string, 'ada' | 'bob' | undefined, string, string, number[]]>([
    ['both', 'ada', 'ada', password, [331, 230]],
    ['a wrong password', 'ada', 'ada', 'wrong', [331, 530]],
    ['the card of another person', 'bob', 'bob', password, [530, 503]],
    ['the name of another person', 'ada', 'bob', password, [530, 503]],
    ['no card', undefined, 'ada', password, [530, 503]],
  ])('%s', async (_what, person, name, typed, codes) => {
    const { site } = await siteWith('certificateAndPassword');
    expect(await say(await connected(site, person), `USER ${name}`, `PASS ${typed}`)).toEqual(codes);
  });
});

describe('certificate or password', () => {
  it.each<[string, 'ada' | 'bob' | undefined, string[], number[]]>([
    ['a card', 'ada', ['USER ada'], [230]],
    ['a password', undefined, ['USER bob', `PASS ${password}`], [331, 230]],
    ['a wrong password', undefined, ['USER bob', 'PASS wrong'], [331, 530]],
    ['an empty password', undefined, ['USER bob', 'PASS '], [331, 530]],
    ['no such account', undefined, ['USER missing', `PASS ${password}`], [331, 530]],
    ['a disabled account', undefined, ['USER disabled', `PASS ${password}`], [331, 530]],
    ['a name made to be a filter', undefined, ['USER *)(uid=ada', `PASS ${password}`], [331, 530]],
    ['a name that is a SASL mechanism', undefined, ['USER EXTERNAL', `PASS ${password}`], [331, 530]],
  ])('%s', async (_what, person, lines, codes) => {
    const { site } = await siteWith('certificateOrPassword');
    expect(await say(await connected(site, person), ...lines)).toEqual(codes);
  });

  it('a refused client cannot tell why, and the record can', async () => {
    const { site, audit } = await siteWith('certificateOrPassword');
    const told = [];
    for (const [name, typed] of [
      ['missing', password],
      ['bob', 'wrong'],
      ['disabled', password],
    ] as const) {
      const client = await connected(site);
      await client.command(`USER ${name}`);
      const { code, lines } = await client.command(`PASS ${typed}`);
      told.push([code, lines.join(' ').replace(/reference \S+/, 'reference')]);
    }
    expect(new Set(told.map(String)).size).toBe(1);
    expect(audit.map(({ denial }) => denial?.code)).toEqual([
      'account-not-found',
      'password-wrong',
      'account-disabled',
    ]);
    expect(JSON.stringify(audit)).not.toContain(password);
  });

  it('after some wrong passwords not even the right one is tried', async () => {
    const { site, audit } = await siteWith('certificateOrPassword');
    for (const typed of ['one', 'two', 'three', password]) {
      expect(await say(await connected(site), 'USER bob', `PASS ${typed}`)).toEqual([331, 530]);
    }
    expect(audit.at(-1)?.denial?.code).toBe('password-throttled');
  });
});
