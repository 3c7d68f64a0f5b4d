/** Makes a card: token, PIN and PUK, a key for each certificate, and the certificates, issued for requests that those keys signed. */
import { rm, writeFile } from 'node:fs/promises';
import type { IssuedCertificate } from '../authority/certificate-authority.ts';
import { createCertificationRequest, verifyCertificationRequest } from '../authority/certification-request.ts';
import { encodeName } from '../authority/name-encoding.ts';
import { digits, type Randomness, systemRandomness } from '../authority/randomness.ts';
import { seededPrivateKey } from '../authority/seeded-key.ts';
import { keepMemoryOutOfCoreDumps } from '../token/core-dump.ts';
import { checkPin, pinDigits } from '../token/pin.ts';
import { tokenError } from '../token/pkcs11-module.ts';
import { type Cryptoki, prepareSoftHsm, withSoftHsm } from '../token/softhsm.ts';
import {
  createToken,
  listTokens,
  removeToken,
  setPin,
  type TokenCertificate,
  type TokenDescription,
  type TokenSession,
  withTokenSession,
  writeCertificate,
} from '../token/token.ts';
import {
  generateTokenKey,
  importTokenKey,
  type KeyPurpose,
  type TokenKey,
  type TokenKeyRequest,
} from '../token/token-key.ts';
import { type Card, checkCardName, describeCard } from './card.ts';
import type { CardCertificateRequest } from './card-certificate.ts';
import { CardError } from './card-error.ts';
import { cardFiles, certificateFiles, makeFolder, writeSecret } from './card-files.ts';

export interface CreateCardOptions {
  /** Card directory: tokens/, softhsm2.conf and cards/<name>/ go there. */
  readonly directory: string;
  /** Label of the token: letters, digits, dot, hyphen and underscore, at most 32. */
  readonly name: string;
  /** The one for logging in first. Their position, from 1, becomes their CKA_ID, as OpenSC numbers the slots of a PIV card. */
  readonly certificates: readonly [CardCertificateRequest, ...CardCertificateRequest[]];
  /** Default: eight digits, written to cards/<name>/pin with mode 0600. */
  readonly pin?: string | undefined;
  /** Default: that of the system; keys are then made in the token. With a seed they are computed and put there. */
  readonly randomness?: Randomness;
}

/** A certificate that was issued, with the request it came of. */
export interface PersonalizedCertificate extends TokenCertificate {
  readonly issued: IssuedCertificate;
  readonly request: CardCertificateRequest;
}

const purposes: Readonly<Partial<Record<string, KeyPurpose>>> = { keyEncipherment: 'decrypt', keyAgreement: 'derive' };

function keyPurposes({ content }: CardCertificateRequest): readonly KeyPurpose[] {
  return ['sign', ...(content.keyUsage ?? []).map((usage) => purposes[usage]).filter((use) => use !== undefined)];
}

/** Has a key on the token sign a request, an authority answer it, and writes the certificate to the token. */
export async function certify(
  session: TokenSession,
  key: TokenKey,
  request: CardCertificateRequest,
  id: Buffer,
): Promise<PersonalizedCertificate> {
  const subject = encodeName(request.content.subject);
  const certificationRequest = await createCertificationRequest({ ...key, subject });
  const proved = await verifyCertificationRequest(certificationRequest);
  const issued = await request.authority.issue({ ...request.content, ...proved });
  const certificate = { der: issued.der, id, label: request.slot };
  writeCertificate(session, { ...certificate, subject });
  return { ...certificate, issued, request };
}

async function personalize(
  cryptoki: Cryptoki,
  token: TokenDescription,
  { name, pin, certificates, randomness = systemRandomness }: CreateCardOptions & { readonly pin: string },
): Promise<readonly [PersonalizedCertificate, ...PersonalizedCertificate[]]> {
  return withTokenSession(cryptoki, { slot: token.slot, pin }, async (session) => {
    const made = async (request: CardCertificateRequest, position: number) => {
      const { keyType, slot } = request;
      const id = Buffer.of(position + 1);
      const wanted: TokenKeyRequest = { keyType, id, label: slot, purposes: keyPurposes(request) };
      const key = randomness.repeatable
        ? importTokenKey(session, wanted, seededPrivateKey(keyType, randomness, `card/${name}/${slot}/key`))
        : generateTokenKey(session, wanted);
      return certify(session, key, request, id);
    };
    const [first, ...rest] = certificates;
    const done: [PersonalizedCertificate, ...PersonalizedCertificate[]] = [await made(first, 0)];
    for (const [index, request] of rest.entries()) done.push(await made(request, index + 1));
    return done;
  });
}

/** Writes certificate and chain of a slot for programs that want files. */
export async function writeCertificateFiles(
  directory: string,
  name: string,
  { issued, request }: PersonalizedCertificate,
  position: number,
): Promise<void> {
  const { certificateFile, chainFile } = certificateFiles(cardFiles(directory, name), request.slot, position);
  await writeFile(certificateFile, issued.pem);
  await writeFile(chainFile, issued.pem + request.authority.chainPem);
}

/**
 * Makes a card. On failure nothing of it is left.
 * @throws CardError for a bad name or PIN, a card that exists already, missing SoftHSM or PKCS#11 binding.
 */
export async function createCard(options: CreateCardOptions): Promise<Card> {
  const { directory, name, randomness = systemRandomness } = options;
  checkCardName(name);
  keepMemoryOutOfCoreDumps();
  const pin = options.pin === undefined ? digits(randomness, `card/${name}/pin`, pinDigits) : checkPin(options.pin);
  const puk = digits(randomness, `card/${name}/puk`, pinDigits);
  const softHsm = await prepareSoftHsm(directory);
  const files = cardFiles(directory, name);
  let token: TokenDescription | undefined;
  try {
    const { card, certificates } = await withSoftHsm(softHsm, async (cryptoki) => {
      if (listTokens(cryptoki).some(({ label }) => label === name)) {
        throw new CardError(`There is a card "${name}" already.`, 'Choose another name, or remove that card first.');
      }
      const made = createToken(cryptoki, name, puk);
      token = made;
      setPin(cryptoki, made, { pin, securityOfficerPin: puk });
      const personalized = await personalize(cryptoki, made, { ...options, pin });
      return { card: describeCard(directory, made, personalized), certificates: personalized };
    });
    await makeFolder(files);
    for (const [position, certificate] of certificates.entries()) {
      await writeCertificateFiles(directory, name, certificate, position);
    }
    await writeSecret(files.pukFile, puk);
    if (options.pin === undefined) await writeSecret(files.pinFile, pin);
    return card;
  } catch (error) {
    if (token !== undefined) {
      await removeToken(softHsm, token.serialNumber);
      await rm(files.folder, { recursive: true, force: true });
    }
    throw tokenError(name, error);
  }
}
