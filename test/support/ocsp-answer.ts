/** OCSP responses made by hand, right or wrong, signed with P-256 keys. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { parseCertificate } from '../../src/pki/certificate/certificate.ts';
import { oids } from '../../src/pki/encoding/oids.ts';
import {
  bitString,
  der,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  text,
} from './der-builder.ts';

/** Who signs: a CA or a delegate. */
export interface OcspSigner {
  /** DER of the Name. */
  readonly subject: Buffer;
  readonly keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
}

export interface OcspAnswer {
  /** The CA that issued the certificate in question. */
  readonly issuer: OcspSigner;
  readonly serial: number | bigint;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date | undefined;
  /** Default: thisUpdate. */
  readonly producedAt?: Date;
  /** Default: good. */
  readonly status?: 'good' | 'unknown' | { readonly revokedAt: Date; readonly reason?: number };
  /** Default: the issuer. */
  readonly signer?: OcspSigner;
  /** Default: by key of the signer. A signer: the one whose name is given instead. */
  readonly responderId?: 'byKey' | 'byName' | OcspSigner;
  readonly hash?: 'sha1' | 'sha256';
  readonly nonce?: Buffer;
  /** DER of the certificates brought along. */
  readonly certificates?: readonly Buffer[];
  /** Made by `extension`. */
  readonly responseExtensions?: readonly Buffer[];
  readonly singleExtensions?: readonly Buffer[];
  /** Further single responses, before this one. */
  readonly others?: readonly Buffer[];
  /** Default: the octets that are signed. */
  readonly alter?: (signature: Buffer) => Buffer;
}

export const generalizedTime = (moment: Date): Buffer => text(0x18, moment.toISOString().replace(/\.\d+|[-:T]/g, ''));

/** The signer that a certificate and its key make. */
export function ocspSigner(certificateDer: Buffer, privateKeyPem: string): OcspSigner {
  const privateKey = createPrivateKey(privateKeyPem);
  const { subject } = parseCertificate(certificateDer);
  return { subject: subject.der, keys: { privateKey, publicKey: createPublicKey(privateKey) } };
}

export function singleResponse(answer: OcspAnswer): Buffer {
  const { issuer, serial, thisUpdate, nextUpdate, status = 'good', hash = 'sha1', singleExtensions = [] } = answer;
  const digest = (bytes: Buffer) => octetString(createHash(hash).update(bytes).digest());
  const certId = sequence(
    sequence(objectIdentifier(oids[hash]), Buffer.of(5, 0)),
    digest(issuer.subject),
    digest(publicKeyOctets(issuer)),
    integer(serial),
  );
  return sequence(
    certId,
    certStatus(status),
    generalizedTime(thisUpdate),
    ...(nextUpdate ? [explicit(0, generalizedTime(nextUpdate))] : []),
    ...(singleExtensions.length > 0 ? [explicit(1, sequence(...singleExtensions))] : []),
  );
}

/** DER of a successful OCSPResponse. */
export function issueOcsp(answer: OcspAnswer): Buffer {
  const { signer = answer.issuer, responderId = 'byKey', nonce, certificates = [], others = [] } = answer;
  const extensions = [
    ...(nonce ? [sequence(objectIdentifier(oids.ocspNonce), octetString(octetString(nonce)))] : []),
    ...(answer.responseExtensions ?? []),
  ];
  const data = sequence(
    responderIdOf(signer, responderId),
    generalizedTime(answer.producedAt ?? answer.thisUpdate),
    sequence(...others, singleResponse(answer)),
    ...(extensions.length > 0 ? [explicit(1, sequence(...extensions))] : []),
  );
  const signature = sign('sha256', data, signer.keys.privateKey);
  return wrapOcsp(
    sequence(
      data,
      sequence(objectIdentifier(oids.ecdsaWithSha256)),
      bitString(answer.alter?.(signature) ?? signature),
      ...(certificates.length > 0 ? [explicit(0, sequence(...certificates))] : []),
    ),
  );
}

/** DER of an OCSPResponse around a BasicOCSPResponse. */
export function wrapOcsp(basic: Buffer, type: string = oids.ocspBasic): Buffer {
  return sequence(der(0x0a, Buffer.of(0)), explicit(0, sequence(objectIdentifier(type), octetString(basic))));
}

/** DER of an OCSPResponse that is an error, such as 3 for tryLater. */
export const ocspError = (number: number): Buffer => sequence(der(0x0a, Buffer.of(number)));

function responderIdOf(signer: OcspSigner, responderId: NonNullable<OcspAnswer['responderId']>): Buffer {
  if (responderId === 'byKey')
    return explicit(2, octetString(createHash('sha1').update(publicKeyOctets(signer)).digest()));
  return explicit(1, responderId === 'byName' ? signer.subject : responderId.subject);
}

function certStatus(status: NonNullable<OcspAnswer['status']>): Buffer {
  if (status === 'good') return implicit(0);
  if (status === 'unknown') return implicit(2);
  const { revokedAt, reason } = status;
  return explicit(
    1,
    generalizedTime(revokedAt),
    ...(reason === undefined ? [] : [explicit(0, der(0x0a, Buffer.of(reason)))]),
  );
}

/** The content of subjectPublicKey: an uncompressed P-256 point. */
function publicKeyOctets({ keys }: OcspSigner): Buffer {
  return keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-65);
}
