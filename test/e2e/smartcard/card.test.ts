/** Cards in SoftHSM: what is on them, and what the commands that make, show, renew, revoke and unblock them do. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { Handle } from 'pkcs11js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueCrlsCommand } from '../../../src/smartcard/authority/authority-commands.ts';
import { keyTypes } from '../../../src/smartcard/authority/key-type.ts';
import { type Card, findCard, listCards, removeCard } from '../../../src/smartcard/card/card.ts';
import {
  changePinCommand,
  createCardCommand,
  listCardsCommand,
  removeCardCommand,
  renewCardCommand,
  revokeCardCommand,
  showCardCommand,
  unblockCardCommand,
} from '../../../src/smartcard/card/card-commands.ts';
import { openCardDirectory } from '../../../src/smartcard/card/card-directory.ts';
import { type IssueCardOptions, issueCard } from '../../../src/smartcard/card/card-issuing.ts';
import { createCard } from '../../../src/smartcard/card/card-making.ts';
import { readCardProfile } from '../../../src/smartcard/card/card-profile-file.ts';
import { returnValueName } from '../../../src/smartcard/token/pkcs11-module.ts';
import { softHsmIn, withSoftHsm } from '../../../src/smartcard/token/softhsm.ts';
import {
  findObjects,
  findToken,
  readAttribute,
  type TokenSession,
  withTokenSession,
} from '../../../src/smartcard/token/token.ts';

const run = promisify(execFile);
const now = new Date('2026-06-01T12:00:00Z');
const clock = { now: () => now };
const sid = 'S-1-5-21-1111111111-2222222222-3333333333-1105';
const directory = mkdtempSync(join(tmpdir(), 'cardgate-cards-'));
const pinOf = (card: Card) => readFileSync(card.pinFile, 'utf8');

afterAll(() => rmSync(directory, { recursive: true }));

async function make(name: string, changes: Partial<IssueCardOptions> = {}): Promise<Card> {
  const profile = await readCardProfile('logon');
  const place = await openCardDirectory(directory, clock);
  return (await issueCard(place, { name, profile, person: {}, ...changes })).card;
}

function withPrivateKey<T>(
  card: Card,
  pin: string,
  work: (session: TokenSession, key: Handle | undefined) => T,
  objectId = Buffer.of(1),
): Promise<T> {
  return withSoftHsm(softHsmIn(card.softHsmConfiguration.replace(/\/softhsm2.conf$/, '')), (cryptoki) =>
    withTokenSession(cryptoki, { slot: findToken(cryptoki, card.name).slot, pin }, (session) => {
      const { library } = session;
      const template = [
        { type: library.CKA_CLASS, value: library.CKO_PRIVATE_KEY },
        { type: library.CKA_ID, value: objectId },
      ];
      return work(session, findObjects(session, template)[0]);
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
    const person = { userPrincipalName: 'ada@corp.example', sid };
    card = await make(`ada-${keyType}`, { keyType, person, policies: ['1.2.3.4'] });
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
      const secret = keyType.startsWith('RSA') ? library.CKA_PRIVATE_EXPONENT : library.CKA_VALUE;
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
  it('keeps PIN and PUK to its owner, and neither in its description', async () => {
    const card = await make('pins');
    for (const file of [card.pinFile, card.pukFile]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readFileSync(file, 'utf8')).toMatch(/^\d{8}$/);
      expect(JSON.stringify((await listCardsCommand({ directory, clock })).json)).not.toContain(
        readFileSync(file, 'utf8'),
      );
    }
  });

  it('refuses a wrong PIN', async () => {
    const card = await make('locked', { pin: '123456' });
    expect(existsSync(card.pinFile)).toBe(false);
    await expect(withPrivateKey(card, '654321', () => undefined)).rejects.toThrow('CKR_PIN_INCORRECT');
    expect(await withPrivateKey(card, '123456', (_session, key) => key !== undefined)).toBe(true);
  });

  it.each<[string, Partial<IssueCardOptions>]>([
    ['a name that is a path', { name: '../x' }],
    ['an empty name', { name: '' }],
    ['a name longer than a token label', { name: 'x'.repeat(33) }],
    ['a name that exists', { name: 'pins' }],
    ['a PIN that is too short', { pin: '123' }],
    ['a PIN with a line break', { pin: '1234\n5' }],
    ['a text that is no SID', { person: { sid: 'S-1-5-x' } }],
    ['a text that is no UPN', { person: { userPrincipalName: 'ada' } }],
    ['an EDIPI of nine digits', { person: { edipi: '123456789' } }],
    ['no validity', { validityDays: 0 }],
    ['a validity of eleven years', { validityDays: 4015 }],
  ])('is not made with %s, and nothing of it is left', async (_rule, changes) => {
    const before = readdirSync(join(directory, 'tokens')).length;
    await expect(make('fresh', changes)).rejects.toMatchObject({ name: 'CardError', remedy: expect.any(String) });
    expect(readdirSync(join(directory, 'tokens'))).toHaveLength(before);
    expect(existsSync(join(directory, 'cards/fresh'))).toBe(false);
  });

  it('leaves no token behind when the authority fails', async () => {
    const before = readdirSync(join(directory, 'tokens')).length;
    const authority = { issue: () => Promise.reject(new Error('out of paper')) } as never;
    const content = { subject: 'x', notBefore: now, notAfter: now };
    const certificates = [{ slot: 'logon', keyType: 'P-256' as const, authority, content }] as const;
    await expect(createCard({ directory, name: 'fresh', certificates })).rejects.toThrow('out of paper');
    expect(readdirSync(join(directory, 'tokens'))).toHaveLength(before);
  });

  it('is gone with its key when it was removed, and the others stay', async () => {
    const { tokenSerialNumber } = await make('lost');
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
    await Promise.all(names.map((name) => make(name)));
    expect((await listCards(directory)).map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });
});

describe('a PIV card', () => {
  let card: Card;

  beforeAll(async () => {
    const person = { userPrincipalName: 'ada@corp.example', mail: 'ada@corp.example' };
    card = await make('piv', { profile: await readCardProfile('piv'), keyType: 'P-256', person });
  });

  it('has four keys, each with its certificate, under the identifiers OpenSC gives the slots', async () => {
    expect(card.certificates.map(({ slot, id }) => `${slot}=${id}`)).toEqual(['9A=01', '9C=02', '9D=03', '9E=04']);
    for (const [index, { certificateDer, certificateFile }] of card.certificates.entries()) {
      const certificate = new X509Certificate(certificateDer);
      expect(new X509Certificate(readFileSync(certificateFile)).fingerprint256).toBe(certificate.fingerprint256);
      const point = await withPrivateKey(
        card,
        pinOf(card),
        (session, key) => readAttribute(session, key!, session.library.CKA_EC_PARAMS).length > 0,
        Buffer.of(index + 1),
      );
      expect(point).toBe(true);
    }
  });

  it.each([
    ['9A', ['Digital Signature', 'TLS Web Client Authentication', '2.16.840.1.101.3.2.1.3.13', 'UPN::ada@corp']],
    ['9C', ['Non Repudiation', 'E-mail Protection', '2.16.840.1.101.3.2.1.3.7', 'email:ada@corp.example']],
    ['9D', ['Key Agreement', 'E-mail Protection', '2.16.840.1.101.3.2.1.3.7']],
    ['9E', ['2.16.840.1.101.3.6.8', '2.16.840.1.101.3.2.1.3.17', 'URI:urn:uuid:', 'Extended Key Usage: critical']],
  ])('says in slot %s what FIPS 201 wants there', async (slot, facts) => {
    const { certificateFile } = card.certificates.find((entry) => entry.slot === slot)!;
    const { stdout } = await run('openssl', ['x509', '-in', certificateFile, '-noout', '-text']);
    for (const fact of facts) expect(stdout).toContain(fact);
  });

  it('is shown slot by slot, with purposes, policies and status', async () => {
    await revokeCardCommand({ directory, name: 'piv', slot: '9e', clock });
    const { text, json } = await showCardCommand({ directory, name: 'piv', clock });
    expect(json).toMatchObject({
      certificates: [
        { slot: '9A', status: 'valid', userPrincipalNames: ['ada@corp.example'], keyType: 'P-256' },
        { slot: '9C', status: 'valid', extendedKeyUsage: ['emailProtection', 'documentSigning'] },
        { slot: '9D', status: 'valid' },
        { slot: '9E', status: 'revoked', policies: ['2.16.840.1.101.3.2.1.3.17'] },
      ],
    });
    expect(text).toContain('pkinitClientAuth');
  });
});

describe('renewing a card', () => {
  it('issues a new certificate for the same key, on the token and in the files, and can revoke the old one', async () => {
    const before = await make('renewed', { person: { userPrincipalName: 'r@corp.example' }, validityDays: 30 });
    const later = { now: () => new Date('2026-06-20T12:00:00Z') };
    const { json } = await renewCardCommand({ directory, name: 'renewed', clock: later, revokeOld: true });
    expect(json).toMatchObject({ renewed: ['logon'], revokedOld: true });
    const after = await findCard(directory, 'renewed');
    const [old, fresh] = [before, after].map(({ certificateDer }) => new X509Certificate(certificateDer));
    expect(fresh!.publicKey.equals(old!.publicKey)).toBe(true);
    expect(fresh!.serialNumber).not.toBe(old!.serialNumber);
    expect(fresh!.subject).toBe(old!.subject);
    expect(fresh!.subjectAltName).toBe(old!.subjectAltName);
    expect(fresh!.validToDate.toISOString()).toBe('2026-07-20T12:00:00.000Z');
    expect(after.certificates).toHaveLength(1);
    expect(new X509Certificate(readFileSync(after.certificateFile)).serialNumber).toBe(fresh!.serialNumber);
    const crl = await run('openssl', [
      ...['crl', '-inform', 'DER', '-noout', '-text'],
      ...['-in', join(directory, 'ca/issuing/crl.der')],
    ]);
    expect(crl.stdout).toContain(`Serial Number: ${old!.serialNumber}`);
    expect(crl.stdout).not.toContain(fresh!.serialNumber);
    expect(crl.stdout).toContain('Superseded');
  });

  it('renews one slot only when one is named, and names those there are otherwise', async () => {
    const profile = await readCardProfile('piv');
    const before = await make('renewed-piv', { profile, keyType: 'P-256' });
    await renewCardCommand({ directory, name: 'renewed-piv', slot: '9C', clock });
    const after = await findCard(directory, 'renewed-piv');
    const changed = after.certificates.filter(
      ({ certificateDer }, index) => !certificateDer.equals(before.certificates[index]!.certificateDer),
    );
    expect(changed.map(({ slot }) => slot)).toEqual(['9C']);
    const wrong = renewCardCommand({ directory, name: 'renewed-piv', slot: '9B', clock });
    await expect(wrong).rejects.toMatchObject({ remedy: 'Name one of 9A, 9C, 9D, 9E.' });
  });
});

describe('PIN and PUK', () => {
  const file = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return { from: 'file', path } as const;
  };

  it('the PIN is changed with the old one, and the new one is kept where the old one was', async () => {
    const card = await make('changes');
    const old = pinOf(card);
    await changePinCommand({ directory, name: 'changes', clock });
    expect(pinOf(card)).toMatch(/^\d{8}$/);
    expect(pinOf(card)).not.toBe(old);
    expect(await withPrivateKey(card, pinOf(card), (_session, key) => key !== undefined)).toBe(true);
    await expect(withPrivateKey(card, old, () => undefined)).rejects.toThrow('CKR_PIN_INCORRECT');
  });

  it('a PIN that is given is not written down, and the file with the old one goes', async () => {
    const card = await make('given');
    await changePinCommand({ directory, name: 'given', clock, newPin: file('new-pin', '24681357') });
    expect(existsSync(card.pinFile)).toBe(false);
    expect(await withPrivateKey(card, '24681357', (_session, key) => key !== undefined)).toBe(true);
  });

  it('the PUK sets a new PIN without the old one', async () => {
    const card = await make('unblocked', { pin: '11223344' });
    await unblockCardCommand({ directory, name: 'unblocked', clock });
    expect(await withPrivateKey(card, pinOf(card), (_session, key) => key !== undefined)).toBe(true);
  });

  it.each([
    ['a wrong PIN changes nothing', () => changePinCommand({ directory, name: 'pins', clock, pin: file('p', '0000') })],
    ['a wrong PUK sets no PIN', () => unblockCardCommand({ directory, name: 'pins', clock, puk: file('p', '0000') })],
    [
      'a new PIN that is too short is refused before the card is asked',
      () => changePinCommand({ directory, name: 'pins', clock, newPin: file('p', '1') }),
    ],
  ])('%s', async (_rule, work) => {
    const card = await findCard(directory, 'pins');
    const before = pinOf(card);
    await expect(work()).rejects.toMatchObject({ name: 'CardError' });
    expect(pinOf(card)).toBe(before);
    expect(await withPrivateKey(card, before, (_session, key) => key !== undefined)).toBe(true);
  });
});

describe('the card commands', () => {
  const trial = join(directory, 'trial');

  it('make the authorities with the first card, and say where everything is', async () => {
    const options = { directory: trial, clock };
    const person = { userPrincipalName: 'ada@corp.example' };
    const first = await createCardCommand({ ...options, name: 'ada', person });
    expect(first.text).toContain('Made a root and an issuing authority');
    expect(first.text).toContain(`pin-source=file:${join(trial, 'cards/ada/pin')}`);
    expect(first.json).toMatchObject({
      name: 'ada',
      certificates: [{ keyType: 'P-256', notAfter: '2027-06-01T12:00:00.000Z' }],
    });
    const second = await createCardCommand({ ...options, name: 'bob', person: { commonName: 'Bob' } });
    expect(second.text).not.toContain('Made a root');
    expect((await listCardsCommand({ directory: trial, clock })).text).toMatch(/^ada .*\nbob .*CN=Bob\n$/);
  });

  it.each([
    ['a file', async () => ({ from: 'file' as const, path: writePin('4711-file\n') }), '4711-file'],
    ['standard input', async () => ({ from: 'input' as const, stream: Readable.from(['47', '12\r\nrest']) }), '4712'],
  ])('take the PIN from %s, and do not write it down', async (_rule, source, pin) => {
    const name = `pin-${pin}`;
    await createCardCommand({ directory, name, person: {}, clock, pin: await source() });
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
    expect((await listCardsCommand({ directory: trial, clock })).json).toMatchObject([{ name: 'ada' }]);
  });

  it('list nothing where there is nothing', async () => {
    expect(await listCardsCommand({ directory: '/nonexistent', clock })).toMatchObject({ json: [] });
  });
});

function writePin(text: string): string {
  const path = join(directory, 'given-pin');
  writeFileSync(path, text);
  return path;
}
