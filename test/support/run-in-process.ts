/** Runs a cardgate command in the process of the test, for all that is not about processes: starting one takes half a second of a core. */
import { Readable } from 'node:stream';
import { runCommand } from '../../src/commands/program.ts';
import type { Terminal } from '../../src/commands/terminal.ts';

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param input what the command finds on its standard input */
export async function runInProcess(words: readonly string[], input: string | Buffer = ''): Promise<CommandResult> {
  const { terminal, printed } = recordingTerminal(input);
  const exitCode = await runCommand(words, terminal);
  return { exitCode, ...printed };
}

/** A terminal that keeps what is printed. */
export function recordingTerminal(input: string | Buffer = '') {
  const printed = { stdout: '', stderr: '' };
  const terminal: Terminal = {
    write: (text) => {
      printed.stdout += text;
    },
    writeError: (text) => {
      printed.stderr += text;
    },
    drained: () => Promise.resolve(),
    input: Readable.from(chunksOf(Buffer.from(input))),
    colour: false,
  };
  return { terminal, printed };
}

/** As a pipe hands them on. */
function* chunksOf(input: Buffer): Generator<Buffer> {
  const length = 65_536;
  for (let at = 0; at < input.length; at += length) yield input.subarray(at, at + length);
}
