/** What `cardgate card …` does with cards: each function takes typed options and returns a text for people and a value for `--json`. */
import type { Clock } from '../../clock.ts';
import { printable } from '../../operations/printable.ts';
import type { RevocationReason } from '../authority/certificate-revocation-list.ts';
import { digits, systemRandomness } from '../authority/randomness.ts';
import { type PinSource, pinDigits, readPin } from '../token/pin.ts';
import { type Card, certificateIn, findCard, listCards, removeCard } from './card.ts';
import { openCardDirectory } from './card-directory.ts';
import { type CardCertificateFacts, type CardFacts, cardFacts, revokedIn } from './card-facts.ts';
import { type IssueCardOptions, issueCard, renewCard, revokeCertificates } from './card-issuing.ts';
import { changeCardPin, unblockCard } from './card-pins.ts';
import { defaultProfile, readCardProfile } from './card-profile-file.ts';

export interface CardCommandResult {
  /** Whole lines. */
  readonly text: string;
  readonly json: unknown;
}

/** Where a command works: a card directory, at a time. */
export interface CardCommandContext {
  readonly directory: string;
  readonly clock: Clock;
}

export interface CreateCardCommandOptions extends CardCommandContext, Omit<IssueCardOptions, 'profile' | 'pin'> {
  /** Name or path. Default: `logon`. */
  readonly profile?: string;
  /** Default: a generated PIN, written to a file with mode 0600. */
  readonly pin?: PinSource;
}

export const lines = (...rows: readonly (readonly [string, string])[]) =>
  rows.map(([key, value]) => `  ${key.padEnd(12)} ${printable(value)}\n`).join('');

/** Makes a card, and before it the authorities if the directory has none. Throws CardError. */
export async function createCardCommand(options: CreateCardCommandOptions): Promise<CardCommandResult> {
  const { directory: path, clock, name, profile = defaultProfile, pin: pinSource, ...rest } = options;
  const pin = pinSource === undefined ? undefined : await readPin(pinSource);
  const directory = await openCardDirectory(path, clock);
  const { card, authorities } = await issueCard(directory, {
    name,
    profile: await readCardProfile(profile),
    ...rest,
    pin,
  });
  const facts = cardFacts(card, clock.now(), await revokedIn(path));
  const pinFile = pin === undefined ? card.pinFile : undefined;
  const made = authorities.created
    ? `Made a root and an issuing authority for trials:\n${lines(['root', authorities.paths.root], ['issuing', authorities.paths.issuing])}`
    : '';
  const keys = directory.randomness.repeatable
    ? 'its keys come from the seed of the directory'
    : 'its keys were generated in the token and cannot leave it';
  const text = `${made}Made the card ${name}; ${keys}:\n${facts.certificates.map(certificateText).join('')}${lines(
    ['PIN', pinFile ?? 'as given'],
    ['PUK', card.pukFile],
  )}To use it with curl:\n${curlExample(card, authorities.paths.root, pinFile)}`;
  return { text, json: { ...facts, pukFile: card.pukFile, pinFile } };
}

function curlExample(card: Card, root: string, pinFile: string | undefined): string {
  const key = `${card.uri};type=private${pinFile === undefined ? '' : `?pin-source=file:${pinFile}`}`;
  return [
    `  export SOFTHSM2_CONF=${card.softHsmConfiguration} PKCS11_MODULE_PATH=${card.module}`,
    `  curl --ssl-reqd --cacert ${root}/certificate.pem --engine pkcs11 \\`,
    `    --cert-type ENG --cert '${card.uri};type=cert' --key-type ENG --key '${key}' \\`,
    `    --user ${card.name}: ftp://localhost/`,
    '',
  ].join('\n');
}

function certificateText(facts: CardCertificateFacts): string {
  const optional = (key: string, values: readonly string[] | undefined): (readonly [string, string])[] =>
    values === undefined || values.length === 0 ? [] : [[key, values.join(', ')]];
  return lines(
    ['slot', `${facts.slot} (${facts.keyType}, identifier ${facts.id})`],
    ['subject', facts.subject],
    ['issuer', facts.issuer],
    ['serial', facts.serialNumber],
    ['validity', `${facts.notBefore} to ${facts.notAfter}, ${facts.status}`],
    ...optional('UPN', facts.userPrincipalNames),
    ...optional('SID', facts.sid === undefined ? [] : [facts.sid]),
    ...optional('purposes', facts.extendedKeyUsage),
    ...optional('policies', facts.policies),
    ...optional('malformed', facts.malformed === undefined ? [] : [facts.malformed]),
    ['SHA-256', facts.sha256],
    ['certificate', facts.certificateFile],
  );
}

export async function listCardsCommand({ directory, clock }: CardCommandContext): Promise<CardCommandResult> {
  const revoked = await revokedIn(directory);
  const cards = (await listCards(directory)).map((card) => cardFacts(card, clock.now(), revoked));
  const text = cards.length === 0 ? `There are no cards in ${directory}.\n` : cards.flatMap(rowsOf).join('');
  return { text, json: cards };
}

function rowsOf({ name, certificates }: CardFacts): readonly string[] {
  return certificates.map(
    ({ slot, keyType, notAfter, status, serialNumber, subject }) =>
      `${name.padEnd(16)} ${slot.padEnd(6)} ${keyType.padEnd(9)} until ${notAfter.slice(0, 10)} ${status.padEnd(8)} serial ${serialNumber}  ${printable(subject)}\n`,
  );
}

/** Shows everything that is known of one card without its PIN. Throws CardError when there is no such card. */
export async function showCardCommand(
  options: CardCommandContext & { readonly name: string },
): Promise<CardCommandResult> {
  const { directory, name, clock } = options;
  const card = await findCard(directory, name);
  const facts = cardFacts(card, clock.now(), await revokedIn(directory));
  const token = lines(
    ['token', `${card.name}, serial number ${card.tokenSerialNumber}`],
    ['module', card.module],
    ['SoftHSM', card.softHsmConfiguration],
    ['URI', card.uri],
  );
  return { text: token + facts.certificates.map((entry) => `\n${certificateText(entry)}`).join(''), json: facts };
}

/** Removes a card; its certificates are not revoked by this. Throws CardError when there is no such card. */
export async function removeCardCommand(options: {
  readonly directory: string;
  readonly name: string;
}): Promise<CardCommandResult> {
  await removeCard(options.directory, options.name);
  return {
    text: `Removed the card ${options.name} with its keys. Its certificates were not revoked by this.\n`,
    json: { removed: options.name },
  };
}

/** Revokes the certificates of a card, or the one in a slot, and issues the next CRL. Throws CardError when there is no such card. */
export async function revokeCardCommand(
  options: CardCommandContext & {
    readonly name: string;
    readonly slot?: string;
    /** Default: keyCompromise, the reason for a lost card. */
    readonly reason?: RevocationReason;
  },
): Promise<CardCommandResult> {
  const { directory: path, clock, name, slot, reason = 'keyCompromise' } = options;
  const card = await findCard(path, name);
  const certificates = slot === undefined ? card.certificates : [certificateIn(card, slot)];
  const directory = await openCardDirectory(path, clock);
  const crl = await revokeCertificates(directory, certificates, reason);
  const revoked = cardFacts({ ...card, certificates }, clock.now(), await revokedIn(path)).certificates;
  const serials = revoked.map(({ serialNumber }) => serialNumber);
  return {
    text: `Revoked ${serials.length === 1 ? 'the certificate' : 'the certificates'} of ${name} (serial ${serials.join(', ')}, ${reason}); CRL ${crl.number}: ${crl.path}\n`,
    json: { revoked: name, serialNumbers: serials, reason, crl: crl.path, number: Number(crl.number) },
  };
}

/** Issues new certificates for the keys of a card; the old ones are revoked as superseded when that is wanted. */
export async function renewCardCommand(
  options: CardCommandContext & {
    readonly name: string;
    readonly slot?: string;
    /** Default: the card's PIN file. */
    readonly pin?: PinSource;
    readonly revokeOld?: boolean;
  },
): Promise<CardCommandResult> {
  const { directory: path, clock, name, slot, revokeOld = false } = options;
  const directory = await openCardDirectory(path, clock);
  const { pinFile } = await findCard(path, name);
  const pin = await readPin(options.pin ?? { from: 'file', path: pinFile });
  const { before, card } = await renewCard(directory, name, pin, slot);
  const replaced = before.certificates.filter(
    ({ certificateDer }, position) => !card.certificates[position]?.certificateDer.equals(certificateDer),
  );
  if (revokeOld) await revokeCertificates(directory, replaced, 'superseded');
  const facts = cardFacts(card, clock.now(), await revokedIn(path));
  const renewed = facts.certificates.filter((entry) => replaced.some((old) => old.slot === entry.slot));
  const fate = revokeOld ? 'revoked as superseded' : 'still valid';
  return {
    text: `Renewed ${renewed.length} of ${facts.certificates.length} on the card ${name}; what they replace is ${fate}.\n${renewed.map(certificateText).join('')}`,
    json: { ...facts, renewed: renewed.map((entry) => entry.slot), revokedOld: revokeOld },
  };
}

interface NewPinOptions extends CardCommandContext {
  readonly name: string;
  /** Default: a generated one, written to the card's PIN file. */
  readonly newPin?: PinSource;
}

async function newPinOf({ newPin }: NewPinOptions) {
  return newPin === undefined
    ? { value: digits(systemRandomness, 'new PIN', pinDigits), keep: true }
    : { value: await readPin(newPin), keep: false };
}

const whereIs = (kept: boolean, pinFile: string) => (kept ? `it is in ${pinFile}` : 'as given');

/** Changes the PIN of a card with the old one. Throws CardError. */
export async function changePinCommand(
  options: NewPinOptions & {
    /** Default: the card's PIN file. */
    readonly pin?: PinSource;
  },
): Promise<CardCommandResult> {
  const { directory, name } = options;
  const { pinFile } = await findCard(directory, name);
  const pin = await readPin(options.pin ?? { from: 'file', path: pinFile });
  const newPin = await newPinOf(options);
  await changeCardPin(directory, name, pin, newPin);
  return { text: `Changed the PIN of ${name}; ${whereIs(newPin.keep, pinFile)}.\n`, json: { changed: name } };
}

/** Sets a new PIN with the PUK. Throws CardError. */
export async function unblockCardCommand(
  options: NewPinOptions & {
    /** Default: the card's PUK file. */
    readonly puk?: PinSource;
  },
): Promise<CardCommandResult> {
  const { directory, name } = options;
  const { pinFile, pukFile } = await findCard(directory, name);
  const puk = await readPin(options.puk ?? { from: 'file', path: pukFile });
  const newPin = await newPinOf(options);
  await unblockCard(directory, name, puk, newPin);
  return { text: `Set a new PIN for ${name}; ${whereIs(newPin.keep, pinFile)}.\n`, json: { unblocked: name } };
}
