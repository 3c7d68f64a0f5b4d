/** The listener of one passive port: which port, whose connection it takes, and what becomes of all others. */
import { once } from 'node:events';
import { connect, createServer, Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  openPassiveListener,
  type PassiveListener,
  type PassiveListenerOptions,
} from '../../../src/ftp/data-ports/passive-listener.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { freePorts } from '../../support/free-ports.ts';
import { resetBeforeAccept } from '../../support/reset-before-accept.ts';

const listeners: PassiveListener[] = [];
const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const open of [...listeners.splice(0), ...servers.splice(0)]) open.close();
  for (const socket of sockets.splice(0)) socket.destroy();
});

const systemPorts = { lowDataChannelPort: 0, highDataChannelPort: 0 };

function events() {
  const connections: Socket[] = [];
  const foreign: string[] = [];
  const refused: string[] = [];
  let broken = 0;
  const options: PassiveListenerOptions = {
    address: '127.0.0.1',
    firewallSupport: systemPorts,
    proxyProtocol: { trustedAddresses: [] },
    headerTimeout: milliseconds(1000),
    peerAddress: '127.0.0.1',
    onHeaderRefused: (proxy, reason) => void refused.push(`${proxy}: ${reason}`),
    onConnection: (socket) => {
      sockets.push(socket);
      connections.push(socket);
    },
    onForeign: (address) => void foreign.push(address),
    onBroken: () => {
      broken += 1;
    },
  };
  return { options, connections, foreign, refused, broken: () => broken };
}

async function listening(changes: Partial<PassiveListenerOptions> = {}) {
  const told = events();
  const outcome = await openPassiveListener({ ...told.options, ...changes });
  if (outcome.outcome !== 'listening') throw new Error(JSON.stringify(outcome));
  listeners.push(outcome.listener);
  return { ...told, listener: outcome.listener, port: outcome.listener.port };
}

/** @returns how the connection was made and ended: `connected`, or the error */
async function tryTo(port: number, { from = '127.0.0.1', host = '127.0.0.1' } = {}) {
  const socket = connect({ port, host, localAddress: from });
  sockets.push(socket);
  const ended = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.once('end', () => resolve('end'));
  });
  const connected = once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.resume();
  await connected;
  return { socket, ended };
}

/** Ports in a row, held by a program that this listener knows nothing of. */
async function takePorts(count: number): Promise<number> {
  const low = await freePorts(count);
  const taken = Array.from({ length: count }, (_, index) => createServer().listen(low + index, '127.0.0.1'));
  servers.push(...taken);
  await Promise.all(taken.map((server) => once(server, 'listening')));
  return low;
}

const range = (low: number, count: number) => ({ lowDataChannelPort: low, highDataChannelPort: low + count - 1 });

describe('a passive port', () => {
  it('takes the connection from the address of the client, half open and unread', async () => {
    const { port, connections, foreign, broken } = await listening();
    const { socket } = await tryTo(port);
    await expect.poll(() => connections.length).toBe(1);
    const [taken] = connections;
    expect([taken!.isPaused(), taken!.allowHalfOpen]).toEqual([true, true]);
    taken!.end('still here');
    expect(await once(socket, 'end')).toEqual([]);
    expect([foreign, broken()]).toEqual([[], 0]);
  });

  it('takes one connection, and then listens no more', async () => {
    const { port, connections, foreign, broken } = await listening();
    await tryTo(port);
    await expect.poll(() => connections.length).toBe(1);
    const { ended } = await tryTo(port);
    expect(await ended).toMatch(/^ECONN(?:REFUSED|RESET)$/u);
    expect([connections.length, foreign, broken()]).toEqual([1, [], 0]);
  });

  it('knows an IPv4 address that is mapped into IPv6', async () => {
    const { port, connections } = await listening({ address: '::' });
    await tryTo(port);
    await expect.poll(() => connections.length).toBe(1);
  });

  it('resets connections from elsewhere, tells of the first four, and still serves the client', async () => {
    const { port, connections, foreign, broken } = await listening();
    for (let turn = 0; turn < 6; turn += 1) {
      const { ended } = await tryTo(port, { from: `127.0.0.${turn + 2}` });
      expect(await ended).toBe('ECONNRESET');
    }
    await tryTo(port);
    await expect.poll(() => connections.length).toBe(1);
    expect(foreign).toEqual(['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']);
    expect(broken()).toBe(0);
  });

  it('tells once that connections broke before they were accepted, and still serves the client', async () => {
    const { port, connections, foreign, broken } = await listening();
    resetBeforeAccept(port);
    await expect.poll(broken).toBe(1);
    resetBeforeAccept(port);
    await tryTo(port);
    await expect.poll(() => connections.length).toBe(1);
    expect([foreign, broken()]).toEqual([[], 1]);
  });

  it('takes no connection when it is closed, and keeps the one it took', async () => {
    const { port, connections, listener } = await listening();
    await tryTo(port);
    await expect.poll(() => connections.length).toBe(1);
    listener.close();
    expect(connections[0]!.destroyed).toBe(false);
    const other = await listening();
    other.listener.close();
    expect(await (await tryTo(other.port)).ended).toMatch(/^ECONN(?:REFUSED|RESET)$/u);
    expect(other.connections).toEqual([]);
  });
});

describe('a listener that meets an error later', () => {
  it('listens no more, and the server lives on', async () => {
    const listen = vi.spyOn(Server.prototype, 'listen');
    const { port } = await listening();
    const [server] = listen.mock.contexts as Server[];
    server!.emit('error', new Error('accept'));
    expect(server!.listening).toBe(false);
    expect(await (await tryTo(port)).ended).toBe('ECONNREFUSED');
  });
});

describe('the ports of a range', () => {
  it('that has no lowest are ports of the system', async () => {
    const { port } = await listening({ firewallSupport: { lowDataChannelPort: 0, highDataChannelPort: 1023 } });
    expect(port).toBeGreaterThan(1023);
  });

  it('are all found, the lowest and the highest too, and then they are exhausted without asking the kernel', async () => {
    const low = await freePorts(3);
    const firewallSupport = range(low, 3);
    const opened = [];
    for (let turn = 0; turn < 3; turn += 1) opened.push(await listening({ firewallSupport }));
    expect(opened.map(({ port }) => port).sort()).toEqual([low, low + 1, low + 2]);
    const listen = vi.spyOn(Server.prototype, 'listen');
    expect(await openPassiveListener({ ...events().options, firewallSupport })).toEqual({
      outcome: 'exhausted',
      tried: 0,
    });
    expect(listen).not.toHaveBeenCalled();
    const [first] = opened;
    first!.listener.close();
    await expect
      .poll(async () => (await openPassiveListener({ ...events().options, firewallSupport })).outcome)
      .toBe('listening');
  });

  it('are those of each address by itself', async () => {
    const firewallSupport = range(await freePorts(1), 1);
    const [first, second] = [
      await listening({ firewallSupport }),
      await listening({ firewallSupport, address: '127.0.0.2' }),
    ];
    expect(second.port).toBe(first.port);
  });

  it('that other programs hold are passed over', async () => {
    const low = await takePorts(3);
    const firewallSupport = range(low, 3);
    const asked = openPassiveListener({ ...events().options, firewallSupport });
    expect(await asked).toEqual({ outcome: 'exhausted', tried: 3 });
    servers[1]!.close();
    await once(servers[1]!, 'close');
    expect((await listening({ firewallSupport })).port).toBe(low + 1);
  });

  it('are tried 64 times at most', async () => {
    const firewallSupport = range(await takePorts(70), 70);
    const asked = openPassiveListener({ ...events().options, firewallSupport });
    expect(await asked).toEqual({ outcome: 'exhausted', tried: 64 });
  });

  it('are drawn at random', async () => {
    const low = await freePorts(100);
    const ports = new Set<number>();
    for (let turn = 0; turn < 16; turn += 1) {
      const { listener, port } = await listening({ firewallSupport: range(low, 100) });
      listener.close();
      await expect.poll(async () => (await tryTo(port)).ended).toBe('ECONNREFUSED');
      ports.add(port);
    }
    // By chance fewer than 5 different ones: less than one in 10^12.
    expect(ports.size).toBeGreaterThan(4);
    for (const port of ports) expect(port >= low && port < low + 100, `${port}`).toBe(true);
  });
});

describe('a listener that the system refuses', () => {
  it('is told with its errno', async () => {
    const asked = openPassiveListener({ ...events().options, address: '192.0.2.1' });
    expect(await asked).toEqual({ outcome: 'refused', errno: 'EADDRNOTAVAIL' });
  });

  /** What a listener meets that only another system, or a process of its own, brings about. */
  function meeting(error: Error) {
    vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server) {
      process.nextTick(() => this.emit('error', error));
      return this;
    });
    return openPassiveListener({ ...events().options, firewallSupport: range(40_000, 10) });
  }

  it('for a port that needs a privilege is another port’s chance', async () => {
    const error = Object.assign(new Error('no'), { code: 'EACCES' });
    expect(await meeting(error)).toEqual({ outcome: 'exhausted', tried: 10 });
  });

  it('for another reason is asked for no more', async () => {
    const error = Object.assign(new Error('no'), { code: 'ENFILE' });
    expect(await meeting(error)).toEqual({ outcome: 'refused', errno: 'ENFILE' });
  });

  it('without an errno is told in its own words', async () => {
    expect(await meeting(new Error('odd'))).toEqual({ outcome: 'refused', errno: 'odd' });
  });

  it('is given back when it leaves no descriptor for its transfer', async () => {
    const { listen } = Server.prototype;
    const bound: Server[] = [];
    vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...values: unknown[]) {
      bound.push(this);
      (listen as (...values: unknown[]) => Server).apply(this, values);
      this.prependOnceListener('listening', () =>
        Object.defineProperty((this as unknown as { _handle: object })._handle, 'fd', { value: 10_000_000 }),
      );
      return this;
    });
    expect(await openPassiveListener(events().options)).toEqual({ outcome: 'refused', errno: 'EMFILE' });
    expect(bound.map((server) => server.listening)).toEqual([false]);
  });
});
