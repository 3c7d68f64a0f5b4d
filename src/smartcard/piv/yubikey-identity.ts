/**
 * What makes middleware take the virtual card for a YubiKey 5. OpenSC offers ECDSA only on cards that it knows by their ATR, and
 * this is the best known one; such a card answers two instructions of its maker as well. With another ATR only RSA works.
 */
import { answered, type ResponseApdu } from './status-word.ts';

/** Answer to reset (ISO/IEC 7816-3 section 8.2), with "YubiKey" in its historical bytes. */
export const answerToReset = Buffer.from('3bfd1300008131fe158073c021c057597562694b657940', 'hex');

export const yubikeyInstructions = { getVersion: 0xfd, getSerial: 0xf8 } as const;

/** A firmware with no quirks to be worked around, and older than the instruction GET METADATA is asked of. */
export function getVersion(): ResponseApdu {
  return answered(Buffer.of(5, 2, 7));
}

/** @param uuid of the card; its first four octets serve */
export function getSerial(uuid: Buffer): ResponseApdu {
  return answered(uuid.subarray(0, 4));
}
