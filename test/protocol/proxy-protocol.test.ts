/** Clients that a trusted balancer announces: their address counts everywhere, and from other addresses a header is no header. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { AuditRecord, RefusalRecord } from '../../src/operations/audit.ts';
import { milliseconds } from '../../src/settings/units.ts';
import { ControlClient, readAll } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite, type SiteChanges } from '../support/protocol-site.ts';
import { binaryHeader, lineHeader } from '../support/proxy-headers.ts';
import { resetBeforeAccept } from '../support/reset-before-accept.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

/** The balancer; clients that connect by themselves come from 127.0.0.1. */
const balancer = '127.0.0.5';
const client1 = '192.0.2.10';
const vip = '198.51.100.7';
const behindBalancer = (changes: SiteChanges = {}) =>
  siteWith({ proxyProtocol: { trustedAddresses: [`${balancer}/32`] }, ...changes });

async function tcp(port: number, octets: Buffer | string, from = balancer): Promise<Socket> {
  const socket = connectTcp({ port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(octets);
  return socket;
}

/** How the server ended a connection that said nothing more. */
function endOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.once('close', () => resolve(text));
  });
}

async function control(site: ProtocolSite, header: Buffer | string): Promise<ControlClient> {
  const client = new ControlClient(await tcp(site.port, header));
  await client.reply();
  return client;
}

async function loggedIn(site: ProtocolSite, header: Buffer | string): Promise<ControlClient> {
  const client = await control(site, header);
  await client.secure(identities.ada);
  await client.logIn('ada');
  return client;
}

async function refusal(site: ProtocolSite): Promise<RefusalRecord> {
  return (await site.record(({ event }) => event === 'refusal')) as RefusalRecord;
}

const headers = [
  ['version 1', lineHeader(client1, vip)],
  ['version 2', binaryHeader({ source: client1, destination: vip, checksum: 'right' })],
] as const;

describe.each(headers)('a client that a balancer announces by %s', (_version, header) => {
  it('is known by its address: at login, in records, by PASV', async () => {
    const site = await behindBalancer();
    const client = await loggedIn(site, header);
    expect(site.requests).toMatchObject([{ remoteAddress: client1, proxyAddress: balancer }]);
    expect((await client.command('PASV')).text).toMatch(/\(198,51,100,7,\d+,\d+\)/u);
    await client.command('QUIT');
    const end = (await site.record(({ event }) => event === 'session-end')) as AuditRecord;
    expect(end).toMatchObject({ remoteAddress: client1, proxyAddress: balancer });
  });

  it('moves a file over a data connection of the same announced address', async () => {
    const site = await behindBalancer();
    await writeFile(join(site.home, 'file'), 'content');
    const client = await loggedIn(site, header);
    const raw = await tcp(await client.passive(), header);
    const data = connectTls({ socket: raw, host: '127.0.0.1', rejectUnauthorized: false, ...identities.ada });
    const content = once(data, 'secureConnect').then(() => readAll(data));
    client.write('RETR file\r\n');
    expect([125, 150]).toContain((await client.reply()).code);
    expect((await content).toString()).toBe('content');
    expect((await client.reply()).code).toBe(226);
  });

  it('is served by an implicit binding, where the header comes before the ClientHello', async () => {
    const site = await behindBalancer();
    const raw = await tcp(site.implicitPort, header);
    const socket = connectTls({ socket: raw, host: '127.0.0.1', rejectUnauthorized: false, ...identities.ada });
    const [greeting] = (await once(socket, 'data')) as [Buffer];
    expect(greeting.toString()).toBe('220 Ready.\r\n');
    socket.destroy();
  });

  it('may send the header in any pieces, and its first command with it', async () => {
    const site = await behindBalancer();
    const socket = await tcp(site.port, '');
    socket.setNoDelay(true);
    const whole = Buffer.concat([header, Buffer.from('NOOP\r\n')]);
    for (const octet of whole) {
      socket.write(Buffer.of(octet));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const client = new ControlClient(socket);
    expect((await client.reply()).code).toBe(220);
    expect((await client.reply()).code).toBe(200);
    const atOnce = new ControlClient(await tcp(site.port, whole));
    expect((await atOnce.reply()).code).toBe(220);
    expect((await atOnce.reply()).code).toBe(200);
  });

  it('is counted by its address', async () => {
    const site = await behindBalancer({ connections: { maxConnectionsPerAddress: 1 } });
    await control(site, header);
    const second = new ControlClient(await tcp(site.port, header));
    expect((await second.reply()).code).toBe(421);
    expect((await control(site, lineHeader('192.0.2.11', vip))).closed).toBe(false);
  });
});

describe('data connections behind a balancer', () => {
  it('of another announced address are reset, and recorded by that address', async () => {
    const site = await behindBalancer();
    const client = await loggedIn(site, lineHeader(client1));
    const stranger = await tcp(await client.passive(), lineHeader('192.0.2.66'));
    await endOf(stranger);
    expect((await refusal(site)).denial).toMatchObject({
      code: 'data-address-mismatch',
      facts: { dataAddress: '192.0.2.66', controlAddress: client1 },
    });
  });

  it('without a header are reset and recorded, and leave the client its own', async () => {
    const site = await behindBalancer();
    await writeFile(join(site.home, 'file'), 'content');
    const client = await loggedIn(site, lineHeader(client1));
    const port = await client.passive();
    await endOf(await tcp(port, '\x16\x03\x01\x00'));
    expect((await refusal(site)).denial).toMatchObject({
      code: 'proxy-header-refused',
      facts: { proxyAddress: balancer, reason: 'no PROXY header' },
    });
    client.write('RETR file\r\n');
    await client.reply();
    const raw = await tcp(port, lineHeader(client1));
    const data = connectTls({ socket: raw, host: '127.0.0.1', rejectUnauthorized: false, ...identities.ada });
    expect((await readAll(data)).toString()).toBe('content');
  });

  it('that stay silent do not keep the client from its own', async () => {
    const site = await behindBalancer();
    const client = await loggedIn(site, lineHeader(client1));
    const port = await client.passive();
    const silent = Array.from({ length: 3 }, async () => endOf(await tcp(port, '')));
    client.write('LIST\r\n');
    await client.reply();
    const raw = await tcp(port, lineHeader(client1));
    const data = connectTls({ socket: raw, host: '127.0.0.1', rejectUnauthorized: false, ...identities.ada });
    await readAll(data);
    expect((await client.reply()).code).toBe(226);
    await Promise.all(silent);
  });

  it('of a client that comes by itself need none', async () => {
    const site = await behindBalancer();
    const client = await loggedIn(site, lineHeader('127.0.0.1'));
    const raw = await tcp(await client.passive(), '', '127.0.0.1');
    client.write('LIST\r\n');
    await client.reply();
    await readAll(connectTls({ socket: raw, host: '127.0.0.1', rejectUnauthorized: false, ...identities.ada }));
    expect((await client.reply()).code).toBe(226);
  });

  it('in the clear lose no octet that comes with the header', async () => {
    const site = await behindBalancer({ ssl: { dataChannelPolicy: 'SslAllow' } });
    const client = await loggedIn(site, lineHeader(client1));
    await client.command('PROT C');
    const port = await client.passive();
    client.write('STOR file\r\n');
    await client.reply();
    const content = Buffer.alloc(300_000, 'x');
    (await tcp(port, Buffer.concat([lineHeader(client1), content]))).end();
    expect((await client.reply()).code).toBe(226);
    expect((await client.command('SIZE file')).text).toBe('213 300000');
  });
});

describe('a connection of a trusted address', () => {
  it.each([
    ['that begins with a command', 'AUTH TLS\r\n', 'no PROXY header'],
    ['that begins with a ClientHello', '\x16\x03\x01\x00\x40', 'no PROXY header'],
    ['with a line that cannot be read', 'PROXY TCP4 1.2.3.4\r\n', 'a line that cannot be read'],
    ['with a wrong check sum', binaryHeader({ checksum: 'wrong' }), 'a wrong check sum'],
  ])('%s is refused without a word, and recorded', async (_kind, octets, reason) => {
    const site = await behindBalancer();
    expect(await endOf(await tcp(site.port, octets))).toBe('');
    expect(await refusal(site)).toMatchObject({
      remoteAddress: balancer,
      binding: `127.0.0.1:${site.port} explicit`,
      denial: { code: 'proxy-header-refused', facts: { proxyAddress: balancer, reason } },
    });
    expect(site.server.connectionCount).toBe(0);
  });

  it('that stays silent is refused in the time of a handshake', async () => {
    const site = await behindBalancer({ connections: { handshakeTimeout: 200 } });
    expect(await endOf(await tcp(site.port, ''))).toBe('');
    expect((await refusal(site)).denial.facts).toMatchObject({ reason: 'none within 200 ms' });
  });

  it('that ends within the header is refused; one that sends nothing leaves no record', async () => {
    const site = await behindBalancer();
    (await tcp(site.port, '')).end();
    const half = await tcp(site.port, 'PROXY TCP4');
    half.end();
    await endOf(half);
    expect((await refusal(site)).denial.facts).toMatchObject({ reason: 'a part of one' });
    expect(site.audit).toHaveLength(1);
  });

  it('is counted before its header is there', async () => {
    const site = await behindBalancer({ connections: { maxConnections: 1 } });
    await tcp(site.port, '');
    await expect
      .poll(async () => await endOf(await tcp(site.port, lineHeader(client1))))
      .toBe('421 Too many connections.\r\n');
  });

  it('that was reset before it was accepted leaves no record', async () => {
    const site = await behindBalancer();
    resetBeforeAccept(site.port, balancer);
    const client = await control(site, lineHeader(client1));
    await client.command('QUIT');
    await site.record(({ event }) => event === 'session-end');
    expect(site.audit).toHaveLength(1);
  });

  it('does not outlive the server', async () => {
    const site = await behindBalancer();
    const silent = endOf(await tcp(site.port, ''));
    await control(site, lineHeader(client1));
    await site.server.close(milliseconds(0));
    expect(await silent).toBe('');
    expect(site.audit.filter(({ event }) => event === 'refusal')).toEqual([]);
  });

  it.each([
    ['LOCAL', binaryHeader({ command: 0x20, family: 0, block: Buffer.alloc(0) })],
    ['its own address', lineHeader(balancer)],
  ])(
    'that asks for itself by %s is greeted, does not count for its address and leaves no record',
    async (_kind, header) => {
      const site = await behindBalancer({ connections: { maxConnectionsPerAddress: 1 } });
      for (let count = 0; count < 3; count += 1) {
        const check = await control(site, header);
        await check.command('QUIT');
        await check.gone();
      }
      const [one, two] = [await control(site, header), await control(site, header)];
      expect([one.closed, two.closed]).toEqual([false, false]);
      const client = await control(site, lineHeader(client1));
      await client.command('QUIT');
      await site.record(({ event }) => event === 'session-end');
      expect(site.audit).toHaveLength(1);
    },
  );

  it.each([
    ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n')],
    ['an unspecified family', binaryHeader({ family: 0, block: Buffer.alloc(0) })],
    ['a socket of UNIX', binaryHeader({ family: 0x31, block: Buffer.alloc(216) })],
  ])('that announces %s is a client at the address of the proxy', async (_kind, header) => {
    const site = await behindBalancer();
    const client = await loggedIn(site, header);
    expect(site.requests).toMatchObject([{ remoteAddress: balancer, proxyAddress: balancer }]);
    expect((await client.command('PASV')).text).toMatch(/\(127,0,0,1,/u);
  });

  it('that announces a client of IPv6 has it served as one', async () => {
    const site = await behindBalancer();
    const client = await loggedIn(site, binaryHeader({ source: '2001:db8::1', destination: '2001:db8::2' }));
    expect((await client.command('PASV')).code).toBe(425);
    expect((await client.command('EPSV 1')).text).toMatch(/^522 .*\(2\)/u);
    const raw = await tcp(await client.passive(), lineHeader('2001:DB8:0::1', '2001:db8::2'));
    client.write('LIST\r\n');
    await client.reply();
    await readAll(connectTls({ socket: raw, host: '127.0.0.1', rejectUnauthorized: false, ...identities.ada }));
    expect((await client.reply()).code).toBe(226);
  });
});

describe('a header from an address that is not trusted', () => {
  it.each(headers)('of %s is a fault of the command line', async (_version, header) => {
    const site = await behindBalancer();
    const client = new ControlClient(await tcp(site.port, Buffer.concat([header, Buffer.from('\r\n')]), '127.0.0.1'));
    expect((await client.reply()).code).toBe(220);
    expect((await client.reply()).code).toBeGreaterThanOrEqual(500);
    client.destroy();
    const end = await site.record(({ event }) => event === 'session-end');
    expect(end).toMatchObject({ remoteAddress: '127.0.0.1' });
    expect(end).not.toHaveProperty('proxyAddress', balancer);
  });

  it.each(headers)(
    'of %s is a fault of TLS on an implicit binding and on a data connection',
    async (_version, header) => {
      const site = await behindBalancer();
      await endOf(await tcp(site.implicitPort, header, '127.0.0.1'));
      await site.record((record) => record.event === 'refusal' && record.denial.code === 'tls-handshake-failed');
      const client = await site.loggedIn();
      client.write('EPSV\r\nLIST\r\n');
      const port = Number(/\|\|\|(\d+)\|/u.exec((await client.reply()).text)?.[1]);
      await client.reply();
      await tcp(port, header, '127.0.0.1');
      expect((await client.reply()).code).toBe(522);
    },
  );
});
