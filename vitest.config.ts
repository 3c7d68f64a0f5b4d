/**
 * The test projects. Four files run at a time, end-to-end ones too: each starts servers of its own, on ports and addresses of its own,
 * and waits for them half of its time. Files leave a process as they found it, so that the next one runs in it: half of what a file
 * costs is loading the modules.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** A run starts Node some hundred times, its own workers first: what is compiled for one start is kept for the next. */
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules', '.cache', 'compiled');

/** How long an awaited outcome may take on a busy machine; one that comes sooner costs no time. */
const expectation = { poll: { timeout: 15_000 } };

const project = (name: string, more: Readonly<Record<string, unknown>> = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    isolate: false,
    expect: expectation,
    ...more,
  },
});

/** A module that a file replaces would be replaced for the next file too. */
const replacing = globSync('test/unit/**/*.test.ts', { cwd: import.meta.dirname }).filter((file) =>
  /^vi\.mock\(/m.test(readFileSync(join(import.meta.dirname, file), 'utf8')),
);

/** For projects that start the program and real servers. */
const starting = {
  globalSetup: ['test/support/build-program.ts'],
  testTimeout: 60_000,
  hookTimeout: 180_000,
};

export default defineConfig({
  test: {
    maxWorkers: 4,
    projects: [
      project('unit', { exclude: replacing }),
      project('unit-replacing', { include: replacing, isolate: true }),
      project('protocol'),
      project('conformance'),
      project('repository', { include: ['test/*.test.ts'] }),
      project('commands', starting),
      project('e2e', starting),
    ],
  },
});
