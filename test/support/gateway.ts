/** A real `cardgate serve` as a child: started with a configuration, awaited until it listens, gone when the parent is gone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface GatewayOptions {
  /** How to run cardgate, such as `[node, 'dist/main.js']`. */
  readonly command: readonly string[];
  readonly configuration: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Gateway {
  readonly pid: number;
  /** Ports the sites listen on, in the order of the configuration. */
  readonly ports: readonly number[];
  /** What it wrote to standard error. */
  errors(): string;
  signal(name: NodeJS.Signals): void;
  /** @returns the exit code */
  stop(): Promise<number | null>;
}

const startTimeout = 60_000;

/** @throws Error with what the gateway printed, when it ends instead of listening */
export async function startGateway({ command, configuration, env = process.env }: GatewayOptions): Promise<Gateway> {
  const [program = '', ...args] = command;
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', program, ...args, 'serve', configuration], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env,
  });
  const lines: string[] = [];
  const ports: number[] = [];
  const exited = once(child, 'exit') as Promise<[number | null]>;
  await new Promise<void>((resolve, reject) => {
    const fail = () => reject(new Error(`the gateway did not start:\n${lines.join('\n')}`));
    const timer = setTimeout(fail, startTimeout);
    child.once('error', fail).once('exit', fail);
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      const port = /FTPS on .* port (\d+)$/.exec(line)?.[1];
      if (port !== undefined) ports.push(Number(port));
      if (line !== 'cardgate is ready') return;
      clearTimeout(timer);
      resolve();
    });
  });
  return {
    pid: child.pid ?? 0,
    ports,
    errors: () => lines.join('\n'),
    signal: (name) => void child.kill(name),
    stop: async () => {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
      const [code] = await exited;
      clearTimeout(force);
      return code;
    },
  };
}
