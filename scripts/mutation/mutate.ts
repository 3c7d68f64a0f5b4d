/** `scripts/mutate`: judges the mutants of files by the tests that know them; prints what was killed and what survived. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { instrument } from './instrument.ts';
import { describeResult, type FileResult, record, resultOf, share } from './mutation-report.ts';
import { judgeMutants } from './worker-process.ts';
import { checkoutFiles, prepareWorkshop, workshop } from './workshop.ts';

/** Share of killed mutants that is aimed at. */
const target = 0.9;
const say = (text: string) => process.stdout.write(`${text}\n`);

/** Beside the unit tests of a folder: suites of published vectors, and tests of what a client hears over sockets. */
const furtherTests: Readonly<Record<string, readonly string[]>> = {
  pki: ['test/conformance/'],
  ftp: ['test/protocol/'],
  storage: ['test/protocol/'],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '30' },
    patience: { type: 'string', default: '2' },
    test: { type: 'string', multiple: true, default: [] },
    record: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const patienceMs = Number(values.patience) * 1000;
const deadline = performance.now() + minutes * 60_000;
const inside = (file: string, paths: readonly string[]) =>
  paths.some((path) => file === path || file.startsWith(path.endsWith('/') ? path : `${path}/`));
const all = checkoutFiles();
const files = all.filter((file) => file.endsWith('.ts') && inside(file, positionals));
if (files.length === 0 || !(minutes > 0 && patienceMs > 0) || files.some((file) => !file.startsWith('src/'))) {
  process.stderr.write(
    'usage: scripts/mutate [--minutes 30] [--patience 2] [--test FOLDER_OR_FILE]... [--record] FOLDER_OR_FILE_OF_SRC...\n',
  );
  process.exit(2);
}

const folders = [...new Set(files.map((file) => file.split('/')[1] ?? ''))];
const known = folders.flatMap((folder) => [`test/unit/${folder}/`, ...(furtherTests[folder] ?? [])]);
const testPaths = values.test.length > 0 ? values.test : known;
const testFiles = all.filter((file) => file.endsWith('.test.ts') && inside(file, testPaths));

prepareWorkshop();
const mutants = await instrument(files);
const verdicts = await judgeMutants(
  {
    testFiles: testFiles.map((file) => join(workshop, file)),
    files: Object.fromEntries(mutants.map(({ id, file }) => [id, file])),
    patienceMs,
  },
  mutants.map(({ id }) => id),
  deadline,
);
const results: FileResult[] = [];
const missed: string[] = [];
for (const file of files) {
  const ofFile = mutants.filter((mutant) => mutant.file === file);
  if (!ofFile.every(({ id }) => verdicts.has(id))) missed.push(file);
  else results.push(resultOf(file, ofFile, verdicts));
}
for (const result of results) say(describeResult(result));
const killed = results.reduce((sum, result) => sum + result.killed, 0);
const survived = results.reduce((sum, { survivors }) => sum + survivors.length, 0);
say(`${positionals.join(' ')}: ${killed} killed, ${survived} survived (${share(killed, survived)})`);
for (const file of missed) say(`not reached within ${values.minutes} minutes: ${file}`);
if (values.record) record(results, new Set(all));
if (missed.length > 0 || killed < target * (killed + survived)) process.exitCode = 1;
