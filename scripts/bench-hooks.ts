#!/usr/bin/env node
/**
 * What a hook costs the command that it is asked about: RMD without a hook, and with one over a Unix socket, over TLS, by a shell and by
 * Python, all of which allow at once. Run: node scripts/bench-hooks.ts [commands]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { systemClock } from '../src/clock.ts';
import { HttpHook } from '../src/hooks/http-hook.ts';
import { type HookTransport, ProgramHook } from '../src/hooks/program-hook.ts';
import { SiteHooks } from '../src/hooks/site-hooks.ts';
import { CountedWarnings } from '../src/operations/counted-warnings.ts';
import { silentLogger } from '../src/operations/log.ts';
import { milliseconds } from '../src/settings/units.ts';
import { createIdentities, startSite } from '../test/support/protocol-site.ts';

const commands = Number(process.argv[2] ?? 300);
const warmUp = 20;

const identities = await createIdentities();
const folder = await mkdtemp(join(tmpdir(), 'cardgate-bench-hooks-'));

const allowing: RequestListener = (asked, answer) => {
  asked.resume().on('end', () => answer.setHeader('content-type', 'application/json').end('{"allow": true}'));
};

async function listening(server: Server, where: string | number): Promise<Server> {
  await new Promise<void>((resolve) => {
    if (typeof where === 'string') server.listen(where, resolve);
    else server.listen(where, 'localhost', resolve);
  });
  return server;
}

async function program(name: string, text: string): Promise<readonly string[]> {
  const path = join(folder, name);
  await writeFile(path, text, { mode: 0o700 });
  return [path];
}

/** @returns milliseconds of each RMD */
async function timesOf(transport: HookTransport | undefined): Promise<readonly number[]> {
  const settings = { timeout: milliseconds(60_000), maximumConcurrent: 8, maximumWaiting: 8 };
  const hook = transport && ({ settings: { ...settings, whenUnavailable: 'refuse' }, transport } as const);
  const hooks = new SiteHooks({
    site: 'bench',
    hooks: new Map(hook ? [['onDelete', hook]] : []),
    clock: systemClock,
    logger: silentLogger,
    warnings: new CountedWarnings(10),
  });
  const site = await startSite(identities, { hooks });
  const client = await site.loggedIn();
  const times: number[] = [];
  for (let count = 0; count < commands + warmUp; count += 1) {
    await client.command('MKD d');
    const began = performance.now();
    const { code, text } = await client.command('RMD d');
    if (code !== 250) throw new Error(text);
    if (count >= warmUp) times.push(performance.now() - began);
  }
  client.destroy();
  await site.close();
  hooks.close();
  return times;
}

const socket = join(folder, 'hook.sock');
const overSocket = await listening(createServer(allowing), socket);
const { certificate: cert, privateKey: key } = identities.server;
const overTls = await listening(createTlsServer({ cert, key }, allowing), 0);
const url = `https://localhost:${(overTls.address() as AddressInfo).port}/`;
const http = { maximumConcurrent: 8, clock: systemClock };
const material = { certificateAuthorities: [identities.caPem] };
const shell = await program('hook.sh', '#!/bin/sh\necho \'{"allow": true}\'\n');
const python = await program('hook.py', '#!/usr/bin/python3\nprint(\'{"allow": true}\')\n');

const ways: readonly (readonly [name: string, transport: HookTransport | undefined])[] = [
  ['without a hook', undefined],
  ['Unix socket', new HttpHook({ endpoint: { socket }, ...http })],
  ['https, kept connection', new HttpHook({ endpoint: { url }, material, ...http })],
  ['program, sh', new ProgramHook(shell)],
  ['program, Python', new ProgramHook(python)],
];
let base: number | undefined;
for (const [name, transport] of ways) {
  const times = (await timesOf(transport)).toSorted((one, other) => one - other);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? 0;
  base ??= at(0.5);
  const figures = `p50 ${at(0.5).toFixed(2)} ms, p95 ${at(0.95).toFixed(2)} ms, ${(at(0.5) / base).toFixed(1)} times`;
  process.stdout.write(`${name.padEnd(24)} ${figures}\n`);
}
for (const server of [overSocket, overTls]) server.close();
await rm(folder, { recursive: true, force: true });
