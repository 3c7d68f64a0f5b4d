/**
 * The program that end-to-end tests start, made once a run: as few files as can be, because most of what a start costs is finding and
 * reading some six hundred modules. What scripts/check-dockerfile starts is what users install.
 */
import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { programFolder } from './built-program.ts';

const root = join(import.meta.dirname, '..', '..');
const source = join(root, 'src');
const built = join(programFolder, 'dist');

/** What is started by its path: the command line, and the processes and threads that it starts itself. */
const entries = [
  'main',
  'pki/crl/crl-index-thread',
  'smartcard/reader/reader-process',
  'smartcard/trial/engine-process',
];

export default async function buildProgram(): Promise<void> {
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry, join(source, `${entry}.ts`)])),
    platform: 'node',
    external: ['pkcs11js'],
    plugins: [{ name: 'place-of-each-module', transform: { filter: { code: 'import.meta' }, handler: keepPlace } }],
  });
  const { output } = await bundle.generate({ format: 'esm', dir: built, chunkFileNames: 'chunks/[name].js' });
  await bundle.close();
  for (const file of output) {
    const path = join(built, file.fileName);
    await mkdir(dirname(path), { recursive: true });
    await replace(path, file.type === 'chunk' ? file.code : file.source);
  }
  await removeOthers(new Set(output.map(({ fileName }) => fileName)));
  await copyFile(join(root, 'package.json'), join(programFolder, 'package.json'));
  await rm(join(programFolder, 'mappings'), { force: true });
  await symlink(join(root, 'mappings'), join(programFolder, 'mappings'));
}

/** A module goes on finding what lies beside it: where its own file is when it is built alone. */
function keepPlace(code: string, id: string): string | undefined {
  if (!id.startsWith(source)) return undefined;
  const own = join(built, relative(source, id)).replace(/\.ts$/, '.js');
  return code
    .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(own).href))
    .replaceAll('import.meta.dirname', JSON.stringify(dirname(own)));
}

/** What is the same stays: Node keeps what it compiled by the time of the file. */
async function replace(path: string, content: string | Uint8Array): Promise<void> {
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present !== content) await writeFile(path, content);
}

async function removeOthers(wanted: ReadonlySet<string>): Promise<void> {
  const present = await readdir(built, { recursive: true, withFileTypes: true });
  for (const file of present) {
    const path = join(file.parentPath, file.name);
    if (file.isFile() && !wanted.has(relative(built, path))) await rm(path);
  }
}
