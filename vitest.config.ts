/** The test projects. Two files run at a time, end-to-end ones too: each starts servers of its own, on ports and addresses of its own. */
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Tests start the command some hundred times: a third of what a start costs is compiling, which is kept here from one to the next. */
const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled') };

/** How long an awaited outcome may take on a busy machine; one that comes sooner costs no time. */
const expectation = { poll: { timeout: 15_000 } };

const quick = ['unit', 'protocol', 'conformance', 'commands'].map((name) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 20_000, expect: expectation },
}));

export default defineConfig({
  test: {
    maxWorkers: 2,
    env,
    projects: [
      ...quick,
      { test: { name: 'repository', include: ['test/*.test.ts'], testTimeout: 20_000, expect: expectation } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          expect: expectation,
        },
      },
    ],
  },
});
