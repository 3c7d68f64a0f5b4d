/** Which tests run which mutants, and how long they take: measured once, without a mutant. */
import { notedRuns } from './switchboard.ts';
import { nameOfLoad, nameOfSuite, nameOfTest, TestFile } from './test-file.ts';

/**
 * What can be run to try a mutant: a test; for what `beforeAll` runs, a suite; for what is run when a module is loaded, the
 * whole file, loaded anew.
 */
export interface Unit {
  readonly path: string;
  readonly kind: 'test' | 'suite' | 'load';
  /** Index of the test or suite in its file. */
  readonly index: number;
  /** Of the test or of those of the suite; of the loading alone. */
  readonly ms: number;
}

export interface Coverage {
  readonly units: readonly Unit[];
  /** By mutant: index of a unit, and how often that runs the mutant. */
  readonly runs: Readonly<Record<string, readonly (readonly [unit: number, times: number])[]>>;
  /** By file the milliseconds of each test; undefined for one that does not pass here without a mutant. */
  readonly times: Readonly<Record<string, readonly (number | null)[]>>;
}

const longestTestMs = 60_000;

/** @param onUnusable told of each test that does not pass without a mutant */
export async function measure(paths: readonly string[], onUnusable: (test: string) => void): Promise<Coverage> {
  const units: Unit[] = [];
  const runs: Record<string, [number, number][]> = {};
  const times: Record<string, (number | null)[]> = {};
  const noted = notedRuns;
  const add = (unit: Unit, name: string) => {
    units.push(unit);
    for (const [mutantId, count] of Object.entries(noted()[name] ?? {})) {
      runs[mutantId] ??= [];
      runs[mutantId].push([units.length - 1, count]);
    }
  };
  for (const path of paths) {
    const start = performance.now();
    const file = await TestFile.load(path);
    const loadMs = performance.now() - start;
    const ofFile: (number | null)[] = [];
    times[path] = ofFile;
    for (const [index, test] of file.tests.entries()) {
      const begin = performance.now();
      const outcome = await file.run(index, longestTestMs);
      const ms = performance.now() - begin;
      ofFile.push(outcome === 'passed' ? ms : null);
      if (outcome === 'passed') add({ path, kind: 'test', index, ms }, nameOfTest(path, index));
      else if (outcome !== 'skipped') onUnusable(`${path}: ${test.title}: ${outcome}`);
    }
    await file.close(longestTestMs);
    for (let index = 0; file.testsOf(index).length > 0; index += 1) {
      const ms = file.testsOf(index).reduce((sum, test) => sum + (ofFile[test] ?? 0), 0);
      add({ path, kind: 'suite', index, ms }, nameOfSuite(path, index));
    }
    add({ path, kind: 'load', index: 0, ms: loadMs }, nameOfLoad(path));
  }
  return { units, runs, times };
}
