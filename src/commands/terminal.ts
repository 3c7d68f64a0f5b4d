/** What a command reads and writes: standard output for what was asked, standard error for everything else; colour only for people. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';

export interface Terminal {
  write(text: string): void;
  writeError(text: string): void;
  /** Resolves when a slow reader of standard output has taken enough of what was written to be given more. */
  drained(): Promise<void>;
  /** Standard input. */
  readonly input: Readable;
  readonly colour: boolean;
}

export const processTerminal: Terminal = {
  write: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  drained: async () => {
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  },
  // Opened by the command that reads it: most do not, and while it is open the process does not end.
  get input() {
    return process.stdin;
  },
  colour: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
};
