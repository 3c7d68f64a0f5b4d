/** `cardgate try-card` with a PIV card in a reader: OpenSC, pcscd and the card's own count of tries. No try more than the person made. */
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { KeyType } from '../../../src/smartcard/authority/key-type.ts';
import type { Card } from '../../../src/smartcard/card/card.ts';
import type { VirtualReaderOptions } from '../../../src/smartcard/reader/virtual-reader.ts';
import { cardgate } from '../../support/built-program.ts';
import { cardTests } from '../../support/card-tests.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { type InsertedCard, insertCard, issuePivCard, pin, wrongPin } from '../../support/pcsc.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

const tests = await cardTests('a trial of a PIV card in a reader', {
  reader: true,
  programs: ['openssl'],
  engine: true,
});
const versions = ['TLSv1.3', 'TLSv1.2'] as const;
const keyTypes = ['P-256', 'RSA-2048'] as const satisfies readonly KeyType[];

let pki: TestPki;
const worlds = new Map<string, LoginWorld>();
const cards = new Map<KeyType, Card>();
let inserted: InsertedCard | undefined;

beforeAll(async () => {
  if (tests.skip) return;
  pki = await createTestPki();
  for (const keyType of keyTypes)
    cards.set(
      keyType,
      await issuePivCard(pki, `ada-${keyType}`, [
        ['9A', keyType],
        ['9C', keyType],
        ['9D', keyType],
      ]),
    );
  const certificates = [...cards.values()]
    .flatMap((card) => card.certificates)
    .map(({ certificateDer }) => createHash('sha256').update(certificateDer).digest('hex'));
  const { directory, files } = accountFileDirectory([{ name: 'ada', certificates }]);
  const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';
  for (const maximumVersion of versions) {
    const site = { ssl: { maximumVersion } };
    worlds.set(maximumVersion, await startLoginWorld({ pki, directories: [directory], files, rules, site }));
  }
});

afterEach(async () => {
  await inserted?.reader.stop();
  inserted = undefined;
});

afterAll(async () => {
  for (const world of worlds.values()) await world.stop();
  await pki?.remove();
});

interface Request {
  readonly version?: (typeof versions)[number];
  readonly given?: string;
  readonly args?: readonly string[];
}

async function insert(keyType: KeyType = 'P-256', options: Partial<VirtualReaderOptions> = {}): Promise<InsertedCard> {
  inserted = await insertCard(pki, cards.get(keyType)!, options);
  return inserted;
}

function tryIn({ run, reader }: InsertedCard, { version = 'TLSv1.3', given = pin, args = [] }: Request = {}) {
  const server = `ftps://localhost:${worlds.get(version)!.port}`;
  const words = [server, '--cacert', pki.files.root, '--module', reader.environment.PKCS11_MODULE_PATH, '--pin-stdin'];
  const [node, main] = cardgate;
  return run(node, [main, 'try-card', ...words, '--user', 'ada', '--timeout', '10', ...args], { input: `${given}\n` });
}

const signatures = (slot: string) => [
  { kind: 'signature-asked', slot },
  { kind: 'signature', slot },
];

describe.skipIf(tests.skip)(tests.title, () => {
  it.each(versions.flatMap((version) => keyTypes.map((keyType) => [version, keyType] as const)))(
    'over %s with %s keys uses 9A, one PIN and one signature',
    async (version, keyType) => {
      const card = await insert(keyType);
      const trial = await tryIn(card, { version });
      expect(trial, trial.stdout + trial.stderr).toMatchObject({ exitCode: 0, stderr: '' });
      expect(trial.stdout).toMatch(/ok +choice +id 01 .*PIV Authentication/);
      expect(await card.recorded.all()).toEqual([{ kind: 'pin-right' }, ...signatures('9a')]);
    },
  );

  it('shows every certificate of the card without its PIN', async () => {
    const card = await insert();
    const { stdout, exitCode } = await tryIn(card, { args: ['--list'] });
    expect(exitCode).toBe(0);
    for (const name of ['PIV Authentication', 'Digital Signature', 'Key Management']) expect(stdout).toContain(name);
    expect(await card.recorded.all()).toEqual([]);
  });

  it('gives the PIN again for the signature of a key that wants it each time, without asking again', async () => {
    const card = await insert();
    const trial = await tryIn(card, { args: ['--certificate', '02'] });
    expect(trial, trial.stdout + trial.stderr).toMatchObject({ exitCode: 0 });
    expect(await card.recorded.all()).toEqual([{ kind: 'pin-right' }, { kind: 'pin-right' }, ...signatures('9c')]);
  });

  it.each(versions)('counts down to the lock over %s, and never makes a try by itself', async (version) => {
    const card = await insert();
    const given = wrongPin;
    const first = await tryIn(card, { version, given });
    expect(first.stdout).toContain('The PIN is wrong; it was tried once');
    expect(await card.reader.status()).toMatchObject({ pinTriesLeft: 2 });
    const second = await tryIn(card, { version, given });
    expect(second.stdout).toContain('ONE try is left before the PIN locks.');
    expect(await card.reader.status()).toMatchObject({ pinTriesLeft: 1 });
    const held = await tryIn(card, { version });
    expect(held.stdout).toContain('The card has one try left before its PIN locks, so none was made.');
    expect(await card.reader.status()).toMatchObject({ pinTriesLeft: 1 });
    const last = await tryIn(card, { version, given, args: ['--final-try'] });
    expect(last.stdout).toMatch(/The PIN of the card is locked\.|The PIN is locked now\./);
    const locked = await tryIn(card, { version, args: ['--final-try'] });
    expect(locked.stdout).toContain('The PIN of the card is locked.');
    expect(await card.recorded.count('pin-wrong')).toBe(3);
    expect(await card.recorded.count('pin-blocked')).toBe(0);
    expect([first, second, held, last, locked].map(({ exitCode }) => exitCode)).toEqual([1, 1, 1, 1, 1]);
  });

  it('makes the last try when told to, and the right PIN gives all tries back', async () => {
    const card = await insert();
    for (const given of [wrongPin, wrongPin]) await tryIn(card, { given });
    expect(await tryIn(card, { args: ['--final-try'] })).toMatchObject({ exitCode: 0 });
    expect(await card.reader.status()).toMatchObject({ pinTriesLeft: 3 });
  });

  it.each(versions)('tells of a card that is pulled when it is to sign (%s)', async (version) => {
    const card = await insert();
    await card.reader.removeAtNextSignature();
    const trial = await tryIn(card, { version, args: ['--timeout', '5'] });
    expect(trial).toMatchObject({ exitCode: 1, timedOut: false });
    expect(trial.stdout).toMatch(/NO +login/);
    expect(trial.stdout).toContain('The card was removed while it was in use.');
    expect(await card.recorded.count('pin-right')).toBe(1);
  });

  it('tells of a card that waits for a touch that does not come', async () => {
    const card = await insert('P-256', { touchDelayMs: 4000 });
    const trial = await tryIn(card, { args: ['--timeout', '2'] });
    expect(trial.stdout).toMatch(/The card did not answer in time\.|The server did not answer in time\./);
    expect(trial).toMatchObject({ exitCode: 1, timedOut: false });
  });

  it('tells of an empty reader', async () => {
    const card = await insert();
    await card.reader.remove();
    const trial = await tryIn(card);
    expect(trial.stdout).toContain('There is no card that can be used in any reader.');
    expect(trial.exitCode).toBe(1);
  });

  it('tells of a reader service that is gone', async () => {
    const card = await insert();
    await card.reader.stop();
    const trial = await tryIn(card);
    expect(trial.stdout).toMatch(/No card reader was found|cannot reach the readers/);
    expect(trial.exitCode).toBe(1);
  });
});
