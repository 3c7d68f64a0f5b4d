/**
 * Smart cards made of SoftHSM tokens: a token with a PIN and a PUK, keys that cannot leave it, and a certificate for each. How to
 * find cards again; making and changing them is in card-making.ts, card-renewal.ts and card-pins.ts.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { findSoftHsmModule, softHsmIn, withSoftHsm } from '../token/softhsm.ts';
import {
  findToken,
  listTokens,
  readTokenCertificates,
  removeToken,
  type TokenCertificate,
  withTokenSession,
} from '../token/token.ts';
import { CardError } from './card-error.ts';
import { cardFiles, certificateFiles } from './card-files.ts';

/** One key with its certificate. */
export interface CardCertificate {
  /** Label of both on the token: `logon`, or the name of a PIV slot such as `9A`. */
  readonly slot: string;
  /** CKA_ID of both, hexadecimal. */
  readonly id: string;
  readonly certificateDer: Buffer;
  /** PEM of the end-entity certificate. */
  readonly certificateFile: string;
  /** PEM of the end-entity certificate and the authorities under the root. */
  readonly chainFile: string;
  /** RFC 7512 URI of token and objects; append `;type=cert` or `;type=private`. */
  readonly uri: string;
}

/** How to find a card again; everything but PIN and PUK is public. The certificate for logging in is the card's own. */
export interface Card extends CardCertificate {
  readonly name: string;
  readonly tokenSerialNumber: string;
  /** All of them, that for logging in first. */
  readonly certificates: readonly CardCertificate[];
  readonly pinFile: string;
  readonly pukFile: string;
  readonly softHsmConfiguration: string;
  readonly module: string;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;

export function checkCardName(name: string): void {
  if (!namePattern.test(name)) {
    throw new CardError(
      `"${name}" cannot be the name of a card.`,
      'Use 1 to 32 letters, digits, dots, hyphens and underscores, beginning with a letter or digit.',
    );
  }
}

/** @param certificates at least one, in the order of their identifiers */
export function describeCard(
  directory: string,
  token: { readonly label: string; readonly serialNumber: string },
  certificates: readonly [TokenCertificate, ...TokenCertificate[]],
): Card {
  const name = token.label;
  const files = cardFiles(directory, name);
  const describe = ({ der, id, label }: TokenCertificate, position: number): CardCertificate => ({
    slot: label,
    id: id.toString('hex'),
    certificateDer: der,
    ...certificateFiles(files, label, position),
    uri: `pkcs11:token=${name};object=${label}`,
  });
  return {
    ...describe(certificates[0], 0),
    name,
    tokenSerialNumber: token.serialNumber,
    certificates: certificates.map(describe),
    pinFile: files.pinFile,
    pukFile: files.pukFile,
    softHsmConfiguration: softHsmIn(directory).configurationFile,
    module: findSoftHsmModule(),
  };
}

/** The cards of a directory, by name; a token without a certificate does not count. Needs no PIN. */
export async function listCards(directory: string): Promise<readonly Card[]> {
  const softHsm = softHsmIn(directory);
  if (!existsSync(softHsm.configurationFile)) {
    return [];
  }
  const cards = await withSoftHsm(softHsm, async (cryptoki) => {
    const found: Card[] = [];
    for (const token of listTokens(cryptoki)) {
      const [first, ...rest] = await withTokenSession(cryptoki, { slot: token.slot }, readTokenCertificates);
      if (first !== undefined) found.push(describeCard(directory, token, [first, ...rest]));
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

/** One certificate of a card by its slot. Throws CardError, which names the slots there are. */
export function certificateIn(card: Card, slot: string): CardCertificate {
  const found = card.certificates.find((entry) => entry.slot.toLowerCase() === slot.toLowerCase());
  if (found === undefined) {
    throw new CardError(
      `The card "${card.name}" has no slot "${slot}".`,
      `Name one of ${card.certificates.map((entry) => entry.slot).join(', ')}.`,
    );
  }
  return found;
}

/** Deletes the token, keys and files of a card. Its certificates stay valid until they are revoked or expire. */
export async function removeCard(directory: string, name: string): Promise<void> {
  checkCardName(name);
  const softHsm = softHsmIn(directory);
  if (!existsSync(softHsm.configurationFile)) {
    throw new CardError(`There is no card "${name}" in ${directory}.`, 'Check the directory of the cards.');
  }
  const { serialNumber } = await withSoftHsm(softHsm, (cryptoki) => findToken(cryptoki, name));
  await removeToken(softHsm, serialNumber);
  await rm(cardFiles(directory, name).folder, { recursive: true, force: true });
}

export function serialNumberOfCertificate(certificateDer: Buffer): bigint {
  return BigInt(`0x${new X509Certificate(certificateDer).serialNumber}`);
}
