/** Lets pkijs have its structures signed by any signer, a key in a file or one in a token, through a crypto engine of its own. */
import { type KeyObject, sign, webcrypto } from 'node:crypto';
import * as asn1js from 'asn1js';
import { AlgorithmIdentifier, CryptoEngine, type CryptoEngineSignatureParams } from 'pkijs';

export type SignatureAlgorithm = keyof typeof signatureAlgorithms;

/** RFC 4055 section 5 wants NULL parameters with RSA; RFC 5758 3.2 wants none with ECDSA. */
const signatureAlgorithms = {
  sha256WithRSAEncryption: { oid: '1.2.840.113549.1.1.11', nullParameters: true, hash: 'sha256' },
  'ecdsa-with-SHA256': { oid: '1.2.840.10045.4.3.2', nullParameters: false, hash: 'sha256' },
  'ecdsa-with-SHA384': { oid: '1.2.840.10045.4.3.3', nullParameters: false, hash: 'sha384' },
} as const;

export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  /** Signature over `data` as X.509 carries it: PKCS #1 v1.5, or the DER of Ecdsa-Sig-Value. */
  sign(data: Buffer): Buffer;
}

export function hashOf(algorithm: SignatureAlgorithm): 'sha256' | 'sha384' {
  return signatureAlgorithms[algorithm].hash;
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
    return { signatureAlgorithm, parameters: { algorithm: {}, usages: ['sign'] } };
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

/** Signs a pkijs certificate, CRL or certification request in place. */
export async function signWith(signer: Signer, structure: Signable): Promise<void> {
  // pkijs only passes the key on to the engine, and this engine has its own.
  const unused = {} as webcrypto.CryptoKey;
  await structure.sign(unused, hashOf(signer.algorithm), new SignerEngine(signer));
}

/** Throws TypeError for a key that is neither RSA, P-256 nor P-384. */
export function softwareSigner(privateKey: KeyObject): Signer {
  const curve = privateKey.asymmetricKeyDetails?.namedCurve;
  const algorithm: SignatureAlgorithm | undefined =
    privateKey.asymmetricKeyType === 'rsa'
      ? 'sha256WithRSAEncryption'
      : curve === 'prime256v1'
        ? 'ecdsa-with-SHA256'
        : curve === 'secp384r1'
          ? 'ecdsa-with-SHA384'
          : undefined;
  if (algorithm === undefined) {
    throw new TypeError('a certification authority of the harness signs with RSA, P-256 or P-384');
  }
  return { algorithm, sign: (data) => sign(hashOf(algorithm), data, privateKey) };
}
