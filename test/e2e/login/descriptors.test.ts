/** A gateway with few file descriptors: it says so at the start, strangers cannot take the last, and the log says when they try. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ControlClient } from '../../support/control-client.ts';
import { startGateway } from '../../support/gateway.ts';
import { accountFileDirectory, cardgate, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

const limit = 200;
let pki: TestPki;
let ada: Person;
beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
});
afterAll(() => pki?.remove());

it('refuses strangers with 421 while it keeps descriptors for those who are logged in, and sums the refusals up', async () => {
  const sha256 = createHash('sha256').update(ada.der).digest('hex');
  const { directory, files } = accountFileDirectory([{ name: 'ada', certificates: [sha256] }]);
  const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';
  const site = { connections: { maxConnectionsPerAddress: 2000 } };
  const world = await startLoginWorld({ pki, directories: [directory], files, rules, site });
  await world.gateway.stop().catch(() => undefined);
  const command = ['prlimit', `--nofile=${limit}:${limit}`, ...cardgate];
  const gateway = await startGateway({ command, configuration: world.configuration });
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
  const log = readFileSync(join(world.folder, 'cardgate.log'), 'utf8').split('\n');
  const ofEvent = (event: string) => log.filter((line) => line.includes(`"event":"${event}"`));
  expect(gateway.errors()).toMatch(/may need 8\d\d\d file descriptors, and this process may open 200\n.*LimitNOFILE=8/);
  expect(ofEvent('configuration-warning').join()).toContain('LimitNOFILE=');
  expect(ofEvent('descriptors-nearly-used-up')).toHaveLength(10);
  expect(ofEvent('descriptors-nearly-used-up-again').join()).toMatch(/"count":\d{2,}/);
  expect(world.records().filter(({ event }) => event === 'transfer')).toHaveLength(1);
  await rm(world.folder, { recursive: true, force: true });
}, 60_000);
