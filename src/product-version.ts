/** The version of cardgate that runs, as package.json has it: for `--version`, the log and the records. */
import { readFileSync } from 'node:fs';

/** Semantic version, such as `1.2.3`. */
export const productVersion = versionOf(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

function versionOf(packageFile: string): string {
  const { version } = JSON.parse(packageFile) as { readonly version?: unknown };
  if (typeof version !== 'string') throw new Error('package.json names no version');
  return version;
}
