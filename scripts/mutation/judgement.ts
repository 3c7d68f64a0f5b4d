/** Runs the tests that reach a mutant until one fails: first those that found the mutants before it, then the quickest. */
import type { Coverage, Unit } from './coverage.ts';
import type { Verdict } from './mutant.ts';
import { activate, deactivate } from './switchboard.ts';
import { type Outcome, TestFile } from './test-file.ts';

/** A test is late when it takes ten times as long as without a mutant, and this many milliseconds more. */
const graceMs = 2500;
const closingMs = 5000;
/** What takes longer is tried in the order of its time, whatever it found before. */
const slowMs = 300;
/** Neighbours are often found by the same test; of so many it is remembered. */
const rememberedFinders = 12;
/** A mutant that runs a hundred times as often as its place did, and this many times more, is in an endless loop. */
const graceRuns = 10_000;

/** `isSpoiled`: the test that failed fails without the mutant, too, so that the mutants before may be what broke it. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly isSpoiled: boolean;
}

export class Judge {
  readonly #coverage: Coverage;
  readonly #patienceMs: number;
  readonly #files = new Map<string, TestFile>();
  /** What killed the last mutants, the latest first. */
  #finders: readonly Unit[] = [];

  constructor(coverage: Coverage, patienceMs: number) {
    this.#coverage = coverage;
    this.#patienceMs = patienceMs;
  }

  async judge(mutantId: string): Promise<Judgement> {
    const units = this.#unitsOf(mutantId);
    if (units.length === 0) return { verdict: 'uncovered', isSpoiled: false };
    for (const [unit, times] of units) {
      const enable = () => activate(mutantId, 100 * times + graceRuns);
      const failure = unit.kind === 'load' ? await this.#runLoad(unit, enable) : await this.#runTests(unit, enable);
      if (!failure) continue;
      this.#finders = [unit, ...this.#finders.filter((finder) => finder !== unit)].slice(0, rememberedFinders);
      return failure;
    }
    return { verdict: 'survived', isSpoiled: false };
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close(closingMs);
  }

  #unitsOf(mutantId: string): readonly (readonly [Unit, number])[] {
    const covering = (this.#coverage.runs[mutantId] ?? []).flatMap(([index, times]) => {
      const unit = this.#coverage.units[index];
      return unit ? [[unit, times] as const] : [];
    });
    const rank = (unit: Unit) => {
      const at = unit.ms > slowMs ? -1 : this.#finders.indexOf(unit);
      return at === -1 ? rememberedFinders : at;
    };
    let spentMs = 0;
    return covering
      .sort(([a], [b]) => rank(a) - rank(b) || a.ms - b.ms)
      .filter(([unit], index) => {
        spentMs += unit.ms;
        return index === 0 || spentMs <= this.#patienceMs;
      });
  }

  /** A test, or the tests of a suite with `beforeAll` run under the mutant. */
  async #runTests(unit: Unit, enable: () => void): Promise<Judgement | undefined> {
    const file = this.#files.get(unit.path) ?? (await TestFile.load(unit.path));
    this.#files.set(unit.path, file);
    const isSuite = unit.kind === 'suite';
    if (isSuite) await file.close(closingMs);
    for (const index of isSuite ? file.testsOf(unit.index) : [unit.index]) {
      const outcome = await this.#run(file, unit.path, index, enable);
      if (outcome === 'passed') continue;
      const control = await this.#run(file, unit.path, index, deactivate);
      return { verdict: outcome === 'late' ? 'late' : 'killed', isSpoiled: control !== 'passed' };
    }
    if (isSuite) await file.close(closingMs);
    return undefined;
  }

  /** Loads the file and all it imports anew: what the mutant spoils is thrown away with it. */
  async #runLoad({ path }: Unit, enable: () => void): Promise<Judgement | undefined> {
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
      for (const index of file.tests.keys()) {
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
