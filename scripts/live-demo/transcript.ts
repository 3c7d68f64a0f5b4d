/** Shows commands and what they print, the way a person types them. */
import { spawn } from 'node:child_process';

const colour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

export function heading(number: number, text: string): void {
  process.stdout.write(`\n${paint(1, `${number}. ${text}`)}\n`);
}

export function say(text: string): void {
  process.stdout.write(`   ${text}\n`);
}

export interface CommandOutcome {
  readonly exitCode: number;
  readonly output: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What is shown for the command; the command itself when absent. */
  readonly shown?: string;
  /** The lines of the output to show; all when absent. */
  readonly keep?: (line: string) => boolean;
  readonly expect?: number;
}

/** Runs a command to its end, showing it and its output. @throws Error when it ends otherwise than expected */
export async function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  const { keep = () => true, expect = 0, shown = [command, ...args].map(quoted).join(' ') } = options;
  process.stdout.write(`   ${paint(36, `$ ${shown}`)}\n`);
  const outcome = await finished(command, args, options.env ?? {});
  for (const line of outcome.output.split('\n').filter((text) => text.trim() !== '' && keep(text))) {
    process.stdout.write(`     ${line}\n`);
  }
  if (outcome.exitCode !== expect) {
    throw new Error(`${command} ended with ${outcome.exitCode} instead of ${expect}:\n${outcome.output}`);
  }
  return outcome;
}

function finished(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode: exitCode ?? 1, output }));
  });
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
