/**
 * One session with one card: read its certificates, log in at most once, sign. A PIN that the card refused is never sent a
 * second time, and the last try is made only when the caller says so.
 */
import type { Handle } from 'pkcs11js';
import { recordPinRefusal, wasPinRefused } from '../token/pin-refusals.ts';
import { returnValueName } from '../token/pkcs11-module.ts';
import type { SecretPin } from '../token/secret-pin.ts';
import { CardFault, cardFaultOf, withCardFaults } from './card-fault.ts';
import { type ReaderCertificate, readCardCertificates } from './certificates.ts';
import { findCardObjects, readOptionalAttribute, type SessionHandle } from './objects.ts';
import type { SigningMechanism } from './signing-mechanism.ts';
import { type CardSlot, type CardToken, holdsCard, type PinState, pinStateNow } from './slots.ts';

/** `at-reader`: the card is unlocked at the PIN pad of its reader, this program sees no PIN. */
export type PinEntry = SecretPin | 'at-reader';

export interface LoginOptions {
  /** Log in even if one more wrong PIN locks the card. */
  readonly allowFinalTry: boolean;
}

/** A private key found on the card. */
export interface CardKey {
  readonly handle: Handle;
  /** CKA_ALWAYS_AUTHENTICATE: the PIN is wanted for every signature, as with key 9C of PIV. */
  readonly wantsPinEachTime: boolean;
}

export class CardSession {
  readonly token: CardToken;
  readonly #slot: CardSlot;
  readonly #handle: SessionHandle;
  #pin: PinEntry | undefined;

  /** @throws CardFault when there is no usable card in the slot */
  constructor(slot: CardSlot) {
    if (slot.content.kind === 'unrecognized') throw new CardFault('card-unrecognized', slot.description);
    if (slot.content.kind !== 'card') throw new CardFault('card-absent', slot.description);
    const { library, pkcs11 } = slot.module;
    this.token = slot.content.token;
    this.#slot = slot;
    const session = withCardFaults(() => pkcs11.C_OpenSession(slot.handle, library.CKF_SERIAL_SESSION));
    this.#handle = { library, pkcs11, session };
  }

  /** Needs no PIN. @throws CardFault */
  certificates(): readonly ReaderCertificate[] {
    return withCardFaults(() => readCardCertificates(this.#handle));
  }

  /** CKM_ values of the card, at most some hundreds. @throws CardFault */
  mechanisms(): readonly number[] {
    return withCardFaults(() => this.#slot.module.pkcs11.C_GetMechanismList(this.#slot.handle));
  }

  /** The state of the PIN now; after a refusal it says how near the lock is. @throws CardFault */
  pinState(): PinState {
    return pinStateNow(this.#slot);
  }

  get library(): SessionHandle['library'] {
    return this.#handle.library;
  }

  get isLoggedIn(): boolean {
    return this.#pin !== undefined;
  }

  /**
   * Whether a login may be tried at all, so that the card holder is not asked for a PIN in vain.
   * @throws CardFault `pin-refused-before`, `pin-locked`, `pin-not-set`, `pin-final-try`
   */
  checkLogin({ allowFinalTry }: LoginOptions): void {
    if (wasPinRefused(this.#name)) throw new CardFault('pin-refused-before');
    const { isLocked, isSet, isFinalTry } = this.pinState();
    if (isLocked) throw new CardFault('pin-locked', 'no try was made');
    if (!isSet) throw new CardFault('pin-not-set');
    if (isFinalTry && !allowFinalTry) throw new CardFault('pin-final-try');
  }

  /**
   * Logs in. Blocks until the card has answered, or the person has used the PIN pad. The PIN is kept for keys that want it
   * for each signature, until `close`; it is for the caller to clear it after that.
   * @throws CardFault as `checkLogin`, and `pin-length`, without asking the card; `pin-incorrect` and others as it answers
   */
  login(pin: PinEntry, options: LoginOptions): void {
    if (this.#pin !== undefined) return;
    this.checkLogin(options);
    const { minimum, maximum } = this.token.pinOctets;
    if (pin !== 'at-reader' && (pin.length < minimum || (maximum > 0 && pin.length > maximum)))
      throw new CardFault('pin-length', `${minimum} to ${maximum} octets`);
    this.#present(this.#handle.library.CKU_USER, pin);
    this.#pin = pin;
  }

  /** The private key with this CKA_ID; undefined when the card shows no such key. To be called after login. @throws CardFault */
  privateKey(id: Buffer): CardKey | undefined {
    const { library } = this.#handle;
    return withCardFaults(() => {
      const [handle] = findCardObjects(this.#handle, [
        { type: library.CKA_CLASS, value: library.CKO_PRIVATE_KEY },
        { type: library.CKA_ID, value: id },
      ]);
      if (handle === undefined) return undefined;
      const flag = readOptionalAttribute(this.#handle, handle, library.CKA_ALWAYS_AUTHENTICATE);
      return { handle, wantsPinEachTime: flag?.[0] === 1 };
    });
  }

  /**
   * One signature, made on another thread so that timers go on while the card works. One at a time for a session.
   * @throws CardFault
   */
  async sign(key: CardKey, signing: SigningMechanism, content: Buffer): Promise<Buffer> {
    const { library, pkcs11, session } = this.#handle;
    try {
      pkcs11.C_SignInit(session, signing.mechanism, key.handle);
      if (key.wantsPinEachTime && this.#pin !== undefined) this.#present(library.CKU_CONTEXT_SPECIFIC, this.#pin);
      const room = Buffer.alloc(signing.signatureOctets);
      return signing.outputOf(await pkcs11.C_SignAsync(session, signing.inputOf(content), room));
    } catch (error) {
      throw await this.#signatureFault(error);
    }
  }

  close(): void {
    this.#pin = undefined;
    try {
      this.#handle.pkcs11.C_CloseSession(this.#handle.session);
    } catch (error) {
      // A card that is gone took its sessions with it.
      if (returnValueName(error) === undefined) throw error;
    }
  }

  get #name() {
    const { label, serialNumber } = this.token;
    return { module: this.#slot.module.path, label, serialNumber };
  }

  #present(userType: number, pin: PinEntry): void {
    const { pkcs11, session } = this.#handle;
    try {
      // The standard wants a null pointer for a PIN pad. The binding has none to give: it passes a length of zero, which
      // OpenSC takes for the same.
      if (pin === 'at-reader') pkcs11.C_Login(session, userType, '');
      else pin.use((text) => pkcs11.C_Login(session, userType, text));
    } catch (error) {
      // Another session of this process has logged in already, and login is common to all its sessions (PKCS #11 section 5.6.8).
      if (returnValueName(error) === 'CKR_USER_ALREADY_LOGGED_IN') return;
      const fault = cardFaultOf(error);
      if (fault instanceof CardFault && (fault.code === 'pin-incorrect' || fault.code === 'pin-locked'))
        recordPinRefusal(this.#name);
      throw fault;
    }
  }

  /** OpenSC answers CKR_GENERAL_ERROR when the card is pulled while it works. */
  async #signatureFault(error: unknown): Promise<unknown> {
    const fault = cardFaultOf(error);
    const isUnclear = fault instanceof CardFault && fault.code === 'token-fault';
    return isUnclear && !(await holdsCard(this.#slot)) ? new CardFault('card-removed', fault.message, error) : fault;
  }
}
