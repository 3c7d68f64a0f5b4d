/** What all `cardgate card …` commands share: where cards are, how results and mistakes are told, where a PIN comes from. */
import { Argument, type Command } from 'commander';
import { ConfigurationError, formatFault } from '../../config/yaml/fault.ts';
import type { CardCommandResult } from '../../smartcard/card/card-commands.ts';
import type { PinSource } from '../../smartcard/token/pin.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';

const defaultDirectory = './cards';

export interface CommonOptions {
  readonly directory: string;
  readonly json: boolean;
}

export const cardNameArgument = () =>
  new Argument('<name>', 'name of the card: letters, digits, dot, hyphen, underscore');

/** Adds a command that works on a card directory. */
export function addCardCommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option('-d, --directory <path>', 'directory that holds the cards and their authorities', defaultDirectory)
    .option('--json', 'print the result as JSON', false);
}

/** Runs one card command and prints what it says. */
export type RunCardCommand = (options: CommonOptions, work: () => Promise<CardCommandResult>) => Promise<void>;

export function cardCommandRunner(finish: (code: ExitCode) => void, terminal: Terminal): RunCardCommand {
  return async ({ json }, work) => finish(await report(work, json, terminal));
}

/** A mistake of the person at the keyboard is told with a remedy; a fault of ours goes on as an exception. */
async function report(work: () => Promise<CardCommandResult>, json: boolean, terminal: Terminal): Promise<ExitCode> {
  const { CardError } = await import('../../smartcard/card/card-error.ts');
  try {
    const result = await work();
    terminal.write(json ? `${JSON.stringify(result.json, null, 2)}\n` : result.text);
    return exitCode.done;
  } catch (error) {
    if (error instanceof ConfigurationError) {
      terminal.writeError(`${error.faults.map(formatFault).join('\n')}\n`);
      return exitCode.usage;
    }
    if (!(error instanceof CardError)) throw error;
    terminal.writeError(`${error.message}\n${error.remedy}\n`);
    return exitCode.refused;
  }
}

export interface PinOptions {
  readonly pinFile?: string;
  readonly pinStdin?: boolean;
}

/** Where a PIN is taken from; undefined when nothing was said. */
export function pinSource({ pinFile, pinStdin }: PinOptions, { input }: Terminal): PinSource | undefined {
  if (pinFile !== undefined) return { from: 'file', path: pinFile };
  return pinStdin ? { from: 'input', stream: input } : undefined;
}

export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
