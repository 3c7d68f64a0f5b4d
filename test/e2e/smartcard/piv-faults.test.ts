/**
 * What goes wrong with a card in its reader while its holder logs in: what the client is told, what the gateway records, and that
 * it goes on serving. No fault costs more tries of the PIN than the person made.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Card } from '../../../src/smartcard/card/card.ts';
import type { VirtualReaderOptions } from '../../../src/smartcard/reader/virtual-reader.ts';
import { cardTests } from '../../support/card-tests.ts';
import { basicFtp } from '../../support/clients/basic-ftp.ts';
import {
  type ClientPause,
  type ClientResult,
  type ClientSession,
  fileIdentity,
} from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { type InsertedCard, insertCard, issuePivCard, wrongPin } from '../../support/pcsc.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

const tests = await cardTests('a card that goes wrong during a login', {
  reader: true,
  programs: ['curl'],
  engine: true,
});

const clients = [
  { client: 'curl', run: curl, tells: { wrong: /failed to load private key/, locked: /failed to load private key/ } },
  { client: 'basic-ftp', run: basicFtp, tells: { wrong: /PIN incorrect/, locked: /PIN locked/ } },
];
const tlsVersions = ['1.2', '1.3'] as const;
const handshakeSeconds = 3;
/**
 * OpenSC 0.23 waits for itself for ever when a card is pulled while it signs and pcscd has not noticed yet: its mutex is not
 * recursive. Such a client is ended after this time, as its user ends it.
 */
const patienceMs = 6000;

let pki: TestPki;
let world: LoginWorld;
let openGateway: () => Promise<LoginWorld>;
let scratch: string;
let original: string;
let card: Card;
let bob: Person;
let inserted: InsertedCard | undefined;
let names = 0;

beforeAll(async () => {
  if (tests.skip) return;
  pki = await createTestPki();
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-piv-faults-'));
  original = join(scratch, 'original.bin');
  await writeFile(original, randomBytes(500_001));
  card = await issuePivCard(pki, 'ada', [['9A', 'P-256']]);
  bob = await pki.issuePerson({ name: 'bob' });
  const { directory, files } = accountFileDirectory(
    [
      ['ada', card.certificateDer],
      ['bob', bob.der],
    ].map(([name, der]) => ({ name, certificates: [createHash('sha256').update(der!).digest('hex')] })),
  );
  openGateway = () =>
    startLoginWorld({
      pki,
      directories: [directory],
      files,
      rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
      site: { connections: { handshakeTimeout: `${handshakeSeconds}s` } },
    });
  world = await openGateway();
});

afterAll(async () => {
  await world?.stop();
  await pki?.remove();
  if (scratch) await rm(scratch, { recursive: true, force: true });
});

beforeEach(() => {
  names += 1;
});

afterEach(async () => {
  await inserted?.reader.stop();
  inserted = undefined;
});

async function insert(options: Partial<VirtualReaderOptions> = {}): Promise<InsertedCard> {
  inserted = await insertCard(pki, card, options);
  return inserted;
}

/** A session of ada's that uploads one file. */
function upload({ identity }: InsertedCard, more: Partial<ClientSession> = {}, candidate?: string): ClientSession {
  const steps = [{ do: 'upload', local: original, remote: `file-${names}` }] as const;
  return { ...world.session('ada', identity(candidate), more.tls ?? '1.3', steps), ...more };
}

const uploaded = () => join(world.files, 'ada', `file-${names}`);
const arrivedWhole = () => existsSync(uploaded()) && readFileSync(uploaded()).equals(readFileSync(original));

/** What the gateway recorded while `work` ran. */
async function recordsOf(work: () => Promise<void>) {
  const before = world.records().length;
  await work();
  return {
    refusals: () =>
      world
        .records()
        .slice(before)
        .filter((record) => record.event === 'refusal'),
    logins: () =>
      world
        .records()
        .slice(before)
        .filter((record) => record.event === 'login'),
  };
}

async function expectServing(): Promise<void> {
  const listing = await curl(world.session('bob', fileIdentity(bob), '1.3', [{ do: 'list', path: '/' }]));
  expect(listing, listing.stderr).toMatchObject({ exitCode: 0 });
}

/** The client failed before it had logged in; the gateway wrote down why and serves on. */
async function expectRefusedHandshake(work: () => Promise<ClientResult>): Promise<ClientResult> {
  let result: ClientResult | undefined;
  const records = await recordsOf(async () => {
    result = await work();
    expect(result, result.stderr).not.toMatchObject({ exitCode: 0 });
  });
  await expect.poll(() => records.refusals()).toHaveLength(1);
  expect(records.refusals()[0]).toMatchObject({ denial: { code: 'tls-handshake-failed' } });
  expect(records.logins()).toEqual([]);
  expect(existsSync(uploaded())).toBe(false);
  await expectServing();
  return result!;
}

/** Either client with either version costs a minute more and shows nothing else. */
const versioned = [
  { client: 'curl', run: curl, tls: '1.3' },
  { client: 'basic-ftp', run: basicFtp, tls: '1.2' },
] as const;

describe.skipIf(tests.skip)(tests.title, () => {
  describe('its PIN', () => {
    it.each(clients)('is wrong: $client spends one try and no more', async ({ run, tells }) => {
      const held = await insert();
      const { stderr } = await expectRefusedHandshake(() => run(upload(held, {}, wrongPin)));
      expect(stderr).toMatch(tells.wrong);
      expect(await held.recorded.all()).toEqual([{ kind: 'pin-wrong', triesLeft: 2 }]);
      expect((await held.reader.status()).pinTriesLeft).toBe(2);
      expect(await run(upload(held))).toMatchObject({ exitCode: 0 });
      expect(arrivedWhole()).toBe(true);
      expect((await held.reader.status()).pinTriesLeft).toBe(3);
    });

    it.each(clients)('is locked: $client cannot log in even with the right one', async ({ run, tells }) => {
      const held = await insert({ pinTries: 1 });
      await expectRefusedHandshake(() => run(upload(held, {}, wrongPin)));
      expect(await held.recorded.all()).toEqual([{ kind: 'pin-wrong', triesLeft: 0 }]);
      const { stderr } = await expectRefusedHandshake(() => run(upload(held)));
      expect(stderr).toMatch(tells.locked);
      expect(await held.recorded.count('pin-right')).toBe(0);
      expect(await held.recorded.count('pin-wrong')).toBe(1);
    });
  });

  describe('is pulled', () => {
    it.each(versioned)('at the signature: $client, TLS $tls', async ({ run, tls }) => {
      const held = await insert();
      await held.reader.removeAtNextSignature();
      const { stderr, timedOut } = await expectRefusedHandshake(() =>
        run(upload(held, { tls, timeoutMs: patienceMs })),
      );
      if (!timedOut) expect(stderr).toMatch(/device removed|token not present/i);
      expect(await held.recorded.count('signature')).toBe(0);
      await held.reader.remove();
      await held.reader.insert();
      expect(await run(upload(held, { tls }))).toMatchObject({ exitCode: 0 });
      expect(arrivedWhole()).toBe(true);
    });

    /** Runs basic-ftp up to its pause, pulls the card, and has it go on. */
    async function pulledInPause(held: InsertedCard, session: ClientSession, { file }: ClientPause) {
      const result = basicFtp(session);
      await expect.poll(() => existsSync(`${file}.reached`)).toBe(true);
      await held.reader.remove();
      await writeFile(file, '');
      return result;
    }

    /** That the gateway goes on with a session whose card has gone is right: it proved itself, and nothing tells a server of a pulled card. */
    it.each(tlsVersions)(
      'after the login: the session goes on by resumption, a new one does not begin, TLS %s',
      async (tls) => {
        const held = await insert();
        const pause = { file: join(scratch, `after-login-${tls}`) };
        const result = await pulledInPause(held, upload(held, { tls, pauseAfterLogin: pause }), pause);
        expect(result, result.stderr).toMatchObject({ exitCode: 0 });
        expect(arrivedWhole()).toBe(true);
        expect(await held.recorded.count('signature')).toBe(1);
        const again = await basicFtp(upload(held, { tls }));
        expect(again).not.toMatchObject({ exitCode: 0 });
        await expectServing();
      },
    );

    it.each(tlsVersions)('during a transfer: it is completed, TLS %s', async (tls) => {
      const held = await insert();
      const pause = { file: join(scratch, `transfer-${tls}`) };
      const steps = [{ do: 'upload', local: original, remote: `file-${names}`, pause }] as const;
      const result = await pulledInPause(held, upload(held, { tls, steps }), pause);
      expect(result, result.stderr).toMatchObject({ exitCode: 0 });
      expect(arrivedWhole()).toBe(true);
      expect(await held.recorded.count('signature')).toBe(1);
      await expectServing();
    });

    it('where a data connection needs it again: that transfer fails, those before it stay', async () => {
      const held = await insert();
      await held.reader.removeAtNextSignature(1);
      const second = `second-${names}`;
      const steps = [
        { do: 'upload', local: original, remote: `file-${names}` },
        { do: 'upload', local: original, remote: second },
      ] as const;
      const records = await recordsOf(async () => {
        const result = await curl(upload(held, { tls: '1.3', steps, timeoutMs: patienceMs }));
        expect(result, result.stderr).not.toMatchObject({ exitCode: 0 });
      });
      await expect.poll(() => records.refusals()).toHaveLength(1);
      expect(records.refusals()[0]).toMatchObject({ accountName: 'ada', denial: { code: 'data-tls-failed' } });
      expect(arrivedWhole()).toBe(true);
      expect(existsSync(join(world.files, 'ada', second))).toBe(false);
      await expectServing();
    });
  });

  describe('waits for a finger', () => {
    // A gateway of its own: of more than ten failed handshakes a minute from one address the rest are only counted.
    beforeAll(async () => {
      await world.stop();
      world = await openGateway();
    });

    it.each(versioned)('for less than the handshake may take: $client, TLS $tls', async ({ run, tls }) => {
      const held = await insert({ touchDelayMs: 1000 });
      const began = performance.now();
      expect(await run(upload(held, { tls }))).toMatchObject({ exitCode: 0 });
      expect(performance.now() - began).toBeGreaterThan(1000);
      expect(arrivedWhole()).toBe(true);
    });

    it.each(versioned)('for longer: the gateway ends the handshake of $client, TLS $tls', async ({ run, tls }) => {
      const held = await insert({ touchDelayMs: (handshakeSeconds + 1) * 1000 });
      await expectRefusedHandshake(() => run(upload(held, { tls })));
      await held.reader.setTouchDelay(0);
      expect(await run(upload(held, { tls }))).toMatchObject({ exitCode: 0 });
    });

    it.each(clients)('for longer than the person: $client is ended, and the card is free again', async ({ run }) => {
      const held = await insert({ touchDelayMs: 30_000 });
      const result = await expectRefusedHandshake(() => run(upload(held, { timeoutMs: 6000 })));
      expect(result).toMatchObject({ timedOut: true });
      await held.reader.remove();
      await held.reader.setTouchDelay(0);
      await held.reader.insert();
      expect(await run(upload(held))).toMatchObject({ exitCode: 0 });
    });
  });
});
