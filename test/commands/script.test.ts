/** The language of command scripts: a script that says something else than what is so fails, and a line it cannot mean is refused. */
import { describe, expect, it } from 'vitest';
import { inWordsOf } from './expected-lines.ts';
import { type CommandOutcome, runCase } from './run-script.ts';
import { parseScript } from './script.ts';
import { withOutcomes } from './update-script.ts';

const emptyWorld = { values: { PORT: '990' }, stop: () => Promise.resolve() };

/** How a script names a value of its world. */
const value = (name: string) => ['$', `{${name}}`].join('');

async function outcomesOf(text: string) {
  const script = parseScript(text);
  const outcomes: CommandOutcome[] = [];
  for (const each of script.cases) outcomes.push(...(await runCase(script, each, emptyWorld, { goOn: true })));
  return outcomes;
}

describe('a script', () => {
  it.each<[string, string]>([
    ['another line on standard output', "$ printf 'a\\nb'\n> a\n> c"],
    ['a line too few', "$ printf 'a\\nb'\n> a"],
    ['a line too many', "$ printf 'a\\nb'\n> a\n> b\n> c"],
    ['the same lines in another order', "$ printf 'a\\nb'\n> b\n> a"],
    ['nothing of what is on standard error', '$ sh -c "echo fault >&2"'],
    ['another exit code', '$ sh -c "exit 3"\nexit 1'],
    ['no exit code where there is one', '$ sh -c "exit 3"'],
    ['another value than that of the world', `$ echo 991\n> ${value('PORT')}`],
    ['a name for what it does not stand for', '$ echo abc\n> <number>'],
    ['a gap after which something else is due', "$ printf 'a\\nb\\nc'\n> a\n> ...\n> d"],
    ['a gap where the end is due', "$ printf 'a\\nb\\nc'\n> ...\n> b"],
  ])('that says %s fails', async (_what, text) => {
    const [outcome] = await outcomesOf(`A test.\n\n## a case\n${text}\n`);
    expect(outcome?.actual).not.toBe(outcome?.expected);
  });

  it('that allows no changes fails when the command makes one', async () => {
    const text = 'A test.\nchanges nothing\n\n## a case\n$ cardgate card ca create -d cards\n> ...\n! ...\n';
    const [outcome] = await outcomesOf(text);
    expect(outcome?.actual).toContain('# it changed cards ');
  });

  it.each<[string, string]>([
    ['lines', "$ printf 'a\\nb'\n> a\n> b"],
    ['quotes, values and a line that goes on', `$ printf '%s|%s' 'a b' \\\n  "${value('PORT')}"\n> a b|990`],
    ['files and redirections', '$ tr a-z A-Z < file > other\n$ cat other\n> TEXT'],
    ['a setting', '$ set settings a.1.b "[c]"\n$ cat settings\n> a:\n>   - {}\n>   - { b: [ c ] }'],
    ['gaps', "$ printf 'a\\nb\\nc\\nd'\n> ...\n> b\n> ...\n> d\n> ..."],
    ['names', '$ echo 2026-06-01T12:00:00Z 12 1.5 ms\n> <time> <number> <milliseconds>'],
    ['both streams and the exit code', '$ sh -c "echo out; echo err >&2; exit 2"\n> out\n! err\nexit 2'],
  ])('passes that says what is so: %s', async (_what, text) => {
    const files = '-- file --\ntext\n-- settings --\na:\n  - {}\n  - {}\n';
    for (const { actual, expected } of await outcomesOf(`A test.\n\n## a case\n${text}\n${files}`)) {
      expect(actual).toBe(expected);
    }
  });

  it.each<[string, string]>([
    ['a line of no kind', 'cardgate verify'],
    ['an expectation before any command', '> line'],
    ['an exit code that is no number', '$ true\nexit one'],
  ])('is refused with %s', (_what, text) => {
    expect(() => parseScript(`A test.\n\n## a case\n${text}\n`)).toThrow(/^line \d+: /);
  });

  it('is refused with a value that its world does not give', async () => {
    await expect(outcomesOf(`A test.\n\n## a case\n$ echo ${value('FOO')}\n`)).rejects.toThrow('no value FOO');
  });
});

it('an updated script says what was printed, with names for what differs from run to run', async () => {
  const text = 'A test.\n\n## a case\n$ echo 990 2026-06-01T12:00:00Z\n> old\nexit 1\n\n## another\n$ true\nexit 1\n';
  expect(withOutcomes(text, await outcomesOf(text))).toBe(
    `A test.\n\n## a case\n$ echo 990 2026-06-01T12:00:00Z\n> ${value('PORT')} <time>\n\n## another\n$ true\n`,
  );
});

it('what fits is told in the words of the script, so that a difference shows what does not', () => {
  expect(inWordsOf(['<number>', 'b', '<number>'], '1\nx\n2\n')).toEqual(['<number>', 'x', '<number>']);
});
