/** What belongs to one site and must not reach another beside it in the process: TLS sessions, ports, counts, logs, names. */
import { constants } from 'node:crypto';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { ipSecurity } from '../../src/ftp/admission/ip-security.ts';
import { type ControlClient, openData, readAll, type TlsIdentity } from '../support/control-client.ts';
import { createIdentities } from '../support/protocol-site.ts';
import { type SharedChanges, type SharedSite, type SharedSites, sharedSites } from '../support/shared-sites.ts';

const identities = await createIdentities();
const serve = await sharedSites(identities);
const a = { hostName: 'a.example' } as const;
const b = { hostName: 'b.example' } as const;
const two = (ofA: SharedChanges = {}, ofB: SharedChanges = {}) => serve({ a: { ...a, ...ofA }, b: { ...b, ...ofB } });
const denialsOf = ({ audit }: SharedSite) =>
  audit.flatMap((record) => (record.event === 'refusal' ? [record.denial.code] : []));

async function dataTls(port: number, identity: object): Promise<TLSSocket> {
  const data = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...identity });
  data.on('error', () => undefined);
  await once(data, 'secureConnect');
  return data;
}

describe('a TLS session of one site', () => {
  const kinds = [
    ['TLS 1.3', { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }],
    ['TLS 1.2 with a ticket', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
    [
      'TLS 1.2 by session id',
      { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET },
    ],
  ] as const;

  it.each(kinds)('of %s is resumed on its own data connections, and on those of no other site', async (_kind, tls) => {
    const sites = await two();
    // The same card, account and address: what ties sessions of one person together within a site.
    const [atA, atB] = [await sites.loggedIn('a.example', tls), await sites.loggedIn('b.example', tls)];
    const resumes = async (client: ControlClient, session: Buffer | undefined, servername: string) => {
      const data = await dataTls(await client.passive(), { ...tls, session, servername });
      const resumed = data.isSessionReused();
      data.destroy();
      return resumed;
    };
    expect(await resumes(atA, atA.session, 'a.example')).toBe(true);
    expect(await resumes(atB, atB.session, 'b.example')).toBe(true);
    for (const servername of ['a.example', 'b.example']) {
      expect(await resumes(atA, atB.session, servername)).toBe(false);
      expect(await resumes(atB, atA.session, servername)).toBe(false);
    }
  });

  it.each(kinds)('of %s begins no control connection, of the other site either', async (_kind, tls) => {
    const sites = await two();
    const atA = await sites.loggedIn('a.example', tls);
    for (const servername of ['a.example', 'b.example']) {
      const client = await sites.connect();
      await client.secure({ ...tls, servername, session: atA.session! });
      expect(client.tls.isSessionReused()).toBe(false);
      expect((await client.command('USER ada')).code).toBe(530);
    }
  });
});

describe('a passive port of one site', () => {
  it('serves no client that proved another certificate to the other site, on whatever session', async () => {
    const sites = await two();
    const atA = await sites.loggedIn('a.example');
    const bob = await sites.connect();
    const identity: TlsIdentity = { ...identities.bob, servername: 'b.example' };
    await bob.secure(identity);
    await bob.command('NOOP');
    const port = await atA.passive();
    atA.write('LIST\r\n');
    const data = await dataTls(port, { ...identities.bob, session: bob.session, servername: 'b.example' });
    expect(data.isSessionReused()).toBe(false);
    expect((await atA.reply()).code).toBeLessThan(200);
    expect((await atA.reply()).code).toBe(522);
    expect(denialsOf(sites.site['a']!)).toContain('data-certificate-mismatch');
    expect(denialsOf(sites.site['b']!)).toEqual([]);
  });
});

describe('limits', () => {
  const one = (name: string) => ({ connections: { [name]: 1 } });

  it.each(['maxConnections', 'maxConnectionsPerAddress'])(
    '%s of one site counts its own clients alone',
    async (name) => {
      const sites = await two(one(name));
      const first = await sites.loggedIn('a.example');
      await sites.loggedIn('b.example');
      const waiting = await sites.connect();
      const named = await sites.connect();
      expect((await named.command('HOST a.example')).code).toBe(421);
      await named.gone();
      const bySni = await sites.connect();
      await bySni.command('AUTH TLS');
      bySni.startTls({ ...identities.ada, servername: 'a.example' }).catch(() => undefined);
      await bySni.gone();
      expect((await waiting.command('HOST b.example')).code).toBe(220);
      first.write('QUIT\r\n');
      await first.gone();
      await expect.poll(() => sites.site['a']!.server.connectionCount).toBe(0);
      await sites.loggedIn('a.example');
    },
  );

  it('a connection counts for one site at a time', async () => {
    const sites = await two(one('maxConnections'), one('maxConnections'));
    const client = await sites.connect();
    for (const [host, counts] of [
      ['a', [1, 0]],
      ['b', [0, 1]],
      ['a', [1, 0]],
    ] as const) {
      expect((await client.command(`HOST ${host}.example`)).code).toBe(220);
      expect([sites.site['a']!.server.connectionCount, sites.site['b']!.server.connectionCount]).toEqual(counts);
    }
    client.destroy();
    await expect.poll(() => sites.site['a']!.server.connectionCount).toBe(0);
    await sites.loggedIn('a.example');
  });

  it('clients that name no site are bounded by the most that any site takes', async () => {
    const sites = await two(one('maxConnections'), { connections: { maxConnections: 2 } });
    await sites.connect();
    await sites.connect();
    const { ControlClient: Client } = await import('../support/control-client.ts');
    const third = await Client.connect(sites.site['a']!.port);
    expect((await third.reply()).code).toBe(421);
  });

  it('sessions of an account are counted at each site alone, and SITE WHO shows those of its own', async () => {
    const sites = await two({ connections: { maxSessionsPerAccount: 1 } });
    await sites.loggedIn('b.example');
    const atA = await sites.loggedIn('a.example');
    const atB = await sites.loggedIn('b.example');
    await expect(sites.loggedIn('a.example')).rejects.toThrow(/530/u);
    expect((await atA.command('SITE WHO')).lines).toHaveLength(3);
    expect((await atB.command('SITE WHO')).lines).toHaveLength(4);
  });
});

describe('a site that does not admit the address of a client', () => {
  const shut = { ipSecurity: ipSecurity.parse({ entries: [{ ipAddress: '127.0.0.1', allowed: false }] }) };

  it('is to it as one that is not there, and is open to others', async () => {
    const sites = await serve({ main: {}, b: { ...b, ...shut } });
    const client = await sites.connect();
    const unknown = await client.command('HOST stranger.example');
    expect(await client.command('HOST b.example')).toEqual(unknown);
    await client.command('HOST b.example');
    expect(denialsOf(sites.site['b']!)).toEqual(['address-denied']);
    const atMain = await sites.loggedIn('b.example');
    expect(atMain.tls.getPeerCertificate().subjectaltname).toBe('DNS:default.example');
    const elsewhere = await sites.connect('127.0.0.2');
    expect((await elsewhere.command('HOST b.example')).code).toBe(220);
  });

  it('does not shut the way to another, where it is the default', async () => {
    const sites = await serve({ main: shut, b });
    const client = await sites.loggedIn('b.example');
    expect(client.tls.getPeerCertificate().subjectaltname).toBe('DNS:b.example');
    const unnamed = await sites.connect();
    await unnamed.command('AUTH TLS');
    unnamed.startTls(identities.ada).catch(() => undefined);
    await unnamed.gone();
    expect(denialsOf(sites.site['main']!)).toEqual(['address-denied']);
    expect(sites.common).toEqual([]);
  });

  it('with refuseLogin lets it come, and refuses its login', async () => {
    const action = { ...shut.ipSecurity, denyAction: 'refuseLogin' } as const;
    const sites = await serve({ main: {}, b: { ...b, ipSecurity: action } });
    const client = await sites.connect();
    await client.secure({ ...identities.ada, servername: 'b.example' });
    expect((await client.command('USER ada')).code).toBe(530);
    expect(denialsOf(sites.site['b']!)).toEqual(['address-denied']);
    expect(sites.site['b']!.requests).toEqual([]);
  });
});

describe('logs and records', () => {
  it('of a connection are those of the site that it came to, from its first line on', async () => {
    const sites = await serve({ main: {}, a, b });
    const client = await sites.connect();
    await client.command('FEAT');
    await client.command('HOST a.example');
    await client.command('NOOP');
    await client.command('HOST b.example');
    await client.secure(identities.ada);
    await client.logIn('ada');
    await client.command('QUIT');
    const { main, a: other, b: own } = sites.site as Record<'main' | 'a' | 'b', SharedSite>;
    await own.record(({ event }) => event === 'session-end');
    expect(own.lines).toEqual([
      'ControlChannelOpened',
      'HOST b.example',
      'AUTH TLS',
      'USER ada',
      'PBSZ 0',
      'PROT P',
      'TYPE I',
      'QUIT',
      'ControlChannelClosed',
    ]);
    expect([...main.lines, ...other.lines, ...main.audit, ...other.audit]).toEqual([]);
  });

  it('of a client that names no site and leaves are those of the default', async () => {
    const sites = await serve({ main: {}, a });
    const client = await sites.connect();
    await client.command('USER ada');
    await client.command('QUIT');
    const { main, a: other } = sites.site as Record<'main' | 'a', SharedSite>;
    await main.record(({ event }) => event === 'session-end');
    expect(main.lines).toEqual(['ControlChannelOpened', 'USER ada', 'QUIT', 'ControlChannelClosed']);
    expect(denialsOf(main)).toEqual(['tls-required']);
    expect([...other.lines, ...other.audit]).toEqual([]);
  });
});

describe('the times of a site', () => {
  it('count for its clients, from the beginning of the connection', async () => {
    const sites = await two({ connections: { unauthenticatedTimeout: 300 } });
    const atB = await sites.connect();
    await atB.command('HOST b.example');
    const atA = await sites.connect();
    await atA.command('HOST a.example');
    expect((await atA.reply()).code).toBe(421);
    expect((await atB.command('NOOP')).code).toBe(200);
  });

  it('and its longest command line counts behind HOST', async () => {
    const sites = await two({ commandFiltering: { maxCommandLine: 512 } });
    const long = `NOOP ${'x'.repeat(600)}`;
    const client = await sites.connect();
    expect((await client.command(long)).code).toBe(501);
    await client.command('HOST a.example');
    expect((await client.command(long)).code).toBe(500);
    await client.command('HOST b.example');
    expect((await client.command(long)).code).toBe(501);
  });
});

describe('sites over one folder', () => {
  const shared = async (): Promise<SharedSites> => {
    const first = await serve({ main: {} });
    const physicalPath = first.site['main']!.home;
    const virtualDirectories = [{ path: '/shared', physicalPath }];
    return two({ virtualDirectories }, { virtualDirectories });
  };

  it('show each other no upload that is not whole, and both stay whole', async () => {
    const sites = await shared();
    const [atA, atB] = [await sites.loggedIn('a.example'), await sites.loggedIn('b.example')];
    const begin = async (client: ControlClient, servername: string) => {
      const port = await client.passive();
      client.write('STOR /shared/file\r\n');
      const data = await openData(port, { ...identities.ada, servername });
      expect((await client.reply()).code).toBeLessThan(200);
      return data;
    };
    const [dataA, dataB] = [await begin(atA, 'a.example'), await begin(atB, 'b.example')];
    dataA.write('of a');
    const listed = async (client: ControlClient) => {
      const reply = await client.command('STAT /shared');
      return reply.lines.join('\n');
    };
    const { home } = sites.site['a']!;
    expect(await readdir(home)).toEqual([]);
    for (const client of [await sites.loggedIn('a.example'), await sites.loggedIn('b.example')])
      expect(await listed(client)).not.toMatch(/file|cardgate/u);
    dataB.end('of b');
    expect((await atB.reply()).code).toBe(226);
    dataA.end();
    expect((await atA.reply()).code).toBe(226);
    const port = await atB.passive();
    atB.write('RETR /shared/file\r\n');
    const data = await openData(port, { ...identities.ada, servername: 'b.example' });
    expect((await readAll(data)).toString()).toBe('of a');
  });

  it('let no client of the one read what a client of the other appends to', async () => {
    const sites = await shared();
    const [atA, atB] = [await sites.loggedIn('a.example'), await sites.loggedIn('b.example')];
    const port = await atA.passive();
    atA.write('APPE /shared/file\r\n');
    const data = await openData(port, { ...identities.ada, servername: 'a.example' });
    expect((await atA.reply()).code).toBeLessThan(200);
    data.write('half');
    await atB.passive();
    await expect.poll(async () => (await atB.command('RETR /shared/file')).code).toBe(450);
    data.end();
    expect((await atA.reply()).code).toBe(226);
  });

  it('have homes apart: what the one has is under no name at the other', async () => {
    const sites = await two();
    await writeFile(join(sites.site['a']!.home, 'file'), 'of a');
    const atB = await sites.loggedIn('b.example');
    expect((await atB.command('SIZE file')).code).toBe(550);
  });
});
