/** Slots of a module, the cards in them, and what a card tells of itself and its PIN without being asked for it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Handle } from 'pkcs11js';
import { returnValueName } from '../token/pkcs11-module.ts';
import { cardFaultOf, withCardFaults } from './card-fault.ts';
import { type CardModule, paddedText } from './module.ts';

/** What CK_TOKEN_INFO says of the user PIN (PKCS #11 section 3.2). */
export interface PinState {
  readonly isSet: boolean;
  readonly isLoginRequired: boolean;
  /** At least one wrong PIN was tried since the last right one. */
  readonly isCountLow: boolean;
  readonly isFinalTry: boolean;
  readonly isLocked: boolean;
  /** The PIN is entered at the reader; this program never sees it. */
  readonly hasProtectedAuthenticationPath: boolean;
}

export interface CardToken {
  readonly label: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serialNumber: string;
  readonly pin: PinState;
  /** Octets of the shortest and the longest PIN the card takes, as the module says. */
  readonly pinOctets: { readonly minimum: number; readonly maximum: number };
}

type SlotContent =
  | { readonly kind: 'card'; readonly token: CardToken }
  | { readonly kind: 'empty' }
  /** A card that the module cannot use. */
  | { readonly kind: 'unrecognized' }
  /** A token without anything on it yet, such as the one SoftHSM always offers. */
  | { readonly kind: 'blank' };

export interface CardSlot {
  readonly module: CardModule;
  /** Good until the module is closed; other processes may know the slot by another. */
  readonly handle: Handle;
  /** Usually the name of the reader. */
  readonly description: string;
  readonly content: SlotContent;
}

const maximumSlots = 64;
/** CKF_TOKEN_PRESENT (PKCS #11 section 3.2), which the binding's declarations leave out. */
const tokenPresentFlag = 1;

/** The slots of a module, at most 64. @throws CardFault */
export function listSlots(module: CardModule): readonly CardSlot[] {
  const { pkcs11 } = module;
  // Some modules notice new readers only when they are asked for all slots.
  const handles = withCardFaults(() => pkcs11.C_GetSlotList(false)).slice(0, maximumSlots);
  return handles.map((handle) => ({
    module,
    handle,
    description: paddedText(withCardFaults(() => pkcs11.C_GetSlotInfo(handle)).slotDescription),
    content: contentOf(module, handle),
  }));
}

function contentOf({ library, pkcs11 }: CardModule, slot: Handle): SlotContent {
  try {
    if ((pkcs11.C_GetSlotInfo(slot).flags & tokenPresentFlag) === 0) return { kind: 'empty' };
    const { flags } = pkcs11.C_GetTokenInfo(slot);
    return (flags & library.CKF_TOKEN_INITIALIZED) === 0
      ? { kind: 'blank' }
      : { kind: 'card', token: readToken({ library, pkcs11 }, slot) };
  } catch (error) {
    switch (returnValueName(error)) {
      case 'CKR_TOKEN_NOT_PRESENT':
      case 'CKR_DEVICE_REMOVED':
        return { kind: 'empty' };
      case 'CKR_TOKEN_NOT_RECOGNIZED':
        return { kind: 'unrecognized' };
      default:
        throw cardFaultOf(error);
    }
  }
}

/** @throws the error of the binding */
function readToken({ library, pkcs11 }: Pick<CardModule, 'library' | 'pkcs11'>, slot: Handle): CardToken {
  const { flags, label, manufacturerID, model, serialNumber, minPinLen, maxPinLen } = pkcs11.C_GetTokenInfo(slot);
  const has = (flag: number) => (flags & flag) !== 0;
  return {
    label: paddedText(label),
    manufacturer: paddedText(manufacturerID),
    model: paddedText(model),
    serialNumber: paddedText(serialNumber),
    pin: {
      isSet: has(library.CKF_USER_PIN_INITIALIZED),
      isLoginRequired: has(library.CKF_LOGIN_REQUIRED),
      isCountLow: has(library.CKF_USER_PIN_COUNT_LOW),
      isFinalTry: has(library.CKF_USER_PIN_FINAL_TRY),
      isLocked: has(library.CKF_USER_PIN_LOCKED),
      hasProtectedAuthenticationPath: has(library.CKF_PROTECTED_AUTHENTICATION_PATH),
    },
    pinOctets: { minimum: minPinLen, maximum: maxPinLen },
  };
}

/** OpenSC looks at a reader at most once a second. */
const presenceIsOldAfterMilliseconds = 1100;

/**
 * Whether there still is a card in the slot, asked when a call failed without saying why. Nothing else is asked of the module:
 * after a card was pulled from under a signature, OpenSC 0.23 waits for ever in C_GetTokenInfo.
 */
export async function holdsCard({ module, handle }: Pick<CardSlot, 'module' | 'handle'>): Promise<boolean> {
  await delay(presenceIsOldAfterMilliseconds);
  try {
    return (module.pkcs11.C_GetSlotInfo(handle).flags & tokenPresentFlag) !== 0;
  } catch {
    return false;
  }
}

/** The state of the PIN now. Asked twice, since OpenSC's answer is one call behind the card. @throws CardFault */
export function pinStateNow({ module, handle }: Pick<CardSlot, 'module' | 'handle'>): PinState {
  return withCardFaults(() => {
    module.pkcs11.C_GetTokenInfo(handle);
    return readToken(module, handle).pin;
  });
}
