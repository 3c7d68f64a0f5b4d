/** Puts a scripted TLS server behind a port of this machine, for one client. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { ClientGone, ScriptedTlsServer, type ServerIdentity } from './scripted-tls-server.ts';

export interface ScriptedRun {
  readonly port: number;
  /** Alerts the client sent, when the connection is over. */
  alerts(): Promise<readonly string[]>;
  close(): void;
}

/** Plays `script` to the first client that comes, then listens until it goes. */
export async function playScript(
  identity: ServerIdentity,
  script: (server: ScriptedTlsServer) => Promise<void>,
): Promise<ScriptedRun> {
  const done = Promise.withResolvers<readonly string[]>();
  // Not every test asks for the alerts.
  done.promise.catch(() => undefined);
  const listener = createServer((socket) => {
    socket.on('error', () => undefined).on('end', () => socket.end());
    const server = new ScriptedTlsServer(socket, identity);
    script(server)
      .then(() => server.drain())
      .catch((error) => (error instanceof ClientGone ? undefined : Promise.reject(error)))
      .then(() => done.resolve(server.alerts), done.reject)
      .finally(() => socket.destroy());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    alerts: () => done.promise,
    close: () => listener.close(),
  };
}
