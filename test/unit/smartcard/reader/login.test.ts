/** Logins at a card, with a spy between program and module: what is counted is what the card was really asked. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CardFault } from '../../../../src/smartcard/reader/card-fault.ts';
import { CardSession } from '../../../../src/smartcard/reader/card-session.ts';
import { installedModules } from '../../../../src/smartcard/reader/known-modules.ts';
import { type CardModule, openCardModule } from '../../../../src/smartcard/reader/module.ts';
import { type CardSlot, listSlots } from '../../../../src/smartcard/reader/slots.ts';
import { SecretPin } from '../../../../src/smartcard/token/secret-pin.ts';
import { tlsClientFailure, tlsClientIdentity } from '../../../../src/smartcard/token/tls-client-identity.ts';
import { spyModule } from '../../../support/pkcs11-spy.ts';
import { createTestTokens, pin, softHsmModule, type TestTokens } from './token.ts';

const labels = ['right', 'wrong', 'twice', 'short', 'both-ways', 'elsewhere'] as const;

let tokens: TestTokens;
let module: CardModule;
let spyLog: string;

beforeAll(() => {
  tokens = createTestTokens();
  for (const label of labels) tokens.addToken(label);
  tokens.addKey('right', 'P-256', '01');
  spyLog = join(tokens.directory, 'spy.log');
  process.env['SOFTHSM2_CONF'] = tokens.configuration;
  process.env['PKCS11SPY'] = softHsmModule;
  process.env['PKCS11SPY_OUTPUT'] = spyLog;
  module = openCardModule(spyModule);
});

afterAll(() => {
  module?.close();
  tokens?.remove();
});

const logins = () => (existsSync(spyLog) ? (readFileSync(spyLog, 'utf8').match(/: C_Login$/gm) ?? []).length : 0);
const secret = (text: string) => new SecretPin(Buffer.from(text));

function slotOf(label: string): CardSlot {
  return listSlots(module).find(({ content }) => content.kind === 'card' && content.token.label === label)!;
}

function refusal(work: () => void): CardFault['code'] | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof CardFault) return error.code;
    throw error;
  }
}

describe('a card', () => {
  it('tells who it is and what PIN it wants, without a PIN', () => {
    expect(slotOf('right').content).toMatchObject({
      kind: 'card',
      token: {
        label: 'right',
        manufacturer: 'SoftHSM project',
        model: 'SoftHSM v2',
        serialNumber: expect.stringMatching(/^[0-9a-f]{16}$/),
        pin: { isSet: true, isLoginRequired: true, isLocked: false, isFinalTry: false },
        pinOctets: { minimum: 4, maximum: 255 },
      },
    });
    expect(listSlots(module).at(-1)?.content).toEqual({ kind: 'blank' });
  });

  it('shows its certificates without a PIN, and its private keys only with it', () => {
    const session = new CardSession(slotOf('right'));
    expect(session.certificates()).toMatchObject([{ id: Buffer.of(1), label: '01', key: 'public' }]);
    expect(session.privateKey(Buffer.of(1))).toBeUndefined();
    session.login(secret(pin), { allowFinalTry: false });
    expect(session.certificates()).toMatchObject([{ key: 'private' }]);
    expect(session.privateKey(Buffer.of(1))).toMatchObject({ wantsPinEachTime: false });
    session.close();
  });

  it('that is logged in already is not asked again', () => {
    const before = logins();
    const session = new CardSession(slotOf('right'));
    session.login(secret(pin), { allowFinalTry: false });
    session.login(secret(pin), { allowFinalTry: false });
    session.close();
    expect(logins() - before).toBe(1);
  });

  it.each<[string, (typeof labels)[number], string]>([
    ['the same PIN', 'wrong', '000000'],
    ['another PIN, even the right one', 'twice', pin],
  ])('that refused a PIN is asked once and never again: %s', (_, label, second) => {
    const before = logins();
    const session = new CardSession(slotOf(label));
    expect(refusal(() => session.login(secret('000000'), { allowFinalTry: false }))).toBe('pin-incorrect');
    expect(session.pinState().isCountLow).toBe(true);
    expect(refusal(() => session.login(secret(second), { allowFinalTry: false }))).toBe('pin-refused-before');
    session.close();
    const other = new CardSession(slotOf(label));
    expect(refusal(() => other.login(secret(second), { allowFinalTry: true }))).toBe('pin-refused-before');
    other.close();
    expect(logins() - before).toBe(1);
  });

  it.each(['1', 'x'.repeat(255)])('is not asked with a PIN it cannot have: %#', (text) => {
    const before = logins();
    const session = new CardSession(slotOf('short'));
    const longest = { ...session.token, pinOctets: { minimum: 4, maximum: 16 } };
    Object.defineProperty(session, 'token', { value: longest });
    expect(refusal(() => session.login(secret(text), { allowFinalTry: false }))).toBe('pin-length');
    session.close();
    expect(logins()).toBe(before);
  });

  it('that refused a PIN here is not tried through the OpenSSL engine either', () => {
    const session = new CardSession(slotOf('both-ways'));
    expect(refusal(() => session.login(secret('000000'), { allowFinalTry: false }))).toBe('pin-incorrect');
    session.close();
    const identity = { uri: 'pkcs11:token=both-ways;object=logon', module: spyModule, pin, certificateChain: '' };
    expect(refusal(() => tlsClientIdentity(identity))).toBe('pin-refused-before');
  });

  it('that refused a PIN through the OpenSSL engine is not tried here either', () => {
    const before = logins();
    const uri = 'pkcs11:token=elsewhere;object=logon';
    const error = Object.assign(new Error('engine'), { code: 'ERR_OSSL_PIN_INCORRECT' });
    expect(tlsClientFailure({ uri, module: spyModule }, error)).toMatchObject({ code: 'pin-incorrect' });
    const session = new CardSession(slotOf('elsewhere'));
    expect(refusal(() => session.login(secret(pin), { allowFinalTry: false }))).toBe('pin-refused-before');
    session.close();
    expect(logins()).toBe(before);
  });

  it('whose name differs is another card', () => {
    const fault = new Error('connection reset');
    expect(tlsClientFailure({ uri: 'pkcs11:token=right', module: spyModule }, fault)).toBe(fault);
    const session = new CardSession(slotOf('right'));
    expect(refusal(() => session.login(secret(pin), { allowFinalTry: false }))).toBeUndefined();
    session.close();
  });
});

describe('a module', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cardgate-module-'));
  const text = join(directory, 'text.so');
  writeFileSync(text, 'no library');
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each<[string, string, CardFault['code']]>([
    ['that is not there', '/nonexistent.so', 'module-missing'],
    ['that is a directory', directory, 'module-missing'],
    ['that is no library', text, 'module-unusable'],
    ['that is a library without PKCS#11', '/usr/lib/x86_64-linux-gnu/libc.so.6', 'module-unusable'],
  ])('%s is refused with its path', (_, path, code) => {
    expect(refusal(() => openCardModule(path))).toBe(code);
    expect(() => openCardModule(path)).toThrow(path);
  });

  it('that is in use already is not finalized by its second user', () => {
    openCardModule(spyModule).close();
    expect(slotOf('right').content.kind).toBe('card');
  });

  it('of SoftHSM is looked for only where its configuration is named', () => {
    const known = [
      { name: 'SoftHSM', paths: ['/nonexistent.so', softHsmModule], variable: 'SOFTHSM2_CONF' },
      { name: 'absent', paths: ['/nonexistent.so'] },
    ];
    expect(installedModules({}, known)).toEqual([]);
    expect(installedModules({ SOFTHSM2_CONF: '/x' }, known)).toEqual([softHsmModule]);
  });
});
