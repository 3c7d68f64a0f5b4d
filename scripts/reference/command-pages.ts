/** Every command of `cardgate` with its arguments and options, and every FTP command, from the tables that run them. */
import type { Argument, Command, Option } from 'commander';
import { program } from '../../src/commands/program.ts';
import { commandTable } from '../../src/ftp/command-table.ts';
import { code, page, sentence, table } from './markdown.ts';

/** @returns the page of the commands of `cardgate` */
export function commandsPage(): string {
  const root = program(() => undefined);
  return page(
    '# Commands',
    'Exit codes: 0 done, 1 refused, 2 bad usage or configuration. Every command has `--help`; `cardgate --version` prints the version.',
    ...leaves(root).flatMap(section),
  );
}

/** Commands that do something: the ends of the tree. */
function leaves(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function section(command: Command): readonly string[] {
  const words = [...ancestors(command), command.name()].join(' ');
  const usage = [words, ...command.registeredArguments.map(argumentUsage)].join(' ');
  const rows = [...command.registeredArguments.map(argumentRow), ...command.options.map(optionRow)];
  const blocks = [`## ${words}`, sentence(command.description()), `\`\`\`text\n${usage}\n\`\`\``];
  return rows.length === 0 ? blocks : [...blocks, table(['argument or option', 'meaning', 'default'], rows)];
}

function ancestors({ parent }: Command): readonly string[] {
  return parent ? [...ancestors(parent), parent.name()] : [];
}

function argumentUsage(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function argumentRow(argument: Argument): string[] {
  return [code(argumentUsage(argument)), argument.description, argument.required ? '**required**' : ''];
}

function optionRow(option: Option): string[] {
  const choices = option.argChoices ? ` (${option.argChoices.map(code).join(', ')})` : '';
  return [code(option.flags), `${option.description}${choices}`, option.mandatory ? '**required**' : defaultOf(option)];
}

function defaultOf({ defaultValue, defaultValueDescription }: Option): string {
  if (defaultValueDescription !== undefined) return defaultValueDescription;
  if (defaultValue === undefined || typeof defaultValue === 'boolean' || typeof defaultValue === 'object') return '';
  return code(String(defaultValue));
}

/** @returns the page of the FTP commands */
export function ftpCommandsPage(): string {
  return page(
    '# FTP commands',
    'The commands that the server understands. `HELP` and `FEAT` come from the same table.',
    table(
      ['command', 'standard', 'what it does'],
      commandTable.flatMap(({ verb, syntax, rfc, help, subcommands = [] }) => [
        [code(`${verb} ${syntax}`.trim()), rfc, help],
        ...subcommands.map((one) => [code(`${verb} ${one.verb} ${one.syntax}`.trim()), rfc, one.help]),
      ]),
    ),
  );
}
