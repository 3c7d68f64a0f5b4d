/** A session that runs while an administrator changes groups, rules and homes: a hang-up signal brings it what a new login gets. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ControlClient } from '../../support/control-client.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

let pki: TestPki;
let ada: Person;
beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
});
afterAll(() => pki?.remove());

const allUsers = { users: '*', permissions: ['Read'] };
const writers = { roles: ['writers'], permissions: ['Write'] };

function accounts(...groups: readonly string[]) {
  const sha256 = createHash('sha256').update(ada.der).digest('hex');
  return accountFileDirectory([{ name: 'ada', certificates: [sha256], groups }]);
}

interface Running {
  readonly world: LoginWorld;
  readonly client: ControlClient;
  /** Writes a file of the installation anew. */
  write(name: string, text: string): Promise<void>;
  /** Changes the site’s settings in the configuration. */
  change(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** Sends SIGHUP and waits until the sessions were rechecked. */
  hangUp(): Promise<void>;
}

/** Runs `test` with Ada logged in and a member of the writers. */
async function withSession(test: (running: Running) => Promise<void>): Promise<void> {
  const { directory, files } = accounts('writers');
  const world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: { authorization: [allUsers, writers], connections: { loginRecheckInterval: '1d' } },
  });
  const client = await ControlClient.connect(world.port);
  const log = () => readFile(join(world.folder, 'cardgate.log'), 'utf8');
  const rounds = async () => (await log()).split('"sessions-rechecked"').length;
  const write = (name: string, text: string) => writeFile(join(world.folder, name), text);
  try {
    await client.reply();
    await client.secure({ cert: ada.chainPem, key: ada.privateKeyPem });
    await client.logIn('ada');
    await test({
      world,
      client,
      write,
      change: async (settings) => {
        const configuration = parse(await readFile(world.configuration, 'utf8'));
        Object.assign(configuration.sites[0], settings);
        await write('cardgate.yaml', stringify(configuration));
      },
      hangUp: async () => {
        const before = await rounds();
        world.gateway.signal('SIGHUP');
        await expect.poll(rounds).toBeGreaterThan(before);
      },
    });
  } finally {
    client.destroy();
    await world.stop();
  }
}

const code = async (client: ControlClient, line: string) => (await client.command(line)).code;

describe('after SIGHUP a running session', () => {
  it('may not write any more when its account has left the group, and may again when it is back', () =>
    withSession(async ({ client, write, hangUp }) => {
      expect(await code(client, 'MKD one')).toBe(257);
      await write('accounts.yaml', accounts().files['accounts.yaml']);
      await hangUp();
      expect(await code(client, 'MKD two')).toBe(550);
      expect(await code(client, 'MLST one')).toBe(250);
      await write('accounts.yaml', accounts('writers').files['accounts.yaml']);
      await hangUp();
      expect(await code(client, 'MKD two')).toBe(257);
    }));

  it('obeys a new rule that denies, and one that allows', () =>
    withSession(async ({ client, change, hangUp }) => {
      expect(await code(client, 'MKD closed')).toBe(257);
      const deny = { accessType: 'Deny', users: '*', permissions: ['Read', 'Write'], path: '/closed' };
      await change({ authorization: [allUsers, writers, deny] });
      await hangUp();
      expect(await code(client, 'MKD closed/one')).toBe(550);
      expect(await code(client, 'CWD closed')).toBe(550);
      expect(await code(client, 'MKD open')).toBe(257);
      await change({ authorization: [allUsers, writers] });
      await hangUp();
      expect(await code(client, 'MKD closed/one')).toBe(257);
    }));

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['when its home is another', { userIsolation: { mode: 'None' } }, 'home-changed'],
    ['when no rule is for its account any more', { authorization: [writers] }, 'login-withdrawn'],
  ])('ends with 421 %s', (_rule, settings, reason) =>
    withSession(async ({ world, client, write, change, hangUp }) => {
      await write('accounts.yaml', accounts().files['accounts.yaml']);
      await change(settings);
      await hangUp();
      expect((await client.reply()).code).toBe(421);
      const ends = () => world.records().filter(({ event }) => event === 'session-end');
      await expect.poll(ends).toMatchObject([{ accountName: 'ada', reason }]);
    }),
  );

  it('is rechecked when the reload is refused, too', () =>
    withSession(async ({ client, write, hangUp }) => {
      await write('cardgate.yaml', 'sites: [');
      await hangUp();
      expect(await code(client, 'MKD one')).toBe(257);
    }));
});
