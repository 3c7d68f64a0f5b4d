/** Complete CRLs (RFC 5280 section 5) written and signed with pkijs for the harness's authorities. It reads none. */
import * as asn1js from 'asn1js';
import { CertificateRevocationList, Extensions, RevokedCertificate } from 'pkijs';
import { type CrlReason, crlReasons } from '../../pki/crl/crl-reason.ts';
import {
  authorityKeyIdentifier,
  crlNumber,
  crlReason,
  type RawExtension,
  rawExtension,
} from './certificate-extensions.ts';
import { encodeTime } from './encode-time.ts';
import { nameFromDer } from './name-encoding.ts';
import { type Signer, signWith } from './signer.ts';

export type RevocationReason = Exclude<CrlReason, 'unused'>;

export function isRevocationReason(value: unknown): value is RevocationReason {
  return value !== 'unused' && crlReasons.some((reason) => reason === value);
}

export interface IssuedRevocation {
  readonly serialNumber: bigint;
  readonly revokedAt: Date;
  /** Default: no reason extension, as RFC 5280 5.3.1 asks instead of `unspecified`. */
  readonly reason?: RevocationReason;
}

export interface CrlContent {
  readonly revoked: readonly IssuedRevocation[];
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** CRL number; each CRL must have a larger one than the CRL before. */
  readonly number: bigint;
  readonly extraExtensions?: readonly RawExtension[];
}

function entry({ serialNumber, revokedAt, reason }: IssuedRevocation): RevokedCertificate {
  const revoked = new RevokedCertificate({
    userCertificate: asn1js.Integer.fromBigInt(serialNumber),
    revocationDate: encodeTime(revokedAt),
  });
  if (reason !== undefined && reason !== 'unspecified') {
    revoked.crlEntryExtensions = new Extensions({ extensions: [crlReason(crlReasons.indexOf(reason))] });
  }
  return revoked;
}

/** DER of the CRL, signed with the issuer's key. */
export async function encodeCrl(
  content: CrlContent,
  issuer: { readonly name: Buffer; readonly keyIdentifier: Buffer; readonly signer: Signer },
): Promise<Buffer> {
  const crl = new CertificateRevocationList();
  crl.version = 1;
  crl.issuer = nameFromDer(issuer.name);
  crl.thisUpdate = encodeTime(content.thisUpdate);
  crl.nextUpdate = encodeTime(content.nextUpdate);
  if (content.revoked.length > 0) {
    crl.revokedCertificates = content.revoked.map(entry);
  }
  crl.crlExtensions = new Extensions({
    extensions: [
      authorityKeyIdentifier(issuer.keyIdentifier),
      crlNumber(content.number),
      ...(content.extraExtensions ?? []).map(rawExtension),
    ],
  });
  await signWith(issuer.signer, crl);
  return Buffer.from(crl.toSchema(true).toBER());
}
