/** One data channel: its passive ports, the connection that it takes, the proof of it, and what is recorded of all others. */
import { once } from 'node:events';
import { connect, createServer, Server, type Socket, Socket as TcpSocket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Denial } from '../../../src/denial.ts';
import { DataChannel } from '../../../src/ftp/data/data-channel.ts';
import { SessionSecurity } from '../../../src/ftp/tls/secure-context.ts';
import { SessionKin } from '../../../src/ftp/tls/session-tickets.ts';
import { openData, openTcp, readAll } from '../../support/control-client.ts';
import { type FtpSettingChanges, ftpSettings } from '../../support/ftp-settings.ts';
import { createIdentities, derOf, type TestIdentities } from '../../support/protocol-site.ts';
import { resetBeforeAccept } from '../../support/reset-before-accept.ts';

let identities: TestIdentities;
const channels: DataChannel[] = [];
const sockets: (Socket | TLSSocket)[] = [];

beforeAll(async () => {
  identities = await createIdentities();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const channel of channels.splice(0)) channel.reset('the test is over');
  for (const socket of sockets.splice(0)) socket.destroy();
});

const neverAborted = new AbortController().signal;

function channelWith(changes: FtpSettingChanges = {}, localAddress = '127.0.0.1') {
  const refusals: Denial[] = [];
  const site = ftpSettings(changes);
  const channel = new DataChannel({
    site,
    localAddress,
    peerAddress: '127.0.0.1',
    onConnected: () => undefined,
    onRefusal: (refusal) => `ref-${refusals.push(refusal)}`,
  });
  channels.push(channel);
  return { channel, refusals, site };
}

/** PROT P on a control connection that Ada’s certificate was shown on, or none. */
function protectedChannel(changes: FtpSettingChanges = {}, hasCertificate = true) {
  const made = channelWith(changes);
  const security = new SessionSecurity(
    { identity: { ...identities.server, caNames: [] }, site: made.site },
    new SessionKin(),
  );
  const endEntity = hasCertificate ? derOf(identities.ada.cert) : undefined;
  made.channel.protection = 'P';
  made.channel.proof = { security, endEntity };
  return { ...made, security };
}

async function portOf(channel: DataChannel): Promise<number> {
  const listened = await channel.listen();
  if (listened.outcome !== 'listening') throw new Error(listened.outcome);
  return listened.port;
}

async function tcp(port: number, from?: string): Promise<Socket> {
  const socket = await openTcp(port, from);
  sockets.push(socket);
  return socket;
}

async function tls(port: number, identity: Parameters<typeof openData>[1]): Promise<TLSSocket> {
  const socket = await openData(port, identity);
  sockets.push(socket);
  return socket;
}

/** How the server ended a connection. */
function endOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('end', () => resolve('end'));
    socket.resume();
  });
}

async function arrival(channel: DataChannel): Promise<void> {
  await expect.poll(() => channel.hasArrived, { interval: 5 }).toBe(true);
}

const refused = (port: number) =>
  once(connect(port, '127.0.0.1'), 'connect').then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
  );

describe('a passive port', () => {
  it('is prepared until it is closed', async () => {
    const { channel } = channelWith();
    expect([channel.isPrepared, channel.hasArrived, channel.hasExpired]).toEqual([false, false, false]);
    expect(channel.protection).toBe('C');
    const port = await portOf(channel);
    expect([channel.isPrepared, channel.hasArrived]).toEqual([true, false]);
    await tcp(port);
    await arrival(channel);
    channel.close('of a test');
    expect([channel.isPrepared, channel.hasArrived, channel.hasExpired]).toEqual([false, false, false]);
    expect(await refused(port)).toBe(true);
  });

  it('replaces the one before, with its connection', async () => {
    const { channel, refusals } = channelWith();
    const first = await portOf(channel);
    const unused = await tcp(first);
    await arrival(channel);
    await portOf(channel);
    expect(await endOf(unused)).toMatch(/^end$|ECONNRESET/u);
    expect([channel.hasArrived, await refused(first), refusals]).toEqual([false, true, []]);
  });

  it('that was closed, or replaced, before it listened does not listen', async () => {
    const { channel } = channelWith();
    const listen = vi.spyOn(Server.prototype, 'listen');
    const [first, second] = await Promise.all([channel.listen(), channel.listen()]);
    expect([first.outcome, second.outcome]).toEqual(['none', 'listening']);
    const third = channel.listen();
    channel.close('of a test');
    expect(await third).toEqual({ outcome: 'none' });
    const servers = listen.mock.contexts as Server[];
    expect(servers.map(({ listening }) => listening)).toEqual([false, false, false]);
  });

  it('that no transfer asks for expires, with its connection', async () => {
    const { channel, refusals } = channelWith({ connections: { dataChannelTimeout: 60_000 } });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const port = await portOf(channel);
    const unused = await tcp(port);
    while (!channel.hasArrived) await new Promise(setImmediate);
    vi.advanceTimersByTime(60_000);
    vi.useRealTimers();
    expect(await endOf(unused)).toMatch(/^end$|ECONNRESET/u);
    expect([channel.isPrepared, channel.hasExpired, refusals]).toEqual([false, true, []]);
    await portOf(channel);
    expect(channel.hasExpired).toBe(false);
  });

  it('serves one transfer', async () => {
    const { channel } = channelWith();
    const port = await portOf(channel);
    await tcp(port);
    expect((await channel.open('sending', neverAborted)).outcome).toBe('open');
    expect([channel.isPrepared, await refused(port)]).toEqual([false, true]);
    expect(await channel.open('sending', neverAborted)).toEqual({ outcome: 'none' });
  });

  it('does not expire under a transfer', async () => {
    const { channel } = channelWith({ connections: { dataChannelTimeout: 60_000 } });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const port = await portOf(channel);
    vi.advanceTimersByTime(50_000);
    const opened = channel.open('sending', neverAborted);
    vi.advanceTimersByTime(50_000);
    await tcp(port);
    expect((await opened).outcome).toBe('open');
    expect([channel.hasExpired, vi.getTimerCount()]).toEqual([false, 0]);
  });
});

describe('a transfer', () => {
  it('leaves the port alone that was asked for meanwhile', async () => {
    const { channel } = channelWith();
    await portOf(channel);
    const opened = channel.open('sending', neverAborted);
    await portOf(channel);
    expect([await opened, channel.isPrepared]).toEqual([{ outcome: 'none' }, true]);
  });

  it('has a connection that probes a quiet peer', async () => {
    const keepAlive = vi.spyOn(TcpSocket.prototype, 'setKeepAlive');
    const { channel } = channelWith();
    await tcp(await portOf(channel));
    await arrival(channel);
    expect(keepAlive).toHaveBeenCalledWith(true, 60_000);
  });

  it('has no connection when none comes in time', async () => {
    const { channel, refusals } = channelWith({ connections: { dataChannelTimeout: 40 } });
    const port = await portOf(channel);
    expect(await channel.open('sending', neverAborted)).toEqual({ outcome: 'none' });
    expect([channel.isPrepared, channel.hasExpired, await refused(port), refusals]).toEqual([false, false, true, []]);
  });

  it.each(['before', 'while it waits'])('that is given up %s has none', async (when) => {
    const { channel } = channelWith();
    const port = await portOf(channel);
    const abort = new AbortController();
    if (when === 'before') abort.abort();
    const opened = channel.open('sending', abort.signal);
    abort.abort();
    expect(await opened).toEqual({ outcome: 'none' });
    expect(await refused(port)).toBe(true);
  });

  it('in the clear has a connection without a proof, and its octets', async () => {
    const { channel } = channelWith();
    const client = await tcp(await portOf(channel));
    const abort = new AbortController();
    const opened = await channel.open('receiving', abort.signal);
    if (opened.outcome !== 'open') throw new Error(opened.outcome);
    expect(opened.connection.facts).toEqual({ protection: 'C' });
    // It belongs to the transfer now.
    abort.abort();
    channel.close('of a test');
    client.end('content');
    const chunks: string[] = [];
    expect(await opened.connection.receive(async (chunk) => void chunks.push(chunk.toString()))).toBe(
      'unprotected-fin',
    );
    expect(chunks.join('')).toBe('content');
  });

  it('has none where the protection was taken back behind the handshake', async () => {
    const { channel } = protectedChannel();
    const client = await tls(await portOf(channel), identities.ada);
    channel.protection = 'C';
    expect(await channel.open('sending', neverAborted)).toEqual({ outcome: 'none' });
    expect(await endOf(client)).toMatch(/^end$|ECONNRESET/u);
  });

  it('has none where there is nothing that a protected connection could be compared with', async () => {
    const { channel } = channelWith();
    channel.protection = 'P';
    const client = await tcp(await portOf(channel));
    expect(await channel.open('sending', neverAborted)).toEqual({ outcome: 'none' });
    expect(await endOf(client)).toMatch(/^end$|ECONNRESET/u);
  });
});

describe('a protected connection', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('that shows the same certificate is proven under %s', async (version) => {
    const { channel, refusals } = protectedChannel();
    const port = await portOf(channel);
    const connecting = tls(port, { ...identities.ada, minVersion: version, maxVersion: version });
    const opened = await channel.open('sending', neverAborted);
    if (opened.outcome !== 'open') throw new Error(JSON.stringify(opened));
    expect(opened.connection.facts).toEqual({
      protection: 'P',
      protocol: version,
      cipher: expect.stringMatching(/^TLS_/u) as string,
      binding: 'certificateOrSession',
      resumed: false,
      sameCertificate: true,
    });
    const content = readAll(await connecting);
    await opened.connection.sendFile({ readInto: async (buffer) => buffer.fill('x').length, start: 0, end: 5 });
    expect([(await content).toString(), refusals]).toEqual(['xxxxx', []]);
  });

  it('begins its handshake before the transfer command, and is proven then', async () => {
    const { channel } = protectedChannel();
    await tls(await portOf(channel), identities.ada);
    expect(await channel.open('sending', neverAborted)).toMatchObject({ outcome: 'open' });
  });

  it('begins it at the transfer command where PROT P came behind it', async () => {
    const { channel } = protectedChannel();
    channel.protection = 'C';
    const port = await portOf(channel);
    const connecting = tls(port, identities.ada);
    await arrival(channel);
    channel.protection = 'P';
    expect(await channel.open('sending', neverAborted)).toMatchObject({ outcome: 'open' });
    await connecting;
  });

  it('of another person is refused, reset and recorded before any transfer asks for it', async () => {
    const { channel, refusals } = protectedChannel();
    const client = await tls(await portOf(channel), { ...identities.bob, maxVersion: 'TLSv1.2' });
    expect(await endOf(client)).toBe('ECONNRESET');
    expect(refusals).toMatchObject([{ code: 'data-certificate-mismatch', facts: { sameCertificate: false } }]);
    expect(await channel.open('sending', neverAborted)).toMatchObject({
      outcome: 'denied',
      denial: { code: 'data-certificate-mismatch' },
      reference: 'ref-1',
    });
  });

  it('is not proven by a session that a refused stranger got, until that is forgotten', async () => {
    const { channel, refusals, security } = protectedChannel({}, false);
    const opening = async (session?: Buffer) => {
      const port = await portOf(channel);
      const opened = channel.open('sending', neverAborted);
      const client = await openData(port, { maxVersion: 'TLSv1.2', ...(session && { session }) });
      sockets.push(client);
      return { outcome: (await opened).outcome, session: client.getSession() };
    };
    const stranger = await opening();
    expect(stranger.outcome).toBe('denied');
    expect((await opening(stranger.session)).outcome).toBe('denied');
    expect(refusals[1]!.detail).toMatch(/^The data connection resumed a TLS session with no certificate;/u);
    channel.reset('the client began its session anew');
    channel.protection = 'P';
    channel.proof = { security, endEntity: undefined };
    expect((await opening(stranger.session)).outcome).toBe('open');
  });

  it('without a ClientHello in the time of a handshake is refused', async () => {
    const { channel, refusals } = protectedChannel({ connections: { handshakeTimeout: 40 } });
    const client = await tcp(await portOf(channel));
    expect(await endOf(client)).toMatch(/^end$|ECONNRESET/u);
    expect(refusals).toMatchObject([
      { code: 'data-tls-failed', detail: 'TLS on the data connection failed: no ClientHello came.' },
    ]);
  });

  it('has the time of one handshake for all of it', async () => {
    const { channel, refusals } = protectedChannel({ connections: { handshakeTimeout: 80 } });
    const client = await tcp(await portOf(channel));
    // A ClientHello of TLS 1.2 that offers one cipher suite, and no word behind it.
    const body = `0303${'07'.repeat(32)}00000cc02bc02fc02cc030009e009f0100`;
    const extensions = '000a00040002001700 0d000600040403 0804 000b00020100'.replaceAll(' ', '');
    const message = `${body}${(extensions.length / 2).toString(16).padStart(4, '0')}${extensions}`;
    const hello = `01${(message.length / 2).toString(16).padStart(6, '0')}${message}`;
    client.write(Buffer.from(`160301${(hello.length / 2).toString(16).padStart(4, '0')}${hello}`, 'hex'));
    await expect.poll(() => refusals.length, { interval: 5 }).toBe(1);
    const [, left] = /no handshake within (\d+(?:\.\d+)?) ms/u.exec(refusals[0]!.detail) ?? [];
    expect(Number(left)).toBeLessThan(80);
    expect(client.destroyed || (await endOf(client))).toBeTruthy();
  });

  it('of text is refused in the words of OpenSSL', async () => {
    const { channel, refusals } = protectedChannel();
    const client = await tcp(await portOf(channel));
    client.write('no ClientHello\r\n');
    await endOf(client);
    expect(refusals).toMatchObject([{ code: 'data-tls-failed' }]);
    expect(refusals[0]!.detail).toMatch(/^TLS on the data connection failed: .*\(ERR_SSL_[A-Z_0-9]+\)\.$/u);
  });
});

describe('a handshake that the server itself gives up', () => {
  const handshakes: readonly [string, (port: number) => Promise<Socket>][] = [
    ['before its ClientHello', (port) => tcp(port)],
    [
      'within it',
      async (port) => {
        const socket = await tcp(port);
        socket.write(Buffer.from('16030100c8010000c40303', 'hex'));
        return socket;
      },
    ],
  ];
  it.each(
    handshakes.flatMap(([where, begin]) =>
      (
        [
          [
            'the client began its session anew',
            (channel: DataChannel) => channel.reset('the client began its session anew'),
          ],
          ['the client sent ABOR', (channel: DataChannel) => channel.close('the client sent ABOR')],
          ['the client asked for another passive port', (channel: DataChannel) => channel.listen()],
          [
            'its transfer was given up',
            (channel: DataChannel) => {
              const abort = new AbortController();
              const opened = channel.open('sending', abort.signal);
              abort.abort();
              return opened;
            },
          ],
        ] as const
      ).map(([reason, giveUp]) => [where, reason, begin, giveUp] as const),
    ),
  )('%s is recorded with what happened: %s', async (_where, reason, begin, giveUp) => {
    const { channel, refusals } = protectedChannel();
    await begin(await portOf(channel));
    await arrival(channel);
    await giveUp(channel);
    await expect.poll(() => refusals.length, { interval: 5 }).toBe(1);
    const detail = `The data connection was given up before its TLS handshake was complete, because ${reason}.`;
    expect(refusals).toMatchObject([{ code: 'data-tls-failed', detail }]);
  });

  it('because no transfer command came is recorded so', async () => {
    const { channel, refusals } = protectedChannel({ connections: { dataChannelTimeout: 40 } });
    await tcp(await portOf(channel));
    await expect.poll(() => refusals.length, { interval: 5 }).toBe(1);
    expect(refusals[0]!.detail).toContain('because no transfer command came in time');
    expect(channel.hasExpired).toBe(true);
  });
});

describe('a connection to the passive port', () => {
  it('from elsewhere is recorded with both addresses', async () => {
    const { channel, refusals } = channelWith();
    const port = await portOf(channel);
    const stranger = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    sockets.push(stranger);
    expect(await endOf(stranger)).toBe('ECONNRESET');
    expect(refusals).toMatchObject([
      { code: 'data-address-mismatch', facts: { dataAddress: '127.0.0.2', controlAddress: '127.0.0.1' } },
    ]);
    await tcp(port);
    expect((await channel.open('sending', neverAborted)).outcome).toBe('open');
  });

  it('that broke before it was accepted is recorded, and the transfer waits a second longer', async () => {
    const { channel, refusals } = channelWith();
    const port = await portOf(channel);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    resetBeforeAccept(port);
    while (refusals.length === 0) await new Promise(setImmediate);
    expect(refusals).toMatchObject([{ code: 'data-connection-reset', facts: { controlAddress: '127.0.0.1' } }]);
    const opened = channel.open('sending', neverAborted);
    vi.advanceTimersByTime(1000);
    expect(await opened).toEqual({ outcome: 'none' });
  });

  it('that breaks without a transfer does not end the process', async () => {
    const { channel } = channelWith();
    const client = await tcp(await portOf(channel));
    await arrival(channel);
    client.resetAndDestroy();
    await new Promise(setImmediate);
    expect(channel.isPrepared).toBe(true);
  });
});

describe('a passive port that cannot be had', () => {
  it('because its range is taken is recorded with it', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    const { channel, refusals } = channelWith({
      firewallSupport: { lowDataChannelPort: port, highDataChannelPort: port },
    });
    const ports = `${port}-${port}`;
    const detail = `Every passive port ${ports} on 127.0.0.1 is taken.`;
    const facts = { address: '127.0.0.1', ports, tried: 1 };
    const denial = { code: 'passive-ports-exhausted', detail, facts };
    expect(await channel.listen()).toEqual({ outcome: 'denied', denial, reference: 'ref-1' });
    expect([refusals, channel.isPrepared]).toEqual([[denial], false]);
    holder.close();
  });

  it.each([
    ['EMFILE', 'descriptors-exhausted'],
    ['ENFILE', 'descriptors-exhausted'],
    ['EADDRNOTAVAIL', 'passive-listener-failed'],
  ])('because of %s is recorded as %s', async (errno, code) => {
    vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server) {
      process.nextTick(() => this.emit('error', Object.assign(new Error(errno), { code: errno })));
      return this;
    });
    const { channel, refusals } = channelWith();
    expect((await channel.listen()).outcome).toBe('denied');
    const detail = `The system gave no listener on 127.0.0.1, ports of the system: ${errno}.`;
    expect(refusals).toEqual([{ code, detail, facts: { address: '127.0.0.1', ports: 'of the system', errno } }]);
  });
});

describe('a login', () => {
  const login = { directory: 'corp', accountName: 'ada' };
  let made: ReturnType<typeof protectedChannel>;
  beforeEach(() => {
    made = protectedChannel();
  });

  it('ties the TLS sessions to person, certificate and address', () => {
    const { channel, security } = made;
    channel.logIn(login);
    const owner = security.tickets.owner;
    expect(JSON.parse(owner ?? '')).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/u), 'corp', 'ada', '127.0.0.1']);
    channel.logIn({ ...login, accountName: 'bob' });
    expect(security.tickets.owner).not.toBe(owner);
  });

  it('without a certificate, or in the clear, ties nothing', () => {
    const { channel, security } = protectedChannel({}, false);
    channel.logIn(login);
    expect(security.tickets.owner).toBeUndefined();
    channelWith().channel.logIn(login);
  });

  it('is forgotten with all that belongs to it', async () => {
    const { channel, security } = made;
    channel.logIn(login);
    const port = await portOf(channel);
    channel.reset('of a test');
    expect([security.tickets.owner, channel.proof, channel.protection]).toEqual([undefined, undefined, 'C']);
    expect([channel.isPrepared, await refused(port)]).toEqual([false, true]);
    channel.reset('of a test');
  });
});

describe('a port of the client', () => {
  it.each([
    ['ECONNREFUSED', 'active-connection-failed'],
    ['ETIMEDOUT', 'active-connection-failed'],
    ['EMFILE', 'descriptors-exhausted'],
    ['ENFILE', 'descriptors-exhausted'],
  ])('that cannot be connected to because of %s is refused as %s', async (errno, code) => {
    const { channel, refusals } = channelWith();
    vi.spyOn(TcpSocket.prototype, 'connect').mockImplementation(function (this: Socket) {
      return this.destroy(Object.assign(new Error(errno), { code: errno }));
    });
    channel.aim(50_000);
    expect([channel.isPrepared, channel.hasArrived]).toEqual([true, false]);
    const facts = { localAddress: '127.0.0.1', address: '127.0.0.1', port: 50_000, errno };
    expect(await channel.open('sending', neverAborted)).toMatchObject({ outcome: 'denied', reference: 'ref-1' });
    expect(refusals).toMatchObject([{ code, facts }]);
    expect(channel.isPrepared).toBe(false);
  });

  it('is not connected to where the transfer is given up already', async () => {
    const { channel, refusals } = channelWith();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const arrived = vi.fn();
    server.on('connection', arrived);
    channel.aim((server.address() as { port: number }).port);
    expect(await channel.open('sending', AbortSignal.abort())).toEqual({ outcome: 'none' });
    expect(refusals).toEqual([]);
    await new Promise((resolve) => server.close(resolve));
    expect(arrived).not.toHaveBeenCalled();
  });
});
