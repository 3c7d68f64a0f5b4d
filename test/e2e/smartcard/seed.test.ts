/** A card directory that was made from a seed can be thrown away and made again, octet by octet. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createAuthoritiesCommand,
  issueServerCertificateCommand,
} from '../../../src/smartcard/authority/authority-commands.ts';
import { type KeyType, keyTypes } from '../../../src/smartcard/authority/key-type.ts';
import { digits, seededRandomness } from '../../../src/smartcard/authority/randomness.ts';
import { seededPrivateKey } from '../../../src/smartcard/authority/seeded-key.ts';
import { findCard } from '../../../src/smartcard/card/card.ts';
import { createCardCommand, renewCardCommand } from '../../../src/smartcard/card/card-commands.ts';

const clock = { now: () => new Date('2026-06-01T12:00:00Z') };
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cardgate-seed-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function build(seed: string, order: readonly string[]) {
  await createAuthoritiesCommand({ directory, clock, seed: { seed, day: '2026-05-01' }, intermediates: 1 });
  for (const name of order) {
    await createCardCommand({
      directory,
      clock,
      name,
      profile: 'piv',
      person: { userPrincipalName: `${name}@corp.example` },
    });
  }
  await issueServerCertificateCommand({ directory, clock, names: ['localhost'] });
  const read = (path: string) => readFileSync(join(directory, path), 'utf8');
  const cards = order.map((name) =>
    ['certificate.pem', '9c-certificate.pem', '9d-certificate.pem', '9e-chain.pem', 'pin', 'puk'].map((file) =>
      read(`cards/${name}/${file}`),
    ),
  );
  const authorities = ['root', 'intermediate-1', 'issuing'].map((name) => read(`ca/${name}/certificate.pem`));
  return {
    cards: Object.fromEntries(order.map((name, index) => [name, cards[index]])),
    authorities,
    server: read('server/certificate.pem'),
  };
}

it('one seed makes the same authorities, keys, certificates, PINs and PUKs, in whatever order; another makes others', async () => {
  const first = await build('a seed', ['ada', 'bob']);
  rmSync(directory, { recursive: true });
  const second = await build('a seed', ['bob', 'ada']);
  expect(second).toEqual(first);
  rmSync(directory, { recursive: true });
  const other = await build('another', ['ada', 'bob']);
  expect(other.authorities).not.toEqual(first.authorities);
  expect(other.cards['ada']).not.toEqual(first.cards['ada']);
});

it('a renewed certificate of a seeded card has another serial number and the same key', async () => {
  await build('a seed', ['ada']);
  const before = await findCard(directory, 'ada');
  await renewCardCommand({ directory, clock, name: 'ada', slot: '9A' });
  const after = await findCard(directory, 'ada');
  expect(after.certificateDer.equals(before.certificateDer)).toBe(false);
});

it('a seed is refused where cards were made without it, and another seed where one is written down', async () => {
  await createAuthoritiesCommand({ directory, clock });
  await expect(createAuthoritiesCommand({ directory, clock, seed: { seed: 'late' } })).rejects.toMatchObject({
    name: 'CardError',
  });
  rmSync(directory, { recursive: true });
  await createAuthoritiesCommand({ directory, clock, seed: { seed: 'one' } });
  await expect(createAuthoritiesCommand({ directory, clock, seed: { seed: 'two' } })).rejects.toMatchObject({
    name: 'CardError',
  });
  await expect(
    createAuthoritiesCommand({ directory, clock, seed: { seed: 'one', day: 'today' } }),
  ).rejects.toMatchObject({ name: 'CardError' });
});

it.each(keyTypes)(
  'a %s key is the same from the same seed and purpose, and another for another',
  (keyType: KeyType) => {
    const key = (seed: string, purpose: string) =>
      seededPrivateKey(keyType, seededRandomness(seed), purpose)
        .export({ format: 'der', type: 'pkcs8' })
        .toString('hex');
    expect(key('s', 'p')).toBe(key('s', 'p'));
    expect(new Set([key('s', 'p'), key('s', 'q'), key('t', 'p')]).size).toBe(3);
  },
);

it('digits are spread evenly', () => {
  const counts = new Map<string, number>();
  for (const digit of digits(seededRandomness('s'), 'p', 10_000)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  expect([...counts.keys()].sort().join('')).toBe('0123456789');
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
});
