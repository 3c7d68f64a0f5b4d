/** The benchmarks of transfers run, with cardgate alone and a small file. What they measure is judged by people, never by a test. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runClient } from '../../support/clients/run-client.ts';

const script = join(import.meta.dirname, '..', '..', '..', 'scripts', 'bench-transfer.ts');

it('measures a transfer of one MiB and prints a table', async () => {
  const args = ['big-file', '--servers', 'cardgate', '--mebibytes', '1', '--rounds', '1', '--tls', '1.3'];
  const { exitCode, stdout, stderr } = await runClient(process.execPath, [script, ...args], { timeoutMs: 50_000 });
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^cardgate \d+\.\d+\.\d+[ ,]/m);
  expect(stdout).toMatch(/^\| cardgate +(\| +\d+\.\d\d ){4}\|$/m);
});
