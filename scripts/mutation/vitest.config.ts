/** Of the workers: one process, whose test files get the collector in place of Vitest. */
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const here = import.meta.dirname;

export default defineConfig({
  plugins: [
    {
      name: 'collect-tests',
      enforce: 'pre',
      resolveId: (source, importer) =>
        source === 'vitest' && importer && !importer.startsWith(here) ? join(here, 'test-collector.ts') : undefined,
    },
  ],
  test: {
    root: join(here, '../..'),
    include: ['scripts/mutation/worker.ts'],
    // An awaited outcome that a mutant prevents is waited for so long.
    expect: { poll: { timeout: 2000 } },
    dangerouslyIgnoreUnhandledErrors: true,
    maxWorkers: 1,
  },
});
