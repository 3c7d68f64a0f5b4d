/** What the card application knows of a private key: its algorithm and how to have it work. The key itself is elsewhere. */
import type { KeyObject } from 'node:crypto';

interface PivAlgorithm {
  /** SP 800-78-4 table 6-2, RSA 3072 from SP 800-78-5 table 9: P1 of GENERAL AUTHENTICATE. */
  readonly identifier: number;
  readonly kind: 'rsa' | 'ec';
  /** Octets of the modulus, or of one coordinate. */
  readonly octets: number;
}

/** RSA 4096 is missing because the standard knows no identifier for it, nor OpenSC 0.23 that of one manufacturer. */
export const pivAlgorithms = {
  'RSA-2048': { identifier: 0x07, kind: 'rsa', octets: 256 },
  'RSA-3072': { identifier: 0x05, kind: 'rsa', octets: 384 },
  'P-256': { identifier: 0x11, kind: 'ec', octets: 32 },
  'P-384': { identifier: 0x14, kind: 'ec', octets: 48 },
} as const satisfies Readonly<Record<string, PivAlgorithm>>;

export type PivAlgorithmName = keyof typeof pivAlgorithms;

export interface PivKey {
  readonly algorithm: PivAlgorithmName;
  /**
   * The raw operation of the private key.
   * @param data RSA: as many octets as the modulus, padded by the reader; elliptic curve: a hash, at most as long as a
   * coordinate
   * @returns RSA: as many octets again; elliptic curve: DER of Ecdsa-Sig-Value (SP 800-73-4 part 2 appendix A.4)
   */
  operate(data: Buffer): Buffer | Promise<Buffer>;
}

const curves: ReadonlyMap<string | undefined, PivAlgorithmName> = new Map([
  ['prime256v1', 'P-256'],
  ['secp384r1', 'P-384'],
] as const);

const moduli: ReadonlyMap<number | undefined, PivAlgorithmName> = new Map([
  [2048, 'RSA-2048'],
  [3072, 'RSA-3072'],
] as const);

/** Undefined for a key that a PIV card cannot have. */
export function pivAlgorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): PivAlgorithmName | undefined {
  switch (asymmetricKeyType) {
    case 'rsa':
      return moduli.get(asymmetricKeyDetails?.modulusLength);
    case 'ec':
      return curves.get(asymmetricKeyDetails?.namedCurve);
    default:
      return undefined;
  }
}
