/** Several sites on one address and port: which of them a client comes to, by SNI, by HOST, by USER, and which it never does. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/settings/units.ts';
import { type ControlClient, readAll } from '../support/control-client.ts';
import { createIdentities } from '../support/protocol-site.ts';
import { type SharedSites, sharedSites } from '../support/shared-sites.ts';

const identities = await createIdentities();
const serve = await sharedSites(identities);

const three = { main: {}, files: { hostName: 'files.example' }, lab: { hostName: 'lab.example' } } as const;
const namesOf = (tls: TLSSocket) => tls.getPeerCertificate().subjectaltname;
const named = (servername: string | undefined) => ({
  ...identities.ada,
  ...(servername !== undefined && { servername }),
});
const denialsOf = (records: SharedSites['common']) =>
  records.flatMap((record) => (record.event === 'refusal' ? [record.denial.code] : []));
const servedBy = ({ site }: SharedSites) =>
  Object.entries(site).flatMap(([name, { requests }]) => (requests.length > 0 ? [name] : []));

/** TLS that the server refuses. @returns what the client says of it */
async function refusedTls(client: ControlClient, servername: string | undefined): Promise<string> {
  client.raw.removeAllListeners('data');
  const tls = connectTls({ socket: client.raw, host: '127.0.0.1', rejectUnauthorized: false, ...named(servername) });
  const [error] = (await once(tls, 'error')) as [Error];
  return error.message;
}

describe.each(['explicit', 'implicit'] as const)('%s TLS', (kind) => {
  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (version) => {
    it.each([
      ['files.example', 'files'],
      ['LAB.Example', 'lab'],
      ['stranger.example', 'main'],
      [undefined, 'main'],
    ])('SNI %s comes to the site %s, with its certificate on both connections', async (servername, name) => {
      const sites = await serve(three, kind);
      const pinned = { minVersion: version, maxVersion: version } as const;
      const client = await sites.loggedIn(servername, pinned);
      const own = name === 'main' ? 'DNS:default.example' : `DNS:${name}.example`;
      expect(namesOf(client.tls)).toBe(own);
      expect(servedBy(sites)).toEqual([name]);
      await writeFile(join(sites.site[name]!.home, 'file'), name);
      const port = await client.passive();
      client.write('RETR file\r\n');
      // A client may name no host on its data connection.
      const data = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...identities.ada, ...pinned });
      await once(data, 'secureConnect');
      expect(namesOf(data)).toBe(own);
      expect((await readAll(data)).toString()).toBe(name);
    });
  });

  it('without a default, a client that names no known host is refused by an alert and on record, and learns no name', async () => {
    const { files, lab } = three;
    const sites = await serve({ files, lab }, kind);
    for (const servername of [undefined, 'stranger.example']) {
      const client = await sites.connect();
      if (kind === 'explicit') expect((await client.command('AUTH TLS')).code).toBe(234);
      expect(await refusedTls(client, servername)).toMatch(/unrecognized.name/iu);
      await client.gone();
    }
    expect(denialsOf(sites.common)).toEqual(['host-unknown', 'host-unknown']);
    expect(denialsOf([...sites.site['files']!.audit, ...sites.site['lab']!.audit])).toEqual([]);
    const client = await sites.loggedIn('files.example');
    expect(namesOf(client.tls)).toBe('DNS:files.example');
  });
});

describe('HOST before TLS', () => {
  it.each([
    [['HOST files.example'], undefined, 'files'],
    [['HOST Files.Example.'], undefined, 'files'],
    [['HOST files.example'], 'files.example', 'files'],
    [['HOST files.example'], 'stranger.example', 'files'],
    [['HOST files.example', 'HOST lab.example'], undefined, 'lab'],
    [['HOST files.example', 'HOST default.example'], undefined, 'main'],
    [['HOST files.example', 'HOST 127.0.0.1'], undefined, 'main'],
    [['HOST default.example'], 'default.example', 'main'],
  ] as const)('%j and SNI %s come to %s: the last name counts', async (commands, servername, name) => {
    const sites = await serve(three);
    const client = await sites.connect();
    for (const command of commands) expect((await client.command(command)).code).toBe(220);
    await client.secure(named(servername));
    await client.logIn('ada');
    expect(servedBy(sites)).toEqual([name]);
  });

  it('of an unknown host is answered 504, and leaves the client where it was', async () => {
    const sites = await serve(three);
    const client = await sites.connect();
    await client.command('HOST files.example');
    expect((await client.command('HOST stranger.example')).code).toBe(504);
    await client.secure(named(undefined));
    expect(namesOf(client.tls)).toBe('DNS:files.example');
  });

  it('and SNI of another site contradict each other: no TLS, and a record of the site that was named first', async () => {
    const sites = await serve(three);
    const client = await sites.connect();
    await client.command('HOST files.example');
    await client.command('AUTH TLS');
    expect(await refusedTls(client, 'lab.example')).toMatch(/unrecognized.name/iu);
    await client.gone();
    expect(denialsOf(sites.site['files']!.audit)).toEqual(['host-changed']);
    expect(denialsOf([...sites.site['lab']!.audit, ...sites.site['main']!.audit, ...sites.common])).toEqual([]);
  });

  it('is answered by the same words for each site, and FEAT and HELP say the same before and after', async () => {
    const sites = await serve({ ...three, lab: { ...three.lab, messages: { bannerMessage: 'Secret laboratory' } } });
    const client = await sites.connect();
    const said = async () => [(await client.command('FEAT')).text, (await client.command('HELP')).text];
    const before = await said();
    const answer = (await client.command('HOST files.example')).text;
    expect(await said()).toEqual(before);
    expect((await client.command('HOST lab.example')).text).toBe(answer);
    expect(await said()).toEqual(before);
    expect([...before, answer].join()).not.toMatch(/example|Secret/u);
  });
});

describe('behind TLS the site is settled', () => {
  it('HOST of its own name is answered 220, of any other 504 with the same words, whether or not there is one', async () => {
    const sites = await serve(three);
    const client = await sites.connect();
    await client.secure(named('files.example'));
    expect((await client.command('HOST files.example')).code).toBe(220);
    const known = await client.command('HOST lab.example');
    expect(known.code).toBe(504);
    expect((await client.command('HOST stranger.example')).text).toBe(known.text);
    expect((await client.command('HOST default.example')).text).toBe(known.text);
    await client.logIn('ada');
    expect(servedBy(sites)).toEqual(['files']);
    expect(denialsOf(sites.site['files']!.audit)).toEqual(['host-changed']);
  });

  it('a login at another host is refused, and one at its own is that of the name behind it', async () => {
    const sites = await serve(three);
    const client = await sites.connect();
    await client.secure(named('files.example'));
    expect((await client.command('USER lab.example|ada')).code).toBe(530);
    await client.gone();
    expect(servedBy(sites)).toEqual([]);
    expect(denialsOf(sites.site['files']!.audit)).toContain('host-unknown');
    const own = await sites.connect();
    await own.secure(named('files.example'));
    expect((await own.command('USER files.example|ada')).code).toBe(230);
    expect(sites.site['files']!.requests[0]?.claimedName).toBe('ada');
  });

  it('a client certificate that the one site did not ask for serves no login at the other', async () => {
    const ignoring = { sslClientCertificates: { clientCertificatePolicy: 'CertIgnore' } } as const;
    const sites = await serve({ main: ignoring, files: three.files });
    const client = await sites.connect();
    await client.secure(named(undefined));
    expect((await client.command('HOST files.example')).code).toBe(504);
    expect((await client.command('USER ada')).code).toBe(331);
    expect(servedBy(sites)).toEqual(['main']);
    expect(sites.site['main']!.requests).toMatchObject([{ peerCertificates: [], password: undefined }]);
  });
});

describe('a login in the clear, where sites allow it', () => {
  const ssl = { controlChannelPolicy: 'SslAllow', dataChannelPolicy: 'SslAllow' } as const;
  const sslClientCertificates = { clientCertificatePolicy: 'CertAllow' } as const;
  const open = { ssl, sslClientCertificates };
  const openThree = { main: open, files: { ...three.files, ...open }, lab: { ...three.lab, ...open } };

  it.each([
    ['HOST files.example\r\nUSER ada\r\n', 'files'],
    ['USER files.example|ada\r\n', 'files'],
    ['USER ada\r\n', 'main'],
  ])('%j comes to %s', async (commands, name) => {
    const sites = await serve(openThree);
    const client = await sites.connect();
    client.write(commands);
    if (commands.startsWith('HOST')) expect((await client.reply()).code).toBe(220);
    expect((await client.reply()).code).toBe(331);
    expect((await client.command('HOST lab.example')).code).toBe(504);
    expect((await client.command('PASS secret')).code).toBe(230);
    expect(servedBy(sites)).toEqual([name]);
    expect(sites.site[name]!.requests[0]?.claimedName).toBe('ada');
  });

  it('without a default needs a host', async () => {
    const { files, lab } = openThree;
    const sites = await serve({ files, lab });
    const client = await sites.connect();
    expect((await client.command('USER ada')).code).toBe(530);
    await client.gone();
    expect(denialsOf(sites.common)).toEqual(['host-unknown']);
  });

  it('is refused in the clear by a site that demands TLS, which another one does not', async () => {
    const sites = await serve({ main: open, files: three.files });
    const client = await sites.connect();
    await client.command('HOST files.example');
    expect((await client.command('USER ada')).code).toBe(530);
    expect(denialsOf(sites.site['files']!.audit)).toEqual(['tls-required']);
    await client.secure(named(undefined));
    await client.logIn('ada');
    expect(servedBy(sites)).toEqual(['files']);
  });
});

describe('the greeting', () => {
  it('is that of the default', async () => {
    const sites = await serve({
      main: { messages: { bannerMessage: 'Main hall' } },
      lab: { ...three.lab, messages: { bannerMessage: 'Secret laboratory' } },
    });
    const client = await sites.connect();
    client.write('QUIT\r\n');
    expect((await client.reply()).code).toBe(221);
  });

  it('without a default has the consent that all sites share, and no word of any', async () => {
    const messages = { consentBanner: 'You are watched.', bannerMessage: 'Secret laboratory' };
    const sites = await serve({ lab: { ...three.lab, messages }, files: { ...three.files, messages } });
    const { ControlClient: Client } = await import('../support/control-client.ts');
    const client = await Client.connect(sites.site['lab']!.port);
    expect((await client.reply()).lines).toEqual(['220-You are watched.', '220 cardgate ready.']);
  });
});

describe('the end of the server', () => {
  it('is told to a client that has come to no site yet', async () => {
    const sites = await serve(three);
    const client = await sites.connect();
    await Promise.all(Object.values(sites.site).map(({ server }) => server.close(milliseconds(0))));
    expect((await client.reply()).code).toBe(421);
  });

  it('of one site leaves the others, and its name leads nowhere', async () => {
    const sites = await serve(three);
    await sites.site['files']!.server.close(milliseconds(0));
    const client = await sites.loggedIn('files.example');
    expect(namesOf(client.tls)).toBe('DNS:default.example');
    expect((await client.command('REIN')).code).toBe(220);
  });

  it('renewal gives one site another certificate, and leaves that of the others', async () => {
    const sites = await serve(three);
    const { server } = sites.site['files']!;
    const { ftpSettings } = await import('../support/ftp-settings.ts');
    const port = sites.site['files']!.port;
    const bindings = [{ address: '127.0.0.1', port, tls: 'explicit' as const, hostName: 'files.example' }];
    server.renew({ site: ftpSettings({ bindings }), identity: { ...identities.server, caNames: [] } });
    const certificates = await Promise.all(
      ['files.example', 'lab.example'].map(async (name) => namesOf((await sites.loggedIn(name)).tls)),
    );
    expect(certificates).toEqual(['DNS:localhost', 'DNS:lab.example']);
  });
});
