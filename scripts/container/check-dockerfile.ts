/**
 * Checks Dockerfile and compose.yaml without a container engine: replays, in a temporary directory, the COPY and npm steps of
 * the stages that make the gateway, and starts what comes out. Steps that need the image (apt-get, users) are only named.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { type BuildStage, type Copy, type Instruction, parseCopy, parseDockerfile } from './dockerfile.ts';

const repository = resolve(import.meta.dirname, '../..');
const stages = parseDockerfile(readFileSync(join(repository, 'Dockerfile'), 'utf8'));
const faults: string[] = [];
const demand = (condition: boolean, fault: string) => {
  if (!condition) faults.push(fault);
};
const say = (text: string) => process.stdout.write(`${text}\n`);

class ReplayError extends Error {}

/** Tracked files and new ones, as a build context has them; .dockerignore names only what git ignores, besides .git. */
const context = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: repository,
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(repository, path)));

function contextFiles(source: string): readonly string[] {
  const plain = source.replace(/^\.\/|\/$/g, '');
  return plain === '.' ? context : context.filter((path) => path === plain || path.startsWith(`${plain}/`));
}

function checkStages(): void {
  stages.forEach((stage, index) => {
    const earlier = new Set(stages.slice(0, index).map(({ name }) => name));
    demand(
      earlier.has(stage.from) || /^[\w./-]+:[\w.-]+$/.test(stage.from),
      `stage ${stage.name}: ${stage.from} is neither an earlier stage nor an image with a tag`,
    );
    for (const instruction of stage.instructions.filter(({ keyword }) => keyword === 'COPY')) {
      const { from, sources } = parseCopy(instruction);
      if (from !== undefined) demand(earlier.has(from), `line ${instruction.line}: no earlier stage ${from}`);
      else
        for (const source of sources) {
          demand(contextFiles(source).length > 0, `line ${instruction.line}: ${source} is not in the build context`);
        }
    }
  });
}

function checkRuntime(): void {
  const runtime = stages.at(-1);
  const last = (keyword: string) => runtime?.instructions.findLast((instruction) => instruction.keyword === keyword);
  demand(runtime?.name === 'runtime', 'the last stage, which a plain build makes, must be the gateway');
  demand(!['', 'root', '0'].includes(last('USER')?.words ?? ''), 'the gateway must not run as root');
  demand(/"health"/.test(last('HEALTHCHECK')?.words ?? ''), 'the gateway has no health check');
}

function checkCompose(): void {
  const compose: unknown = parse(readFileSync(join(repository, 'compose.yaml'), 'utf8'));
  const section = (value: unknown, key: string): Readonly<Record<string, unknown>> => {
    const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
    return typeof found === 'object' && found !== null ? { ...found } : {};
  };
  const services = section(compose, 'services');
  const volumes = section(compose, 'volumes');
  for (const [name, service] of Object.entries(services)) {
    const { target } = section(service, 'build');
    demand(
      stages.some((stage) => stage.name === target),
      `compose.yaml: ${name}: no stage ${String(target)}`,
    );
    for (const other of Object.keys(section(service, 'depends_on'))) {
      demand(Object.hasOwn(services, other), `compose.yaml: ${name}: no service ${other}`);
    }
    for (const volume of Object.values(section(service, 'volumes')).map(String)) {
      const [source = ''] = volume.split(':');
      demand(Object.hasOwn(volumes, source), `compose.yaml: ${name}: no volume ${source}`);
    }
  }
}

/** Builds the root directory of a stage, as far as COPY and npm make it, after those of the stages it takes from. */
function replay(stage: BuildStage, workshop: string, done: Set<string>): void {
  if (done.has(stage.name)) return;
  done.add(stage.name);
  const root = join(workshop, stage.name);
  const copies = stage.instructions.filter(({ keyword }) => keyword === 'COPY').map(parseCopy);
  const needed = [stage.from, ...copies.map(({ from }) => from)];
  for (const other of stages.filter(({ name }) => needed.includes(name))) replay(other, workshop, done);
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
  say(`   ${stage.name}: ${isReplayed ? words : `line ${line} needs the image, not replayed`}`);
  if (!isReplayed) return;
  mkdirSync(directory, { recursive: true });
  const { status, stdout, stderr } = spawnSync('npm', words.split(' ').slice(1), {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, npm_config_prefer_offline: 'true', npm_config_loglevel: 'error' },
  });
  if (status !== 0) throw new ReplayError(`line ${line}: ${words} ended with ${status}:\n${stdout}${stderr}`.trimEnd());
}

/** Starts the gateway’s program in its own tree, where nothing of this checkout can help it. */
function checkProgram(application: string): void {
  const exitCode = (...words: string[]) =>
    spawnSync(process.execPath, words, { cwd: application, stdio: 'ignore', timeout: 20_000 }).status;
  const contents = readdirSync(application).sort().join(' ');
  const expected = 'LICENSE README.md dist mappings node_modules package.json';
  demand(contents === expected, `/app holds ${contents}; it should hold ${expected}`);
  for (const absent of ['typescript', 'vitest', '@biomejs/biome', 'pkcs11js']) {
    demand(!existsSync(join(application, 'node_modules', absent)), `${absent} is in the gateway’s image`);
  }
  demand(exitCode('dist/main.js', '--help') === 0, 'the program does not start: dist/main.js --help failed');
  for (const command of ['serve', 'check-config', 'health']) {
    demand(exitCode('dist/main.js', command, '--help') === 0, `the program has no command ${command}`);
    const status = exitCode('dist/main.js', command, '/nonexistent.yaml');
    demand(status === 2, `${command} of a configuration that is missing ended with ${status}, not 2`);
  }
}

checkStages();
checkRuntime();
checkCompose();
const workshop = mkdtempSync(join(tmpdir(), 'cardgate-image-'));
try {
  const runtime = stages.at(-1);
  if (runtime && faults.length === 0) {
    say('replaying the stages that make the gateway:');
    replay(runtime, workshop, new Set());
    checkProgram(join(workshop, runtime.name, 'app'));
  }
} catch (error) {
  if (!(error instanceof ReplayError)) throw error;
  faults.push(error.message);
} finally {
  rmSync(workshop, { recursive: true, force: true });
}
for (const fault of faults) say(`fault: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
else say('Dockerfile and compose.yaml: what can be checked without an engine is right');
