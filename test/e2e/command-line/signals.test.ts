/** What signals, log rotation and lost readers do to a running service: records are never lost by them, and no debugger opens. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { AuditLine } from '../../../src/operations/audit.ts';
import { cardgate } from '../../support/built-program.ts';
import { ControlClient, openData } from '../../support/control-client.ts';
import { accountsHolding, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

let pki: TestPki;
let ada: Person;
let world: LoginWorld;

beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  world = await startLoginWorld({
    pki,
    ...accountsHolding({ ada }),
  });
});

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
});

afterAll(async () => {
  await world?.stop();
  await pki?.remove();
});

interface Service {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  readonly exited: Promise<unknown[]>;
  /** Resolves with the port of the first site, when the service says that it is ready. */
  readonly ready: Promise<number>;
}

let configurations = 0;

/** The configuration of the world with these general settings instead of its own. */
function configured(settings: object): string {
  configurations += 1;
  const file = join(world.folder, `signals-${configurations}.yaml`);
  const base = parse(readFileSync(world.configuration, 'utf8')) as object;
  writeFileSync(file, stringify({ ...base, ...settings }));
  return file;
}

function start(configuration: string, command = 'serve'): Service {
  const [program, main] = cardgate;
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, main, command, configuration], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const lines: string[] = [];
  const ready = new Promise<number>((resolve) => {
    createInterface({ input: child.stderr! }).on('line', (line) => {
      lines.push(line);
      if (line === 'cardgate is ready') {
        resolve(Number(lines.map((each) => /FTPS on .* port (\d+)$/.exec(each)?.[1]).find(Boolean) ?? 0));
      }
    });
  });
  return { child, lines, exited: once(child, 'exit'), ready };
}

const recordsOf = (file: string) =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as AuditLine)
    : [];

async function loggedIn(port: number): Promise<ControlClient> {
  const client = await ControlClient.connect(port);
  await client.reply();
  await client.secure({ cert: ada.chainPem, key: ada.privateKeyPem });
  await client.logIn('ada');
  return client;
}

async function logInAndQuit(port: number): Promise<void> {
  const client = await loggedIn(port);
  await client.command('QUIT');
  client.destroy();
}

function isDebuggerOpen(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(9229, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

describe('signals to cardgate serve', () => {
  it.each(['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s right after "ready" neither ends it nor opens a debugger',
    async (signal) => {
      const service = start(configured({ audit: { file: 'signal-audit.jsonl' } }));
      const port = await service.ready;
      service.child.kill(signal);
      await logInAndQuit(port);
      expect(await isDebuggerOpen()).toBe(false);
      service.child.kill('SIGTERM');
      expect(await service.exited).toEqual([0, null]);
      expect(service.lines.join('\n')).not.toContain('Debugger');
    },
  );

  it.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)('%s ends it in order', async (signal) => {
    const service = start(configured({ audit: { file: `${signal}.jsonl` } }));
    const client = await loggedIn(await service.ready);
    service.child.kill(signal);
    expect((await client.reply()).code).toBe(421);
    client.destroy();
    expect(await service.exited).toEqual([0, null]);
    expect(recordsOf(join(world.folder, `${signal}.jsonl`)).at(-1)).toMatchObject({
      event: 'session-end',
      reason: 'server-closing',
    });
  });

  it('one that comes while it still starts counts as soon as it is ready', async () => {
    const service = start(configured({ audit: { file: 'early.jsonl' } }));
    // The handlers stand once node has read its first file, one after the other.
    const both = [constants.signals.SIGHUP, constants.signals.SIGTERM].reduce(
      (bits, signal) => bits | (1n << BigInt(signal - 1)),
      0n,
    );
    await expect
      .poll(
        () => /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${service.child.pid}/status`, 'utf8'))?.[1] ?? '0',
      )
      .toSatisfy((mask: string) => (BigInt(`0x${mask}`) & both) === both);
    service.child.kill('SIGHUP');
    service.child.kill('SIGTERM');
    await service.ready;
    expect(await service.exited).toEqual([0, null]);
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGUSR1'] as const)('%s until it is gone leaves its exit code', async (signal) => {
    const service = start(configured({ audit: { file: `until-gone-${signal}.jsonl` } }));
    await service.ready;
    service.child.kill('SIGTERM');
    while (service.child.exitCode === null && service.child.signalCode === null) {
      service.child.kill(signal);
      await new Promise(setImmediate);
    }
    expect(await service.exited).toEqual([0, null]);
  });

  it('a second SIGTERM cuts the drain short, and every record is still written', async () => {
    const service = start(
      configured({ audit: { file: 'second.jsonl' }, log: { file: 'second.log' }, shutdownDrainTime: '10m' }),
    );
    const client = await loggedIn(await service.ready);
    const data = await openData(await client.passive(), {
      cert: ada.chainPem,
      key: ada.privateKeyPem,
      ...(client.session && { session: client.session }),
    });
    client.write('STOR endless\r\n');
    await client.reply();
    data.write('beginning');
    service.child.kill('SIGTERM');
    await expect.poll(() => readFileSync(join(world.folder, 'second.log'), 'utf8')).toContain('"event":"stopping"');
    service.child.kill('SIGTERM');
    expect(await service.exited).toEqual([0, null]);
    client.destroy();
    data.destroy();
    const records = recordsOf(join(world.folder, 'second.jsonl'));
    expect(records.map(({ event }) => event)).toEqual(['configuration', 'login', 'transfer', 'session-end']);
    expect(records[2]).toMatchObject({ outcome: 'aborted' });
  });

  it.each(['SIGHUP', 'SIGUSR1'] as const)(
    '%s has it write into new files where log rotation took the old ones',
    async (signal) => {
      const [audit, log] = [`rotated-${signal}.jsonl`, `rotated-${signal}.log`].map((name) => join(world.folder, name));
      const service = start(configured({ audit: { file: audit }, log: { file: log } }));
      const port = await service.ready;
      await logInAndQuit(port);
      await expect.poll(() => recordsOf(audit!)).toHaveLength(3);
      renameSync(audit!, `${audit}.1`);
      renameSync(log!, `${log}.1`);
      service.child.kill(signal);
      await expect.poll(() => existsSync(audit!) && existsSync(log!)).toBe(true);
      await logInAndQuit(port);
      service.child.kill('SIGTERM');
      await service.exited;
      expect(recordsOf(`${audit}.1`)).toHaveLength(3);
      // A record whose file is moved while it is written may stand in both, with the same number; none is missing.
      const sequences = [
        ...new Set([...recordsOf(`${audit}.1`), ...recordsOf(audit!)].map(({ sequence }) => sequence)),
      ];
      expect(sequences).toEqual(sequences.map((_, index) => index + 1));
      expect(readFileSync(log!, 'utf8')).toContain('"event":"stopped"');
    },
  );
});

describe('signals to cardgate serve-mapping', () => {
  it.each(['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)('%s right after "ready" does not end it', async (signal) => {
    const socket = join(world.folder, `${signal}.sock`);
    const service = start(
      configured({ audit: { file: 'mapping.jsonl' }, mappingService: { listeners: [{ socket, mode: '0600' }] } }),
      'serve-mapping',
    );
    await service.ready;
    service.child.kill(signal);
    await expect.poll(() => existsSync(socket)).toBe(true);
    service.child.kill('SIGTERM');
    expect(await service.exited).toEqual([0, null]);
    expect(service.lines.join('\n')).not.toContain('Debugger');
  });
});

describe('a gateway whose audit trail is standard output', () => {
  it('ends with a fault, after its drain, when the reader is gone', async () => {
    const service = start(configured({ audit: {}, log: { file: 'gone.log' } }));
    const port = await service.ready;
    const client = await loggedIn(port);
    service.child.stdout!.destroy();
    // The next record finds out, and no client may log in without one.
    await expect(loggedIn(port)).rejects.toThrow();
    expect((await client.reply()).code).toBe(421);
    client.destroy();
    expect(await service.exited).toEqual([1, null]);
    const log = readFileSync(join(world.folder, 'gone.log'), 'utf8');
    expect(log).toContain('audit-alarm');
    expect(log).toContain('"event":"stopped"');
    expect(service.lines.join('\n')).toContain('cannot write standard output');
  });

  it('refuses logins with 421 while the reader stalls, in bounded memory, and still ends when it is told', async () => {
    const service = start(configured({ audit: {}, log: { file: 'stalled.log' } }));
    const port = await service.ready;
    // No process reads standard output: what the pipe holds is all that goes.
    service.child.stdout!.pause();
    let refused = false;
    while (!refused)
      refused = await logInAndQuit(port).then(
        () => false,
        () => true,
      );
    service.child.kill('SIGTERM');
    expect(await service.exited).toEqual([0, null]);
    expect(readFileSync(join(world.folder, 'stalled.log'), 'utf8')).toContain('audit-alarm');
  });
});
