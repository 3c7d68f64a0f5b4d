/** A TCP proxy between a client under test and a real server: it records the wire and can cut, freeze, refuse or inject. */
import { connect, createServer, type Socket } from 'node:net';

interface ProxiedConnection {
  /** Everything the client sent on this connection. */
  sent(): Buffer;
  /** Everything the server sent on this connection. */
  received(): Buffer;
}

export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  readonly connections: readonly ProxiedConnection[];
  /** `forward` passes bytes on; `freeze` accepts and swallows; `refuse` closes new connections at once. */
  mode: 'forward' | 'freeze' | 'refuse';
  /** Where new connections lead. */
  target: { readonly host: string; readonly port: number };
  /** Milliseconds by which everything the server sends is late; default 0. */
  delay: number;
  /** Bytes appended in clear to the first chunk the server sends on each new connection. */
  injectAfterFirstAnswer?: Buffer;
  /** Called for each chunk from the client before it is passed on; true cuts the connection instead. */
  cutWhen?: (chunk: Buffer) => boolean;
  /** Closes all connections; `reset` sends RST. */
  cut(how?: 'close' | 'reset'): void;
  close(): Promise<void>;
}

export async function startFaultProxy(
  target: { readonly host: string; readonly port: number },
  host = '127.0.0.1',
): Promise<FaultProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const connections: ProxiedConnection[] = [];
  const server = createServer((client) => {
    if (proxy.mode === 'refuse') {
      client.destroy();
      return;
    }
    const upstream = connect(proxy.target.port, proxy.target.host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const sent: Buffer[] = [];
    const received: Buffer[] = [];
    connections.push({ sent: () => Buffer.concat(sent), received: () => Buffer.concat(received) });
    const end = () => {
      client.destroy();
      upstream.destroy();
      pairs.delete(pair);
    };
    client.on('data', (chunk: Buffer) => {
      sent.push(chunk);
      if (proxy.cutWhen?.(chunk)) end();
      else if (proxy.mode === 'forward') upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      const first = received.length === 0;
      received.push(chunk);
      if (proxy.mode !== 'forward') return;
      const extra = first ? proxy.injectAfterFirstAnswer : undefined;
      const late = extra ? Buffer.concat([chunk, extra]) : chunk;
      if (proxy.delay === 0) client.write(late);
      else setTimeout(() => client.write(late), proxy.delay).unref();
    });
    for (const socket of pair) {
      socket.on('error', end);
      socket.on('close', end);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  const proxy: FaultProxy = {
    host,
    port: typeof address === 'object' && address ? address.port : 0,
    connections,
    mode: 'forward',
    target,
    delay: 0,
    cut: (how = 'close') => {
      for (const [client, upstream] of pairs) {
        if (how === 'reset') client.resetAndDestroy();
        else client.destroy();
        upstream.destroy();
      }
    },
    close: () =>
      new Promise<void>((resolve) => {
        proxy.cut();
        server.close(() => resolve());
      }),
  };
  return proxy;
}
