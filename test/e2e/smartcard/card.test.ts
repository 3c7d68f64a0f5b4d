import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { Handle } from 'pkcs11js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Card, createCard, listCards, removeCard } from '../../../src/smartcard/card.ts';
import { openCardAuthorities } from '../../../src/smartcard/card-authorities.ts';
import {
  createCardCommand,
  issueCrlsCommand,
  listCardsCommand,
  removeCardCommand,
  revokeCardCommand,
} from '../../../src/smartcard/card-commands.ts';
import type { CertificateAuthority } from '../../../src/smartcard/certificate-authority.ts';
import { returnValueName } from '../../../src/smartcard/pkcs11-module.ts';
import { softHsmIn, withSoftHsm } from '../../../src/smartcard/softhsm.ts';
import { keyTypes } from '../../../src/smartcard/software-key.ts';
import {
  findObjects,
  findToken,
  readAttribute,
  type TokenSession,
  withTokenSession,
} from '../../../src/smartcard/token.ts';

const run = promisify(execFile);
const now = new Date('2026-06-01T12:00:00Z');
const clock = { now: () => now };
const profile = { notBefore: new Date('2026-05-01T00:00:00Z'), notAfter: new Date('2027-05-01T00:00:00Z') };
const sid = 'S-1-5-21-1111111111-2222222222-3333333333-1105';
const directory = mkdtempSync(join(tmpdir(), 'cardgate-cards-'));
const pinOf = (card: Card) => readFileSync(card.pinFile, 'utf8');

let authority: CertificateAuthority;

beforeAll(async () => {
  authority = (await openCardAuthorities(directory, { now })).issuing;
});
afterAll(() => rmSync(directory, { recursive: true }));

function withPrivateKey<T>(
  card: Card,
  pin: string,
  work: (session: TokenSession, key: Handle | undefined) => T,
): Promise<T> {
  return withSoftHsm(softHsmIn(directory), (cryptoki) =>
    withTokenSession(cryptoki, { slot: findToken(cryptoki, card.name).slot, pin }, (session) => {
      const { library } = session;
      return work(session, findObjects(session, [{ type: library.CKA_CLASS, value: library.CKO_PRIVATE_KEY }])[0]);
    }),
  );
}

function failure(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return returnValueName(error);
  }
}

describe.each(keyTypes)('a card with a %s key', (keyType) => {
  let card: Card;

  beforeAll(async () => {
    const name = `ada-${keyType}`;
    card = await createCard({
      directory,
      name,
      keyType,
      authority,
      profile: { ...profile, userPrincipalName: 'ada@corp.example', sid, policies: ['1.2.3.4'] },
    });
  });

  it('holds a key that was made in the token and never leaves it', async () => {
    await withPrivateKey(card, pinOf(card), (session, key) => {
      const { library, pkcs11, handle } = session;
      const is = (type: number) => readAttribute(session, key!, type)[0] === 1;
      expect(is(library.CKA_SENSITIVE)).toBe(true);
      expect(is(library.CKA_EXTRACTABLE)).toBe(false);
      expect(is(library.CKA_ALWAYS_SENSITIVE)).toBe(true);
      expect(is(library.CKA_NEVER_EXTRACTABLE)).toBe(true);
      expect(is(library.CKA_LOCAL)).toBe(true);
      const secret = keyType === 'RSA-2048' ? library.CKA_PRIVATE_EXPONENT : library.CKA_VALUE;
      const read = () => pkcs11.C_GetAttributeValue(handle, key!, [{ type: secret }]);
      expect(failure(read)).toBe('CKR_ATTRIBUTE_SENSITIVE');
      const reveal = () => pkcs11.C_SetAttributeValue(handle, key!, [{ type: library.CKA_EXTRACTABLE, value: true }]);
      expect(failure(reveal)).toMatch(/^CKR_/);
    });
  });

  it('carries a certificate for its own key with UPN, SID, policy and logon purposes', async () => {
    const { stdout } = await run('openssl', ['x509', '-in', card.certificateFile, '-noout', '-text']);
    for (const fact of ['UPN::ada@corp.example', sid, 'Policy: 1.2.3.4', 'Microsoft Smartcard Login']) {
      expect(stdout).toContain(fact);
    }
    const chain = ['-CAfile', join(directory, 'ca/root/certificate.pem'), '-untrusted', card.chainFile];
    const args = ['-purpose', 'sslclient', '-attime', String(now.getTime() / 1000), ...chain, card.certificateFile];
    expect((await run('openssl', ['verify', '-x509_strict', ...args])).stdout).toContain('OK');
  });

  it('is seen from outside by OpenSC', async () => {
    const environment = { ...process.env, SOFTHSM2_CONF: card.softHsmConfiguration };
    const args = ['--module', card.module, '--token-label', card.name, '--list-objects'];
    const { stdout } = await run('pkcs11-tool', args, { env: environment });
    expect(stdout).toContain('Certificate Object');
    expect(stdout).toContain('logon');
    expect(stdout).not.toContain('Private Key Object');
  });
});

describe('a card', () => {
  it('keeps its PIN to its owner, and no PIN in its description', async () => {
    const card = await createCard({ directory, name: 'pins', keyType: 'P-256', authority, profile });
    expect(statSync(card.pinFile).mode & 0o777).toBe(0o600);
    expect(pinOf(card)).toMatch(/^\d{8}$/);
    expect(JSON.stringify((await listCardsCommand({ directory })).json)).not.toContain(pinOf(card));
  });

  it('refuses a wrong PIN', async () => {
    const card = await createCard({ directory, name: 'locked', keyType: 'P-256', authority, profile, pin: '123456' });
    expect(existsSync(card.pinFile)).toBe(false);
    await expect(withPrivateKey(card, '654321', () => undefined)).rejects.toThrow('CKR_PIN_INCORRECT');
    expect(await withPrivateKey(card, '123456', (_session, key) => key !== undefined)).toBe(true);
  });

  it.each([
    ['a name that is a path', { name: '../x' }],
    ['an empty name', { name: '' }],
    ['a name longer than a token label', { name: 'x'.repeat(33) }],
    ['a name that exists', { name: 'pins' }],
    ['a PIN that is too short', { pin: '123' }],
    ['a PIN with a line break', { pin: '1234\n5' }],
    ['a SID that is none', { profile: { ...profile, sid: 'S-1-5-x' } }],
    ['a UPN that is none', { profile: { ...profile, userPrincipalName: 'ada' } }],
    ['a validity that ends before it begins', { profile: { notBefore: now, notAfter: now } }],
  ])('is not made with %s, and nothing of it is left', async (_rule, changes) => {
    const before = readdirSync(join(directory, 'tokens')).length;
    const options = { directory, name: 'fresh', keyType: 'P-256' as const, authority, profile, ...changes };
    await expect(createCard(options)).rejects.toMatchObject({ name: 'CardError', remedy: expect.any(String) });
    expect(readdirSync(join(directory, 'tokens'))).toHaveLength(before);
    expect(existsSync(join(directory, 'cards/fresh'))).toBe(false);
  });

  it('leaves no token behind when the authority fails', async () => {
    const before = readdirSync(join(directory, 'tokens')).length;
    const broken = { ...authority, issue: () => Promise.reject(new Error('out of paper')) };
    const made = createCard({ directory, name: 'fresh', keyType: 'P-256', authority: broken, profile });
    await expect(made).rejects.toThrow('out of paper');
    expect(readdirSync(join(directory, 'tokens'))).toHaveLength(before);
  });

  it('is gone with its key when it was removed, and the others stay', async () => {
    const { tokenSerialNumber } = await createCard({ directory, name: 'lost', keyType: 'P-256', authority, profile });
    const before = (await listCards(directory)).map(({ name }) => name);
    await removeCard(directory, 'lost');
    expect((await listCards(directory)).map(({ name }) => name)).toEqual(before.filter((name) => name !== 'lost'));
    const left = readdirSync(join(directory, 'tokens')).map((name) => name.replaceAll('-', ''));
    expect(left.filter((name) => name.endsWith(tokenSerialNumber))).toEqual([]);
    expect(existsSync(join(directory, 'cards/lost'))).toBe(false);
    await expect(removeCard(directory, 'lost')).rejects.toMatchObject({ name: 'CardError' });
  });

  it('can be made at the same time as others', async () => {
    const names = ['one', 'two', 'three'];
    await Promise.all(names.map((name) => createCard({ directory, name, keyType: 'P-256', authority, profile })));
    expect((await listCards(directory)).map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });
});

describe('the card commands', () => {
  const trial = join(directory, 'trial');

  it('make the authorities with the first card, and say where everything is', async () => {
    const options = { directory: trial, keyType: 'P-256' as const, clock };
    const first = await createCardCommand({ ...options, name: 'ada', userPrincipalName: 'ada@corp.example' });
    expect(first.text).toContain('Made a root and an issuing authority');
    expect(first.text).toContain(`pin-source=file:${join(trial, 'cards/ada/pin')}`);
    expect(first.json).toMatchObject({ name: 'ada', keyType: 'P-256', notAfter: '2027-06-01T12:00:00.000Z' });
    const second = await createCardCommand({ ...options, name: 'bob', commonName: 'Bob' });
    expect(second.text).not.toContain('Made a root');
    expect((await listCardsCommand({ directory: trial })).text).toMatch(/^ada .*\nbob .*CN=Bob\n$/);
  });

  it.each([
    ['a file', async () => ({ from: 'file' as const, path: writePin('4711-file\n') }), '4711-file'],
    ['standard input', async () => ({ from: 'input' as const, stream: Readable.from(['47', '12\r\nrest']) }), '4712'],
    ['the environment', async () => ({ from: 'environment' as const, variable: setPinVariable('4713') }), '4713'],
  ])('take the PIN from %s, and do not write it down', async (_rule, source, pin) => {
    const name = `pin-${pin}`;
    await createCardCommand({ directory, name, keyType: 'P-256', clock, pin: await source() });
    const card = (await listCards(directory)).find((candidate) => candidate.name === name);
    expect(existsSync(card!.pinFile)).toBe(false);
    expect(await withPrivateKey(card!, pin, (_session, key) => key !== undefined)).toBe(true);
  });

  it('revoke a card so that OpenSSL refuses it by the CRL', async () => {
    const { json } = await revokeCardCommand({ directory: trial, name: 'bob', clock });
    expect(json).toMatchObject({ revoked: 'bob', reason: 'keyCompromise', number: 2 });
    const crls = (await issueCrlsCommand({ directory: trial, clock })).json;
    expect(crls).toMatchObject([
      { number: 2, revoked: 0 },
      { number: 3, revoked: 1 },
    ]);
    const crl = join(trial, 'ca/issuing/crl.der');
    const bob = new X509Certificate(readFileSync(join(trial, 'cards/bob/certificate.pem')));
    const { stdout } = await run('openssl', ['crl', '-inform', 'DER', '-in', crl, '-noout', '-text']);
    expect(stdout).toContain(`Serial Number: ${bob.serialNumber}`);
    await expect(revokeCardCommand({ directory: trial, name: 'eve', clock })).rejects.toThrow('There is no card "eve"');
  });

  it('remove a card', async () => {
    await removeCardCommand({ directory: trial, name: 'bob' });
    expect((await listCardsCommand({ directory: trial })).json).toMatchObject([{ name: 'ada' }]);
  });

  it('list nothing where there is nothing', async () => {
    expect(await listCardsCommand({ directory: '/nonexistent' })).toMatchObject({ json: [] });
  });
});

function writePin(text: string): string {
  const path = join(directory, 'given-pin');
  writeFileSync(path, text);
  return path;
}

function setPinVariable(pin: string): string {
  process.env['CARD_PIN_OF_THE_TEST'] = pin;
  return 'CARD_PIN_OF_THE_TEST';
}
