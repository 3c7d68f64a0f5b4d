#!/usr/bin/env node
/**
 * What the listing of a large directory costs the server: its highest resident memory above idle, the longest turn of its event
 * loop, processor time and octets, for LIST, NLST and MLSD. The server is a process of its own.
 * Usage: scripts/bench-listing.ts [ENTRIES [DIRECTORY [COMMAND...]]]: a directory that is given is used as it is, otherwise one is made and removed.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { milliseconds } from '../src/settings/units.ts';
import { openBoundedStorage } from '../src/storage/bounded-storage.ts';
import { FileOperations } from '../src/storage/file-operations.ts';
import { openLocalStorage } from '../src/storage/local-storage.ts';
import { fullRights } from '../test/support/access-rights.ts';
import { ControlClient, openData } from '../test/support/control-client.ts';
import { createIdentities, startSite, type TestIdentities } from '../test/support/protocol-site.ts';

const defaultCommands = ['LIST', 'NLST', 'MLSD', 'LIST *.dat', 'NLST -R'];

interface Figures {
  /** Milliseconds of processor time. */
  readonly longestTurn: number;
  /** Highest, in MiB. */
  readonly heap: number;
  /** Seconds. */
  readonly cpu: number;
}

/**
 * How long the event loop works on one thing. Processor time of its thread is counted and not the time of the clock, so that other
 * processes of a busy machine are left out.
 */
class LoopTurns {
  longest = 0;
  heap = 0;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    let before = process.threadCpuUsage();
    this.#timer = setInterval(() => {
      const now = process.threadCpuUsage();
      const spent = (now.user + now.system - before.user - before.system) / 1000;
      this.longest = Math.max(this.longest, spent);
      this.heap = Math.max(this.heap, process.memoryUsage().heapTotal / 2 ** 20);
      before = process.threadCpuUsage();
    }, 1);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

async function serve(home: string): Promise<void> {
  const identities = await createIdentities();
  const operations = new FileOperations({ threads: 12, operationTimeout: milliseconds(30_000) }, () => undefined);
  const site = await startSite(identities, {
    openStorage: () =>
      openBoundedStorage(operations, home, () => openLocalStorage({ homeDirectory: home, rights: () => fullRights })),
  });
  let turns = new LoopTurns();
  let cpu = process.cpuUsage();
  process.on('message', (message) => {
    if (message === 'begin') {
      turns.stop();
      turns = new LoopTurns();
      cpu = process.cpuUsage();
      process.send?.('begun');
    } else {
      const { user, system } = process.cpuUsage(cpu);
      process.send?.({ longestTurn: turns.longest, heap: turns.heap, cpu: (user + system) / 1e6 } satisfies Figures);
    }
  });
  process.send?.({ port: site.port, identities });
}

function answerOf<T>(server: ChildProcess): Promise<T> {
  return new Promise((resolve) => void server.once('message', (message) => resolve(message as T)));
}

function residentMegabytes(pid: number | undefined, field: 'VmRSS' | 'VmHWM'): number {
  const [, kilobytes] = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

async function measure(entries: number, given: string | undefined, commands: readonly string[]): Promise<void> {
  const home = given ?? mkdtempSync(join(tmpdir(), 'cardgate-listing-'));
  if (given === undefined) {
    mkdirSync(home, { recursive: true });
    for (let index = 0; index < entries; index += 1) writeFileSync(join(home, `file-${index}-of-many.dat`), '');
  }
  const server = fork(import.meta.filename, ['serve', home], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    const { port, identities } = await answerOf<{ readonly port: number; readonly identities: TestIdentities }>(server);
    for (const command of commands) {
      const client = await ControlClient.connect(port);
      await client.reply();
      await client.secure(identities.ada);
      await client.logIn('ada');
      await delay(1000);
      const idle = residentMegabytes(server.pid, 'VmRSS');
      writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
      server.send('begin');
      await answerOf(server);
      const startedAt = performance.now();
      const dataPort = await client.passive();
      client.write(`${command}\r\n`);
      const data = await openData(dataPort, identities.ada);
      let octets = 0;
      for await (const chunk of data) octets += (chunk as Buffer).length;
      const replies = [(await client.reply()).code, (await client.reply()).code];
      const seconds = (performance.now() - startedAt) / 1000;
      const peak = residentMegabytes(server.pid, 'VmHWM');
      server.send('end');
      const { longestTurn, heap, cpu } = await answerOf<Figures>(server);
      console.log(
        `${command.padEnd(10)} ${replies.join(' ')} ${(octets / 1e6).toFixed(1)} MB, ${seconds.toFixed(1)} s, CPU ${cpu.toFixed(1)} s, ` +
          `peak ${(peak - idle).toFixed(1)} MiB above idle (${idle.toFixed(0)}), heap ${heap.toFixed(0)} MiB, longest turn ${longestTurn.toFixed(1)} ms of CPU`,
      );
      client.destroy();
    }
  } finally {
    server.kill();
    if (given === undefined) rmSync(home, { recursive: true, force: true });
  }
}

const [first = '1000000', directory, ...chosen] = process.argv.slice(2);
if (first === 'serve' && directory !== undefined) await serve(directory);
else await measure(Number(first), directory, chosen.length > 0 ? chosen : defaultCommands);
