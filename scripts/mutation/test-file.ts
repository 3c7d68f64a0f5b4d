/** A test file that was loaded: runs its tests one by one, with the hooks of their suites. */
import { readFileSync } from 'node:fs';
import { vi } from 'vitest';
import { noteUnder } from './switchboard.ts';
import type { CollectedTest, Suite } from './test-collector.ts';

/** Tests may put false clocks in place. */
const { setTimeout, clearTimeout, setImmediate } = globalThis;

export type Outcome = 'passed' | 'failed' | 'late' | 'skipped';

/** Under these names runs are noted. */
export const nameOfLoad = (path: string) => `${path} load`;
export const nameOfSuite = (path: string, suite: number) => `${path} suite ${suite}`;
export const nameOfTest = (path: string, test: number) => `${path} test ${test}`;
const nowhere = 'nowhere';

class Late extends Error {}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Late()), ms);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function chainOf(suite: Suite): readonly Suite[] {
  return suite.parent ? [...chainOf(suite.parent), suite] : [suite];
}

export class TestFile {
  readonly #path: string;
  readonly #suites: readonly Suite[];
  readonly #isSkipped: (error: unknown) => boolean;
  readonly tests: readonly CollectedTest[];
  /** Suites whose `beforeAll` was run, outer ones first. */
  #opened: readonly Suite[] = [];

  private constructor(path: string, collector: typeof import('./test-collector.ts')) {
    this.#path = path;
    this.#suites = collector.suites;
    this.#isSkipped = (error) => error instanceof collector.Skipped;
    this.tests = collector.tests;
  }

  /** Loads the file with instances of their own of all modules. @throws what the file throws while it is loaded */
  static async load(path: string): Promise<TestFile> {
    vi.resetModules();
    noteUnder(nameOfLoad(path));
    try {
      const collector = await import('./test-collector.ts');
      await import(/* @vite-ignore */ path);
      return new TestFile(path, collector);
    } finally {
      noteUnder(nowhere);
      // What a file replaces is replaced for all files that are loaded later.
      for (const [, name] of readFileSync(path, 'utf8').matchAll(/\bvi\.mock\('(node:[^']+)'/g))
        vi.doUnmock(name ?? '');
    }
  }

  /** Indexes of the tests of a suite and of the suites in it. */
  testsOf(suite: number): readonly number[] {
    const wanted = this.#suites[suite];
    return [...this.tests.keys()].filter((index) => {
      const found = this.tests[index];
      return found && wanted && chainOf(found.suite).includes(wanted);
    });
  }

  async run(index: number, limitMs: number): Promise<Outcome> {
    const test = this.tests[index];
    if (!test) throw new Error(`${this.#path} has no test ${index}`);
    // Lets the events of the tests before come, and the pulse of the worker: many tests only wait for promises.
    await new Promise((resolve) => setImmediate(resolve));
    let outcome = await this.#try(limitMs, async () => {
      await this.#open(test.suite);
      noteUnder(nameOfTest(this.#path, index));
      for (const suite of chainOf(test.suite)) for (const hook of suite.beforeEach) await hook();
      await test.run();
    });
    const after = await this.#try(limitMs, async () => {
      for (const suite of chainOf(test.suite).toReversed()) for (const hook of suite.afterEach) await hook();
    });
    if (outcome === 'passed') outcome = after;
    noteUnder(nowhere);
    if (outcome === 'failed' || outcome === 'late') {
      // What failed may have left the clock false, and broken what the suite shares.
      vi.useRealTimers();
      vi.unstubAllEnvs();
      await this.close(limitMs);
    }
    return outcome;
  }

  /** Runs the `afterAll` of all suites; the next test begins with `beforeAll` again. */
  async close(limitMs: number): Promise<void> {
    for (const suite of this.#opened.toReversed())
      for (const hook of suite.afterAll) await this.#try(limitMs, async () => void (await hook()));
    this.#opened = [];
  }

  async #open(suite: Suite): Promise<void> {
    for (const each of chainOf(suite)) {
      if (this.#opened.includes(each)) continue;
      noteUnder(nameOfSuite(this.#path, this.#suites.indexOf(each)));
      // Noted first: `afterAll` clears up after a `beforeAll` that failed, too.
      this.#opened = [...this.#opened, each];
      for (const hook of each.beforeAll) {
        const clearUp = await hook();
        if (typeof clearUp === 'function') each.afterAll.unshift(clearUp as () => unknown);
      }
    }
  }

  async #try(limitMs: number, work: () => Promise<void>): Promise<Outcome> {
    try {
      await within(limitMs, work());
      return 'passed';
    } catch (error) {
      if (this.#isSkipped(error)) return 'skipped';
      return error instanceof Late ? 'late' : 'failed';
    }
  }
}
