/** A gateway with few file descriptors: it says so at the start, strangers cannot take the last, and the log says when they run out. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cardgate } from '../../support/built-program.ts';
import { ControlClient } from '../../support/control-client.ts';
import { startGateway } from '../../support/gateway.ts';
import { accountFileDirectory, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

const limit = 200;
let pki: TestPki;
let ada: Person;
beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
});
afterAll(() => pki?.remove());

async function startWithDescriptors(most: number) {
  const sha256 = createHash('sha256').update(ada.der).digest('hex');
  const { directory, files } = accountFileDirectory([{ name: 'ada', certificates: [sha256] }]);
  const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';
  const site = { connections: { maxConnectionsPerAddress: 2000 } };
  const world = await startLoginWorld({ pki, directories: [directory], files, rules, site });
  await world.gateway.stop().catch(() => undefined);
  const command = ['prlimit', `--nofile=${most}:${most}`, ...cardgate];
  return { world, gateway: await startGateway({ command, configuration: world.configuration }) };
}

function linesOf(folder: string): (event: string) => readonly string[] {
  const log = readFileSync(join(folder, 'cardgate.log'), 'utf8').split('\n');
  return (event) => log.filter((line) => line.includes(`"event":"${event}"`));
}

it('refuses strangers with 421 while it keeps descriptors for those who are logged in, and sums the refusals up', async () => {
  const { world, gateway } = await startWithDescriptors(limit);
  const strangers: ControlClient[] = [];
  try {
    const port = gateway.ports[0] ?? 0;
    const person = await ControlClient.connect(port);
    await person.reply();
    await person.secure({ cert: ada.chainPem, key: ada.privateKeyPem });
    await person.logIn('ada');
    const codes: number[] = [];
    for (let index = 0; index < limit + 50; index += 1) {
      const stranger = await ControlClient.connect(port);
      strangers.push(stranger);
      codes.push((await stranger.reply()).code);
    }
    expect(new Set(codes)).toEqual(new Set([220, 421]));
    expect(codes.slice(-100)).toEqual(Array.from({ length: 100 }, () => 421));
    // What she does needs descriptors for a listener, a connection and a directory.
    expect((await person.command('MKD made')).code).toBe(257);
    await person.passive();
    person.destroy();
  } finally {
    for (const stranger of strangers) stranger.destroy();
    await gateway.stop();
  }
  const ofEvent = linesOf(world.folder);
  expect(gateway.errors()).toMatch(/may need 8\d\d\d file descriptors, and this process may open 200\n.*LimitNOFILE=8/);
  expect(ofEvent('configuration-warning').join()).toContain('LimitNOFILE=');
  expect(ofEvent('descriptors-nearly-used-up')).toHaveLength(10);
  expect(ofEvent('descriptors-nearly-used-up-again').join()).toMatch(/"count":\d{2,}/);
  expect(world.records().filter(({ event }) => event === 'transfer')).toHaveLength(1);
  await rm(world.folder, { recursive: true, force: true });
}, 60_000);

it('answers those who are logged in at once when descriptors run out, and tells it in one line and a count', async () => {
  const { world, gateway } = await startWithDescriptors(120);
  const sessions: ControlClient[] = [];
  const taken: Socket[] = [];
  try {
    const port = gateway.ports[0] ?? 0;
    for (;;) {
      const session = await ControlClient.connect(port);
      sessions.push(session);
      if ((await session.reply()).code !== 220) break;
      await session.secure({ cert: ada.chainPem, key: ada.privateKeyPem });
      await session.logIn('ada');
    }
    sessions.pop()?.destroy();
    const codes: number[] = [];
    for (const session of sessions) {
      const { code, lines } = await session.command('EPSV');
      codes.push(code);
      if (code !== 229) continue;
      const dataPort = Number(/\|\|\|(\d+)\|/.exec(lines.join(' '))?.[1]);
      taken.push(connect(dataPort, '127.0.0.1').on('error', () => undefined));
    }
    expect(new Set(codes)).toEqual(new Set([229, 425]));
    // Each opens directories on its way.
    const answers = await Promise.all(sessions.map((session) => session.command('MLST /')));
    expect(answers.filter(({ code }) => code !== 250 && code !== 451)).toEqual([]);
    for (const socket of taken.splice(0)) socket.destroy();
    for (const session of sessions.slice(1)) session.destroy();
    expect((await sessions[0]!.command('MKD after')).code).toBe(257);
  } finally {
    for (const socket of taken) socket.destroy();
    for (const session of sessions) session.destroy();
    await gateway.stop();
  }
  const ofEvent = linesOf(world.folder);
  expect(ofEvent('descriptors-exhausted').join()).toMatch(/"errno":"EMFILE","limit":120,"remedy":"Raise LimitNOFILE=/);
  expect(ofEvent('descriptors-exhausted-again').join()).toMatch(/"count":\d+/);
  // One a minute; the whole may take longer than that on a slow machine.
  expect(ofEvent('descriptors-exhausted').length).toBe(ofEvent('descriptors-exhausted-again').length);
  expect(ofEvent('command-failed').filter((line) => !line.includes('"level":"debug"'))).toEqual([]);
  await rm(world.folder, { recursive: true, force: true });
}, 120_000);
