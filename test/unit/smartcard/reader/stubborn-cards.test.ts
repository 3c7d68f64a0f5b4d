/** Cards in states that SoftHSM does not know: nearly locked, locked, at a PIN pad, with a PIN for each signature, silent, pulled out. */
import { createRequire } from 'node:module';
import type * as Pkcs11 from 'pkcs11js';
import { describe, expect, it } from 'vitest';
import { CardFault } from '../../../../src/smartcard/reader/card-fault.ts';
import { CardSession, type PinEntry } from '../../../../src/smartcard/reader/card-session.ts';
import type { SigningMechanism } from '../../../../src/smartcard/reader/signing-mechanism.ts';
import { type CardSlot, listSlots } from '../../../../src/smartcard/reader/slots.ts';
import { SecretPin } from '../../../../src/smartcard/token/secret-pin.ts';

const library: typeof Pkcs11 = createRequire(import.meta.url)('pkcs11js');
const usable = library.CKF_TOKEN_INITIALIZED | library.CKF_LOGIN_REQUIRED;
const pinText = '314159';

interface Card {
  /** Of CK_TOKEN_INFO, beside those of a card that can be used. */
  readonly flags?: number;
  /** Default: true. */
  readonly hasPin?: boolean;
  /** By the name of a call, the return value it fails with. */
  readonly failures?: Readonly<Record<string, string>>;
  readonly alwaysAuthenticate?: boolean;
}

let made = 0;

/** A module with one card, and the calls that reach it. */
function insert({ flags = 0, hasPin = true, failures = {}, alwaysAuthenticate = false }: Card) {
  const calls: string[] = [];
  let isPulled = false;
  const call = (name: string, result: unknown) => {
    calls.push(name);
    const failure = failures[name.split(' ')[0]!];
    if (failure !== undefined) throw Object.assign(new Error(failure), { name: 'Pkcs11Error' });
    return result;
  };
  made += 1;
  const information = { label: `card ${made}`, serialNumber: String(made), manufacturerID: '', model: '' };
  const tokenFlags = usable | flags | (hasPin ? library.CKF_USER_PIN_INITIALIZED : 0);
  const pkcs11 = {
    C_GetSlotList: () => [Buffer.of(1)],
    C_GetSlotInfo: () => ({ slotDescription: 'reader 0', flags: isPulled ? 0 : 1 }),
    C_GetTokenInfo: () => call('C_GetTokenInfo', { ...information, flags: tokenFlags, minPinLen: 4, maxPinLen: 8 }),
    C_OpenSession: () => Buffer.of(2),
    C_CloseSession: () => call('C_CloseSession', undefined),
    C_Login: (_: unknown, user: number, pin: string) => call(`C_Login ${user} ${pin}`, undefined),
    C_FindObjectsInit: () => call('C_FindObjectsInit', undefined),
    C_FindObjects: () => (calls.at(-1) === 'C_FindObjects' ? [] : call('C_FindObjects', [Buffer.of(3)])),
    C_FindObjectsFinal: () => undefined,
    C_GetAttributeValue: () => [{ value: Buffer.of(alwaysAuthenticate ? 1 : 0) }],
    C_SignInit: () => call('C_SignInit', undefined),
    C_SignAsync: async () => call('C_SignAsync', Buffer.of(9)),
  };
  const module = { path: '/fake.so', description: '', version: '', library, pkcs11, close: () => undefined };
  const slot = listSlots(module as unknown as CardSlot['module'])[0]!;
  const pull = () => {
    isPulled = true;
  };
  return { slot, calls, pull, logins: () => calls.filter((name) => name.startsWith('C_Login')) };
}

const secret = () => new SecretPin(Buffer.from(pinText));

function codeOf(error: unknown): string {
  if (error instanceof CardFault) return error.code;
  throw error;
}

function login(card: ReturnType<typeof insert>, pin: PinEntry, allowFinalTry = false): string {
  const session = new CardSession(card.slot);
  try {
    session.login(pin, { allowFinalTry });
    return 'logged in';
  } catch (error) {
    return codeOf(error);
  } finally {
    session.close();
  }
}

const userLogin = `C_Login ${library.CKU_USER} ${pinText}`;

describe('a login', () => {
  const { CKF_USER_PIN_FINAL_TRY: finalTry, CKF_USER_PIN_LOCKED: locked, CKF_USER_PIN_COUNT_LOW: low } = library;
  const { CKF_PROTECTED_AUTHENTICATION_PATH: pinPad } = library;

  it.each<[string, number, boolean, string, readonly string[]]>([
    ['at a card with tries to spare is made', low, false, 'logged in', [userLogin]],
    ['that may be the last is not made', low | finalTry, false, 'pin-final-try', []],
    ['that may be the last is made when the caller says so', low | finalTry, true, 'logged in', [userLogin]],
    ['at a locked card is not made', locked, false, 'pin-locked', []],
    ['at a locked card is not made whatever the caller says', locked | finalTry, true, 'pin-locked', []],
  ])('%s', (_, flags, allowFinalTry, outcome, logins) => {
    const card = insert({ flags });
    expect(login(card, secret(), allowFinalTry)).toBe(outcome);
    expect(card.logins()).toEqual(logins);
  });

  it('at a card without a PIN is not made', () => {
    const card = insert({ hasPin: false });
    expect(login(card, secret())).toBe('pin-not-set');
    expect(card.logins()).toEqual([]);
  });

  it('at a PIN pad sends no PIN', () => {
    const card = insert({ flags: pinPad });
    expect(login(card, 'at-reader')).toBe('logged in');
    expect(card.logins()).toEqual([`C_Login ${library.CKU_USER} `]);
  });

  it.each([
    ['CKR_PIN_LOCKED', 'pin-locked'],
    ['CKR_PIN_INCORRECT', 'pin-incorrect'],
    ['CKR_DEVICE_REMOVED', 'card-removed'],
    ['CKR_FUNCTION_CANCELED', 'pin-entry-cancelled'],
    ['CKR_PIN_EXPIRED', 'pin-expired'],
    ['CKR_GENERAL_ERROR', 'token-fault'],
  ])('answered with %s is the fault %s', (failure, code) => {
    expect(login(insert({ failures: { C_Login: failure } }), secret())).toBe(code);
  });

  it('that found the card locked is not repeated', () => {
    const card = insert({ failures: { C_Login: 'CKR_PIN_LOCKED' } });
    expect([login(card, secret()), login(card, secret())]).toEqual(['pin-locked', 'pin-refused-before']);
    expect(card.logins()).toHaveLength(1);
  });

  it('made by other code of the process holds here too', () => {
    expect(login(insert({ failures: { C_Login: 'CKR_USER_ALREADY_LOGGED_IN' } }), secret())).toBe('logged in');
  });
});

const ed25519: SigningMechanism = {
  scheme: 'ed25519',
  mechanism: { mechanism: 0x1057 },
  signatureOctets: 64,
  inputOf: (content) => content,
  outputOf: (signature) => signature,
};

describe('a signature', () => {
  async function sign(card: ReturnType<typeof insert>): Promise<string> {
    const session = new CardSession(card.slot);
    session.login(secret(), { allowFinalTry: false });
    try {
      await session.sign(session.privateKey(Buffer.of(1))!, ed25519, Buffer.from('content'));
      return 'signed';
    } catch (error) {
      return codeOf(error);
    } finally {
      session.close();
    }
  }

  it('by an ordinary key follows one login', async () => {
    const card = insert({});
    expect(await sign(card)).toBe('signed');
    expect(card.logins()).toEqual([userLogin]);
  });

  it('by a key that wants the PIN each time follows a login of its own', async () => {
    const card = insert({ alwaysAuthenticate: true });
    expect(await sign(card)).toBe('signed');
    expect(card.calls.slice(-4, -1)).toEqual([
      'C_SignInit',
      `C_Login ${library.CKU_CONTEXT_SPECIFIC} ${pinText}`,
      'C_SignAsync',
    ]);
  });

  it.each([
    ['C_SignInit', 'CKR_DEVICE_REMOVED', 'card-removed'],
    ['C_SignAsync', 'CKR_DEVICE_REMOVED', 'card-removed'],
    ['C_SignAsync', 'CKR_SESSION_HANDLE_INVALID', 'card-removed'],
    ['C_SignAsync', 'CKR_GENERAL_ERROR', 'token-fault'],
    ['C_SignInit', 'CKR_MECHANISM_INVALID', 'signature-mechanism-missing'],
  ])('that fails at %s with %s is the fault %s', async (name, failure, code) => {
    expect(await sign(insert({ failures: { [name]: failure } }))).toBe(code);
  });
});

it('a card that is gone when its module fails was pulled', async () => {
  const card = insert({ failures: { C_SignAsync: 'CKR_GENERAL_ERROR' } });
  const session = new CardSession(card.slot);
  session.login(secret(), { allowFinalTry: false });
  const key = session.privateKey(Buffer.of(1))!;
  card.pull();
  await expect(session.sign(key, ed25519, Buffer.from('content'))).rejects.toMatchObject({ code: 'card-removed' });
});

describe('a slot', () => {
  it.each([
    ['CKR_TOKEN_NOT_PRESENT', 'empty', 'card-absent'],
    ['CKR_TOKEN_NOT_RECOGNIZED', 'unrecognized', 'card-unrecognized'],
  ])('whose token answers %s is %s, and no session is opened', (failure, kind, code) => {
    const { slot } = insert({ failures: { C_GetTokenInfo: failure } });
    expect(slot.content.kind).toBe(kind);
    expect(() => new CardSession(slot)).toThrow(expect.objectContaining({ code }));
  });
});
