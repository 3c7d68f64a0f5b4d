/**
 * The language of command scripts. After a sentence on what the script shows, and what it needs:
 *
 *     world NAME             the files and servers that its cases find (worlds.ts); without it there is an empty folder
 *     changes nothing        no run of cardgate may change a file, mode or time in the folder
 *
 *     ## rule that a case states
 *     $ cardgate …           a command line; ' and " quote, < and > redirect, ${NAME} is a value of the world, \ goes on
 *     > line                 what it prints, line by line; `...` stands for any number of lines, <any> for any text,
 *     ! line                 and other names of expected-lines.ts for what they say; `!` is standard error
 *     exit 1                 its exit code; 0 where nothing is said
 *
 *     -- name --             a file that every case finds, to the next such line
 *
 * `cardgate` runs in the process of the test. `set FILE SETTING VALUE` changes a setting of a YAML file (both in YAML; the setting is a
 * path such as sites.0.name). Every other word is a program of the machine. Lines that begin with # are for readers.
 */

export interface ScriptCommand {
  /** Its last, when it goes on over several. */
  readonly line: number;
  readonly words: readonly string[];
  readonly inputFile?: string;
  readonly outputFile?: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly exitCode: number;
}

export interface ScriptCase {
  readonly title: string;
  readonly commands: readonly ScriptCommand[];
}

export interface Script {
  readonly description: string;
  readonly world: string;
  readonly changesNothing: boolean;
  readonly cases: readonly ScriptCase[];
  readonly files: ReadonlyMap<string, string>;
}

type Draft<Type> = { -readonly [Key in keyof Type]: Type[Key] extends readonly (infer Item)[] ? Item[] : Type[Key] };

/** @throws SyntaxError with the number of the line */
export function parseScript(text: string): Script {
  const [body = '', ...sections] = text.split(/^-- (?=\S+ --$)/m);
  const script = { description: '', world: 'empty', changesNothing: false, cases: [] as Draft<ScriptCase>[] };
  const lines = body.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    let line = lines[index] ?? '';
    while (line.startsWith('$') && line.endsWith('\\')) {
      index += 1;
      line = `${line.slice(0, -1)}${lines[index]?.trim() ?? ''}`;
    }
    const number = index + 1;
    const problem =
      script.cases.length === 0 && !line.startsWith('## ') ? head(script, line) : step(script, line, number);
    if (problem !== undefined) throw new SyntaxError(`line ${number}: ${problem}`);
  }
  return { ...script, files: new Map(sections.map(fileOf)) };
}

type Head = Pick<Draft<Script>, 'description' | 'world' | 'changesNothing'>;

function head(script: Head, line: string): string | undefined {
  const world = /^world (\S+)$/.exec(line)?.[1];
  if (world !== undefined) script.world = world;
  else if (line === 'changes nothing') script.changesNothing = true;
  else if (!line.startsWith('#')) script.description = `${script.description} ${line}`.trim();
  return undefined;
}

/** @returns what is wrong with the line */
function step(script: { readonly cases: Draft<ScriptCase>[] }, line: string, number: number): string | undefined {
  const commands = script.cases.at(-1)?.commands as Draft<ScriptCommand>[] | undefined;
  const command = commands?.at(-1);
  if (line.startsWith('## ')) script.cases.push({ title: line.slice(3), commands: [] });
  else if (line.startsWith('$ ')) commands?.push({ ...commandOf(line.slice(2)), line: number });
  else if (/^[>!]( |$)/.test(line) && command) command[line.startsWith('>') ? 'stdout' : 'stderr'].push(line.slice(2));
  else if (/^exit \d+$/.test(line) && command) command.exitCode = Number(line.slice(5));
  else if (line !== '' && !line.startsWith('#')) return `neither a command nor what is expected of one: ${line}`;
  return undefined;
}

function commandOf(text: string): Draft<Omit<ScriptCommand, 'line'>> {
  const words: string[] = [];
  const redirected: { inputFile?: string; outputFile?: string } = {};
  let target: keyof typeof redirected | undefined;
  for (const [token, bare] of tokensOf(text)) {
    if (bare && (token === '<' || token === '>')) target = token === '<' ? 'inputFile' : 'outputFile';
    else if (target) {
      redirected[target] = token;
      target = undefined;
    } else words.push(token);
  }
  return { words, ...redirected, stdout: [], stderr: [], exitCode: 0 };
}

/** Words, and whether nothing of them is quoted. */
function tokensOf(text: string): readonly (readonly [string, boolean])[] {
  const matches = text.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g);
  return Array.from(
    matches,
    ([token]) => [token.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'), !/['"]/.test(token)] as const,
  );
}

function fileOf(section: string): readonly [string, string] {
  const [first = '', ...lines] = section.split('\n');
  return [first.replace(/ --$/, ''), lines.join('\n')];
}
