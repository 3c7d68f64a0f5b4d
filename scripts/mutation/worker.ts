/** Runs in Vitest, for the whole of its plan in one test: measures the coverage, or judges mutants and notes each verdict. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { it } from 'vitest';
import { type Coverage, measure } from './coverage.ts';
import { Judge } from './judgement.ts';
import { type Note, type Plan, planVariable } from './mutant.ts';
import { Schedule } from './schedule.ts';

const plan = JSON.parse(readFileSync(process.env[planVariable] ?? '', 'utf8')) as Plan;
const note = (entry: Note) => appendFileSync(plan.notesFile, `${JSON.stringify(entry)}\n`);
const beat = () => writeFileSync(plan.pulseFile, '');

beat();
setInterval(beat, 1000).unref();
// What a mutant leaves behind may fail at any time, and is the fault of no test.
for (const event of ['unhandledRejection', 'uncaughtException']) {
  process.removeAllListeners(event);
  process.on(event, () => {});
}

async function judgeAll(coverage: Coverage): Promise<void> {
  const judge = new Judge(coverage, new Schedule(coverage, plan.files, plan.patienceMs));
  for (const [index, mutantId] of plan.mutantIds.entries()) {
    note({ begun: mutantId });
    const { verdict, isSpoiled } = await judge.judge(mutantId);
    // Where no mutant was before, it is this one that spoils.
    if (isSpoiled && index > 0) note({ spoiled: mutantId });
    else note({ judged: mutantId, verdict });
    if (isSpoiled) break;
  }
  await judge.close();
}

it(
  'mutants',
  async () => {
    if (existsSync(plan.coverageFile)) return judgeAll(JSON.parse(readFileSync(plan.coverageFile, 'utf8')) as Coverage);
    const coverage = await measure(plan.testFiles, (test) => note({ unusable: test }));
    writeFileSync(plan.coverageFile, JSON.stringify(coverage));
  },
  24 * 3_600_000,
);
