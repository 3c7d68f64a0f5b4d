/** PKCS#11 tokens: initialization, sessions, certificates on them, removal. Slots are looked up by label, since their ids change. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Handle, Template } from 'pkcs11js';
import { CardError } from '../card/card-error.ts';
import { type Cryptoki, initializedSlots, type SoftHsm } from './softhsm.ts';

/** PKCS #11 section 3.2: label of CK_TOKEN_INFO. */
const labelOctets = 32;
const maximumObjects = 64;

export interface TokenDescription {
  readonly label: string;
  readonly serialNumber: string;
  readonly slot: Handle;
}

/** The initialized tokens, in the order of their slots. */
export function listTokens(cryptoki: Cryptoki): readonly TokenDescription[] {
  return initializedSlots(cryptoki).map(({ slot, information }) => ({
    label: information.label.trimEnd(),
    serialNumber: information.serialNumber.trimEnd(),
    slot,
  }));
}

/** Throws CardError unless exactly one token has the label. */
export function findToken(cryptoki: Cryptoki, label: string): TokenDescription {
  const [token, second] = listTokens(cryptoki).filter((candidate) => candidate.label === label);
  if (token === undefined) {
    throw new CardError(`There is no card "${label}".`, 'See "cardgate card list" for the cards there are.');
  }
  if (second !== undefined) {
    throw new CardError(
      `More than one token is labelled "${label}".`,
      `Remove one of them: serial numbers ${token.serialNumber} and ${second.serialNumber}.`,
    );
  }
  return token;
}

/**
 * Initializes a new token; it has no user PIN yet.
 * @param label at most 32 octets of UTF-8; padded here, because the binding hands it to C_InitToken as it is and the
 * standard reads 32 octets, blank padded.
 */
export function createToken(cryptoki: Cryptoki, label: string, securityOfficerPin: string): TokenDescription {
  const { library, pkcs11 } = cryptoki;
  const missing = labelOctets - Buffer.byteLength(label);
  if (missing < 0) {
    throw new CardError(`The name "${label}" is longer than ${labelOctets} octets.`, 'Choose a shorter name.');
  }
  const free = pkcs11
    .C_GetSlotList(false)
    .find((slot) => (pkcs11.C_GetTokenInfo(slot).flags & library.CKF_TOKEN_INITIALIZED) === 0);
  if (free === undefined) {
    throw new CardError('SoftHSM offers no slot for a new token.', 'Check that its token directory can be written.');
  }
  pkcs11.C_InitToken(free, securityOfficerPin, label + ' '.repeat(missing));
  return findToken(cryptoki, label);
}

/** Logs in as `userType` in a session of its own that may write, for calls about the PIN. */
function asUser(
  { library, pkcs11 }: Cryptoki,
  { slot }: TokenDescription,
  { userType, pin }: { readonly userType: number; readonly pin: string },
  work: (session: Handle) => void,
): void {
  const session = pkcs11.C_OpenSession(slot, library.CKF_RW_SESSION | library.CKF_SERIAL_SESSION);
  try {
    pkcs11.C_Login(session, userType, pin);
    work(session);
    pkcs11.C_Logout(session);
  } finally {
    pkcs11.C_CloseSession(session);
  }
}

/** Sets the user PIN as the security officer: that of a new token, or a forgotten one anew. */
export function setPin(
  cryptoki: Cryptoki,
  token: TokenDescription,
  { pin, securityOfficerPin }: { readonly pin: string; readonly securityOfficerPin: string },
): void {
  const officer = { userType: cryptoki.library.CKU_SO, pin: securityOfficerPin };
  asUser(cryptoki, token, officer, (session) => cryptoki.pkcs11.C_InitPIN(session, pin));
}

/** Changes the user PIN with the old one. @throws the binding's error CKR_PIN_INCORRECT when that is wrong */
export function changePin(
  cryptoki: Cryptoki,
  token: TokenDescription,
  { pin, newPin }: { readonly pin: string; readonly newPin: string },
): void {
  const user = { userType: cryptoki.library.CKU_USER, pin };
  asUser(cryptoki, token, user, (session) => cryptoki.pkcs11.C_SetPIN(session, pin, newPin));
}

/** A session on one token. Object handles are good only within it. */
export interface TokenSession extends Cryptoki {
  readonly handle: Handle;
}

/** Opens a session, logs in when a PIN is given, runs `work` and closes the session. */
export async function withTokenSession<T>(
  cryptoki: Cryptoki,
  { slot, pin }: { readonly slot: Handle; readonly pin?: string },
  work: (session: TokenSession) => T | Promise<T>,
): Promise<T> {
  const { library, pkcs11 } = cryptoki;
  const write = pin === undefined ? 0 : library.CKF_RW_SESSION;
  const handle = pkcs11.C_OpenSession(slot, library.CKF_SERIAL_SESSION | write);
  try {
    if (pin !== undefined) {
      pkcs11.C_Login(handle, library.CKU_USER, pin);
    }
    return await work({ ...cryptoki, handle });
  } finally {
    pkcs11.C_CloseSession(handle);
  }
}

export function findObjects({ pkcs11, handle }: TokenSession, template: Template): readonly Handle[] {
  pkcs11.C_FindObjectsInit(handle, template);
  try {
    return pkcs11.C_FindObjects(handle, maximumObjects);
  } finally {
    pkcs11.C_FindObjectsFinal(handle);
  }
}

/** The value of an attribute; throws when the object has none or it is not to be read. */
export function readAttribute({ pkcs11, handle }: TokenSession, object: Handle, type: number): Buffer {
  const value = pkcs11.C_GetAttributeValue(handle, object, [{ type }])[0]?.value;
  if (!Buffer.isBuffer(value)) {
    throw new Error(`the token returned no octets for attribute 0x${type.toString(16)}`);
  }
  return value;
}

/** A certificate on a token, with what ties it to its key. */
export interface TokenCertificate {
  readonly der: Buffer;
  /** CKA_ID. */
  readonly id: Buffer;
  /** CKA_LABEL. */
  readonly label: string;
}

/** Writes a certificate, over the one with the same identifier if there is one. */
export function writeCertificate(
  session: TokenSession,
  certificate: TokenCertificate & { readonly subject: Buffer },
): void {
  const { library, pkcs11, handle } = session;
  const old = findObjects(session, [
    { type: library.CKA_CLASS, value: library.CKO_CERTIFICATE },
    { type: library.CKA_ID, value: certificate.id },
  ]);
  pkcs11.C_CreateObject(handle, [
    { type: library.CKA_CLASS, value: library.CKO_CERTIFICATE },
    { type: library.CKA_CERTIFICATE_TYPE, value: library.CKC_X_509 },
    { type: library.CKA_TOKEN, value: true },
    { type: library.CKA_PRIVATE, value: false },
    { type: library.CKA_ID, value: certificate.id },
    { type: library.CKA_LABEL, value: certificate.label },
    { type: library.CKA_SUBJECT, value: certificate.subject },
    { type: library.CKA_VALUE, value: certificate.der },
  ]);
  for (const object of old) pkcs11.C_DestroyObject(handle, object);
}

/** The certificates on a token by their identifiers; they are public objects, no PIN is needed. */
export function readTokenCertificates(session: TokenSession): readonly TokenCertificate[] {
  const { library } = session;
  return findObjects(session, [{ type: library.CKA_CLASS, value: library.CKO_CERTIFICATE }])
    .map((object) => ({
      der: readAttribute(session, object, library.CKA_VALUE),
      id: readAttribute(session, object, library.CKA_ID),
      label: readAttribute(session, object, library.CKA_LABEL).toString('utf8'),
    }))
    .sort((a, b) => Buffer.compare(a.id, b.id));
}

/**
 * Deletes a token of SoftHSM from disk; PKCS#11 itself has no call for it. The directory of a token is named by a UUID
 * whose last 16 digits are the serial number. Call it while SoftHSM is not initialized in this process.
 */
export async function removeToken({ tokenDirectory }: SoftHsm, serialNumber: string): Promise<void> {
  const names = (await readdir(tokenDirectory)).filter((name) => name.replaceAll('-', '').endsWith(serialNumber));
  const [name] = names;
  if (!/^[0-9a-f]{16}$/.test(serialNumber) || name === undefined || names.length > 1) {
    throw new CardError(
      `The token with serial number ${serialNumber} is not one directory in ${tokenDirectory}.`,
      'Remove it with softhsm2-util --delete-token.',
    );
  }
  await rm(join(tokenDirectory, name), { recursive: true });
}
