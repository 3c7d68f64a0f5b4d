/**
 * Checks Dockerfile and compose.yaml without a container engine: replays, in a temporary directory, the COPY and npm steps of
 * every target that compose.yaml starts, and runs the commands of the trial on what comes out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseCopy, parseDockerfile } from './dockerfile.ts';
import { contextFiles, ReplayError, replay, repository } from './replay.ts';
import { tryReplayed } from './trial-without-engine.ts';

const stages = parseDockerfile(readFileSync(join(repository, 'Dockerfile'), 'utf8'));
const faults: string[] = [];
const demand = (condition: boolean, fault: string) => {
  if (!condition) faults.push(fault);
};
const say = (text: string) => process.stdout.write(`${text}\n`);

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

/** Starts the gateway’s program in its own tree, where nothing of this checkout can help it. */
function checkProgram(application: string): void {
  const exitCode = (...words: string[]) =>
    spawnSync(process.execPath, words, { cwd: application, stdio: 'ignore', timeout: 20_000 }).status;
  const contents = readdirSync(application).sort().join(' ');
  const expected =
    'CHANGELOG.md CONTRIBUTING.md LICENSE README.md SECURITY.md dist docs mappings node_modules package.json';
  demand(contents === expected, `/app holds ${contents}; expected is ${expected}`);
  for (const absent of ['typescript', 'vitest', '@biomejs/biome', 'pkcs11js', 'pkijs', 'asn1js', 'basic-ftp']) {
    demand(!existsSync(join(application, 'node_modules', absent)), `${absent} is in the gateway’s image`);
  }
  demand(exitCode('dist/main.js', '--help') === 0, 'the program does not start: dist/main.js --help failed');
  for (const command of ['serve', 'check-config', 'health']) {
    demand(exitCode('dist/main.js', command, '--help') === 0, `the program has no command ${command}`);
    const status = exitCode('dist/main.js', command, '/nonexistent.yaml');
    demand(status === 2, `${command} of a configuration that is missing ended with ${status}, not 2`);
  }
  const { status, stderr } = spawnSync(process.execPath, ['dist/main.js', 'card', 'list'], {
    cwd: application,
    encoding: 'utf8',
    timeout: 20_000,
  });
  demand(
    status === 2 && stderr.startsWith('This installation lacks the package '),
    `a command that needs an optional package ended with ${status} and said: ${stderr}`,
  );
}

checkStages();
checkRuntime();
checkCompose();
const workshop = mkdtempSync(join(tmpdir(), 'cardgate-image-'));
try {
  if (faults.length === 0) {
    say('replaying the stages that make the gateway and its trial:');
    for (const stage of stages.filter(({ name }) => ['runtime', 'directory', 'client'].includes(name))) {
      replay(stages, stage, workshop);
    }
    checkProgram(join(workshop, 'runtime', 'app'));
    say('the trial of compose.yaml, with the commands of the targets:');
    if (faults.length === 0) faults.push(...(await tryReplayed(workshop)));
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
