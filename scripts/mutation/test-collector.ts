/**
 * Stands in the place of `vitest` for the test files of a worker: `describe`, `it` and the hooks collect what they are given,
 * so that the worker can run any test as often as it needs. Each loading of a test file has an instance of its own.
 */
import * as vitest from 'vitest';

export const { expect, vi } = vitest;

type Body = (...values: readonly unknown[]) => unknown;
export type Hook = () => unknown;

export interface Suite {
  readonly parent: Suite | undefined;
  readonly beforeAll: Hook[];
  readonly afterAll: Hook[];
  readonly beforeEach: Hook[];
  readonly afterEach: Hook[];
}

export interface CollectedTest {
  readonly suite: Suite;
  readonly title: string;
  readonly run: Hook;
}

/** Thrown by a test that finds that it cannot run here. */
export class Skipped extends Error {}

const newSuite = (parent?: Suite): Suite => ({ parent, beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] });

export const suites: Suite[] = [newSuite()];
export const tests: CollectedTest[] = [];
let current = suites[0] as Suite;

const context = {
  skip: (condition: unknown = true) => {
    if (condition) throw new Skipped();
  },
};

/** A function like `it`: with `each`, `skipIf` and the rest. */
interface Registrar {
  (title: string, options: unknown, body?: unknown): void;
  each(rows: readonly unknown[]): (title: string, options: unknown, body?: unknown) => void;
  skipIf(condition: unknown): Registrar;
  runIf(condition: unknown): Registrar;
  readonly skip: Registrar;
}

function registrar(add: (title: string, body: Body, values: readonly unknown[]) => void): Registrar {
  const bodyOf = (options: unknown, body: unknown) => (typeof options === 'function' ? options : body) as Body;
  const register = (title: string, options: unknown, body?: unknown) => add(title, bodyOf(options, body), [context]);
  const skipping = (): Registrar => registrar(() => {});
  return Object.defineProperties(register, {
    each: {
      value: (rows: readonly unknown[]) => (title: string, options: unknown, body?: unknown) => {
        for (const row of rows) add(title, bodyOf(options, body), Array.isArray(row) ? row : [row, context]);
      },
    },
    skipIf: { value: (condition: unknown) => (condition ? skipping() : registrar(add)) },
    runIf: { value: (condition: unknown) => (condition ? registrar(add) : skipping()) },
    skip: { get: skipping },
  }) as Registrar;
}

export const describe = registrar((_title, body, values) => {
  const outer = current;
  current = newSuite(outer);
  suites.push(current);
  try {
    if (body(...values) instanceof Promise) throw new Error('this collector knows no asynchronous describe()');
  } finally {
    current = outer;
  }
});

export const it = registrar((title, body, values) => {
  tests.push({ suite: current, title, run: () => body(...values) });
});

export const beforeAll = (hook: Hook) => void current.beforeAll.push(hook);
export const afterAll = (hook: Hook) => void current.afterAll.unshift(hook);
export const beforeEach = (hook: Hook) => void current.beforeEach.push(hook);
export const afterEach = (hook: Hook) => void current.afterEach.unshift(hook);
