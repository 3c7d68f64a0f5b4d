/**
 * Smart cards made of SoftHSM tokens: a token with a PIN, a key that was generated in it and cannot leave it, and a
 * logon certificate issued for a request which that key signed.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CardError } from './card-error.ts';
import type { CertificateAuthority, IssuedCertificate, Validity } from './certificate-authority.ts';
import { extendedKeyUsages } from './certificate-extensions.ts';
import { createCertificationRequest, verifyCertificationRequest } from './certification-request.ts';
import { encodeName, type NameInput } from './name-encoding.ts';
import { checkPin, generatePin } from './pin.ts';
import { tokenError } from './pkcs11-module.ts';
import { type Cryptoki, findSoftHsmModule, prepareSoftHsm, softHsmIn, withSoftHsm } from './softhsm.ts';
import type { KeyType } from './software-key.ts';
import {
  createToken,
  findToken,
  listTokens,
  readCertificates,
  removeToken,
  setPin,
  type TokenDescription,
  withTokenSession,
  writeCertificate,
} from './token.ts';
import { generateTokenKey } from './token-key.ts';

/** What the certificate says about the person. */
export interface CardProfile extends Validity {
  /** Default: the card's name as common name. */
  readonly subject?: NameInput;
  readonly userPrincipalName?: string;
  /** Security identifier in text form, `S-1-5-21-…`. */
  readonly sid?: string;
  readonly policies?: readonly string[];
  /** Default: client authentication and smart-card logon. */
  readonly extendedKeyUsage?: readonly string[];
  /** Default: random. */
  readonly serialNumber?: bigint;
}

export interface CreateCardOptions {
  /** Card directory: tokens/, softhsm2.conf and cards/<name>/ go there. */
  readonly directory: string;
  /** Label of the token: letters, digits, dot, hyphen and underscore, at most 32. */
  readonly name: string;
  readonly keyType: KeyType;
  readonly profile: CardProfile;
  readonly authority: CertificateAuthority;
  /** Default: eight random digits, written to cards/<name>/pin with mode 0600. */
  readonly pin?: string;
}

/** How to find a card again; everything but the PIN is public. */
export interface Card {
  readonly name: string;
  readonly tokenSerialNumber: string;
  readonly certificateDer: Buffer;
  /** PEM of the end-entity certificate. */
  readonly certificateFile: string;
  /** PEM of the end-entity certificate and the authorities under the root. */
  readonly chainFile: string;
  /** Holds the PIN when it was generated here. */
  readonly pinFile: string;
  /** RFC 7512 URI of token and objects; append `;type=cert` or `;type=private`. */
  readonly uri: string;
  readonly softHsmConfiguration: string;
  readonly module: string;
}

const objectLabel = 'logon';
const objectId = Buffer.of(1);
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;

function checkName(name: string): void {
  if (!namePattern.test(name)) {
    throw new CardError(
      `"${name}" cannot be the name of a card.`,
      'Use 1 to 32 letters, digits, dots, hyphens and underscores, beginning with a letter or digit.',
    );
  }
}

function checkProfile({ sid, userPrincipalName, notBefore, notAfter }: CardProfile): void {
  if (sid !== undefined && !/^S-1-\d{1,14}(-\d{1,10}){1,15}$/.test(sid)) {
    throw new CardError(`"${sid}" is not a security identifier.`, 'Write it as the directory shows it: S-1-5-21-….');
  }
  if (userPrincipalName !== undefined && !/^[^\p{Cc}@]+@[^\p{Cc}@]+$/u.test(userPrincipalName)) {
    throw new CardError(`"${userPrincipalName}" is not a user principal name.`, 'Write it as name@domain.');
  }
  if (notAfter.getTime() <= notBefore.getTime()) {
    throw new CardError('The certificate would end before it begins.', 'Choose a longer validity.');
  }
}

function cardFiles(directory: string, name: string) {
  const folder = join(resolve(directory), 'cards', name);
  return {
    folder,
    certificateFile: join(folder, 'certificate.pem'),
    chainFile: join(folder, 'chain.pem'),
    pinFile: join(folder, 'pin'),
  };
}

function describe(directory: string, name: string, tokenSerialNumber: string, certificateDer: Buffer): Card {
  const { folder: _, ...files } = cardFiles(directory, name);
  return {
    name,
    tokenSerialNumber,
    certificateDer,
    ...files,
    uri: `pkcs11:token=${name};object=${objectLabel}`,
    softHsmConfiguration: softHsmIn(directory).configurationFile,
    module: findSoftHsmModule(),
  };
}

async function personalize(
  cryptoki: Cryptoki,
  token: TokenDescription,
  options: CreateCardOptions & { readonly pin: string },
): Promise<IssuedCertificate> {
  const { keyType, profile, authority, name, pin } = options;
  return withTokenSession(cryptoki, { slot: token.slot, pin }, async (session) => {
    const key = generateTokenKey(session, { keyType, id: objectId, label: objectLabel });
    const { userPrincipalName, extendedKeyUsage, subject = name, ...rest } = profile;
    const request = await createCertificationRequest({ ...key, subject: encodeName(subject) });
    const issued = await authority.issue({
      ...rest,
      ...(await verifyCertificationRequest(request)),
      extendedKeyUsage: extendedKeyUsage ?? [extendedKeyUsages.clientAuth, extendedKeyUsages.smartcardLogon],
      ...(userPrincipalName === undefined ? {} : { userPrincipalNames: [userPrincipalName] }),
    });
    writeCertificate(session, { der: issued.der, subject: encodeName(subject), id: objectId, label: objectLabel });
    return issued;
  });
}

/**
 * Makes a card. On failure nothing of it is left.
 * @throws CardError for a bad name, PIN or profile, a card that exists already, missing SoftHSM or PKCS#11 binding.
 */
export async function createCard(options: CreateCardOptions): Promise<Card & { readonly serialNumber: bigint }> {
  const { directory, name, authority } = options;
  checkName(name);
  checkProfile(options.profile);
  const pin = options.pin === undefined ? generatePin() : checkPin(options.pin);
  const softHsm = await prepareSoftHsm(directory);
  let token: TokenDescription | undefined;
  const files = cardFiles(directory, name);
  try {
    const issued = await withSoftHsm(softHsm, (cryptoki) => {
      if (listTokens(cryptoki).some(({ label }) => label === name)) {
        throw new CardError(`There is a card "${name}" already.`, 'Choose another name, or remove that card first.');
      }
      // Nobody keeps this PIN: a card of the harness is made anew, not unblocked.
      const securityOfficerPin = generatePin() + generatePin();
      token = createToken(cryptoki, name, securityOfficerPin);
      setPin(cryptoki, token, { pin, securityOfficerPin });
      return personalize(cryptoki, token, { ...options, pin });
    });
    await mkdir(files.folder, { recursive: true });
    await writeFile(files.certificateFile, issued.pem);
    await writeFile(files.chainFile, issued.pem + authority.chainPem);
    if (options.pin === undefined) {
      // No line break: programs that take the PIN from a file may take all of it.
      await writeFile(files.pinFile, pin, { mode: 0o600 });
    }
    const card = describe(directory, name, token?.serialNumber ?? '', issued.der);
    return { ...card, serialNumber: issued.serialNumber };
  } catch (error) {
    if (token !== undefined) {
      await removeToken(softHsm, token.serialNumber);
      await rm(files.folder, { recursive: true, force: true });
    }
    throw tokenError(name, error);
  }
}

/** The cards of a directory, by name; a token without exactly one certificate is no card. Needs no PIN. */
export async function listCards(directory: string): Promise<readonly Card[]> {
  const softHsm = softHsmIn(directory);
  if (!existsSync(softHsm.configurationFile)) {
    return [];
  }
  const cards = await withSoftHsm(softHsm, async (cryptoki) => {
    const found: Card[] = [];
    for (const { label, serialNumber, slot } of listTokens(cryptoki)) {
      const [der, second] = await withTokenSession(cryptoki, { slot }, readCertificates);
      if (der !== undefined && second === undefined) {
        found.push(describe(directory, label, serialNumber, der));
      }
    }
    return found;
  });
  return cards.sort((a, b) => a.name.localeCompare(b.name));
}

/** Throws CardError when there is no such card. */
export async function findCard(directory: string, name: string): Promise<Card> {
  const card = (await listCards(directory)).find((candidate) => candidate.name === name);
  if (card === undefined) {
    throw new CardError(
      `There is no card "${name}" in ${directory}.`,
      'See "cardgate card list" for the cards there are.',
    );
  }
  return card;
}

/** Deletes the token, key and files of a card. Its certificate stays valid until it is revoked or expires. */
export async function removeCard(directory: string, name: string): Promise<void> {
  checkName(name);
  const softHsm = softHsmIn(directory);
  if (!existsSync(softHsm.configurationFile)) {
    throw new CardError(`There is no card "${name}" in ${directory}.`, 'Check the directory of the cards.');
  }
  const { serialNumber } = await withSoftHsm(softHsm, (cryptoki) => findToken(cryptoki, name));
  await removeToken(softHsm, serialNumber);
  await rm(cardFiles(directory, name).folder, { recursive: true, force: true });
}

/** The serial number of a card's certificate. */
export function certificateSerialNumber(card: Card): bigint {
  return BigInt(`0x${new X509Certificate(card.certificateDer).serialNumber}`);
}
