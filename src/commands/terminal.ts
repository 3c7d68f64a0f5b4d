/** Where a command writes: standard output for what was asked, standard error for everything else; colour only for people. */

export interface Terminal {
  write(text: string): void;
  writeError(text: string): void;
  readonly colour: boolean;
}

export const processTerminal: Terminal = {
  write: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  colour: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
};
