/** Where the published test vectors are. They are data of others and no part of this repository. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env['CARDGATE_TESTDATA'] ?? join(import.meta.dirname, '../../../shared/testdata');
const without = process.env['CARDGATE_WITHOUT_VECTORS'] === '1';

/** Undefined when the vectors are there; otherwise why the suite is skipped. Without the variable a missing folder is a failure. */
export const skipReason: string | undefined = without ? 'CARDGATE_WITHOUT_VECTORS=1' : undefined;

/** @param path below the folder of test vectors */
export function readVector(path: string): Buffer {
  const file = join(folder, path);
  if (!existsSync(file))
    throw new Error(
      `${file} is missing. Put the test vectors there, name their folder in CARDGATE_TESTDATA, or set CARDGATE_WITHOUT_VECTORS=1 to skip.`,
    );
  return readFileSync(file);
}
