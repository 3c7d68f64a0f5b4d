/** An X.509 certificate as immutable facts, parsed once from strict DER. */
import type { DistinguishedName } from './distinguished-name.ts';
import type { GeneralName } from './general-name.ts';

export type KeyUsage =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly';

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** Content of extnValue. */
  readonly value: Buffer;
}

export interface Certificate {
  readonly der: Buffer;
  /** SHA-256 of the DER, lower-case hexadecimal. */
  readonly sha256: string;
  readonly serialNumber: bigint;
  /** Content octets of the INTEGER as encoded, sign octet included. */
  readonly serialOctets: Buffer;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER of SubjectPublicKeyInfo. */
  readonly subjectPublicKeyInfo: Buffer;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  /** Dotted OIDs. */
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectKeyIdentifier?: Buffer;
  readonly subjectAltName: readonly GeneralName[];
}
