/** Replays the steps of a Dockerfile in a directory: COPY and npm; steps that need the image, such as apt-get, are only named. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, matchesGlob, resolve } from 'node:path';
import { type BuildStage, type Copy, type Instruction, parseCopy } from './dockerfile.ts';

export const repository = resolve(import.meta.dirname, '../..');

export class ReplayError extends Error {}

/** What a build context holds: tracked files and new ones; in an image, where git knows nothing, what .dockerignore leaves. */
const context = (existsSync(join(repository, '.git')) ? filesOfGit() : filesOnDisk()).filter((path) =>
  existsSync(join(repository, path)),
);

function filesOfGit(): readonly string[] {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  return execFileSync('git', listing, { cwd: repository, encoding: 'utf8' }).split('\0').filter(Boolean);
}

function filesOnDisk(): readonly string[] {
  const ignored = readFileSync(join(repository, '.dockerignore'), 'utf8').split('\n').filter(Boolean);
  const isIgnored = (path: string) => ignored.some((pattern) => matchesGlob(path, pattern));
  const walk = (folder: string): readonly string[] =>
    readdirSync(join(repository, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (isIgnored(path)) return [];
      return entry.isDirectory() ? walk(path) : [path];
    });
  return walk('');
}

export function contextFiles(source: string): readonly string[] {
  const plain = source.replace(/^\.\/|\/$/g, '');
  return plain === '.' ? context : context.filter((path) => path === plain || path.startsWith(`${plain}/`));
}

/** Builds the root directory of a stage, as far as COPY and npm make it, after those of the stages it takes from. */
export function replay(stages: readonly BuildStage[], stage: BuildStage, workshop: string): void {
  const root = join(workshop, stage.name);
  if (existsSync(root)) return;
  const copies = stage.instructions.filter(({ keyword }) => keyword === 'COPY').map(parseCopy);
  const needed = [stage.from, ...copies.map(({ from }) => from)];
  for (const other of stages.filter(({ name }) => needed.includes(name))) replay(stages, other, workshop);
  mkdirSync(root);
  if (existsSync(join(workshop, stage.from))) {
    cpSync(join(workshop, stage.from), root, { recursive: true, verbatimSymlinks: true });
  }
  let directory = join(root, 'app');
  for (const instruction of stage.instructions) {
    if (instruction.keyword === 'WORKDIR') directory = join(root, instruction.words);
    if (instruction.keyword === 'COPY') copy(parseCopy(instruction), workshop, root, directory);
    if (instruction.keyword === 'RUN') run(instruction, stage, directory);
  }
}

function copy({ from, sources, target }: Copy, workshop: string, root: string, directory: string): void {
  const destination = target.startsWith('/') ? join(root, target) : join(directory, target);
  for (const source of sources) {
    if (from !== undefined) {
      const path = join(workshop, from, source);
      cpSync(path, placed(destination, path, target), { recursive: true, verbatimSymlinks: true });
      continue;
    }
    for (const file of contextFiles(source)) {
      const isWhole = file === source;
      const inside = isWhole ? basename(file) : file.slice(source === '.' ? 0 : source.length + 1);
      const path = isWhole && !target.endsWith('/') ? destination : join(destination, inside);
      mkdirSync(dirname(path), { recursive: true });
      cpSync(join(repository, file), path);
    }
  }
}

/** A file copied to a directory keeps its name; the contents of a directory go into the target. */
function placed(destination: string, source: string, target: string): string {
  return target.endsWith('/') && basename(source).includes('.') ? join(destination, basename(source)) : destination;
}

function run({ words, line }: Instruction, stage: BuildStage, directory: string): void {
  const isReplayed = /^npm (ci|run|prune) [\w\s:=-]+$/.test(words);
  const named = isReplayed ? words : `line ${line} needs the image, not replayed`;
  process.stdout.write(`   ${stage.name}: ${named}\n`);
  if (!isReplayed) return;
  mkdirSync(directory, { recursive: true });
  const { status, stdout, stderr } = spawnSync('npm', words.split(' ').slice(1), {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, npm_config_prefer_offline: 'true', npm_config_loglevel: 'error' },
  });
  if (status !== 0) throw new ReplayError(`line ${line}: ${words} ended with ${status}:\n${stdout}${stderr}`.trimEnd());
}
