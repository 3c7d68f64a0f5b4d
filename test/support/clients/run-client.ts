/** Runs a client program to its end: bounded in time and output, killed with the test process, secrets on standard input only. */
import { spawn } from 'node:child_process';
import type { ClientResult } from './client-session.ts';

const defaultTimeoutMs = 30_000;
const outputKept = 1_048_576;

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

function runnable(command: string, args: readonly string[]): readonly [string, readonly string[]] {
  return process.platform === 'linux' ? ['setpriv', ['--pdeathsig', 'KILL', command, ...args]] : [command, args];
}

export function runClient(command: string, args: readonly string[], options: RunOptions = {}): Promise<ClientResult> {
  const [program, programArgs] = runnable(command, args);
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArgs, { env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env } });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] = (output[name] + text).slice(-outputKept);
      });
    }
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeoutMs ?? defaultTimeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, ...output, timedOut });
    });
    // A client that ends before it has read its input is judged by its exit code, not by our EPIPE.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}
