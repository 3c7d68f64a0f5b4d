/** Runs the tests that reach a mutant until one fails. */
import type { Coverage } from './coverage.ts';
import type { Verdict } from './mutant.ts';
import type { Schedule, Trial } from './schedule.ts';
import { activate, deactivate } from './switchboard.ts';
import { type Outcome, TestFile } from './test-file.ts';

/** A test is late when it takes ten times as long as without a mutant, and this many milliseconds more. */
const graceMs = 2500;
const closingMs = 5000;
/** A mutant that runs a hundred times as often as its place did, and this many times more, is in an endless loop. */
const graceRuns = 10_000;

/** `isSpoiled`: the test that failed fails without the mutant, too, so that the mutants before may be what broke it. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly isSpoiled: boolean;
}

export class Judge {
  readonly #coverage: Coverage;
  readonly #schedule: Schedule;
  readonly #files = new Map<string, TestFile>();

  constructor(coverage: Coverage, schedule: Schedule) {
    this.#coverage = coverage;
    this.#schedule = schedule;
  }

  async judge(mutantId: string): Promise<Judgement> {
    const trials = this.#schedule.trialsOf(mutantId);
    if (trials.length === 0) return { verdict: 'uncovered', isSpoiled: false };
    for (const trial of trials) {
      const enable = () => activate(mutantId, 100 * trial.times + graceRuns);
      const run = trial.unit.kind === 'load' ? this.#runLoad(trial, enable) : this.#runTests(trial, enable);
      const failure = await run;
      if (!failure) continue;
      this.#schedule.found(trial);
      return failure;
    }
    return { verdict: 'survived', isSpoiled: false };
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close(closingMs);
  }

  /** A test, or the tests of a suite with `beforeAll` run under the mutant. */
  async #runTests({ unit, tests }: Trial, enable: () => void): Promise<Judgement | undefined> {
    const file = this.#files.get(unit.path) ?? (await TestFile.load(unit.path));
    this.#files.set(unit.path, file);
    const isSuite = unit.kind === 'suite';
    if (isSuite) await file.close(closingMs);
    for (const index of tests ?? file.testsOf(unit.index)) {
      const outcome = await this.#run(file, unit.path, index, enable);
      if (outcome === 'passed') continue;
      const control = await this.#run(file, unit.path, index, deactivate);
      return { verdict: outcome === 'late' ? 'late' : 'killed', isSpoiled: control !== 'passed' };
    }
    if (isSuite) await file.close(closingMs);
    return undefined;
  }

  /** Loads the file and all it imports anew: what the mutant spoils is thrown away with it. */
  async #runLoad({ unit: { path }, tests }: Trial, enable: () => void): Promise<Judgement | undefined> {
    const killed: Judgement = { verdict: 'killed', isSpoiled: false };
    enable();
    let file: TestFile;
    try {
      file = await TestFile.load(path);
    } catch {
      return killed;
    } finally {
      deactivate();
    }
    if (file.tests.length !== this.#coverage.times[path]?.length) return killed;
    try {
      for (const index of tests ?? file.tests.keys()) {
        const outcome = await this.#run(file, path, index, enable);
        if (outcome !== 'passed') return outcome === 'late' ? { ...killed, verdict: 'late' } : killed;
      }
      return undefined;
    } finally {
      await file.close(closingMs);
    }
  }

  /** @param prepare makes the mutant active or not */
  async #run(file: TestFile, path: string, index: number, prepare: () => void): Promise<Outcome> {
    const ms = this.#coverage.times[path]?.[index] ?? null;
    if (ms === null) return 'passed';
    prepare();
    try {
      return await file.run(index, 10 * ms + graceMs);
    } finally {
      deactivate();
    }
  }
}
