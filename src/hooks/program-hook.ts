/**
 * A hook that is a program: started for one event, without a shell and with an environment of its own. It reads the event as JSON from standard
 * input, and answers in JSON on standard output. It and what it started are killed when it has answered or its time is over.
 */
import { spawn } from 'node:child_process';
import { printable } from '../operations/printable.ts';

/** What a hook is asked through. */
export interface HookTransport {
  /** For messages. */
  readonly name: string;
  /** @param signal when it fires the answer is not awaited any longer @throws Error when there is no whole answer in JSON */
  ask(event: string, signal: AbortSignal): Promise<unknown>;
  close(): void;
}

const maximumOutput = 64 * 1024;
const maximumComplaint = 2 * 1024;

/** Nothing of the gateway’s own environment, which may hold secrets. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };

export class ProgramHook implements HookTransport {
  readonly name: string;
  readonly #program: string;
  readonly #arguments: readonly string[];

  /** @param program absolute path, then arguments */
  constructor([program = '', ...rest]: readonly string[]) {
    this.name = program;
    this.#program = program;
    this.#arguments = rest;
  }

  async ask(event: string, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    const output = await this.#run(event, signal);
    return JSON.parse(output);
  }

  close(): void {
    // Each question has its own process, which ends with it.
  }

  #run(event: string, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      // A group of its own, so that all it started can be killed.
      const child = spawn(this.#program, this.#arguments, { cwd: '/', env: environment, detached: true });
      const output: Buffer[] = [];
      let length = 0;
      let complaint = Buffer.alloc(0);
      const killGroup = () => {
        if (child.pid === undefined) return;
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // The group is gone.
        }
      };
      const settle = (settled: () => void) => {
        signal.removeEventListener('abort', giveUp);
        // Behind its exit the number may be that of another group.
        if (child.exitCode === null && child.signalCode === null) killGroup();
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
        settled();
      };
      const giveUp = () => settle(() => reject(signal.reason));
      signal.addEventListener('abort', giveUp, { once: true });
      child.once('error', (error) => settle(() => reject(error)));
      // What it started may hold its output open.
      child.once('exit', killGroup);
      // A program may answer without reading the event.
      child.stdin.on('error', () => undefined);
      child.stdin.end(event);
      child.stdout.on('error', () => undefined);
      child.stderr.on('error', () => undefined);
      child.stdout.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= maximumOutput) output.push(chunk);
        else settle(() => reject(new Error(`it wrote more than ${maximumOutput} octets`)));
      });
      child.stderr.on('data', (chunk: Buffer) => {
        if (complaint.length < maximumComplaint)
          complaint = Buffer.concat([complaint, chunk]).subarray(0, maximumComplaint);
      });
      child.once('close', (code, killedBy) => {
        settle(() => {
          if (code === 0) resolve(Buffer.concat(output).toString('utf8'));
          else reject(new Error(failure(code, killedBy, complaint)));
        });
      });
    });
  }
}

function failure(code: number | null, killedBy: NodeJS.Signals | null, complaint: Buffer): string {
  const end = killedBy ? `it was killed by ${killedBy}` : `it ended with code ${code}`;
  const words = printable(complaint.toString('utf8').trim());
  return words === '' ? end : `${end}: ${words}`;
}
