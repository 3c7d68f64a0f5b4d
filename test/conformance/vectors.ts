/** Where the published test vectors are. They are data of others and no part of this repository. */
import { existsSync, readFileSync } from 'node:fs';

const folder = new URL('../../../shared/testdata/', import.meta.url);
const without = process.env['CARDGATE_WITHOUT_VECTORS'] === '1';

/** Undefined when the vectors are there; otherwise why the suite is skipped. Without the variable a missing folder is a failure. */
export const skipReason: string | undefined = without ? 'CARDGATE_WITHOUT_VECTORS=1' : undefined;

/** @param path below the folder of test vectors */
export function readVector(path: string): Buffer {
  const file = new URL(path, folder);
  if (!existsSync(file))
    throw new Error(
      `${file.pathname} is missing. Put the test vectors there, or set CARDGATE_WITHOUT_VECTORS=1 to skip.`,
    );
  return readFileSync(file);
}
