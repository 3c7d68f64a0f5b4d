/** Data connections: only the client of the control connection gets one, by its certificate, its session and its address. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ControlClient, openData, openTcp, readAll, type TlsIdentity } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite, type SiteChanges } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const startedSite = siteFactory(identities);

async function siteWith(changes: SiteChanges = {}): Promise<ProtocolSite> {
  const site = await startedSite(changes);
  await writeFile(join(site.home, 'file'), 'content');
  return site;
}

/** RETR of `file` over a data connection made with this identity. */
async function retrieveWith(client: ControlClient, identity: TlsIdentity) {
  const port = await client.passive();
  client.write('RETR file\r\n');
  const opening = await client.reply();
  const data = await openData(port, identity).catch(() => undefined);
  const resumed = data?.isSessionReused();
  const content = data ? await readAll(data).catch(() => undefined) : undefined;
  return { opening, resumed, content: content?.toString(), final: await client.reply() };
}

const mismatch = (record: { readonly event: string }) => record.event === 'refusal';

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const pinned = { minVersion: version, maxVersion: version };
  describe(`the proof of a data connection, ${version}`, () => {
    it('accepts the same certificate in a full handshake', async () => {
      const client = await (await siteWith()).loggedIn(pinned);
      const result = await retrieveWith(client, { ...identities.ada, ...pinned });
      expect(result).toMatchObject({ resumed: false, content: 'content', final: { code: 226 } });
    });

    it('accepts the resumed session of the control connection, without the key', async () => {
      const client = await (await siteWith()).loggedIn(pinned);
      const result = await retrieveWith(client, { session: client.session!, ...pinned });
      expect(result).toMatchObject({ resumed: true, content: 'content', final: { code: 226 } });
    });

    it('refuses another person’s valid certificate with 522 and a reference, and records it', async () => {
      const site = await siteWith();
      const client = await site.loggedIn(pinned);
      const result = await retrieveWith(client, { ...identities.bob, ...pinned });
      expect(result.final.code).toBe(522);
      expect(result.content ?? '').toBe('');
      const record = await site.record(mismatch);
      expect(record).toMatchObject({ accountName: 'ada', denial: { code: 'data-certificate-mismatch' } });
      expect(result.final.text).toContain(record.event === 'refusal' ? record.reference : 'none');
      expect(await retrieveWith(client, { ...identities.ada, ...pinned })).toMatchObject({ final: { code: 226 } });
    });

    it('refuses a connection without a certificate', async () => {
      const client = await (await siteWith()).loggedIn(pinned);
      expect((await retrieveWith(client, pinned)).final.code).toBe(522);
    });

    it('accepts the resumed session of another control connection of the same person, which costs no signature', async () => {
      const site = await siteWith();
      const other = await site.loggedIn(pinned);
      const client = await site.loggedIn(pinned);
      const result = await retrieveWith(client, { session: other.session!, ...pinned });
      expect(result).toMatchObject({ resumed: true, content: 'content', final: { code: 226 } });
    });

    it.each([
      ['of another account', async (site: ProtocolSite) => loggedInAs(await site.connect(), 'both', pinned)],
      [
        'from another address',
        async (site: ProtocolSite) => loggedInAs(await site.connect('127.0.0.2'), 'ada', pinned),
      ],
      ['that is not logged in', async (site: ProtocolSite) => securedOnly(await site.connect(), pinned)],
      ['that logged out by REIN', async (site: ProtocolSite) => reinitialised(await site.loggedIn(pinned))],
      ['that has ended', async (site: ProtocolSite) => ended(await site.loggedIn(pinned))],
    ])('refuses the session of a control connection %s', async (_rule, open) => {
      const site = await siteWith();
      const other = await open(site);
      const client = await site.loggedIn(pinned);
      const result = await retrieveWith(client, { session: other.session!, ...pinned });
      expect(result).toMatchObject({ resumed: false, final: { code: 522 } });
    });

    it('shares no session between control connections without a certificate', async () => {
      const site = await siteWith({ sslClientCertificates: { clientCertificatePolicy: 'CertAllow' } });
      const other = await loggedInByPassword(site, pinned);
      const client = await loggedInByPassword(site, pinned);
      const result = await retrieveWith(client, { session: other.session!, ...pinned });
      expect(result).toMatchObject({ resumed: false, final: { code: 522 } });
    });

    it('never takes two absent certificates for equal', async () => {
      const client = await loggedInByPassword(
        await siteWith({ sslClientCertificates: { clientCertificatePolicy: 'CertAllow' } }),
        pinned,
      );
      expect((await retrieveWith(client, pinned)).final.code).toBe(522);
    });

    it('takes a client without a certificate at its address where the site says so', async () => {
      const site = await siteWith({
        sslClientCertificates: { clientCertificatePolicy: 'CertAllow' },
        dataChannelSecurity: { dataChannelBindingWithoutCertificate: 'address' },
      });
      const client = await loggedInByPassword(site, pinned);
      expect(await retrieveWith(client, pinned)).toMatchObject({
        resumed: false,
        content: 'content',
        final: { code: 226 },
      });
      const withCard = await site.loggedIn(pinned);
      expect((await retrieveWith(withCard, pinned)).final.code).toBe(522);
    });

    it('accepts resumption from a control connection without a certificate', async () => {
      const client = await loggedInByPassword(
        await siteWith({ sslClientCertificates: { clientCertificatePolicy: 'CertAllow' } }),
        pinned,
      );
      const result = await retrieveWith(client, { session: client.session!, ...pinned });
      expect(result).toMatchObject({ resumed: true, content: 'content', final: { code: 226 } });
    });

    it('takes no session for proof that a refused stranger got on the data channel', async () => {
      const client = await loggedInByPassword(
        await siteWith({ sslClientCertificates: { clientCertificatePolicy: 'CertAllow' } }),
        pinned,
      );
      const port = await client.passive();
      client.write('RETR file\r\n');
      await client.reply();
      const stranger = await openData(port, pinned);
      const stolen = stranger.getSession();
      expect((await client.reply()).code).toBe(522);
      const result = await retrieveWith(client, { ...(stolen ? { session: stolen } : {}), ...pinned });
      expect(result.final.code).toBe(522);
      expect(result.content ?? '').toBe('');
    });
  });
}

describe('dataChannelBinding', () => {
  it('session refuses a full handshake even with the same certificate', async () => {
    const client = await (await siteWith({ dataChannelSecurity: { dataChannelBinding: 'session' } })).loggedIn();
    expect((await retrieveWith(client, identities.ada)).final.code).toBe(522);
    expect((await retrieveWith(client, { session: client.session! })).final.code).toBe(226);
  });

  it('certificate refuses a resumed session that holds none', async () => {
    const site = await siteWith({
      dataChannelSecurity: { dataChannelBinding: 'certificate' },
      sslClientCertificates: { clientCertificatePolicy: 'CertAllow' },
    });
    const client = await loggedInByPassword(site, {});
    expect((await retrieveWith(client, { session: client.session! })).final.code).toBe(522);
  });
});

describe('protection', () => {
  it('answers a transfer with 521 before 150 when data must be protected and is not', async () => {
    const site = await siteWith();
    const client = await site.connect();
    await client.secure(identities.ada);
    await client.command('USER ada');
    await client.passive();
    for (const line of ['RETR file', 'STOR x', 'APPE x', 'LIST', 'NLST', 'MLSD']) {
      expect((await client.command(line)).code, line).toBe(521);
    }
  });

  it('SslDeny keeps data connections in the clear', async () => {
    const site = await siteWith({ ssl: { dataChannelPolicy: 'SslDeny' } });
    const client = await site.connect();
    await client.secure(identities.ada);
    await client.command('USER ada');
    await client.command('PBSZ 0');
    expect((await client.command('PROT P')).code).toBe(534);
    const port = await client.passive();
    client.write('RETR file\r\n');
    const data = await openTcp(port);
    expect((await readAll(data)).toString()).toBe('content');
    expect((await client.reply()).code).toBeLessThan(200);
    expect((await client.reply()).code).toBe(226);
  });

  it('is decided at the transfer command: PROT P after the data connection was accepted', async () => {
    const client = await (await siteWith({ ssl: { dataChannelPolicy: 'SslAllow' } })).loggedIn();
    await client.command('PROT C');
    const port = await client.passive();
    const raw = await openTcp(port);
    await client.command('PROT P');
    client.write('RETR file\r\n');
    expect((await client.reply()).code).toBeLessThan(200);
    raw.write('no ClientHello\r\n');
    expect((await client.reply()).code).toBe(522);
  });

  it('starts TLS when the data connection is accepted, before any transfer command', async () => {
    const client = await (await siteWith()).loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    expect((await client.command('RETR file')).code).toBe(125);
    expect((await readAll(data)).toString()).toBe('content');
    expect((await client.reply()).code).toBe(226);
  });

  it('answers 522 when the data handshake fails or stalls', async () => {
    const client = await (await siteWith({ connections: { handshakeTimeout: 1000 } })).loggedIn();
    const silent = await openTcp(await client.passive());
    expect((await client.command('LIST')).code).toBeLessThan(200);
    expect((await client.reply()).code).toBe(522);
    silent.destroy();
  });
});

describe('a refused data connection', () => {
  it('is recorded when it happens, though no transfer command asks for it', async () => {
    const site = await siteWith();
    const client = await site.loggedIn();
    await openData(await client.passive(), identities.bob);
    expect(await site.record(mismatch)).toMatchObject({ denial: { code: 'data-certificate-mismatch' } });
  });
});

describe('the passive port', () => {
  it('ignores a connection from another address, records it, and still serves the client', async () => {
    const site = await siteWith();
    const client = await site.loggedIn();
    const port = await client.passive();
    await openTcp(port, '127.0.0.2').catch(() => undefined);
    const record = await site.record(mismatch);
    expect(record).toMatchObject({ denial: { code: 'data-address-mismatch', facts: { dataAddress: '127.0.0.2' } } });
    client.write('RETR file\r\n');
    const data = await openData(port, identities.ada);
    expect((await readAll(data)).toString()).toBe('content');
  });

  it('serves one transfer; the next needs another PASV or EPSV', async () => {
    const client = await (await siteWith()).loggedIn();
    expect((await retrieveWith(client, identities.ada)).final.code).toBe(226);
    expect((await client.command('RETR file')).code).toBe(425);
  });

  it('answers 425 when no data connection comes in time', async () => {
    const client = await (await siteWith({ connections: { dataChannelTimeout: 1000 } })).loggedIn();
    await client.passive();
    expect((await client.command('RETR file')).code).toBe(150);
    expect((await client.reply()).code).toBe(425);
  });

  it('answers 425 when the port range is exhausted', async () => {
    const taken = await siteWith();
    const client = await (
      await siteWith({ firewallSupport: { lowDataChannelPort: taken.port, highDataChannelPort: taken.port } })
    ).loggedIn();
    expect((await client.command('PASV')).code).toBe(425);
    expect((await client.command('EPSV')).code).toBe(425);
  });

  it('names the external address in PASV, and only the port in EPSV', async () => {
    const client = await (await siteWith({ firewallSupport: { externalIp4Address: '192.0.2.7' } })).loggedIn();
    expect((await client.command('PASV')).text).toMatch(/^227 .*\(192,0,2,7,\d+,\d+\)$/u);
    expect((await client.command('EPSV')).text).toMatch(/^229 .*\(\|\|\|\d+\|\)$/u);
  });

  it('EPSV ALL refuses every other way afterwards; EPSV 2 is another protocol', async () => {
    const client = await (await siteWith()).loggedIn();
    expect((await client.command('EPSV 2')).code).toBe(522);
    expect((await client.command('EPSV 1')).code).toBe(229);
    expect((await client.command('EPSV ALL')).code).toBe(200);
    expect((await client.command('PASV')).code).toBe(503);
    expect((await client.command('PORT 127,0,0,1,4,1')).code).toBe(503);
    expect((await client.command('EPRT |1|127.0.0.1|1025|')).code).toBe(503);
  });
});

async function loggedInByPassword(site: ProtocolSite, tls: TlsIdentity): Promise<ControlClient> {
  const client = await site.connect();
  await client.secure(tls);
  for (const line of ['USER ada', 'PASS secret', 'PBSZ 0', 'PROT P', 'TYPE I']) await client.command(line);
  return client;
}

async function loggedInAs(client: ControlClient, name: string, tls: TlsIdentity): Promise<ControlClient> {
  await securedOnly(client, tls);
  await client.command(`USER ${name}`);
  await client.command('PASS secret');
  return client;
}

async function securedOnly(client: ControlClient, tls: TlsIdentity): Promise<ControlClient> {
  await client.secure({ ...identities.ada, ...tls });
  // The tickets of TLS 1.3 come behind the handshake, and before any reply.
  await client.command('NOOP');
  return client;
}

async function reinitialised(client: ControlClient): Promise<ControlClient> {
  await client.command('REIN');
  return client;
}

async function ended(client: ControlClient): Promise<ControlClient> {
  await client.command('QUIT');
  await client.gone();
  return client;
}
