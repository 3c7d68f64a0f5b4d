/** How often a card signs while its client moves many files in one session: for the login, and for each direction once at most. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cardTests } from '../../support/card-tests.ts';
import { basicFtp } from '../../support/clients/basic-ftp.ts';
import {
  type ClientIdentity,
  type ClientResult,
  type ClientSession,
  cardIdentity,
  fileIdentity,
} from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { ftplib } from '../../support/clients/ftplib.ts';
import { lftp } from '../../support/clients/lftp.ts';
import { otherClients } from '../../support/clients/other-clients.ts';
import { accountsHolding, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { pkcs11Spy, spyModule } from '../../support/pkcs11-spy.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

const files = 10;
const tests = await cardTests('a card', { engine: true, programs: ['curl'] });

let pki: TestPki;
let world: LoginWorld;
let scratch: string;
let original: string;
let card: ClientIdentity & { readonly kind: 'card' };
let key: ClientIdentity;

beforeAll(async () => {
  pki = await createTestPki();
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-signatures-'));
  original = join(scratch, 'original.bin');
  await writeFile(original, randomBytes(100_000));
  const issued = await pki.issueCard({ name: 'ada' });
  const person = await pki.issuePerson({ name: 'bob' });
  card = cardIdentity(issued) as typeof card;
  key = fileIdentity(person);
  world = await startLoginWorld({
    pki,
    ...accountsHolding({ ada: { der: issued.certificateDer }, bob: person }),
  });
});
afterAll(async () => {
  await world?.stop();
  await pki?.remove();
  await rm(scratch, { recursive: true, force: true });
});

function steps(prefix: string): ClientSession['steps'] {
  const names = Array.from({ length: files }, (_, index) => `${prefix}-${index}`);
  return [
    ...names.map((remote) => ({ do: 'upload', local: original, remote }) as const),
    ...names.map((remote) => ({ do: 'download', remote, local: join(scratch, remote) }) as const),
  ];
}

function expectWhole(result: ClientResult, prefix: string): void {
  expect(result, `${result.stdout}\n${result.stderr}`).toMatchObject({ exitCode: 0 });
  for (let index = 0; index < files; index += 1)
    expect(readFileSync(join(scratch, `${prefix}-${index}`)).equals(readFileSync(original))).toBe(true);
}

/** TLS 1.2 alone; both, as clients offer by themselves; TLS 1.3 alone. */
const offers = {
  'TLS 1.2': { tls: '1.2' },
  'both versions': { tls: '1.3', offersOlderTls: true },
  'TLS 1.3 alone': { tls: '1.3' },
} as const satisfies Readonly<Record<string, Pick<ClientSession, 'tls' | 'offersOlderTls'>>>;

/**
 * OpenSSL uses a ticket of TLS 1.3 once where its client keeps sessions, and an uploading connection may bring no new one: a client that only
 * writes leaves it unread, and closes with RST. So curl and Ruby sign for each upload when they insist on TLS 1.3.
 */
const everyUpload = 1 + files;

describe.skipIf(tests.skip)(tests.title, () => {
  it.each([
    ['curl', 'TLS 1.2', 3, curl],
    ['curl', 'both versions', 3, curl],
    ['curl', 'TLS 1.3 alone', everyUpload, curl],
    ['basic-ftp', 'TLS 1.2', 3, basicFtp],
    ['basic-ftp', 'both versions', 3, basicFtp],
    ['basic-ftp', 'TLS 1.3 alone', 3, basicFtp],
  ] as const)('in a session of %s, %s, signs %i times at most', async (client, offer, most, run) => {
    const spy = await pkcs11Spy(card.card.module);
    const prefix = `card-${client}-${offer.replace(/\W/gu, '')}`;
    try {
      const spied: ClientIdentity = {
        ...card,
        card: { ...card.card, module: spyModule, environment: spy.environment },
      };
      const session = { ...world.session('ada', spied, '1.3', steps(prefix)), ...offers[offer] };
      expectWhole(await run({ ...session, timeoutMs: 50_000 }), prefix);
      expect(spy.signatures()).toBeGreaterThan(0);
      expect(spy.signatures()).toBeLessThanOrEqual(most);
    } finally {
      await spy.remove();
    }
  });
});

/** What costs a card a signature, told of a client with its key in a file: the login, and data connections that resume no session. */
async function fullHandshakes(prefix: string): Promise<number> {
  const transfers = () =>
    world
      .records()
      .filter((record) => record.event === 'transfer')
      .filter(({ path, operation }) => path.startsWith(`/${prefix}-`) && /^(?:store|retrieve)$/u.test(operation));
  await expect.poll(() => transfers().length).toBe(2 * files);
  return 1 + transfers().filter(({ facts }) => facts?.['resumed'] === false).length;
}

const { ruby } = otherClients;

describe('a client with its key in a file makes full handshakes', () => {
  it.each([
    ['lftp', 'TLS 1.2', 3, lftp],
    ['lftp', 'both versions', 3, lftp],
    ['lftp', 'TLS 1.3 alone', 3, lftp],
    ['Ruby', 'TLS 1.2', 3, ruby.run],
    ['Ruby', 'both versions', 3, ruby.run],
    ['Ruby', 'TLS 1.3 alone', everyUpload, ruby.run],
    ['Python, which never resumes', 'TLS 1.2', 1 + 2 * files, ftplib],
  ] as const)('%s, %s: %i times at most', async (client, offer, most, run) => {
    const prefix = `key-${client.replace(/\W/gu, '')}-${offer.replace(/\W/gu, '')}`;
    const session = { ...world.session('bob', key, '1.3', steps(prefix)), ...offers[offer] };
    expectWhole(await run({ ...session, timeoutMs: 50_000 }), prefix);
    expect(await fullHandshakes(prefix)).toBeLessThanOrEqual(most);
  });
});

describe('with several control connections at once', () => {
  const logins = (since: number) =>
    world
      .records()
      .slice(since)
      .filter(({ event }) => event === 'login').length;

  it.skipIf(tests.skip)(
    `a card signs for each once, and once more at most, by curl --parallel${tests.note}`,
    async () => {
      const spy = await pkcs11Spy(card.card.module);
      const since = world.records().length;
      try {
        const spied: ClientIdentity = {
          ...card,
          card: { ...card.card, module: spyModule, environment: spy.environment },
        };
        const uploads = steps('parallel').slice(0, files);
        const session = { ...world.session('ada', spied, '1.3', uploads), ...offers['both versions'] };
        const result = await curl({ ...session, timeoutMs: 50_000 }, ['parallel', 'parallel-immediate']);
        expect(result, result.stderr).toMatchObject({ exitCode: 0 });
        for (const step of uploads)
          if (step.do === 'upload')
            expect(readFileSync(join(world.files, 'ada', step.remote)).equals(readFileSync(original))).toBe(true);
        const connections = logins(since);
        expect(connections).toBeGreaterThan(1);
        expect(spy.signatures()).toBeLessThanOrEqual(2 * connections);
      } finally {
        await spy.remove();
      }
    },
  );

  it('lftp mirror moves every file whole, and each connection makes one full handshake more at most', async () => {
    const since = world.records().length;
    const session = { ...world.session('bob', key, '1.3', []), ...offers['both versions'] };
    const folder = join(scratch, 'mirrored');
    await mkdir(folder);
    for (let index = 0; index < files; index += 1) await copyFile(original, join(folder, `file-${index}`));
    const result = await lftp(session, [], [`mirror --reverse --parallel=3 ${folder} mirrored`]);
    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    for (let index = 0; index < files; index += 1)
      expect(readFileSync(join(world.files, 'bob', 'mirrored', `file-${index}`)).equals(readFileSync(original))).toBe(
        true,
      );
    const stored = () =>
      world
        .records()
        .slice(since)
        .filter((record) => record.event === 'transfer')
        .filter(({ operation }) => operation === 'store');
    await expect.poll(() => stored().length).toBe(files);
    const connections = logins(since);
    expect(connections).toBeGreaterThan(1);
    expect(stored().filter(({ facts }) => facts?.['resumed'] === false).length).toBeLessThanOrEqual(connections);
  });
});
