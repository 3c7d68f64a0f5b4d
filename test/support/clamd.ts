/** A real clamd with a signature of its own for the EICAR test file, on loopback and at a Unix socket. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildServer, startChildServer } from './child-server.ts';
import { freePort } from './free-ports.ts';

/** Put together here, so that no scanner finds it in this file. */
export const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-', 'ANTIVIRUS-TEST-FILE!$H+H*'].join('');

export interface Clamd extends Pick<ChildServer, 'freeze' | 'signal'> {
  readonly socket: string;
  stop(): Promise<void>;
}

export async function startClamd(): Promise<Clamd> {
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-clamd-'));
  const socket = join(folder, 'clamd.sock');
  const port = await freePort();
  await mkdir(join(folder, 'db'));
  // A body match: it is found in longer files, too.
  await writeFile(join(folder, 'db', 'trial.ndb'), `Trial.Eicar:0:*:${Buffer.from(eicar).toString('hex')}\n`);
  const lines = [
    'Foreground yes',
    `LocalSocket ${socket}`,
    `TCPSocket ${port}`,
    'TCPAddr 127.0.0.1',
    `DatabaseDirectory ${join(folder, 'db')}`,
    'StreamMaxLength 1M',
    'MaxThreads 2',
  ];
  await writeFile(join(folder, 'clamd.conf'), lines.map((line) => `${line}\n`).join(''));
  const server = await startChildServer({
    command: '/usr/sbin/clamd',
    args: [`--config-file=${join(folder, 'clamd.conf')}`],
    diesWithParentBy: 'signal',
    ready: { host: '127.0.0.1', port },
  });
  return {
    socket,
    freeze: () => server.freeze(),
    signal: (name) => server.signal(name),
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
