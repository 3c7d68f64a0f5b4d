/** Lets pkijs have its structures signed by any signer, a key in a file or one in a token, through a crypto engine of its own. */
import { type KeyObject, sign, webcrypto } from 'node:crypto';
import * as asn1js from 'asn1js';
import { AlgorithmIdentifier, CryptoEngine, type CryptoEngineSignatureParams } from 'pkijs';

export type SigningAlgorithm = keyof typeof signatureAlgorithms;

/** RFC 4055 section 5 wants NULL parameters with RSA; RFC 5758 3.2 and RFC 8410 section 3 want none. Ed25519 hashes by itself. */
const signatureAlgorithms = {
  sha256WithRSAEncryption: { oid: '1.2.840.113549.1.1.11', nullParameters: true, hash: 'sha256' },
  'ecdsa-with-SHA256': { oid: '1.2.840.10045.4.3.2', nullParameters: false, hash: 'sha256' },
  'ecdsa-with-SHA384': { oid: '1.2.840.10045.4.3.3', nullParameters: false, hash: 'sha384' },
  'ecdsa-with-SHA512': { oid: '1.2.840.10045.4.3.4', nullParameters: false, hash: 'sha512' },
  Ed25519: { oid: '1.3.101.112', nullParameters: false, hash: null },
} as const;

export interface Signer {
  readonly algorithm: SigningAlgorithm;
  /** Signature over `data` as X.509 carries it: PKCS #1 v1.5, the DER of Ecdsa-Sig-Value, or 64 octets of Ed25519. */
  sign(data: Buffer): Buffer;
}

/** The hash that goes before the signature; null where the algorithm has none of its own to be chosen. */
export function hashOf(algorithm: SigningAlgorithm): 'sha256' | 'sha384' | 'sha512' | null {
  return signatureAlgorithms[algorithm].hash;
}

/** The same by the OID in a signed structure. Throws RangeError for one that no signer here uses. */
export function hashOfOid(oid: string): ReturnType<typeof hashOf> {
  const entry = Object.values(signatureAlgorithms).find((algorithm) => algorithm.oid === oid);
  if (entry === undefined) throw new RangeError(`no signer of the harness uses the algorithm ${oid}`);
  return entry.hash;
}

class SignerEngine extends CryptoEngine {
  readonly #signer: Signer;

  constructor(signer: Signer) {
    super({ name: 'cardgate signer', crypto: webcrypto, subtle: webcrypto.subtle });
    this.#signer = signer;
  }

  override async getSignatureParameters(): Promise<CryptoEngineSignatureParams> {
    const { oid, nullParameters } = signatureAlgorithms[this.#signer.algorithm];
    const signatureAlgorithm = new AlgorithmIdentifier({ algorithmId: oid });
    if (nullParameters) {
      signatureAlgorithm.algorithmParams = new asn1js.Null();
    }
    return { signatureAlgorithm, parameters: { algorithm: { name: this.#signer.algorithm }, usages: ['sign'] } };
  }

  override async signWithPrivateKey(data: ArrayBuffer | ArrayBufferView): Promise<ArrayBuffer> {
    const octets = ArrayBuffer.isView(data)
      ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
      : Buffer.from(data);
    return new Uint8Array(this.#signer.sign(octets)).buffer;
  }
}

interface Signable {
  sign(privateKey: webcrypto.CryptoKey, hashAlgorithm: string, engine: CryptoEngine): Promise<void>;
}

/** Signs a pkijs certificate, CRL, OCSP response or certification request in place. */
export async function signWith(signer: Signer, structure: Signable): Promise<void> {
  // pkijs only passes the key and the name of the hash on to the engine, and this engine has its own.
  const unused = {} as webcrypto.CryptoKey;
  await structure.sign(unused, hashOf(signer.algorithm) ?? 'sha512', new SignerEngine(signer));
}

const algorithmsOfCurves: ReadonlyMap<string | undefined, SigningAlgorithm> = new Map([
  ['prime256v1', 'ecdsa-with-SHA256'],
  ['secp384r1', 'ecdsa-with-SHA384'],
  ['secp521r1', 'ecdsa-with-SHA512'],
] as const);

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningAlgorithm | undefined {
  if (asymmetricKeyType === 'rsa') return 'sha256WithRSAEncryption';
  if (asymmetricKeyType === 'ed25519') return 'Ed25519';
  return algorithmsOfCurves.get(asymmetricKeyDetails?.namedCurve);
}

/** Throws TypeError for a key that is neither RSA, on one of the NIST curves, nor Ed25519. */
export function softwareSigner(privateKey: KeyObject): Signer {
  const algorithm = algorithmOf(privateKey);
  if (algorithm === undefined) {
    throw new TypeError('a certification authority of the harness signs with RSA, ECDSA on a NIST curve, or Ed25519');
  }
  return { algorithm, sign: (data) => sign(hashOf(algorithm), data, privateKey) };
}
