/** What a command says when a package that only it needs was left out of this installation. */
import { readFileSync } from 'node:fs';

/** The packages of cards, of trials and of the import from IIS; a gateway does without them. */
function optionalPackages(): readonly string[] {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const optional: unknown =
    typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'optionalDependencies') : undefined;
  return typeof optional === 'object' && optional !== null ? Object.keys(optional) : [];
}

/** @returns undefined for every other error */
export function missingPackageText(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_MODULE_NOT_FOUND') return undefined;
  const name = optionalPackages().find((one) => error.message.includes(`'${one}'`));
  if (name === undefined) return undefined;
  return (
    `This installation lacks the package ${name}, which this command needs and a gateway does not.\n` +
    'Install cardgate with its optional packages: npm install --include=optional\n'
  );
}
