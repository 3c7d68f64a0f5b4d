/** Logging in over the wire: what USER and PASS answer, in which order clients may send things, and what never makes a login. */
import { describe, expect, it } from 'vitest';
import type { Authenticator } from '../../src/login/authenticator.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { createIdentities, derOf } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

describe('a certificate login', () => {
  it('answers USER with 230 when the certificate suffices, never 232, and a superfluous PASS with 230', async () => {
    const site = await siteWith();
    const client = await site.connect();
    await client.secure(identities.ada);
    expect(await client.command('USER ada')).toMatchObject({ code: 230, text: '230 Welcome.' });
    expect((await client.command('PASS anything')).code).toBe(230);
    expect(site.requests).toHaveLength(1);
    expect(site.requests[0]).toMatchObject({ claimedName: 'ada', remoteAddress: '127.0.0.1' });
    expect(site.requests[0]?.tls.protocol).toBe('TLSv1.3');
    expect(site.requests[0]?.peerCertificates[0]).toEqual(derOf(identities.ada.cert));
  });

  it('lets PBSZ, PROT, FEAT and OPTS UTF8 come before USER, and FEAT before AUTH', async () => {
    const site = await siteWith();
    const client = await site.connect();
    expect((await client.command('FEAT')).lines).toContain(' AUTH TLS');
    await client.secure(identities.ada);
    expect(await client.command('PBSZ 0')).toMatchObject({ text: '200 PBSZ=0' });
    expect((await client.command('PROT P')).code).toBe(200);
    expect((await client.command('opts utf8 on')).code).toBe(200);
    expect((await client.command('FEAT')).code).toBe(211);
    expect((await client.command('USER ada')).code).toBe(230);
  });

  it('refuses with 530 and a reference only, and says no more whatever the reason', async () => {
    const site = await siteWith();
    const client = await site.connect();
    await client.secure(identities.bob);
    const answer = await client.command('USER ada');
    expect(answer.text).toMatch(/^530 Login not permitted, reference [0-9A-Z]{4}-[0-9A-Z]{4}\.$/u);
    expect((await client.command('PWD')).code).toBe(530);
  });

  it('leaves a client without a certificate to the authenticator where one is required', async () => {
    const site = await siteWith();
    const client = await site.connect();
    await client.secure();
    expect((await client.command('USER ada')).code).toBe(530);
    expect(site.requests[0]?.peerCertificates).toEqual([]);
    expect(site.requests[0]?.password).toBeUndefined();
  });

  it('asks for a password with 331 when the authenticator wants one besides the certificate', async () => {
    const site = await siteWith();
    const client = await site.connect();
    await client.secure(identities.ada);
    expect((await client.command('USER both')).code).toBe(331);
    expect((await client.command('PASS secret')).code).toBe(230);
    expect(site.requests[1]).toMatchObject({ password: 'secret' });
    expect(site.requests[1]?.peerCertificates[0]).toEqual(derOf(identities.ada.cert));
  });

  it('closes with 421 when the login cannot be decided now', async () => {
    const client = await (await siteWith()).connect();
    await client.secure(identities.ada);
    expect((await client.command('USER down')).code).toBe(421);
    await client.gone();
  });

  it('refuses a login whose home cannot be opened, and records it', async () => {
    const openStorage = () => Promise.reject(new StorageError('not-found', 'no home'));
    const site = await siteWith({ openStorage });
    const client = await site.connect();
    await client.secure(identities.ada);
    expect((await client.command('USER ada')).code).toBe(530);
    expect(site.audit).toContainEqual(
      expect.objectContaining({ event: 'refusal', denial: expect.objectContaining({ code: 'home-unavailable' }) }),
    );
    expect((await client.command('PWD')).code).toBe(530);
  });
});

describe('a site whose clients insist on PASS', () => {
  const insisting = { authentication: { replyToUser: 'passwordNeeded' } } as const;

  it('answers USER with 331 whatever was shown, and lets any PASS log a certificate in', async () => {
    for (const password of ['PASS anything', 'PASS ', 'PASS']) {
      const site = await siteWith(insisting);
      const client = await site.connect();
      await client.secure(identities.ada);
      expect((await client.command('USER ada')).code).toBe(331);
      expect(site.requests).toEqual([]);
      expect((await client.command('PWD')).code).toBe(530);
      expect((await client.command(password)).code).toBe(230);
      expect(site.requests).toHaveLength(1);
      expect((await client.command(password)).code).toBe(230);
    }
  });

  it('refuses behind PASS, in the words of every refusal', async () => {
    const site = await siteWith(insisting);
    const client = await site.connect();
    await client.secure(identities.bob);
    expect((await client.command('USER ada')).code).toBe(331);
    expect((await client.command('PASS anything')).text).toMatch(
      /^530 Login not permitted, reference [0-9A-Z]{4}-[0-9A-Z]{4}\.$/u,
    );
    expect((await client.command('PASS anything')).code).toBe(503);
  });

  it('asks for no password before TLS', async () => {
    const client = await (await siteWith(insisting)).connect();
    expect((await client.command('USER ada')).code).toBe(530);
  });
});

describe('PASS', () => {
  it('before USER is out of sequence, and makes no login', async () => {
    const site = await siteWith();
    const client = await site.connect();
    await client.secure(identities.ada);
    expect((await client.command('PASS secret')).code).toBe(503);
    expect(site.requests).toEqual([]);
    expect((await client.command('USER ada')).code).toBe(230);
  });

  it.each(['PASS', 'PASS ', 'PASS x', 'PASS x y'])('behind 230 is 230, as often as %j comes', async (line) => {
    const site = await siteWith();
    const client = await site.loggedIn();
    for (let times = 0; times < 3; times += 1) expect((await client.command(line)).code).toBe(230);
    expect(site.requests).toHaveLength(1);
  });
});

describe('an old TLS session makes no login', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`a client that keeps its ticket makes a full handshake and signs again: ${version}`, async () => {
      const site = await siteWith();
      const tls = { ...identities.ada, minVersion: version, maxVersion: version };
      const first = await site.loggedIn(tls);
      await first.command('NOOP');
      const { session } = first;
      expect(session).toBeInstanceOf(Buffer);
      first.destroy();
      const second = await site.connect();
      await second.secure({ ...tls, session: session! });
      expect(second.tls.isSessionReused()).toBe(false);
      expect((await second.command('USER ada')).code).toBe(230);
      expect(site.requests.at(-1)?.peerCertificates[0]).toEqual(derOf(identities.ada.cert));
    });

    it(`a ticket without the card gives no certificate: ${version}`, async () => {
      const site = await siteWith();
      const tls = { minVersion: version, maxVersion: version };
      const first = await site.loggedIn(tls);
      await first.command('NOOP');
      const thief = await site.connect();
      await thief.secure({ ...tls, session: first.session! });
      expect((await thief.command('USER ada')).code).toBe(530);
      expect(site.requests.at(-1)?.peerCertificates).toEqual([]);
    });
  }
});

describe('without a certificate', () => {
  it('CertAllow asks for a password and hands it to the authenticator', async () => {
    const site = await siteWith({ sslClientCertificates: { clientCertificatePolicy: 'CertAllow' } });
    const client = await site.connect();
    await client.secure();
    expect((await client.command('USER ada')).code).toBe(331);
    expect(site.requests.map(({ password }) => password)).toEqual([undefined]);
    expect((await client.command('PASS wrong')).code).toBe(530);
    expect((await client.command('PASS secret')).code).toBe(503);
    await client.command('USER ada');
    expect((await client.command('PASS secret')).code).toBe(230);
  });

  it('CertIgnore does not ask for the certificate that a client has', async () => {
    const site = await siteWith({ sslClientCertificates: { clientCertificatePolicy: 'CertIgnore' } });
    const client = await site.connect();
    await client.secure(identities.ada);
    expect((await client.command('USER ada')).code).toBe(331);
    await client.command('PASS wrong');
    expect(site.requests[0]?.peerCertificates).toEqual([]);
  });
});

describe('guessing', () => {
  it('ends with 421 and a record after the allowed number of refused logins', async () => {
    const site = await siteWith({ connections: { maxLoginFailures: 3 } });
    const client = await site.connect();
    await client.secure(identities.bob);
    expect((await client.command('USER ada')).code).toBe(530);
    expect((await client.command('USER ada')).code).toBe(530);
    const last = await client.command('USER ada');
    await client.gone();
    expect(last.code).toBe(421);
    const record = site.audit.find((entry) => entry.event === 'refusal');
    expect(record).toMatchObject({ denial: { code: 'too-many-failures' } });
    expect(last.text).toContain(record?.event === 'refusal' ? record.reference : 'none');
  });

  it('never has two decisions under way on one connection', async () => {
    let running = 0;
    let most = 0;
    const slow: Authenticator = {
      authenticate: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return { outcome: 'password-required' };
      },
    };
    const client = await (await siteWith({ authenticator: slow })).connect();
    await client.secure(identities.ada);
    client.write('USER a\r\nUSER b\r\nUSER c\r\n');
    for (let count = 0; count < 3; count += 1) expect((await client.reply()).code).toBe(331);
    expect(most).toBe(1);
  });

  it('a login that takes too long ends with 421', async () => {
    const site = await siteWith({ connections: { unauthenticatedTimeout: 150 } });
    const client = await site.connect();
    expect((await client.reply()).code).toBe(421);
    expect(await site.record(({ event }) => event === 'session-end')).toMatchObject({ reason: 'login-timeout' });
  });

  it('the time for the login does not cut a session that is logged in', async () => {
    const site = await siteWith({ connections: { unauthenticatedTimeout: 1000, controlChannelTimeout: 2000 } });
    const client = await site.loggedIn();
    expect((await client.reply()).text).toContain('Idle');
  });
});

describe('in the clear, where TLS is required', () => {
  it('USER is refused with 530 and recorded once for the connection', async () => {
    const site = await siteWith();
    const client = await site.connect();
    expect((await client.command('USER ada')).code).toBe(530);
    expect((await client.command('USER ada')).code).toBe(530);
    expect((await client.command('PASS secret')).code).toBe(530);
    expect(site.requests).toHaveLength(0);
    expect(site.audit).toHaveLength(1);
    expect(site.audit[0]).toMatchObject({ denial: { code: 'tls-required' } });
  });

  for (const policy of ['SslRequire', 'SslRequireCredentialsOnly'] as const) {
    it(`${policy} lets nothing through but what leads to TLS`, async () => {
      const client = await (await siteWith({ ssl: { controlChannelPolicy: policy } })).connect();
      for (const line of ['FEAT', 'HELP', 'NOOP', 'SYST', 'OPTS UTF8 ON', 'STAT']) {
        expect((await client.command(line)).code, line).toBeLessThan(300);
      }
      for (const line of ['USER ada', 'PASS x', 'PWD', 'TYPE I', 'RETR a', 'REIN', 'EPSV']) {
        expect((await client.command(line)).code, line).toBe(530);
      }
      expect((await client.command('PBSZ 0')).code).toBe(503);
      expect((await client.command('PROT P')).code).toBe(503);
      expect((await client.command('QUIT')).code).toBe(221);
    });
  }

  it('SslAllow leaves a login without TLS to the authenticator', async () => {
    const site = await siteWith({
      ssl: { controlChannelPolicy: 'SslAllow' },
      sslClientCertificates: { clientCertificatePolicy: 'CertAllow' },
    });
    const client = await site.connect();
    expect((await client.command('USER ada')).code).toBe(331);
    expect((await client.command('PASS secret')).code).toBe(230);
    expect(site.requests[0]?.tls.protocol).toBe('none');
    expect((await client.command('REIN')).code).toBe(220);
    expect((await client.command('PWD')).code).toBe(530);
  });
});
