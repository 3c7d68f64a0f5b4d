/**
 * What can go wrong between a program and a card, as one closed table of codes. Return values of PKCS #11 (section 5.1 of
 * version 3.0) are translated here and nowhere else in this folder; no text ever holds a PIN.
 */
import { printable } from '../../operations/printable.ts';
import { CardError } from '../card/card-error.ts';
import { returnValueName } from '../token/pkcs11-module.ts';

interface CardFaultEntry {
  /** One sentence: what is wrong. */
  readonly meaning: string;
  /** One sentence: what to do. */
  readonly remedy: string;
}

export const cardFaults = {
  'module-missing': {
    meaning: 'There is no PKCS#11 module at this path.',
    remedy:
      'Install the software of the card (for most cards "apt-get install opensc"), or name its module with --module.',
  },
  'module-unusable': {
    meaning: 'The file is not a PKCS#11 module that this program can load.',
    remedy: 'Name the .so file that the maker of the card calls its PKCS#11 module, built for this kind of processor.',
  },
  'reader-service-missing': {
    meaning: 'The PKCS#11 module cannot reach the readers.',
    remedy: 'Start the smart-card service (pcscd), check that the reader is plugged in, and try again.',
  },
  'card-absent': { meaning: 'There is no card in the reader.', remedy: 'Insert the card, chip first, and try again.' },
  'card-unrecognized': {
    meaning: 'The module does not know the card in the reader.',
    remedy: 'Turn the card round; if that does not help, install the software that belongs to this kind of card.',
  },
  'card-removed': {
    meaning: 'The card was removed while it was in use.',
    remedy: 'Insert the card again, leave it in the reader, and try again.',
  },
  'card-silent': {
    meaning: 'The card did not answer in time.',
    remedy: 'Touch the card if it waits for a touch; otherwise take it out, insert it again and try again.',
  },
  'pin-incorrect': {
    meaning: 'The PIN is wrong; it was tried once and is not tried again.',
    remedy: 'Find out the right PIN before the next try: a card locks after a few wrong ones.',
  },
  'pin-refused-before': {
    meaning: 'A PIN was already refused by this card, so no other is tried.',
    remedy: 'Find out the right PIN, then start the program anew.',
  },
  'pin-locked': {
    meaning: 'The PIN of the card is locked.',
    remedy: 'Ask the card issuer to unblock the card with its PUK; trying PINs does not help.',
  },
  'pin-final-try': {
    meaning: 'The card has one try left before its PIN locks, so none was made.',
    remedy: 'Make sure of the PIN, then repeat with --final-try.',
  },
  'pin-length': {
    meaning: 'The PIN is shorter or longer than the card allows.',
    remedy: 'Enter the PIN of this card; no try was spent.',
  },
  'pin-not-set': {
    meaning: 'The card has no PIN yet.',
    remedy: 'Ask the card issuer to personalize the card.',
  },
  'pin-expired': {
    meaning: 'The PIN must be changed before it can be used.',
    remedy: 'Change the PIN with the software of the card, then try again.',
  },
  'pin-entry-cancelled': {
    meaning: 'The PIN was not entered at the PIN pad.',
    remedy: 'Try again and enter the PIN at the reader before its time is over.',
  },
  'key-missing': {
    meaning: 'The card has no private key for this certificate.',
    remedy: 'Choose another certificate of the card, or have key and certificate issued again.',
  },
  'signature-mechanism-missing': {
    meaning: 'Card and module offer no way to sign TLS with this kind of key.',
    remedy:
      'Use the module of the maker of the card, or a newer one; OpenSC knows elliptic curves of certain cards only.',
  },
  'tls13-impossible': {
    meaning:
      'The module signs with an RSA key by PKCS #1 v1.5 (CKM_RSA_PKCS) only, and TLS 1.3 wants RSASSA-PSS (RFC 8446 4.2.3).',
    remedy:
      'Use a newer module, or have the site set up for old cards: ssl.maximumVersion: TLSv1.2 and ssl.signatureAlgorithms: RSA+SHA256:ECDSA+SHA256:ECDSA+SHA384.',
  },
  'token-fault': {
    meaning: 'The card or its module failed.',
    remedy: 'Take the card out, insert it again and try again; look the return value up in PKCS #11 section 5.1.',
  },
} as const satisfies Record<string, CardFaultEntry>;

export type CardFaultCode = keyof typeof cardFaults;

/** A fault of card, reader or module, with its code. */
export class CardFault extends CardError {
  readonly code: CardFaultCode;

  /** @param detail what the code does not say: a path, a return value, how many tries are left; no PIN */
  constructor(code: CardFaultCode, detail?: string, cause?: unknown) {
    const { meaning, remedy } = cardFaults[code];
    super(detail === undefined ? meaning : `${meaning} (${printable(detail)})`, remedy, cause);
    this.code = code;
  }
}

const codesOfReturnValues: ReadonlyMap<string, CardFaultCode> = new Map<string, CardFaultCode>([
  ['CKR_PIN_INCORRECT', 'pin-incorrect'],
  ['CKR_PIN_INVALID', 'pin-incorrect'],
  ['CKR_PIN_LOCKED', 'pin-locked'],
  ['CKR_PIN_LEN_RANGE', 'pin-length'],
  ['CKR_PIN_EXPIRED', 'pin-expired'],
  ['CKR_USER_PIN_NOT_INITIALIZED', 'pin-not-set'],
  ['CKR_FUNCTION_CANCELED', 'pin-entry-cancelled'],
  ['CKR_FUNCTION_REJECTED', 'pin-entry-cancelled'],
  ['CKR_DEVICE_REMOVED', 'card-removed'],
  ['CKR_SESSION_HANDLE_INVALID', 'card-removed'],
  ['CKR_SESSION_CLOSED', 'card-removed'],
  ['CKR_OBJECT_HANDLE_INVALID', 'card-removed'],
  ['CKR_KEY_HANDLE_INVALID', 'card-removed'],
  ['CKR_TOKEN_NOT_PRESENT', 'card-absent'],
  ['CKR_TOKEN_NOT_RECOGNIZED', 'card-unrecognized'],
  ['CKR_MECHANISM_INVALID', 'signature-mechanism-missing'],
  ['CKR_KEY_TYPE_INCONSISTENT', 'signature-mechanism-missing'],
]);

/** Runs calls of a module and turns a return value other than CKR_OK into a CardFault; other errors pass through. */
export function withCardFaults<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw cardFaultOf(error);
  }
}

/** The CardFault for an error of the binding; any other error unchanged. */
export function cardFaultOf(error: unknown): unknown {
  const name = returnValueName(error);
  return name === undefined ? error : new CardFault(codesOfReturnValues.get(name) ?? 'token-fault', name, error);
}
