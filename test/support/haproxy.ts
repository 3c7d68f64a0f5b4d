/** HAProxy before one site: a control port, a TLS port and the passive range, each with a PROXY header of the version that is asked for. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface HaproxyOptions {
  /** Of the site. */
  readonly node: { readonly address: string; readonly explicit: number; readonly implicit: number };
  /** `low-high`, at the balancer as at the node. */
  readonly passivePorts: string;
  /** Address that the balancer connects from. */
  readonly source: string;
  /** `send-proxy`, or `send-proxy-v2` with its options. */
  readonly header: string;
  readonly explicit: number;
  readonly implicit: number;
}

export interface Haproxy {
  stop(): Promise<void>;
}

const address = '127.0.0.1';

export async function startHaproxy(options: HaproxyOptions): Promise<Haproxy> {
  const { node, passivePorts, source, header, explicit, implicit } = options;
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  const section = (name: string, bind: string, port: string, check = '') => [
    `listen ${name}`,
    `  bind ${address}:${bind}`,
    `  server node ${node.address}${port} ${header} source ${source} ${check}`,
  ];
  const lines = [
    'defaults',
    '  mode tcp',
    '  timeout connect 5s',
    '  timeout client 60s',
    '  timeout server 60s',
    ...section('explicit', String(explicit), `:${node.explicit}`, 'check check-send-proxy inter 200ms'),
    ...section('implicit', String(implicit), `:${node.implicit}`),
    ...section('data', passivePorts, ''),
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '/usr/sbin/haproxy', '-db', '-f', file], { stdio: 'ignore' });
  await listening(explicit, child);
  return {
    stop: async () => {
      if (child.exitCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`haproxy ended with ${child.exitCode}`);
    const socket = connect(port, address);
    const isThere = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
