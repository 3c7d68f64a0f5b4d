/** Starts workers one after the other until every mutant is judged; ends one that hangs, and goes on at the next mutant. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Note, type Plan, planVariable, type Verdict } from './mutant.ts';
import { testData, workshop } from './workshop.ts';

/** A worker without a sign of life for so long is in an endless loop; tests without a mutant may compute for longer. */
const silenceMs = { judging: 15_000, measuring: 120_000 };
const planFile = join(workshop, 'plan.json');

export type Task = Omit<Plan, 'mutantIds' | 'notesFile' | 'pulseFile' | 'coverageFile'>;

interface WorkerRun {
  readonly notes: readonly Note[];
  /** The worker ended because it hung. */
  readonly hung: boolean;
  readonly output: string;
}

const coverageFile = join(workshop, 'coverage.json');
const notesFile = join(workshop, 'notes.jsonl');
const pulseFile = join(workshop, 'pulse');

async function runWorker(task: Task, mutantIds: readonly string[], deadline: number): Promise<WorkerRun> {
  const isMeasuring = !existsSync(coverageFile);
  const plan: Plan = { ...task, mutantIds, coverageFile, notesFile, pulseFile };
  writeFileSync(planFile, JSON.stringify(plan));
  writeFileSync(notesFile, '');
  writeFileSync(pulseFile, '');
  rmSync(join(workshop, 'tmp'), { recursive: true, force: true });
  const config = join(workshop, 'scripts/mutation/vitest.config.ts');
  const child = spawn('vitest', ['run', '--config', config, '--root', workshop], {
    cwd: workshop,
    stdio: ['ignore', 'pipe', 'pipe'],
    // With what it starts in a group of its own, which can be ended as a whole.
    detached: true,
    env: { ...process.env, [planVariable]: planFile, CARDGATE_TESTDATA: testData },
  });
  const end = () => {
    if (child.pid) process.kill(-child.pid, 'SIGKILL');
  };
  const interrupt = () => {
    end();
    process.exit(130);
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const output: Buffer[] = [];
  child.stdout.on('data', (data) => output.push(data));
  child.stderr.on('data', (data) => output.push(data));
  let hung = false;
  const watch = setInterval(() => {
    const silent = Date.now() - statSync(pulseFile).mtimeMs;
    if (silent <= (isMeasuring ? silenceMs.measuring : silenceMs.judging) && performance.now() < deadline) return;
    hung = performance.now() < deadline;
    end();
  }, 1000);
  await new Promise((resolve) => child.on('exit', resolve));
  clearInterval(watch);
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  const lines = readFileSync(notesFile, 'utf8').trim().split('\n');
  const notes = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Note);
  return { notes, hung, output: Buffer.concat(output).toString() };
}

/**
 * @param deadline in the time of `performance.now()`
 * @returns the verdicts up to the deadline, by mutant
 * @throws Error when the tests cannot be loaded
 */
export async function judgeMutants(
  task: Task,
  mutantIds: readonly string[],
  deadline: number,
): Promise<ReadonlyMap<string, Verdict>> {
  rmSync(coverageFile, { force: true });
  const measured = await runWorker(task, [], deadline);
  for (const entry of measured.notes) if ('unusable' in entry) report(`fails without a mutant: ${entry.unusable}`);
  if (!existsSync(coverageFile)) throw new Error(`The coverage could not be measured:\n${measured.output}`);
  const verdicts = new Map<string, Verdict>();
  while (performance.now() < deadline) {
    const left = mutantIds.filter((id) => !verdicts.has(id));
    if (left.length === 0) break;
    report(`${left.length} of ${mutantIds.length} mutants left`);
    const { notes, hung, output } = await runWorker(task, left, deadline);
    for (const entry of notes) if ('judged' in entry) verdicts.set(entry.judged, entry.verdict);
    const last = notes.at(-1);
    if (last && !('judged' in last)) report(`${hung ? 'hung' : 'ended'} after ${JSON.stringify(last)}`);
    // At the deadline it is ended wherever it is, and what was judged before counts.
    if (!last && performance.now() >= deadline) break;
    if (!last) throw new Error(`A worker ended without a verdict:\n${output}`);
    // It ended by its mutant. Only the first mutant of a worker is certain to be the cause; another is tried again.
    if ('begun' in last && last.begun === left[0] && performance.now() < deadline)
      verdicts.set(last.begun, hung ? 'late' : 'killed');
  }
  return verdicts;
}

/** Progress is for people who wait; what is found out goes to standard output. */
function report(text: string): void {
  process.stderr.write(`${text}\n`);
}
