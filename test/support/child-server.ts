/** Real servers as children of the test process: started on loopback, awaited until they accept, gone when the test process is gone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface ChildServer {
  readonly pid: number;
  /** The last 64 KiB of what the server printed. */
  log(): string;
  /** Stops every thread of the server where it stands, until SIGCONT. Resolves when none runs any more. */
  freeze(): Promise<void>;
  /** For faults: SIGCONT thaws, SIGKILL kills. */
  signal(name: NodeJS.Signals): void;
  /** Ends the server, by force after 5 seconds. */
  stop(): Promise<void>;
}

export interface ChildServerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** `pipe`: the server watches its standard input and ends when it closes. Others are started through setpriv --pdeathsig. */
  readonly diesWithParentBy: 'pipe' | 'signal';
  /** The server is ready when this accepts TCP connections. */
  readonly ready: { readonly host: string; readonly port: number };
}

const printedBytesKept = 65_536;
const readyTimeout = 30_000;
const freezeTimeout = 10_000;

export async function startChildServer(options: ChildServerOptions): Promise<ChildServer> {
  const piped = options.diesWithParentBy === 'pipe';
  const command = piped ? options.command : 'setpriv';
  const args = piped ? options.args : ['--pdeathsig', 'TERM', options.command, ...options.args];
  const child = spawn(command, args, {
    stdio: [piped ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      printed = (printed + chunk.toString('latin1')).slice(-printedBytesKept);
    });
  }
  child.on('error', (error) => {
    printed += `\n${error.message}`;
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const server: ChildServer = {
    pid: child.pid ?? 0,
    log: () => printed,
    freeze: async () => {
      child.kill('SIGSTOP');
      const deadline = performance.now() + freezeTimeout;
      while (!isFrozen(child.pid ?? 0)) {
        if (performance.now() > deadline) throw new Error(`${options.command} did not stop`);
        await delay(1);
      }
    },
    signal: (name) => void child.kill(name),
    stop: async () => {
      child.kill('SIGCONT');
      child.stdin?.end();
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 5000);
      await exited;
      clearTimeout(force);
    },
  };
  await untilReady(child, server, options);
  return server;
}

async function untilReady(child: ChildProcess, server: ChildServer, options: ChildServerOptions): Promise<void> {
  const deadline = performance.now() + readyTimeout;
  while (!(await accepts(options.ready.host, options.ready.port))) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${options.command} ended at once:\n${server.log()}`);
    }
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${options.command} did not listen within ${readyTimeout} ms:\n${server.log()}`);
    }
    await delay(10);
  }
}

/** proc(5): the state of each thread follows its name in brackets; a signal reaches a busy one only when it is scheduled. */
function isFrozen(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')')).startsWith(') T');
  });
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
