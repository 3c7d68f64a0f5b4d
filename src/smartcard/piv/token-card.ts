/** The keys of a PIV card in a SoftHSM token: found by CKA_ID, used through PKCS#11, never taken out of it. */
import { X509Certificate } from 'node:crypto';
import type { Handle } from 'pkcs11js';
import { createCMSECDSASignature } from 'pkijs';
import { CardError } from '../card/card-error.ts';
import { tokenError } from '../token/pkcs11-module.ts';
import { softHsmIn, withSoftHsm } from '../token/softhsm.ts';
import { findObjects, findToken, readAttribute, type TokenSession, withTokenSession } from '../token/token.ts';
import type { PivSlot } from './data-objects.ts';
import { slotOfObjects } from './key-slot.ts';
import { type PivAlgorithmName, type PivKey, pivAlgorithmOf, pivAlgorithms } from './piv-key.ts';

export interface TokenCard {
  /** In the order of the token's objects; never empty. */
  readonly slots: readonly PivSlot[];
  readonly tokenSerialNumber: string;
}

/** The key by PKCS #11 sections 6.1.10 (raw RSA) and 6.3.12 (ECDSA without hash). */
function tokenKey({ library, pkcs11, handle }: TokenSession, key: Handle, algorithm: PivAlgorithmName): PivKey {
  const { kind, octets } = pivAlgorithms[algorithm];
  const signed = (mechanism: number, data: Buffer, longest: number): Buffer => {
    pkcs11.C_SignInit(handle, { mechanism }, key);
    return pkcs11.C_Sign(handle, data, Buffer.alloc(longest));
  };
  if (kind === 'rsa') return { algorithm, operate: (data) => signed(library.CKM_RSA_X_509, data, octets) };
  return {
    algorithm,
    operate: (data) => {
      // The token returns r and s side by side; the card answers with the DER of Ecdsa-Sig-Value.
      const raw = new Uint8Array(signed(library.CKM_ECDSA, data, 2 * octets));
      return Buffer.from(createCMSECDSASignature(raw.buffer));
    },
  };
}

/** A certificate with the key of the same CKA_ID; undefined where the card application has no place or no algorithm for it. */
function cardSlot(session: TokenSession, certificateHandle: Handle): PivSlot | undefined {
  const { library } = session;
  const id = readAttribute(session, certificateHandle, library.CKA_ID);
  const certificate = readAttribute(session, certificateHandle, library.CKA_VALUE);
  const label = readAttribute(session, certificateHandle, library.CKA_LABEL).toString('utf8');
  const slot = slotOfObjects({ label, id });
  const algorithm = pivAlgorithmOf(new X509Certificate(certificate).publicKey);
  const [key] = findObjects(session, [
    { type: library.CKA_CLASS, value: library.CKO_PRIVATE_KEY },
    { type: library.CKA_ID, value: id },
  ]);
  if (slot === undefined || algorithm === undefined || key === undefined) return undefined;
  return { slot, certificate, key: tokenKey(session, key, algorithm) };
}

function readSlots(session: TokenSession, card: string): readonly PivSlot[] {
  const { library } = session;
  const slots = findObjects(session, [{ type: library.CKA_CLASS, value: library.CKO_CERTIFICATE }])
    .map((handle) => cardSlot(session, handle))
    .filter((slot) => slot !== undefined);
  if (slots.length === 0) {
    throw new CardError(
      `Card "${card}" has no key that a PIV card can have.`,
      `Make one with a key of ${Object.keys(pivAlgorithms).join(', ')}.`,
    );
  }
  return slots;
}

/**
 * Logs in to the token of a card and runs `work` while its keys can be used. No other card of this process can be used meanwhile.
 * @throws CardError when there is no such card, its PIN is wrong, or it has no key for a PIV card
 */
export async function withTokenCard<T>(
  { directory, card, pin }: { readonly directory: string; readonly card: string; readonly pin: string },
  work: (card: TokenCard) => Promise<T>,
): Promise<T> {
  return withSoftHsm(softHsmIn(directory), async (cryptoki) => {
    const { slot, serialNumber } = findToken(cryptoki, card);
    return withTokenSession(cryptoki, { slot, pin }, (session) =>
      work({ slots: readSlots(session, card), tokenSerialNumber: serialNumber }),
    ).catch((error: unknown) => {
      throw tokenError(card, error);
    });
  });
}
