/** What `cardgate card …` does: each function takes typed options and returns a text for people and a value for `--json`. */
import { X509Certificate } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { printable } from '../operations/printable.ts';
import { issueStoredCrl } from './authority-directory.ts';
import { type Card, certificateSerialNumber, createCard, findCard, listCards, removeCard } from './card.ts';
import { authorityPaths, backdatingMs, defaultCrlLifetimeMs, openCardAuthorities } from './card-authorities.ts';
import { CardError } from './card-error.ts';
import type { RevocationReason } from './certificate-revocation-list.ts';
import { type PinSource, readPin } from './pin.ts';
import type { KeyType } from './software-key.ts';

const day = 86_400_000;
const maximumValidityDays = 3650;

export interface CardCommandResult {
  /** Whole lines. */
  readonly text: string;
  readonly json: unknown;
}

export interface CreateCardCommandOptions {
  /** Card directory; made when it does not exist, with its own root and issuing authority. */
  readonly directory: string;
  readonly name: string;
  readonly keyType: KeyType;
  /** Default: the name of the card. */
  readonly commonName?: string;
  readonly userPrincipalName?: string;
  /** `S-1-5-21-…`. */
  readonly sid?: string;
  /** Certificate policy OIDs. */
  readonly policies?: readonly string[];
  /** Default: 365; at most 3650. */
  readonly validityDays?: number;
  /** Default: a generated PIN, written to a file with mode 0600. */
  readonly pin?: PinSource;
  /** Used only when the authorities are made: where their CRLs will be served over http. */
  readonly crlBaseUrl?: string;
  readonly clock: Clock;
}

interface CardSummary {
  readonly name: string;
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  readonly sha256: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly keyType: string;
  readonly certificateFile: string;
  readonly chainFile: string;
  readonly tokenSerialNumber: string;
  readonly uri: string;
  readonly softHsmConfiguration: string;
  readonly module: string;
}

function summarize(card: Card): CardSummary {
  const certificate = new X509Certificate(card.certificateDer);
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  const { certificateDer: _, pinFile: __, ...rest } = card;
  return {
    ...rest,
    subject: certificate.subject.split('\n').join(', '),
    issuer: certificate.issuer.split('\n').join(', '),
    serialNumber: certificateSerialNumber(card).toString(16),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
    keyType: asymmetricKeyType === 'rsa' ? `RSA-${asymmetricKeyDetails?.modulusLength}` : curveName(certificate),
  };
}

function curveName({ publicKey }: X509Certificate): string {
  const curve = publicKey.asymmetricKeyDetails?.namedCurve;
  return curve === 'prime256v1' ? 'P-256' : curve === 'secp384r1' ? 'P-384' : (curve ?? 'unknown');
}

const lines = (...rows: readonly (readonly [string, string])[]) =>
  rows.map(([key, value]) => `  ${key.padEnd(12)} ${printable(value)}\n`).join('');

/** Makes a card, and before it the authorities if the directory has none. Throws CardError. */
export async function createCardCommand(options: CreateCardCommandOptions): Promise<CardCommandResult> {
  const { directory, name, keyType, commonName, clock, validityDays = 365 } = options;
  if (!Number.isInteger(validityDays) || validityDays < 1 || validityDays > maximumValidityDays) {
    throw new CardError(
      `A validity of ${validityDays} days is not possible.`,
      `Choose 1 to ${maximumValidityDays} whole days.`,
    );
  }
  const pin = options.pin === undefined ? undefined : await readPin(options.pin);
  const now = clock.now();
  const authorities = await openCardAuthorities(directory, {
    now,
    ...(options.crlBaseUrl === undefined ? {} : { crlBaseUrl: options.crlBaseUrl }),
  });
  const card = await createCard({
    directory,
    name,
    keyType,
    authority: authorities.issuing,
    profile: {
      subject: commonName ?? name,
      notBefore: new Date(now.getTime() - backdatingMs),
      notAfter: new Date(now.getTime() + validityDays * day),
      policies: options.policies ?? [],
      ...(options.userPrincipalName === undefined ? {} : { userPrincipalName: options.userPrincipalName }),
      ...(options.sid === undefined ? {} : { sid: options.sid }),
    },
    ...(pin === undefined ? {} : { pin }),
  });
  const summary = summarize(card);
  const pinFile = pin === undefined ? card.pinFile : undefined;
  const made = authorities.created
    ? `Made a root and an issuing authority for trials:\n${lines(['root', authorities.paths.root], ['issuing', authorities.paths.issuing])}`
    : '';
  const text = `${made}Made the card ${name}; its ${summary.keyType} key was generated in the token and cannot leave it:\n${lines(
    ['subject', summary.subject],
    ['serial', summary.serialNumber],
    ['valid until', summary.notAfter],
    ['SHA-256', summary.sha256],
    ['certificate', card.certificateFile],
    ['PIN', pinFile ?? 'as given'],
  )}To use it with curl:\n${curlExample(card, authorities.paths.root, pinFile)}`;
  return { text, json: { ...summary, ...(pinFile === undefined ? {} : { pinFile }) } };
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

export async function listCardsCommand({ directory }: { readonly directory: string }): Promise<CardCommandResult> {
  const cards = (await listCards(directory)).map(summarize);
  const rows = cards.map(
    ({ name, keyType, notAfter, serialNumber, subject }) =>
      `${name.padEnd(16)} ${keyType.padEnd(9)} until ${notAfter.slice(0, 10)}  serial ${serialNumber}  ${printable(subject)}`,
  );
  const text = rows.length === 0 ? `There are no cards in ${directory}.\n` : `${rows.join('\n')}\n`;
  return { text, json: cards };
}

/** Removes a card; its certificate is not revoked by this. Throws CardError when there is no such card. */
export async function removeCardCommand(options: {
  readonly directory: string;
  readonly name: string;
}): Promise<CardCommandResult> {
  await removeCard(options.directory, options.name);
  return {
    text: `Removed the card ${options.name} with its key. Its certificate was not revoked by this.\n`,
    json: { removed: options.name },
  };
}

/** Makes the authorities of a card directory if there are none. */
export async function createAuthoritiesCommand(options: {
  readonly directory: string;
  readonly keyType?: KeyType;
  readonly crlBaseUrl?: string;
  readonly clock: Clock;
}): Promise<CardCommandResult> {
  const { directory, clock, ...rest } = options;
  const { created, paths } = await openCardAuthorities(directory, { now: clock.now(), ...rest });
  const text = created ? 'Made the authorities:\n' : 'The authorities are there already:\n';
  return { text: text + lines(['root', paths.root], ['issuing', paths.issuing]), json: { created, ...paths } };
}

/** Issues the next CRLs of both authorities, with nothing new revoked. */
export async function issueCrlsCommand(options: {
  readonly directory: string;
  /** Default: 30. */
  readonly validityDays?: number;
  readonly clock: Clock;
}): Promise<CardCommandResult> {
  const { root, issuing } = authorityPaths(options.directory);
  const lifetimeMs = options.validityDays === undefined ? defaultCrlLifetimeMs : options.validityDays * day;
  const now = options.clock.now();
  const crls = [await issueStoredCrl(root, { now, lifetimeMs }), await issueStoredCrl(issuing, { now, lifetimeMs })];
  const json = crls.map(({ path, number, revoked }) => ({ path, number: Number(number), revoked: revoked.length }));
  const text = json.map(({ path, number, revoked }) => `CRL ${number}, ${revoked} revoked: ${path}\n`).join('');
  return { text, json };
}

/** Revokes the certificate of a card and issues the next CRL. Throws CardError when there is no such card. */
export async function revokeCardCommand(options: {
  readonly directory: string;
  readonly name: string;
  /** Default: keyCompromise, the reason for a lost card. */
  readonly reason?: RevocationReason;
  readonly clock: Clock;
}): Promise<CardCommandResult> {
  const { directory, name, reason = 'keyCompromise', clock } = options;
  const serialNumber = certificateSerialNumber(await findCard(directory, name));
  const now = clock.now();
  const { path, number } = await issueStoredCrl(authorityPaths(directory).issuing, {
    now,
    lifetimeMs: defaultCrlLifetimeMs,
    revoke: [{ serialNumber, revokedAt: now, reason }],
  });
  return {
    text: `Revoked the certificate of ${name} (serial ${serialNumber.toString(16)}, ${reason}); CRL ${number}: ${path}\n`,
    json: { revoked: name, serialNumber: serialNumber.toString(16), reason, crl: path, number: Number(number) },
  };
}
