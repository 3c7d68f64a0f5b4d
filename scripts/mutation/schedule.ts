/**
 * In which order the tests meet a mutant: first those that found the mutants before it; then the quickest, in such a way that
 * every test file has the same share of the time. A suite of a thousand vectors leaves none to the test of the rule otherwise.
 */
import type { Coverage, Unit } from './coverage.ts';

export interface Trial {
  readonly unit: Unit;
  /** How often the unit runs the mutant. */
  readonly times: number;
  /** Those of the unit’s file to run; undefined: all of the unit. */
  readonly tests: readonly number[] | undefined;
  readonly ms: number;
}

/** Neighbours are often found by the same test; of so many it is remembered. */
const rememberedFinders = 12;
/** What takes longer is tried in the order of its time, whatever it found before. */
const slowMs = 300;
/** However long they take, so many are tried. */
const fewestTrials = 3;

export class Schedule {
  readonly #coverage: Coverage;
  readonly #files: Readonly<Record<string, string>>;
  readonly #patienceMs: number;
  /** By source file and test file: the tests that run something of the source. */
  readonly #testsOfSource = new Map<string, Map<string, Set<number>>>();
  /** What killed the last mutants, the latest first. */
  #finders: readonly Unit[] = [];

  /** @param files of the mutants, by their ids */
  constructor(coverage: Coverage, files: Readonly<Record<string, string>>, patienceMs: number) {
    this.#coverage = coverage;
    this.#files = files;
    this.#patienceMs = patienceMs;
    for (const [mutantId, runs] of Object.entries(coverage.runs)) {
      const source = files[mutantId] ?? '';
      const ofSource = this.#testsOfSource.get(source) ?? new Map<string, Set<number>>();
      this.#testsOfSource.set(source, ofSource);
      for (const [at] of runs) {
        const unit = coverage.units[at];
        if (unit?.kind !== 'test') continue;
        ofSource.set(unit.path, (ofSource.get(unit.path) ?? new Set()).add(unit.index));
      }
    }
  }

  /** What to run until a test fails. None: no test reaches the mutant. */
  trialsOf(mutantId: string): readonly Trial[] {
    const source = this.#files[mutantId] ?? '';
    const trials = (this.#coverage.runs[mutantId] ?? []).flatMap(([at, times]) => {
      const unit = this.#coverage.units[at];
      return unit ? [this.#trialOf(unit, times, source)] : [];
    });
    trials.sort((a, b) => a.ms - b.ms);
    const spentOfFile = new Map<string, number>();
    const turns = new Map<Trial, number>();
    for (const trial of trials) {
      const turn = (spentOfFile.get(trial.unit.path) ?? 0) + trial.ms;
      spentOfFile.set(trial.unit.path, turn);
      turns.set(trial, turn);
    }
    const turnOf = (trial: Trial) => turns.get(trial) ?? 0;
    let spentMs = 0;
    return trials
      .sort((a, b) => this.#rank(a) - this.#rank(b) || turnOf(a) - turnOf(b))
      .filter(({ ms }, index) => {
        spentMs += ms;
        return index < fewestTrials || spentMs <= this.#patienceMs;
      });
  }

  /** Remembers what killed a mutant. */
  found({ unit }: Trial): void {
    this.#finders = [unit, ...this.#finders.filter((finder) => finder !== unit)].slice(0, rememberedFinders);
  }

  /** Of a file that is loaded anew only the tests that run something of the mutant’s source, where there are such. */
  #trialOf(unit: Unit, times: number, source: string): Trial {
    if (unit.kind !== 'load')
      return { unit, times, tests: unit.kind === 'test' ? [unit.index] : undefined, ms: unit.ms };
    const ofFile = this.#coverage.times[unit.path] ?? [];
    const touching = this.#testsOfSource.get(source)?.get(unit.path);
    const tests = touching ? [...touching] : [...ofFile.keys()];
    const ms = tests.reduce((sum, test) => sum + (ofFile[test] ?? 0), unit.ms);
    return { unit, times, tests: touching && tests, ms };
  }

  #rank({ unit, tests, ms }: Trial): number {
    const at = ms > slowMs ? -1 : this.#finders.indexOf(unit);
    if (at !== -1) return at;
    // Loading alone seldom shows anything.
    return unit.kind === 'load' && !tests ? rememberedFinders + 1 : rememberedFinders;
  }
}
