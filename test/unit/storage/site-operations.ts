/** File operations of a site whose threads a test takes and gives back. */
import { milliseconds } from '../../../src/settings/units.ts';
import { type FileCaller, FileOperations } from '../../../src/storage/file-operations.ts';

export const unresponsive = { kind: 'unresponsive' };

export function siteOf(threads: number, deadline = 50) {
  const reports: string[] = [];
  const operations = new FileOperations(
    { threads, operationTimeout: milliseconds(deadline) },
    (home, state) => void reports.push(`${home} ${state}`),
  );
  return { operations, reports };
}

export const caller = (home = '/home'): FileCaller => ({ home, overdue: 0 });

/** Operations that return when the test says so. */
export function pending() {
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  return {
    operation: () =>
      new Promise<void>((resolve) => {
        running += 1;
        most = Math.max(most, running);
        ends.push(() => {
          running -= 1;
          resolve();
        });
      }),
    endAll: () => {
      for (const end of ends.splice(0)) end();
    },
    most: () => most,
  };
}
