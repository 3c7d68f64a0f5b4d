/** The life of a mapping service process: it starts, reads its material anew, stops when it is told, and leaves records. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { cardgate } from '../../support/built-program.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { askAt, certificatesOf, json, temporarySocket } from './service-world.ts';

let pki: TestPki;
let world: LoginWorld;
let ada: Person;
let bob: Person;
let child: ChildProcess | undefined;

const account = (name: string, { der }: Person) => ({
  name,
  certificates: [createHash('sha256').update(der).digest('hex')],
});

beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  bob = await pki.issuePerson({ name: 'bob' });
  const { directory, files } = accountFileDirectory([account('ada', ada)]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
  });
});

afterAll(async () => {
  child?.kill('SIGKILL');
  await world?.stop();
  await pki?.remove();
});

function start(
  socket: string,
  more: object = {},
  before: readonly string[] = [],
): { process: ChildProcess; lines: string[]; exited: Promise<unknown[]> } {
  const configuration = join(world.folder, 'service.yaml');
  const settings = parse(readFileSync(world.configuration, 'utf8')) as Record<string, unknown>;
  writeFileSync(
    configuration,
    stringify({ ...settings, mappingService: { listeners: [{ socket, mode: '0600', ...more }] } }),
  );
  const [program, main] = cardgate;
  child = spawn('setpriv', ['--pdeathsig', 'KILL', ...before, program, main, 'serve-mapping', configuration], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => lines.push(line));
  return { process: child, lines, exited: once(child, 'exit') };
}

describe('cardgate serve-mapping', () => {
  it('does not start when the directory of its socket is missing', async () => {
    const { lines, exited } = start('/nonexistent/mapping.sock');
    expect(await exited).toEqual([2, null]);
    expect(lines.join('\n')).toContain('mappingService.listeners[0].socket: cannot write /nonexistent/mapping.sock');
  });

  it('does not start when its socket’s group does not exist', async () => {
    const { lines, exited } = start(temporarySocket(), { group: 'no-such-group' });
    expect(await exited).toEqual([2, null]);
    expect(lines.join('\n')).toContain('mappingService.listeners[0].group: names the group no-such-group');
  });

  it('does not start when something else is at its socket', async () => {
    const { lines, exited } = start(world.configuration);
    expect(await exited).toEqual([1, null]);
    expect(lines.join('\n')).toMatch(
      /service\.yaml:\d+:\d+: fault: mappingService\.listeners\[0\]\.socket: cannot listen on .*: a file that is not a socket is there\n +Name another path/,
    );
  });

  it('says with file and line that another process has its socket', async () => {
    const socket = temporarySocket();
    const other = createServer().listen(socket);
    await once(other, 'listening');
    const { lines, exited } = start(socket);
    expect(await exited).toEqual([1, null]);
    other.close();
    expect(lines.join('\n')).toMatch(
      /service\.yaml:\d+:\d+: fault: mappingService\.listeners\[0\]\.socket: .*another process does already\n +Stop it/,
    );
  });

  it('keeps descriptors in reserve when strangers take the rest, and sums up those it turns away', async () => {
    const socket = temporarySocket();
    const { process: service, lines, exited } = start(socket, {}, ['prlimit', '--nofile=120:120']);
    await expect.poll(() => lines, { timeout: 20_000 }).toContain('cardgate is ready');
    const strangers = Array.from({ length: 150 }, () => connect(socket).on('error', () => undefined));
    await expect.poll(() => strangers.filter(({ destroyed }) => destroyed).length).toBeGreaterThan(60);
    const descriptors = readdirSync(`/proc/${service.pid}/fd`).length;
    // A quarter of 120 is the reserve; one more connection may just be on its way out.
    expect(descriptors).toBeLessThan(100);
    for (const stranger of strangers) stranger.destroy();
    await expect.poll(() => readdirSync(`/proc/${service.pid}/fd`).length).toBeLessThan(descriptors);
    const { body } = await askAt(`unix:${socket}`, json({ certificates: certificatesOf(ada) }));
    expect(JSON.parse(body).outcome).toBe('granted');
    service.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    const log = readFileSync(join(world.folder, 'cardgate.log'), 'utf8');
    expect(log.match(/"event":"descriptors-nearly-used-up"/g)).toHaveLength(10);
    expect(log).toMatch(/"event":"descriptors-nearly-used-up-again","count":\d+/);
  });

  it('starts, serves, reloads on SIGHUP, and ends on SIGTERM without a trace of its socket', async () => {
    const socket = temporarySocket();
    const { process: service, lines, exited } = start(socket);
    await expect.poll(() => lines, { timeout: 20_000 }).toContain('cardgate is ready');
    expect(lines).toContain(`mapping service on unix:${socket}`);
    const outcome = async (person: Person) =>
      JSON.parse((await askAt(`unix:${socket}`, json({ certificates: certificatesOf(person) }))).body).outcome;
    expect([await outcome(ada), await outcome(bob)]).toEqual(['granted', 'denied']);

    writeFileSync(join(world.folder, 'accounts.yaml'), stringify({ accounts: [account('bob', bob)] }));
    service.kill('SIGHUP');
    await expect.poll(() => outcome(bob), { timeout: 10_000 }).toBe('granted');
    expect(await outcome(ada)).toBe('denied');

    writeFileSync(join(world.folder, 'accounts.yaml'), 'accounts: [');
    service.kill('SIGHUP');
    await expect.poll(() => readFileSync(join(world.folder, 'cardgate.log'), 'utf8')).toContain('reload-refused');
    expect(await outcome(bob)).toBe('granted');

    service.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(existsSync(socket)).toBe(false);
    expect(world.records().filter((record) => record.event === 'login' && record.caller === 'unix')).not.toEqual([]);
  });
});
