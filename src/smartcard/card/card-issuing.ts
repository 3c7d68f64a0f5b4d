/** Issues and renews cards of a card directory by profile: authorities, requests, the card, its record, and what is to be revoked at once. */
import { X509Certificate } from 'node:crypto';
import { issueStoredCrl } from '../authority/authority-directory.ts';
import {
  authorityPath,
  backdatingMs,
  type CardAuthorities,
  defaultCrlLifetimeMs,
  openCardAuthorities,
  openForeignAuthority,
} from '../authority/card-authorities.ts';
import type { RevocationReason } from '../authority/certificate-revocation-list.ts';
import type { KeyType } from '../authority/key-type.ts';
import { tokenError } from '../token/pkcs11-module.ts';
import { softHsmIn, withSoftHsm } from '../token/softhsm.ts';
import { findToken, withTokenSession } from '../token/token.ts';
import { existingTokenKey } from '../token/token-key.ts';
import { type Card, type CardCertificate, certificateIn, findCard, serialNumberOfCertificate } from './card.ts';
import { type CardCertificateRequest, certificateRequests } from './card-certificate.ts';
import type { CardDirectory } from './card-directory.ts';
import { CardError } from './card-error.ts';
import { certify, createCard, writeCertificateFiles } from './card-making.ts';
import type { CardProfile } from './card-profile.ts';
import { type CardRecord, readCardRecord, writeCardRecord } from './card-record.ts';
import { checkPerson, type Person } from './person.ts';

const day = 86_400_000;
const maximumValidityDays = 3650;

export interface IssueCardOptions {
  readonly name: string;
  readonly profile: CardProfile;
  readonly person: Person;
  /** Instead of the profile's, for every key. */
  readonly keyType?: KeyType | undefined;
  /** More certificate policies (OIDs) for the first certificate. */
  readonly policies?: readonly string[] | undefined;
  /** Default: 365; at most 3650. */
  readonly validityDays?: number;
  readonly pin?: string | undefined;
  /** Used only when the authorities are made: where `serveRepository` will listen. */
  readonly repositoryUrl?: string;
}

/** The authorities of a card directory, made if it has no authorities yet. */
export function authoritiesOf(
  { path, randomness, validFrom }: CardDirectory,
  options: { readonly repositoryUrl?: string | undefined; readonly intermediates?: number } = {},
): Promise<CardAuthorities> {
  return openCardAuthorities(path, { now: validFrom, randomness, ...options });
}

/**
 * Makes a card, and before it the authorities if the directory has none.
 * @throws CardError when the person lacks what the profile needs, and as `createCard` does
 */
export async function issueCard(
  directory: CardDirectory,
  options: IssueCardOptions,
): Promise<{ readonly card: Card; readonly authorities: CardAuthorities }> {
  const { name, profile, person, keyType, policies = [], validityDays = 365, pin } = options;
  checkPerson(person);
  if (!Number.isInteger(validityDays) || validityDays < 1 || validityDays > maximumValidityDays) {
    throw new CardError(
      `A validity of ${validityDays} days is not possible.`,
      `Choose 1 to ${maximumValidityDays} whole days.`,
    );
  }
  const record: CardRecord = { profile, person, policies, validityDays, generation: 0, keyType };
  const authorities = await authoritiesOf(directory, { repositoryUrl: options.repositoryUrl });
  const [first, ...rest] = await requestsOf(directory, authorities, name, record);
  if (first === undefined)
    throw new CardError(
      'The profile lists no certificate, and a card needs at least one.',
      'Add a certificate to the profile.',
    );
  const card = await createCard({
    directory: directory.path,
    name,
    certificates: [first, ...rest],
    randomness: directory.randomness,
    pin,
  });
  await writeCardRecord(directory.path, name, record);
  await revokeWanted(directory, card, [first, ...rest]);
  return { card, authorities };
}

function requestsOf(
  directory: CardDirectory,
  authorities: CardAuthorities,
  name: string,
  { profile, person, keyType, policies, validityDays, generation }: CardRecord,
): Promise<readonly CardCertificateRequest[]> {
  const { path, randomness, validFrom } = directory;
  return certificateRequests({
    name,
    profile,
    person,
    policies,
    randomness,
    generation,
    now: validFrom,
    validity: {
      notBefore: new Date(validFrom.getTime() - backdatingMs),
      notAfter: new Date(validFrom.getTime() + validityDays * day),
    },
    authorities: {
      issuing: authorities.issuing,
      foreign: () => openForeignAuthority(path, { now: validFrom, randomness }),
    },
    keyType,
  });
}

async function revokeWanted(
  directory: CardDirectory,
  card: Card,
  requests: readonly CardCertificateRequest[],
): Promise<void> {
  for (const { slot, revoked } of requests) {
    if (revoked !== undefined) await revokeCertificates(directory, [certificateIn(card, slot)], revoked);
  }
}

/** Revokes certificates of the issuing authority and issues its next CRL. */
export async function revokeCertificates(
  { path, now }: CardDirectory,
  certificates: readonly Pick<CardCertificate, 'certificateDer'>[],
  reason: RevocationReason,
) {
  return issueStoredCrl(authorityPath(path, 'issuing'), {
    now,
    lifetimeMs: defaultCrlLifetimeMs,
    revoke: certificates.map(({ certificateDer }) => ({
      serialNumber: serialNumberOfCertificate(certificateDer),
      revokedAt: now,
      reason,
    })),
  });
}

/**
 * Issues new certificates for the keys of a card, from now on, with new serial numbers; the old ones are not revoked by this.
 * @param pin of the card: its keys sign the requests
 * @throws CardError when the PIN is wrong, or it is not known what the card was made from
 */
export async function renewCard(
  directory: CardDirectory,
  name: string,
  pin: string,
  slot?: string,
): Promise<{ readonly before: Card; readonly card: Card }> {
  const before = await findCard(directory.path, name);
  const wanted = slot === undefined ? before.certificates : [certificateIn(before, slot)];
  const record = await readCardRecord(directory.path, name);
  const next = { ...record, generation: record.generation + 1 };
  const present = { ...directory, validFrom: directory.now };
  const requests = await requestsOf(present, await authoritiesOf(directory), name, next);
  await withSoftHsm(softHsmIn(directory.path), (cryptoki) =>
    withTokenSession(cryptoki, { slot: findToken(cryptoki, name).slot, pin }, async (session) => {
      for (const [position, certificate] of before.certificates.entries()) {
        const request = requests.find((candidate) => candidate.slot === certificate.slot);
        if (request === undefined || !wanted.includes(certificate)) continue;
        const id = Buffer.from(certificate.id, 'hex');
        const { publicKey } = new X509Certificate(certificate.certificateDer);
        const key = existingTokenKey(session, { id, keyType: request.keyType, publicKey });
        await writeCertificateFiles(directory.path, name, await certify(session, key, request, id), position);
      }
    }),
  ).catch((error: unknown) => {
    throw tokenError(name, error);
  });
  await writeCardRecord(directory.path, name, next);
  return { before, card: await findCard(directory.path, name) };
}
