/** From a profile and a person to what is asked of an authority for each key of a card. */
import type { KeyUsage } from '../../pki/certificate/key-usage.ts';
import {
  type CertificateAuthority,
  type IssuanceRequest,
  serialNumberOf,
  type Validity,
} from '../authority/certificate-authority.ts';
import { extendedKeyUsages } from '../authority/certificate-extensions.ts';
import type { RevocationReason } from '../authority/certificate-revocation-list.ts';
import { type KeyType, keyTypeTable } from '../authority/key-type.ts';
import type { Randomness } from '../authority/randomness.ts';
import type { CardProfile, ProfileCertificate } from './card-profile.ts';
import { type Person, ProfileVariables } from './person.ts';

const day = 86_400_000;

/** One key with its certificate, as it is wanted on a card. */
export interface CardCertificateRequest {
  /** CKA_LABEL of key and certificate. */
  readonly slot: string;
  readonly keyType: KeyType;
  readonly authority: CertificateAuthority;
  readonly content: Omit<IssuanceRequest, 'publicKey'>;
  readonly revoked?: RevocationReason | undefined;
}

export interface ProfileRequestOptions {
  readonly name: string;
  readonly profile: CardProfile;
  readonly person: Person;
  /** For certificates that say nothing of their own about it. */
  readonly validity: Validity;
  readonly now: Date;
  readonly authorities: {
    readonly issuing: CertificateAuthority;
    /** Asked for only when the profile wants it. */
    foreign(): Promise<CertificateAuthority>;
  };
  readonly randomness: Randomness;
  /** 0 for the first certificate of a key, more for renewals. */
  readonly generation: number;
  /** Instead of the profile's, for every key. */
  readonly keyType?: KeyType | undefined;
  /** More certificate policies, for the first certificate. */
  readonly policies?: readonly string[];
}

/** @throws CardError when the profile needs something of the person that is not known */
export function certificateRequests(options: ProfileRequestOptions): Promise<readonly CardCertificateRequest[]> {
  const { name, person, randomness } = options;
  const variables = new ProfileVariables(name, person, randomness.octets(`card/${name}/uuid`, 16));
  return Promise.all(
    options.profile.certificates.map((certificate, index) =>
      requestFor(certificate, variables, index === 0 ? options : { ...options, policies: [] }),
    ),
  );
}

async function requestFor(
  certificate: ProfileCertificate,
  variables: ProfileVariables,
  options: ProfileRequestOptions,
): Promise<CardCertificateRequest> {
  const { name, authorities, randomness, generation, policies = [] } = options;
  const { slot, keyUsage, criticalExtendedKeyUsage, repeatSubjectAltName, revoked } = certificate;
  const keyType = options.keyType ?? certificate.key;
  const sid = certificate.sid === undefined ? undefined : variables.fill(certificate.sid);
  return {
    slot,
    keyType,
    authority: certificate.issuer === 'foreign' ? await authorities.foreign() : authorities.issuing,
    content: {
      subject: variables.fillAll(certificate.subject).map(attributeOf),
      keyUsage: keyUsage.map((usage) => usageOf(usage, keyType)),
      extendedKeyUsage: certificate.extendedKeyUsage.map(purposeOid),
      criticalExtendedKeyUsage,
      repeatSubjectAltName,
      policies: [...certificate.policies, ...policies],
      userPrincipalNames: variables.fillAll(certificate.userPrincipalNames),
      rfc822Names: variables.fillAll(certificate.rfc822Names),
      uniformResourceIdentifiers: variables.fillAll(certificate.uniformResourceIdentifiers),
      serialNumber: serialNumberOf(randomness.octets(`card/${name}/${slot}/serial/${generation}`, 16)),
      ...validityOf(certificate, options),
      sid,
    },
    revoked,
  };
}

/** RFC 8813: a key on an elliptic curve enciphers no keys, it agrees on them. */
function usageOf(usage: KeyUsage, keyType: KeyType): KeyUsage {
  return usage === 'keyEncipherment' && keyTypeTable[keyType].kind !== 'rsa' ? 'keyAgreement' : usage;
}

function validityOf({ validity }: ProfileCertificate, { now, validity: usual }: ProfileRequestOptions): Validity {
  if (validity === undefined) return usual;
  const notBefore = new Date(now.getTime() + validity.startDays * day);
  return { notBefore, notAfter: new Date(notBefore.getTime() + validity.days * day) };
}

function attributeOf(text: string) {
  const cut = text.indexOf('=');
  return { type: text.slice(0, cut), value: text.slice(cut + 1) };
}

function isNamedPurpose(text: string): text is keyof typeof extendedKeyUsages {
  return Object.hasOwn(extendedKeyUsages, text);
}

function purposeOid(text: string): string {
  return isNamedPurpose(text) ? extendedKeyUsages[text] : text;
}
