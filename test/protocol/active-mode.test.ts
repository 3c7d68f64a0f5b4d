/** Active mode: the server connects to the client alone, and is the TLS server there as in passive mode. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { RefusalRecord, Transfer } from '../../src/operations/audit.ts';
import { type ActivePort, listenActively } from '../support/active-client.ts';
import { ControlClient, openTcp, readAll } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { python } from '../support/python.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);
const ports: ActivePort[] = [];

afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

const activeMode = { firewallSupport: { activeMode: true } };

async function activePort(address?: string): Promise<ActivePort> {
  const port = await listenActively(address);
  ports.push(port);
  return port;
}

async function refusal(site: ProtocolSite, code: string): Promise<RefusalRecord> {
  return (await site.record((record) => record.event === 'refusal' && record.denial.code === code)) as RefusalRecord;
}

async function transfer(site: ProtocolSite): Promise<Transfer> {
  return (await site.record(({ event }) => event === 'transfer')) as Transfer;
}

/** A port of the loopback interface at which nothing listens. */
async function closedPort(): Promise<number> {
  const port = await listenActively();
  port.close();
  return port.port;
}

describe('active mode that is on', () => {
  const versions = ['TLSv1.2', 'TLSv1.3'] as const;
  const cases = versions.flatMap((version) => (['PORT', 'EPRT'] as const).map((verb) => ({ version, verb })));

  it.each(cases)('serves $verb under $version: upload, download and listing', async ({ version, verb }) => {
    const tls = { minVersion: version, maxVersion: version };
    const site = await siteWith(activeMode);
    const client = await site.loggedIn(tls);
    const port = await activePort();
    const prepared = async () => expect((await client.command(port.commands[verb])).code).toBe(200);
    await prepared();
    client.write('STOR file\r\n');
    expect((await client.reply()).code).toBe(150);
    const upload = await port.secured({ ...identities.ada, ...tls });
    upload.end('what was sent');
    upload.resume();
    expect((await client.reply()).code).toBe(226);
    expect(await readFile(join(site.home, 'file'), 'utf8')).toBe('what was sent');

    await prepared();
    client.write('RETR file\r\n');
    expect((await client.reply()).code).toBe(150);
    const download = await port.secured({ ...identities.ada, ...tls });
    expect((await readAll(download)).toString()).toBe('what was sent');
    expect((await client.reply()).code).toBe(226);

    await prepared();
    client.write('MLSD\r\n');
    expect((await client.reply()).code).toBe(150);
    expect((await readAll(await port.secured({ ...identities.ada, ...tls }))).toString()).toContain(' file\r\n');
    expect((await client.reply()).code).toBe(226);
    expect(await transfer(site)).toMatchObject({
      operation: 'store',
      outcome: 'complete',
      facts: { protection: 'P', protocol: version, sameCertificate: true, end: 'close-notify', activePort: port.port },
    });
  });

  it('serves data connections in the clear where the site does', async () => {
    const site = await siteWith({ ...activeMode, ssl: { dataChannelPolicy: 'SslAllow' } });
    await writeFile(join(site.home, 'file'), Buffer.alloc(3_000_000, 'x'));
    const client = await site.loggedIn();
    await client.command('PROT C');
    const port = await activePort();
    await client.command(port.commands.PORT);
    client.write('RETR file\r\n');
    const data = await port.connection();
    expect(await readAll(data)).toHaveLength(3_000_000);
    await client.reply();
    expect((await client.reply()).code).toBe(226);
    await client.command(port.commands.PORT);
    client.write('STOR copy\r\n');
    const upload = await port.connection();
    upload.end(Buffer.alloc(2_000_000, 'y'));
    await client.reply();
    expect((await client.reply()).code).toBe(226);
    expect(await readFile(join(site.home, 'copy'))).toHaveLength(2_000_000);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'resumes the TLS session of the control connection under %s',
    async (version) => {
      const site = await siteWith({ ...activeMode, dataChannelSecurity: { dataChannelBinding: 'session' } });
      await writeFile(join(site.home, 'file'), 'content');
      const tls = { minVersion: version, maxVersion: version };
      const client = await site.loggedIn(tls);
      const port = await activePort();
      await client.command(port.commands.PORT);
      client.write('RETR file\r\n');
      const data = await port.secured({
        ...identities.ada,
        ...tls,
        ...(client.session && { session: client.session }),
      });
      expect(data.isSessionReused()).toBe(true);
      await readAll(data);
      await client.reply();
      expect((await client.reply()).code).toBe(226);
    },
  );

  it('connects when the transfer command comes, and not before', async () => {
    const site = await siteWith(activeMode);
    const client = await site.loggedIn();
    const port = await activePort();
    await client.command(port.commands.PORT);
    const first = port.connection();
    // Each of these takes a turn of the event loop, in which a connection over loopback comes.
    for (let count = 0; count < 20; count += 1) await client.command('NOOP');
    const isThere = await Promise.race([first.then(() => true), Promise.resolve(false)]);
    expect(isThere).toBe(false);
    expect((await client.command('RETR none')).code).toBe(550);
    client.write('LIST\r\n');
    expect((await client.reply()).code).toBe(150);
    (await first).destroy();
  });

  it('connects from the address that the client connected to', async () => {
    const binding = { port: 0, tls: 'explicit' } as const;
    const site = await siteWith({ ...activeMode, bindings: [{ ...binding, address: '127.0.0.9' }] });
    const raw = connectTcp({ port: site.port, host: '127.0.0.9', localAddress: '127.0.0.1' });
    const client = await loggedIn(raw);
    const port = await activePort();
    await client.command(port.commands.PORT);
    client.write('LIST\r\n');
    expect((await port.connection()).remoteAddress).toBe('127.0.0.9');
  });

  it.each([
    ['127.0.0.1', (port: number) => `EPRT |1|127.0.0.1|${port}|`, 200],
    ['127.0.0.1', (port: number) => `EPRT |2|::ffff:127.0.0.1|${port}|`, 200],
    ['127.0.0.1', (port: number) => `EPRT |2|::1|${port}|`, 522],
    ['::1', (port: number) => `EPRT |2|::1|${port}|`, 200],
    ['::1', (port: number) => `EPRT |2|0:0:0:0:0:0:0:1|${port}|`, 200],
    ['::1', (port: number) => `EPRT |2|::1%lo|${port}|`, 200],
    ['::1', (port: number) => `EPRT |1|127.0.0.1|${port}|`, 522],
    ['::1', (port: number) => `PORT 127,0,0,1,${port >> 8},${port & 255}`, 504],
  ])('on a binding of both IP versions a client at %s is answered by its own: %s', async (address, command, code) => {
    const binding = { address: '::', port: 0, tls: 'explicit' } as const;
    const site = await siteWith({ ...activeMode, bindings: [binding] });
    const client = await loggedIn(connectTcp({ port: site.port, host: address }));
    const port = await activePort(address);
    const answer = await client.command(command(port.port));
    expect(answer.code).toBe(code);
    if (code === 522) expect(answer.text).toContain(address === '::1' ? 'use (2)' : 'use (1)');
    if (code !== 200) return;
    client.write('LIST\r\n');
    await client.reply();
    await readAll(await port.secured(identities.ada));
    expect((await client.reply()).code).toBe(226);
  });

  it('is listed by FEAT', async () => {
    const on = await (await siteWith(activeMode)).loggedIn();
    expect((await on.command('FEAT')).lines).toContain(' EPRT');
    const off = await (await siteWith()).loggedIn();
    expect((await off.command('FEAT')).lines).not.toContain(' EPRT');
  });
});

async function loggedIn(raw: ReturnType<typeof connectTcp>): Promise<ControlClient> {
  const client = new ControlClient(raw);
  await client.reply();
  await client.secure(identities.ada);
  await client.logIn('ada');
  return client;
}

describe('active mode is refused', () => {
  it.each(['PORT', 'EPRT'] as const)('to %s where it is off, by reply and record with the setting', async (verb) => {
    const site = await siteWith();
    const client = await site.loggedIn();
    const answer = await client.command((await activePort()).commands[verb]);
    const { reference, denial, accountName } = await refusal(site, 'active-mode-off');
    const text = 'Active mode is off (firewallSupport.activeMode); use PASV or EPSV';
    expect(answer.text).toBe(`502 ${text}, reference ${reference}.`);
    expect([accountName, denial.detail]).toEqual([
      'ada',
      'The client asked for active mode; firewallSupport.activeMode is false.',
    ]);
    expect((await client.command('LIST')).code).toBe(425);
  });

  it.each([
    ['PORT 127,0,0,2,200,1', 'active-address-refused', '127.0.0.2', 51_201],
    ['EPRT |1|192.0.2.1|51201|', 'active-address-refused', '192.0.2.1', 51_201],
    ['PORT 0,0,0,0,200,1', 'active-address-refused', '0.0.0.0', 51_201],
    ['PORT 127,0,0,1,0,21', 'active-port-refused', '127.0.0.1', 21],
    ['EPRT |1|127.0.0.1|1023|', 'active-port-refused', '127.0.0.1', 1023],
    ['PORT 127,0,0,1,0,0', 'active-port-refused', '127.0.0.1', 0],
  ] as const)('to %s, by 504 and an alert', async (line, code, address, port) => {
    const site = await siteWith(activeMode);
    const client = await site.loggedIn();
    const answer = await client.command(line);
    const { reference, denial } = await refusal(site, code);
    expect(answer.text).toBe(`504 Only your own address and ports from 1024 on, reference ${reference}.`);
    expect(denial.facts).toEqual({ address, port, controlAddress: '127.0.0.1' });
    expect((await client.command('LIST')).code).toBe(425);
  });

  it.each([
    ['PORT', 501],
    ['PORT 127,0,0,1,4', 501],
    ['PORT 127,0,0,1,4,999', 501],
    ['EPRT', 501],
    ['EPRT |1|127.0.0.1|', 501],
    ['EPRT |1|127.0.0.1|99999|', 501],
    ['EPRT |3|127.0.0.1|1025|', 522],
  ])('to %j by %i, as an argument that cannot be read or served', async (line, code) => {
    const client = await (await siteWith(activeMode)).loggedIn();
    expect((await client.command(line)).code).toBe(code);
  });

  it.each(['PORT 127,0,0,1,200,1', 'EPRT |1|127.0.0.1|51201|'])('to %s after EPSV ALL', async (line) => {
    const client = await (await siteWith(activeMode)).loggedIn();
    await client.command('EPSV ALL');
    expect((await client.command(line)).code).toBe(503);
    expect((await client.command('EPSV')).code).toBe(229);
  });

  it.each(['PORT 127,0,0,1,200,1', 'EPRT |1|127.0.0.1|51201|'])('to %s before the login', async (line) => {
    const client = await (await siteWith(activeMode)).connect();
    await client.secure(identities.ada);
    expect((await client.command(line)).code).toBe(530);
  });
});

describe('what was prepared before', () => {
  it('is replaced by PORT: the passive port is closed', async () => {
    const client = await (await siteWith(activeMode)).loggedIn();
    const passive = await client.passive();
    const port = await activePort();
    await client.command(port.commands.PORT);
    await expect(openTcp(passive)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    client.write('LIST\r\n');
    await readAll(await port.secured(identities.ada));
  });

  it('is replaced by PASV: the server does not connect', async () => {
    const client = await (await siteWith(activeMode)).loggedIn();
    const port = await activePort();
    await client.command(port.commands.PORT);
    const passive = await client.passive();
    client.write('LIST\r\n');
    await client.reply();
    const isConnected = port.connection().then(() => 'connected');
    (await openTcp(passive)).destroy();
    expect((await client.reply()).code).toBe(522);
    expect(await Promise.race([isConnected, Promise.resolve('not connected')])).toBe('not connected');
  });

  it.each([
    ['ABOR', ['ABOR']],
    ['REIN', ['REIN', 'USER ada', 'PBSZ 0', 'PROT P']],
    ['another USER', ['USER ada', 'PBSZ 0', 'PROT P']],
  ] as const)('is forgotten by %s', async (_which, lines) => {
    const client = await (await siteWith(activeMode)).loggedIn();
    const port = await activePort();
    await client.command(port.commands.PORT);
    for (const line of lines) expect((await client.command(line)).code).toBeLessThan(300);
    expect((await client.command('LIST')).code).toBe(425);
  });

  it('by many PORTs in a row is the last of them, and none costs a connection', async () => {
    const client = await (await siteWith(activeMode)).loggedIn();
    const first = await activePort();
    const last = await activePort();
    const lines = Array.from({ length: 500 }, () => first.commands.PORT);
    for (let start = 0; start < lines.length; start += 10) {
      client.write(`${lines.slice(start, start + 10).join('\r\n')}\r\n`);
      for (let count = 0; count < 10; count += 1) expect((await client.reply()).code).toBe(200);
    }
    await client.command(last.commands.EPRT);
    client.write('LIST\r\n');
    await client.reply();
    await readAll(await last.secured(identities.ada));
    expect((await client.reply()).code).toBe(226);
    const isConnected = first.connection().then(() => 'connected');
    expect(await Promise.race([isConnected, Promise.resolve('not connected')])).toBe('not connected');
    expect((await client.command('LIST')).code).toBe(425);
  });
});

describe('a target of active mode', () => {
  it('at which nothing listens is answered 150 and 425, with a record, and the session goes on', async () => {
    const site = await siteWith(activeMode);
    const client = await site.loggedIn();
    const port = await closedPort();
    await client.command(`EPRT |1|127.0.0.1|${port}|`);
    client.write('STOR file\r\n');
    expect((await client.reply()).code).toBe(150);
    const answer = await client.reply();
    const { reference, denial } = await refusal(site, 'active-connection-failed');
    expect(answer.text).toBe(`425 No data connection to your port could be made, reference ${reference}.`);
    expect(denial.facts).toEqual({ localAddress: '127.0.0.1', address: '127.0.0.1', port, errno: 'ECONNREFUSED' });
    expect(await transfer(site)).toMatchObject({ outcome: 'failed', facts: { refused: 'active-connection-failed' } });
    expect((await client.command('SIZE file')).code).toBe(550);
    expect((await client.command('LIST')).code).toBe(425);
  });

  async function silentPort() {
    const child = spawn(python, [join(import.meta.dirname, '..', 'support', 'silent-port.py')]);
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    return {
      command: `EPRT |1|127.0.0.1|${chunk.toString().trim()}|`,
      end: async () => {
        child.stdin.end();
        await once(child, 'close');
      },
    };
  }

  it('that does not answer is given up after dataChannelTimeout', async () => {
    const silent = await silentPort();
    const site = await siteWith({ ...activeMode, connections: { dataChannelTimeout: 300 } });
    const client = await site.loggedIn();
    await client.command(silent.command);
    client.write('LIST\r\n');
    await client.reply();
    expect((await client.reply()).code).toBe(425);
    expect((await refusal(site, 'active-connection-failed')).denial.facts).toMatchObject({ errno: 'ETIMEDOUT' });
    await silent.end();
  });

  it.each([
    ['ABOR', [426, 226]],
    ['QUIT', []],
  ] as const)('that does not answer is given up by %s', async (line, codes) => {
    const silent = await silentPort();
    const site = await siteWith({ ...activeMode, connections: { dataChannelTimeout: 60_000 } });
    const client = await site.loggedIn();
    await client.command(silent.command);
    client.write('STOR file\r\n');
    expect((await client.reply()).code).toBe(150);
    if (line === 'QUIT') client.destroy();
    else client.write(`${line}\r\n`);
    for (const code of codes) expect((await client.reply()).code).toBe(code);
    expect(await transfer(site)).toMatchObject({ outcome: 'aborted' });
    expect(site.audit.filter(({ event }) => event === 'refusal')).toEqual([]);
    await silent.end();
  });

  it('that resets the connection fails the transfer', async () => {
    const site = await siteWith(activeMode);
    const client = await site.loggedIn();
    const port = await activePort();
    await client.command(port.commands.PORT);
    client.write('STOR file\r\n');
    await client.reply();
    (await port.connection()).resetAndDestroy();
    // The reset may come before the server has seen that it is connected.
    expect([425, 522]).toContain((await client.reply()).code);
    expect((await client.command('SIZE file')).code).toBe(550);
  });

  it('that speaks garbage fails the handshake', async () => {
    const site = await siteWith(activeMode);
    const client = await site.loggedIn();
    const port = await activePort();
    await client.command(port.commands.PORT);
    client.write('LIST\r\n');
    await client.reply();
    (await port.connection()).write('220 I am an FTP server\r\n'.repeat(1000));
    expect((await client.reply()).code).toBe(522);
    await refusal(site, 'data-tls-failed');
  });

  it('that says nothing has the time of one handshake', async () => {
    const site = await siteWith({ ...activeMode, connections: { handshakeTimeout: 300 } });
    const client = await site.loggedIn();
    const port = await activePort();
    await client.command(port.commands.PORT);
    client.write('LIST\r\n');
    await client.reply();
    const data = await port.connection();
    expect((await client.reply()).code).toBe(522);
    data.destroy();
  });

  it('with the certificate of another person is refused', async () => {
    const site = await siteWith(activeMode);
    const client = await site.loggedIn();
    const port = await activePort();
    await client.command(port.commands.PORT);
    client.write('LIST\r\n');
    await client.reply();
    void port.secured({ ...identities.bob, maxVersion: 'TLSv1.2' }).catch(() => undefined);
    expect((await client.reply()).code).toBe(522);
    await refusal(site, 'data-certificate-mismatch');
  });
});
