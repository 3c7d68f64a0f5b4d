/** Runs the cases of a command script, each in a folder of its own, and puts what was printed beside what the script says. */
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseDocument } from 'yaml';
import { runClient } from '../support/clients/run-client.ts';
import { listing } from '../support/read-only-view.ts';
import { type CommandResult, runInProcess } from '../support/run-in-process.ts';
import { inWordsOf } from './expected-lines.ts';
import type { Script, ScriptCase, ScriptCommand } from './script.ts';
import type { World } from './worlds.ts';

/** A command with what the script says of it and what came of it, both in the language of scripts. */
export interface CommandOutcome {
  readonly line: number;
  readonly expected: string;
  readonly actual: string;
  /** What names of the script stood for. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Runs a case up to the first command that does not do what the script says.
 * @param goOn also after such a command
 */
export async function runCase(
  script: Script,
  { commands }: ScriptCase,
  world: World,
  { goOn }: { readonly goOn: boolean },
): Promise<readonly CommandOutcome[]> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'cardgate-script-')));
  const before = process.cwd();
  const values = { ...world.values, FOLDER: folder, LINE_BREAK: '\r\n' };
  const fill = (text: string) => filled(text, values);
  const outcomes: CommandOutcome[] = [];
  try {
    if (world.folder !== undefined) await cp(world.folder, folder, { recursive: true });
    for (const [name, content] of script.files) await writeFile(join(folder, name), fill(content));
    process.chdir(folder);
    for (const command of commands) {
      const changes = script.changesNothing && command.words[0] === 'cardgate' ? changesIn(folder) : () => [];
      const result = await run({ ...command, words: command.words.map(fill) });
      const outcome = { ...outcomeOf(command, result, fill, changes()), values };
      outcomes.push(outcome);
      if (!goOn && outcome.actual !== outcome.expected) break;
    }
  } finally {
    process.chdir(before);
    await rm(folder, { recursive: true, force: true });
  }
  return outcomes;
}

async function run({ words, inputFile, outputFile }: ScriptCommand): Promise<CommandResult> {
  const [program = '', ...rest] = words;
  const input = inputFile === undefined ? '' : await readFile(inputFile, 'utf8');
  const result = await start(program, rest, input);
  if (outputFile === undefined) return result;
  await writeFile(outputFile, result.stdout);
  return { ...result, stdout: '' };
}

async function start(program: string, words: readonly string[], input: string): Promise<CommandResult> {
  if (program === 'cardgate') return runInProcess(words, input);
  if (program === 'set') return set(words);
  const { exitCode, stdout, stderr } = await runClient(program, words, { input });
  return { exitCode: exitCode ?? -1, stdout, stderr };
}

async function set([file = '', setting = '', value = '']: readonly string[]): Promise<CommandResult> {
  const document = parseDocument(await readFile(file, 'utf8'));
  const path = setting.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  document.setIn(path, document.createNode(parse(value)));
  await writeFile(file, document.toString());
  return { exitCode: 0, stdout: '', stderr: '' };
}

/** @returns what has changed since, one line for each entry of the folder */
function changesIn(folder: string): () => readonly string[] {
  const before = new Set(listing(folder));
  return () =>
    listing(folder)
      .filter((line) => !before.delete(line))
      .concat([...before].map((line) => `gone: ${line}`));
}

function outcomeOf(
  command: ScriptCommand,
  result: CommandResult,
  fill: (text: string) => string,
  changes: readonly string[],
): Omit<CommandOutcome, 'values'> {
  const [stdout, stderr] = [command.stdout.map(fill), command.stderr.map(fill)];
  return {
    line: command.line,
    expected: transcript(stdout, stderr, command.exitCode, []),
    actual: transcript(inWordsOf(stdout, result.stdout), inWordsOf(stderr, result.stderr), result.exitCode, changes),
  };
}

function transcript(
  stdout: readonly string[],
  stderr: readonly string[],
  exitCode: number,
  changes: readonly string[],
): string {
  return [
    ...stdout.map((line) => `> ${line}`.trimEnd()),
    ...stderr.map((line) => `! ${line}`.trimEnd()),
    ...(exitCode === 0 ? [] : [`exit ${exitCode}`]),
    ...changes.map((line) => `# it changed ${line}`),
  ].join('\n');
}

/** @throws Error for a name that the world does not give */
function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{([A-Z0-9_]+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the world of this script has no value ${name}`);
    return value;
  });
}
