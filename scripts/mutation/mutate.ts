/** `scripts/mutate`: file after file until the time is over; prints what was killed and what survived. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type FileResult, readReport, type Survivor } from './mutation-report.ts';
import { checkoutFiles, copySources, installStryker, repository, workshop } from './workshop.ts';

/** Share of killed mutants that is aimed at. */
const target = 0.9;
const reportFile = join(workshop, 'reports', 'mutation.json');
const configurationFile = join(workshop, 'vitest.mutate.config.ts');
const say = (text: string) => process.stdout.write(`${text}\n`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '30' } },
});
const deadline = performance.now() + Number(values.minutes) * 60_000;
const files = checkoutFiles().filter(
  (file) => file.endsWith('.ts') && positionals.some((path) => file === path || file.startsWith(`${path}/`)),
);
if (files.length === 0 || Number.isNaN(deadline) || files.some((file) => !file.startsWith('src/'))) {
  process.stderr.write('usage: scripts/mutate [--minutes 30] FOLDER_OR_FILE_OF_SRC...\n');
  process.exit(2);
}

/** Folders whose rules are tested by what a client hears over sockets, too. */
const heardOverSockets: readonly string[] = ['ftp', 'storage'];

/** The tests that know a file: those of its folder, and for what a client meets those that speak over sockets. */
function testsOf(file: string): readonly string[] {
  const folder = file.split('/')[1] ?? '';
  return [
    `test/unit/${folder}/**/*.test.ts`,
    ...(heardOverSockets.includes(folder) ? ['test/protocol/**/*.test.ts'] : []),
  ];
}

/** @returns undefined when the time was over first */
async function mutate(file: string): Promise<FileResult | undefined> {
  copySources();
  rmSync(reportFile, { force: true });
  const include = JSON.stringify(testsOf(file));
  writeFileSync(
    configurationFile,
    `export default { test: { include: ${include}, testTimeout: 20_000, expect: { poll: { timeout: 15_000 } } } };\n`,
  );
  writeFileSync(
    join(workshop, 'stryker.config.json'),
    JSON.stringify({
      mutate: [file],
      testRunner: 'vitest',
      // Of the tests that are included, only those that import the file, directly or not.
      vitest: { configFile: configurationFile, related: true },
      coverageAnalysis: 'perTest',
      concurrency: 1,
      inPlace: true,
      timeoutMS: 5000,
      reporters: ['json', 'progress-append-only'],
      jsonReporter: { fileName: reportFile },
      warnings: false,
      allowEmpty: true,
    }),
  );
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'stryker', 'run', '--logLevel', 'error'], {
    cwd: workshop,
    // Its progress is for people who wait; what this script finds goes to standard output.
    stdio: ['ignore', process.stderr, process.stderr],
    env: {
      ...process.env,
      PATH: `${join(workshop, 'node_modules/.bin')}:${process.env['PATH']}`,
      CARDGATE_TESTDATA: process.env['CARDGATE_TESTDATA'] ?? join(repository, '..', 'shared', 'testdata'),
    },
  });
  const timer = setTimeout(() => child.kill('SIGTERM'), Math.max(0, deadline - performance.now()));
  const [code, signal] = await once(child, 'exit');
  clearTimeout(timer);
  if (performance.now() >= deadline) return undefined;
  if (code !== 0) throw new Error(`stryker ended with ${code ?? signal} for ${file}`);
  // A file of types alone has no mutants, and leaves no report.
  const results = existsSync(reportFile) ? readReport(readFileSync(reportFile, 'utf8')) : [];
  return results.find((result) => result.file === file) ?? { file, killed: 0, timedOut: 0, survivors: [] };
}

const share = (killed: number, survived: number) =>
  killed + survived === 0 ? 'nothing judged' : `${Math.round((100 * killed) / (killed + survived))} %`;

function describe({ line, kind, original, replacement, isCovered }: Survivor): string {
  const oneLine = (text: string) => text.replace(/\s+/g, ' ').slice(0, 100);
  return `  ${line}: ${kind}${isCovered ? '' : ' (no test runs it)'}: ${oneLine(original)} -> ${oneLine(replacement)}`;
}

installStryker();
const missed: string[] = [];
let killed = 0;
let survived = 0;
for (const file of files) {
  const result = performance.now() < deadline ? await mutate(file) : undefined;
  if (!result) {
    missed.push(file);
    continue;
  }
  const { survivors, timedOut } = result;
  killed += result.killed;
  survived += survivors.length;
  const part = share(result.killed, survivors.length);
  say(`${file}: ${result.killed} killed (${timedOut} by the time they took), ${survivors.length} survived (${part})`);
  for (const survivor of survivors) say(describe(survivor));
}
say(`${positionals.join(' ')}: ${killed} killed, ${survived} survived (${share(killed, survived)})`);
for (const file of missed) say(`not reached within ${values.minutes} minutes: ${file}`);
if (missed.length > 0 || killed < target * (killed + survived)) process.exitCode = 1;
