/** Where the PIN is not while a card is tried: in no argument, no environment, no output, no log, no core dump, not on the screen. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Card } from '../../../src/smartcard/card/card.ts';
import { cardgate } from '../../support/built-program.ts';
import { cardTests } from '../../support/card-tests.ts';
import { accountsHolding, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';
import { tryCard } from './try-card-trial.ts';

const pin = '73190582646';
const wrongPin = '81465029373';
const overEngine = await cardTests('a PIN in the process of the OpenSSL engine', { engine: true });
const versions = (['TLSv1.3', 'TLSv1.2'] as const).filter((version) => version === 'TLSv1.3' || !overEngine.skip);

let pki: TestPki;
let card: Card;
const worlds = new Map<string, LoginWorld>();
/** Servers that never answer USER: a program that waits for that has used the PIN. */
const stalling = new Map<string, Server>();
let onUser: () => void = () => undefined;

function startStallingServer(version: (typeof versions)[number]): Promise<Server> {
  const server = createServer(
    {
      cert: pki.server.chainPem,
      key: pki.server.privateKeyPem,
      ca: [pki.root.certificatePem],
      requestCert: true,
      rejectUnauthorized: false,
      maxVersion: version,
    },
    (socket) => {
      socket.on('error', () => undefined);
      socket.write('220 ready\r\n');
      socket.on('data', (data) => {
        if (data.toString('latin1').startsWith('USER')) onUser();
        else socket.write('221 ok\r\n');
      });
    },
  );
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

beforeAll(async () => {
  pki = await createTestPki();
  card = await pki.issueCard({ name: 'ada', pin });
  for (const maximumVersion of versions) {
    const site = { ssl: { maximumVersion } };
    worlds.set(
      maximumVersion,
      await startLoginWorld({ pki, ...accountsHolding({ ada: { der: card.certificateDer } }), site }),
    );
    stalling.set(maximumVersion, await startStallingServer(maximumVersion));
  }
});

afterAll(async () => {
  for (const world of worlds.values()) await world.stop();
  for (const server of stalling.values()) server.close();
  await pki?.remove();
});

const trialArguments = (server: string) => [server, '--cacert', pki.files.root, '--slot', 'ada'];

/** Every six digits of the PIN, in the two ways a string lies in memory: a register may hold a part of it only. */
const traces = (secret: string) =>
  Array.from({ length: secret.length - 5 }, (_, start) => secret.slice(start, start + 6)).flatMap((part) => [
    Buffer.from(part),
    Buffer.from(part, 'utf16le'),
  ]);
const holds = (octets: Buffer, secret: string) => traces(secret).some((trace) => octets.includes(trace));

describe.each(versions)('over %s', (version) => {
  it.each([
    ['right', pin, 0],
    ['wrong', wrongPin, 1],
  ])('the %s PIN is in no output, log or audit record', async (_, given, exitCode) => {
    const world = worlds.get(version)!;
    const trial = await tryCard({
      args: trialArguments(`ftps://localhost:${world.port}`),
      cards: card.softHsmConfiguration,
      pin: given,
    });
    expect(trial).toMatchObject({ exitCode, logins: 1, stderr: '' });
    const written = ['audit.jsonl', 'cardgate.log']
      .map((name) => join(world.folder, name))
      .filter((file) => existsSync(file));
    expect(written).toHaveLength(2);
    for (const file of written) expect(holds(readFileSync(file), given), file).toBe(false);
    expect(trial.stdout).not.toContain(given);
  });
});

interface Stalled {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The process with the engine, in TLS 1.2. */
  readonly enginePid: number | undefined;
  readonly folder: string;
}

const running: Stalled[] = [];

afterEach(() => {
  for (const { child, folder } of running.splice(0)) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});

/** A trial in the middle of its session: the PIN was used, the server keeps it waiting. */
async function stall(version: (typeof versions)[number]): Promise<Stalled> {
  const folder = mkdtempSync(join(tmpdir(), 'cardgate-core-'));
  const { port } = stalling.get(version)!.address() as AddressInfo;
  const words = ['try-card', ...trialArguments(`ftps://localhost:${port}`), '--implicit', '--pin-stdin'];
  const reached = new Promise<void>((resolve) => {
    onUser = resolve;
  });
  const child = spawn('prlimit', ['--core=unlimited', 'setpriv', '--pdeathsig', 'KILL', ...cardgate, ...words], {
    cwd: folder,
    env: { ...process.env, SOFTHSM2_CONF: card.softHsmConfiguration },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin?.end(`${pin}\n`);
  await reached;
  const pid = child.pid!;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  const stalled = { child, pid, enginePid: children.map(Number)[0], folder };
  running.push(stalled);
  return stalled;
}

const corePattern =
  existsSync('/proc/sys/kernel/core_pattern') && readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
const dumpsToFiles = corePattern !== false && /^[\w.%-]+$/.test(corePattern);

/** Crashes a process and reads what it leaves in its working directory. */
async function coreOf(pid: number, folder: string, ended: Promise<unknown>): Promise<Buffer> {
  process.kill(pid, 'SIGABRT');
  await ended;
  await expect.poll(() => readdirSync(folder)).toHaveLength(1);
  return readFileSync(join(folder, readdirSync(folder)[0]!));
}

describe.runIf(process.platform === 'linux')('a process that holds the PIN', () => {
  it.each(versions)('shows it to no other by its arguments or environment (%s)', async (version) => {
    const { pid, enginePid } = await stall(version);
    expect(enginePid === undefined).toBe(version === 'TLSv1.3');
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    expect(processes).toContain(String(pid));
    for (const name of processes)
      for (const file of ['cmdline', 'environ'])
        expect(readable(`/proc/${name}/${file}`).includes(pin), name).toBe(false);
  });

  it.each(versions)('leaves its memory out of core dumps (%s)', async (version) => {
    const { pid, enginePid } = await stall(version);
    for (const id of [pid, ...(enginePid === undefined ? [] : [enginePid])])
      expect(readFileSync(`/proc/${id}/coredump_filter`, 'utf8').trim()).toBe('00000000');
  });

  describe.runIf(dumpsToFiles)(`and crashes (core_pattern ${corePattern})`, () => {
    it.each(versions)('leaves a core dump without it (%s)', async (version) => {
      const { child, pid, folder } = await stall(version);
      const core = await coreOf(pid, folder, once(child, 'exit'));
      expect(core.subarray(0, 4)).toEqual(Buffer.from('\u007fELF', 'latin1'));
      expect(holds(core, pin)).toBe(false);
    });

    it.skipIf(overEngine.skip)(
      `leaves a core dump without it, the engine’s process too${overEngine.note}`,
      async () => {
        const { child, enginePid, folder } = await stall('TLSv1.2');
        const core = await coreOf(enginePid!, folder, once(child, 'exit'));
        expect(holds(core, pin)).toBe(false);
      },
    );

    it('is found out: a process that takes no care leaves the PIN in its core dump', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'cardgate-core-'));
      const careless = `const secret = Buffer.from(require('fs').readFileSync(0, 'utf8')); console.log('ready'); setInterval(() => secret, 1000)`;
      const command = `echo 0x33 > /proc/self/coredump_filter; exec prlimit --core=unlimited "$0" -e "$1"`;
      const child = spawn('sh', ['-c', command, process.execPath, careless], {
        cwd: folder,
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      running.push({ child, pid: child.pid!, enginePid: undefined, folder });
      child.stdin?.end(pin);
      await once(child.stdout!, 'data');
      expect(holds(await coreOf(child.pid!, folder, once(child, 'exit')), pin)).toBe(true);
    });
  });
});

/** Processes come and go while the list is read. */
function readable(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

describe.runIf(process.platform === 'linux')('at a terminal', () => {
  const terminal = join(import.meta.dirname, '..', '..', 'unit', 'smartcard', 'terminal.py');
  const prompt = 'PIN of the card "ada": ';

  function type(keys: string): { readonly shown: string; readonly echoes: boolean; readonly status: number } {
    const server = `ftps://localhost:${worlds.get('TLSv1.3')!.port}`;
    const { stdout, stderr } = spawnSync(
      'python3',
      [terminal, prompt, ...cardgate, 'try-card', ...trialArguments(server)],
      {
        input: Buffer.from(keys).toString('hex'),
        env: { ...process.env, SOFTHSM2_CONF: card.softHsmConfiguration },
        encoding: 'utf8',
      },
    );
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  }

  it('the PIN is asked for after all that could make it needless, and not shown', () => {
    const { shown, echoes, status } = type(`${pin}\r`);
    expect(shown).not.toContain(pin);
    expect(shown.indexOf(prompt)).toBeGreaterThan(shown.indexOf('choice'));
    expect(shown.split(prompt)).toHaveLength(2);
    expect(shown).toContain('IT WORKS');
    expect({ echoes, status }).toEqual({ echoes: true, status: 0 });
  });

  it('Ctrl-C ends the trial without a login, and the terminal is as it was', () => {
    const { shown, echoes, status } = type('7319\u0003');
    expect(shown).toContain('No PIN was entered.');
    expect(shown).not.toContain('7319');
    expect({ echoes, status }).toEqual({ echoes: true, status: 1 });
  });

  it('that is not there, the other ways to give a PIN are named', () => {
    const server = `ftps://localhost:${worlds.get('TLSv1.3')!.port}`;
    const words = ['--wait', ...cardgate, 'try-card', ...trialArguments(server)];
    const env = { ...process.env, SOFTHSM2_CONF: card.softHsmConfiguration };
    const { stdout, status } = spawnSync('setsid', words, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    expect(stdout).toContain('Give the PIN with --pin-file <path> or --pin-stdin.');
    expect(status).toBe(1);
  });
});
