/**
 * The optional PKCS#11 binding and the errors a token answers with. Every call blocks the event loop until the token has
 * answered: right for a command line and for tests, wrong for a server.
 */
import { createRequire } from 'node:module';
import type * as Pkcs11 from 'pkcs11js';
import { CardError } from '../card/card-error.ts';

export type Pkcs11Library = typeof Pkcs11;

/** PKCS #11 3.0, 6.3.11 and 6.3.15: constants that the binding, which knows 2.40, does not have. */
export const edwards = { CKK_EC_EDWARDS: 0x40, CKM_EC_EDWARDS_KEY_PAIR_GEN: 0x1055, CKM_EDDSA: 0x1057 } as const;

const require = createRequire(import.meta.url);

/** Throws CardError when the optional dependency pkcs11js was not installed or does not load. */
export function loadPkcs11Library(): Pkcs11Library {
  try {
    const library: Pkcs11Library = require('pkcs11js');
    return library;
  } catch (error) {
    throw new CardError(
      'The PKCS#11 binding pkcs11js is not installed, so there is no access to tokens.',
      'Run ./scripts/setup demo, which installs python3, make, g++ and the Node headers it is compiled with, or "npm install pkcs11js".',
      error,
    );
  }
}

/** The name of the CKR_ value of an error thrown by pkcs11js; undefined for any other error. */
export function returnValueName(error: unknown): string | undefined {
  return error instanceof Error && error.message.startsWith('CKR_') ? error.message : undefined;
}

/** What the common return values of PKCS #11 section 11.1 mean to the person who typed the command. */
const explanations: ReadonlyMap<string, readonly [meaning: string, remedy: string]> = new Map([
  ['CKR_PIN_INCORRECT', ['The PIN is wrong.', 'Enter the PIN of this card; a real card locks after a few wrong ones.']],
  ['CKR_PIN_LOCKED', ['The PIN is locked.', 'Unblock the card with its SO PIN (PUK).']],
  ['CKR_PIN_LEN_RANGE', ['The PIN is too short or too long.', 'Choose a PIN of 4 to 255 characters.']],
  ['CKR_USER_NOT_LOGGED_IN', ['The token wants its PIN for this.', 'Give the PIN of the card.']],
  ['CKR_TOKEN_NOT_PRESENT', ['There is no card in the reader.', 'Insert the card.']],
  ['CKR_DEVICE_REMOVED', ['The card was removed.', 'Insert the card again and repeat the command.']],
  ['CKR_MECHANISM_INVALID', ['The token does not know this kind of key.', 'Choose another key type.']],
]);

/** Turns an error of the token into a CardError that names the card; passes every other error on. */
export function tokenError(card: string, error: unknown): unknown {
  const name = returnValueName(error);
  if (name === undefined) {
    return error;
  }
  const [meaning, remedy] = explanations.get(name) ?? [
    `The token answered ${name}.`,
    'Look the return value up in PKCS #11 section 11.1; check the token directory and its permissions.',
  ];
  return new CardError(`Card "${card}": ${meaning}`, remedy, error);
}
