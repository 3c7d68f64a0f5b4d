/** Changes and unblocks the PIN of a card. A wrong PIN or PUK is tried once. */
import { rm } from 'node:fs/promises';
import { checkPin } from '../token/pin.ts';
import { tokenError } from '../token/pkcs11-module.ts';
import { softHsmIn, withSoftHsm } from '../token/softhsm.ts';
import { changePin, findToken, setPin } from '../token/token.ts';
import { findCard } from './card.ts';
import { writeSecret } from './card-files.ts';

export interface NewPin {
  readonly value: string;
  /** Whether it goes into the card's PIN file, as generated PINs do; otherwise that file, now wrong, is removed. */
  readonly keep: boolean;
}

/** @throws CardError when the old PIN is wrong or the new one cannot be one */
export async function changeCardPin(directory: string, name: string, pin: string, newPin: NewPin): Promise<void> {
  await withNewPin(directory, name, newPin, () =>
    withSoftHsm(softHsmIn(directory), (cryptoki) =>
      changePin(cryptoki, findToken(cryptoki, name), { pin, newPin: newPin.value }),
    ),
  );
}

/** Sets a new PIN by the PUK. @throws CardError when the PUK is wrong or the new PIN cannot be one */
export async function unblockCard(directory: string, name: string, puk: string, newPin: NewPin): Promise<void> {
  await withNewPin(directory, name, newPin, () =>
    withSoftHsm(softHsmIn(directory), (cryptoki) =>
      setPin(cryptoki, findToken(cryptoki, name), { pin: newPin.value, securityOfficerPin: puk }),
    ),
  );
}

async function withNewPin(directory: string, name: string, newPin: NewPin, work: () => Promise<void>): Promise<void> {
  checkPin(newPin.value);
  const { pinFile } = await findCard(directory, name);
  await work().catch((error: unknown) => {
    throw tokenError(name, error);
  });
  await (newPin.keep ? writeSecret(pinFile, newPin.value) : rm(pinFile, { force: true }));
}
