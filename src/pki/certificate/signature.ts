/**
 * Signatures of certificates and CRLs, verified by node:crypto under the site's algorithm policy. Keys of CAs and signatures
 * found good on CA certificates and CRLs are remembered; a failure is never remembered, and neither is an end entity.
 */
import {
  constants,
  createPublicKey,
  createVerify,
  type KeyObject,
  type VerifyKeyObjectInput,
  verify,
} from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { inPieces } from '../encoding/in-pieces.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import type { Budget } from '../path/budget.ts';
import {
  type AlgorithmPolicy,
  familyOf,
  type KeyKind,
  type SignatureAlgorithm,
  schemeRefusal,
  signatureScheme,
} from './algorithms.ts';
import { acceptedKeyType, maximumKeyOctets } from './public-key.ts';

type SignatureResult =
  | { readonly outcome: 'valid' }
  | { readonly outcome: 'invalid' }
  /** The algorithm or the key is too weak, not known, or not usable. */
  | { readonly outcome: 'unacceptable'; readonly reason: string };

interface Signed {
  /** The octets that are signed. */
  readonly data: Buffer;
  /** DER of AlgorithmIdentifier. */
  readonly algorithm: Buffer;
  readonly signature: Buffer;
  /** A name for data and signature together, such as the SHA-256 of the whole; absent: do not remember. */
  readonly identity?: string | undefined;
  /** Whether a stranger decides how much work it is, so that it counts against the cost of a login. */
  readonly isOfPeer?: boolean;
}

interface VerifyingKey {
  readonly key: KeyObject;
  readonly type: KeyKind;
  /** Kept because asking the KeyObject costs as much as parsing half a certificate. */
  readonly isPssOnly: boolean;
  /** Microseconds of one verification, for the budget. */
  readonly cost: number;
}

type UsableKey = VerifyingKey | { readonly reason: string };

interface Check {
  readonly digest: string | null;
  readonly key: KeyObject | VerifyKeyObjectInput;
}

const valid: SignatureResult = { outcome: 'valid' };
const invalid: SignatureResult = { outcome: 'invalid' };
const unacceptable = (reason: string): SignatureResult => ({ outcome: 'unacceptable', reason });

/** Octets as a key of maps. */
export function octetsText(octets: Buffer): string {
  return octets.toString('latin1');
}

/** RSASSA-PSS with everything written out has 67 octets; a larger value is not a known algorithm and not worth keeping. */
const maximumKnownAlgorithmOctets = 128;

/** Microseconds for one octet of signed data. */
const hashCost = 0.001;

const curveCosts: Readonly<Record<string, number>> = {
  prime256v1: 50,
  secp384r1: 450,
  secp521r1: 1000,
};
const typeCosts: Readonly<Record<Exclude<KeyKind, 'ec' | 'rsa'>, number>> = {
  brainpoolP256r1: 400,
  brainpoolP384r1: 800,
  brainpoolP512r1: 1400,
  ed25519: 70,
  ed448: 160,
  dsa: 500,
  'ml-dsa-44': 100,
  'ml-dsa-65': 140,
  'ml-dsa-87': 220,
};

/** As measured with OpenSSL 3.5 on a current core, reading the key included; the square law of RSA fits from 1024 to 8192 bits. */
function costOf(key: KeyObject, type: KeyKind): number {
  const { namedCurve = '', modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (type === 'ec') return curveCosts[namedCurve] ?? 1000;
  if (type === 'rsa') return 20 + (modulusLength / 1024) ** 2 * 3 * (publicExponent > 65537n ? 3 : 1);
  return typeCosts[type];
}

/** OpenSSL throws for a key that is restricted to other hash functions or longer salts (RFC 4055 3.3). */
function resultOf(isGood: () => boolean): SignatureResult {
  try {
    return isGood() ? valid : invalid;
  } catch {
    return invalid;
  }
}

/** By a thread of libuv, for which node:crypto copies the data at once. */
function verifyInPool({ data, signature }: Signed, key: Check['key']): Promise<SignatureResult> {
  return new Promise((resolve) => {
    verify(null, data, key, signature, (error, good) => resolve(!error && good ? valid : invalid));
  });
}

export class SignatureVerifier {
  readonly #policy: AlgorithmPolicy;
  readonly #keys = new LRUCache<string, UsableKey>({ max: 512 });
  /** By identity, the key that verified it last. */
  readonly #good = new LRUCache<string, string>({ max: 4096 });
  /** By DER of AlgorithmIdentifier; a site meets a handful. */
  readonly #schemes = new LRUCache<string, SignatureAlgorithm | string>({ max: 64 });
  /** By the octets of one certificate: its key is judged before a path is looked for, and once more with every path. */
  readonly #endEntityKeys = new WeakMap<Buffer, { readonly refusal: string | undefined }>();

  constructor(policy: AlgorithmPolicy) {
    this.#policy = policy;
  }

  /**
   * @param spki DER of the signer's SubjectPublicKeyInfo
   * @throws BudgetExceededError
   */
  verify(signed: Signed, spki: Buffer, budget: Budget): SignatureResult {
    const { identity } = signed;
    const keyName = octetsText(spki);
    if (identity && this.#good.get(identity) === keyName) return valid;
    const result = this.#verify(signed, this.#usableKey(keyName, spki), budget);
    if (identity && result === valid) this.#good.set(identity, keyName);
    return result;
  }

  /** Why a public key may not be used at all; undefined when it may. For CAs, whose keys are worth remembering. */
  keyRefusal(spki: Buffer): string | undefined {
    const key = this.#usableKey(octetsText(spki), spki);
    return 'reason' in key ? key.reason : undefined;
  }

  /** Likewise for an end entity, whose key verifies nothing here and is not remembered. */
  endEntityKeyRefusal(spki: Buffer): string | undefined {
    const known = this.#endEntityKeys.get(spki);
    if (known) return known.refusal;
    const type = acceptedKeyType(spki, this.#policy);
    const refusal = typeof type === 'string' ? undefined : type.reason;
    this.#endEntityKeys.set(spki, { refusal });
    return refusal;
  }

  /** Why a signature with this AlgorithmIdentifier (DER) is not accepted, whichever key made it; undefined when it is. */
  algorithmRefusal(algorithm: Buffer): string | undefined {
    const scheme = this.#scheme(algorithm);
    return typeof scheme === 'string' ? scheme : undefined;
  }

  /**
   * Likewise, but others get their turn meanwhile, and never remembered here: for data so large that hashing it holds them up.
   * @throws BudgetExceededError
   */
  async verifyAside(signed: Signed, spki: Buffer, budget: Budget): Promise<SignatureResult> {
    const check = this.#checkOf(signed, this.#usableKey(octetsText(spki), spki), budget);
    if ('outcome' in check) return check;
    const { digest, key } = check;
    // These schemes sign the whole and not its digest.
    if (digest === null) return verifyInPool(signed, key);
    const verification = createVerify(digest);
    for await (const piece of inPieces(signed.data)) verification.update(piece);
    return resultOf(() => verification.verify(key, signed.signature));
  }

  #verify(signed: Signed, key: UsableKey, budget: Budget): SignatureResult {
    const check = this.#checkOf(signed, key, budget);
    if ('outcome' in check) return check;
    return resultOf(() => verify(check.digest, signed.data, check.key, signed.signature));
  }

  /** What is left to be done once algorithm and key are acceptable; otherwise the result. */
  #checkOf(signed: Signed, key: UsableKey, budget: Budget): SignatureResult | Check {
    if ('reason' in key) return unacceptable(key.reason);
    const scheme = this.#scheme(signed.algorithm);
    if (typeof scheme === 'string') return unacceptable(scheme);
    if (scheme.keyType !== familyOf(key.type))
      return unacceptable(`${scheme.keyType} signature for a key of type ${key.type}`);
    const isPss = scheme.pssSaltLength !== undefined;
    if (key.isPssOnly && !isPss) return unacceptable('the key signs RSASSA-PSS only');
    budget.spend('signatures', signed.isOfPeer ? key.cost + signed.data.length * hashCost : 0);
    const { pssSaltLength: saltLength } = scheme;
    const padded = { key: key.key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
    // As it is where that will do: node:crypto takes as long to look into an object around a key as to verify with it.
    return { digest: scheme.digest ?? null, key: isPss ? padded : key.key };
  }

  #scheme(algorithm: Buffer): SignatureAlgorithm | string {
    if (algorithm.length > maximumKnownAlgorithmOctets) return this.#readScheme(algorithm);
    const name = algorithm.toString('latin1');
    const known = this.#schemes.get(name);
    if (known !== undefined) return known;
    const scheme = this.#readScheme(algorithm);
    this.#schemes.set(name, scheme);
    return scheme;
  }

  #readScheme(algorithm: Buffer): SignatureAlgorithm | string {
    try {
      const scheme = signatureScheme(algorithm);
      return typeof scheme === 'string' ? scheme : (schemeRefusal(scheme, this.#policy) ?? scheme);
    } catch (error) {
      if (error instanceof MalformedError) return error.message;
      throw error;
    }
  }

  #usableKey(name: string, spki: Buffer): UsableKey {
    const known = this.#keys.get(name);
    if (known) return known;
    const key = this.#readKey(spki);
    // A larger one is refused, and its octets only fill the memory of keys.
    if (spki.length <= maximumKeyOctets) this.#keys.set(name, key);
    return key;
  }

  #readKey(spki: Buffer): UsableKey {
    const type = acceptedKeyType(spki, this.#policy);
    if (typeof type !== 'string') return type;
    try {
      const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
      return { key, type, isPssOnly: key.asymmetricKeyType === 'rsa-pss', cost: costOf(key, type) };
    } catch {
      // createPublicKey throws for everything this OpenSSL cannot read as a key, such as ML-DSA before version 3.5.
      return { reason: `${type} public key cannot be read` };
    }
  }
}
