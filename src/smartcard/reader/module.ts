/**
 * PKCS#11 modules of any maker, loaded into this process: OpenSC, YubiKey's, SoftHSM, a vendor's. A module is native code
 * that runs with all rights of this process, so only paths that a person named or that packages install are loaded.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { PKCS11 } from 'pkcs11js';
import { errorMessage } from '../../error-message.ts';
import { loadPkcs11Library, type Pkcs11Library, returnValueName } from '../token/pkcs11-module.ts';
import { CardFault, cardFaultOf } from './card-fault.ts';

export interface CardModule {
  readonly path: string;
  /** What the module says of itself, unchecked. */
  readonly description: string;
  readonly version: string;
  readonly library: Pkcs11Library;
  readonly pkcs11: PKCS11;
  /** Finalizes Cryptoki if this program initialized it: otherwise another part of the process may still need it. */
  close(): void;
}

/**
 * @param path of the shared library
 * @throws CardFault when there is no such file, it is no PKCS#11 module, or it cannot be initialized; CardError without the binding
 */
export function openCardModule(path: string): CardModule {
  const file = resolve(path);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new CardFault('module-missing', file);
  const library = loadPkcs11Library();
  const pkcs11 = new library.PKCS11();
  try {
    pkcs11.load(file);
  } catch (error) {
    throw new CardFault('module-unusable', `${file}: ${errorMessage(error)}`, error);
  }
  const isOwner = initialize(file, library, pkcs11);
  try {
    const { libraryDescription, libraryVersion } = pkcs11.C_GetInfo();
    return {
      path: file,
      description: paddedText(libraryDescription),
      version: `${libraryVersion.major}.${libraryVersion.minor}`,
      library,
      pkcs11,
      close: () => {
        if (isOwner) pkcs11.C_Finalize();
      },
    };
  } catch (error) {
    if (isOwner) pkcs11.C_Finalize();
    throw cardFaultOf(error);
  }
}

/** @returns whether it was this call that initialized the module */
function initialize(file: string, library: Pkcs11Library, pkcs11: PKCS11): boolean {
  try {
    // Signatures are made on a thread of their own, so the module must lock (PKCS #11 section 5.4).
    pkcs11.C_Initialize({ flags: library.CKF_OS_LOCKING_OK });
    return true;
  } catch (error) {
    const name = returnValueName(error);
    if (name === 'CKR_CRYPTOKI_ALREADY_INITIALIZED') return false;
    throw new CardFault(
      name === undefined ? 'module-unusable' : 'reader-service-missing',
      `${file}: ${errorMessage(error)}`,
      error,
    );
  }
}

/** Text of CK_INFO, CK_SLOT_INFO and CK_TOKEN_INFO: padded with blanks, and by careless modules with zeros. */
export function paddedText(text: string): string {
  return text.replace(/[\0 ]+$/, '');
}
