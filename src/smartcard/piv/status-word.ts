/** The status words that the card answers with (SP 800-73-4 part 1 section 5.6; those of ISO/IEC 7816-4 section 5.1.3 are marked). */

export const statusWords = {
  /** Successful execution. */
  success: 0x9000,
  /** Verification failed; the low four bits are the tries left. */
  verificationFailed: 0x63c0,
  /** More response data; the low octet says how much, 0 for 256 octets or more. */
  moreData: 0x6100,
  /** The reader sent a malformed APDU (ISO/IEC 7816-4). */
  wrongLength: 0x6700,
  /** Logical channel not supported (ISO/IEC 7816-4). */
  noLogicalChannels: 0x6881,
  /** Secure messaging not supported. */
  noSecureMessaging: 0x6882,
  /** Command chaining not supported (ISO/IEC 7816-4). */
  noChaining: 0x6884,
  /** Security status not satisfied: the PIN was not verified. */
  securityStatusNotSatisfied: 0x6982,
  /** Authentication method blocked: no tries are left. */
  blocked: 0x6983,
  /** Conditions of use not satisfied (ISO/IEC 7816-4). */
  conditionsNotSatisfied: 0x6985,
  /** Incorrect parameter in command data field. */
  incorrectData: 0x6a80,
  /** Data object or application not found. */
  notFound: 0x6a82,
  /** Not enough memory: a chain of commands that is too long. */
  notEnoughMemory: 0x6a84,
  /** Incorrect parameter in P1 or P2. */
  incorrectParameter: 0x6a86,
  /** Referenced data or reference data not found. */
  referenceNotFound: 0x6a88,
  /** Instruction code not supported (ISO/IEC 7816-4). */
  unknownInstruction: 0x6d00,
  /** Class not supported (ISO/IEC 7816-4). */
  unknownClass: 0x6e00,
  /** No precise diagnosis (ISO/IEC 7816-4): the token that holds the keys failed. */
  failure: 0x6f00,
} as const;

export type StatusName = keyof typeof statusWords;

/** What a command did: data, or a status word, or both. */
export interface ResponseApdu {
  readonly data: Buffer;
  readonly statusWord: number;
}

const nothing = Buffer.alloc(0);

export function answered(data: Buffer = nothing): ResponseApdu {
  return { data, statusWord: statusWords.success };
}

export function refusedWith(status: Exclude<StatusName, 'success' | 'moreData' | 'verificationFailed'>): ResponseApdu {
  return { data: nothing, statusWord: statusWords[status] };
}

/** @param triesLeft at most 15 fit */
export function verificationFailed(triesLeft: number): ResponseApdu {
  return { data: nothing, statusWord: statusWords.verificationFailed | Math.min(triesLeft, 0xf) };
}
