/**
 * The trial of compose.yaml with the replayed targets: `prepare`, the directory, the gateway and `try-login` as processes of this
 * machine, each with the files of its own target and no others. Addresses and ports are those of the moment.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse, stringify } from 'yaml';
import { freePort } from '../../test/support/free-ports.ts';
import { repository } from './replay.ts';

/** Milliseconds for `prepare` and `try-login`. */
const patience = 120_000;

/**
 * @param workshop with the replayed targets `client`, `directory` and `runtime`
 * @returns what failed
 */
export async function tryReplayed(workshop: string): Promise<readonly string[]> {
  const client = join(workshop, 'client');
  const folder = (name: string) => {
    mkdirSync(join(workshop, 'trial', name), { recursive: true });
    return join(workshop, 'trial', name);
  };
  const [cards, configuration, accounts] = [folder('cards'), folder('configuration'), folder('accounts')];
  compiledBinding(join(client, 'app'));
  const commands = ['client/usr/local/bin/prepare', 'client/usr/local/bin/try-login'];
  for (const command of [...commands, 'directory/usr/local/bin/start-directory']) {
    if (!isExecutable(join(workshop, command))) return [`${command} is missing or not executable`];
  }
  const prepared = runCommand(join(client, 'usr/local/bin/prepare'), {
    CARDS: cards,
    CONFIGURATION: configuration,
    ACCOUNTS: accounts,
    PROGRAM: join(client, 'app/dist/main.js'),
    TEMPLATES: join(client, 'usr/local/share/cardgate'),
    GATEWAY_NAMES: 'localhost',
    DIRECTORY_NAMES: 'localhost',
  });
  if (prepared !== undefined) return [`prepare: ${prepared}`];

  const children: ChildProcess[] = [];
  try {
    const directoryPort = await freePort();
    children.push(
      start(join(workshop, 'directory/usr/local/bin/start-directory'), [], {
        ACCOUNTS: accounts,
        DATABASE: folder('database'),
        ADDRESS: '127.0.0.1',
        PORT: String(directoryPort),
      }),
    );
    adapt(join(configuration, 'cardgate.yaml'), directoryPort, folder('files'));
    const main = join(workshop, 'runtime/app/dist/main.js');
    const gateway = start(process.execPath, [main, 'serve', join(configuration, 'cardgate.yaml')], {});
    children.push(gateway);
    const port = await gatewayPort(gateway);
    if (port === undefined) return ['the gateway ended instead of listening'];
    const tried = runCommand(join(client, 'usr/local/bin/try-login'), { CARDS: cards, GATEWAY: `localhost:${port}` });
    return tried === undefined ? [] : [`try-login: ${tried}`];
  } finally {
    await Promise.all(children.map(ended));
  }
}

/** Built by `npm rebuild` in the image; here it is this checkout’s. */
function compiledBinding(application: string): void {
  const binding = 'node_modules/pkcs11js/build/Release/pkcs11.node';
  if (!existsSync(join(application, 'node_modules/pkcs11js'))) return;
  cpSync(join(repository, binding), join(application, binding), { recursive: true });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns what it said, when it failed */
function runCommand(command: string, variables: Readonly<Record<string, string>>): string | undefined {
  const { status, stdout, stderr } = spawnSync(command, {
    encoding: 'utf8',
    env: environment(variables),
    timeout: patience,
  });
  for (const line of stdout.split('\n').filter((text) => /^(ok|prepare|FAILED)/.test(text)))
    process.stdout.write(`   ${line}\n`);
  return status === 0 ? undefined : `ended with ${status}: ${stderr || stdout}`.trimEnd();
}

function start(command: string, words: readonly string[], variables: Readonly<Record<string, string>>): ChildProcess {
  const ofParent = ['--pdeathsig', 'TERM', command, ...words];
  return spawn('setpriv', ofParent, { stdio: ['ignore', 'ignore', 'pipe'], env: environment(variables) });
}

/** The Node that runs this comes first, as it does in the image. */
function environment(variables: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH = '' } = process.env;
  return { ...process.env, PATH: `${join(process.execPath, '..')}:${PATH}:/usr/sbin`, ...variables };
}

/** Names and fixed ports are those of the containers’ network. */
function adapt(file: string, directoryPort: number, files: string): void {
  const settings = parse(readFileSync(file, 'utf8'));
  settings.directories[0].servers = [`ldaps://localhost:${directoryPort}`];
  const [site] = settings.sites;
  site.bindings = [{ address: '127.0.0.1', port: 0 }];
  site.physicalPath = files;
  delete site.firewallSupport;
  writeFileSync(file, stringify(settings));
}

async function gatewayPort({ stderr }: ChildProcess): Promise<number | undefined> {
  if (!stderr) return undefined;
  let port: number | undefined;
  for await (const line of createInterface({ input: stderr })) {
    port ??= Number(/FTPS on .* port (\d+)$/.exec(line)?.[1] ?? '') || undefined;
    if (line === 'cardgate is ready') break;
    process.stdout.write(`   gateway: ${line}\n`);
  }
  // Nothing reads on; a full pipe must not stop it.
  stderr.resume();
  return port;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}
