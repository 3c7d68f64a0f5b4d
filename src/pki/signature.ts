/**
 * Signatures of certificates and CRLs, verified by node:crypto under the site's algorithm policy. Keys of CAs and signatures
 * found good on CA certificates and CRLs are remembered; a failure is never remembered, and neither is an end entity.
 */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type AlgorithmPolicy, type KeyType, keyTypeOf, schemeRefusal, signatureScheme } from './algorithms.ts';
import type { Budget } from './budget.ts';
import { MalformedError } from './malformed-error.ts';

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
  readonly identity?: string;
}

type UsableKey = { readonly key: KeyObject; readonly type: KeyType } | { readonly reason: string };

const valid: SignatureResult = { outcome: 'valid' };
const invalid: SignatureResult = { outcome: 'invalid' };
const unacceptable = (reason: string): SignatureResult => ({ outcome: 'unacceptable', reason });

/** An RSA key of 8192 bits has about 1100; what is larger would only fill the memory of keys. */
const maximumKeyOctets = 4096;
/** Larger moduli and exponents only serve to burn the verifier's time. */
const maximumRsaBits = 8192;
const maximumRsaExponent = 2n ** 64n;

export class SignatureVerifier {
  readonly #policy: AlgorithmPolicy;
  readonly #keys = new LRUCache<string, UsableKey>({ max: 512 });
  readonly #good = new LRUCache<string, true>({ max: 4096 });

  constructor(policy: AlgorithmPolicy) {
    this.#policy = policy;
  }

  /**
   * @param spki DER of the signer's SubjectPublicKeyInfo
   * @throws BudgetExceededError
   */
  verify(signed: Signed, spki: Buffer, budget: Budget): SignatureResult {
    const keyName = spki.toString('latin1');
    const name = signed.identity && `${signed.identity}${keyName}`;
    if (name && this.#good.get(name)) return valid;
    const result = this.#verify(signed, this.#usableKey(keyName, spki), budget);
    if (name && result === valid) this.#good.set(name, true);
    return result;
  }

  /** Why a public key may not be used at all; undefined when it may. */
  keyRefusal(spki: Buffer): string | undefined {
    const key = this.#usableKey(spki.toString('latin1'), spki);
    return 'reason' in key ? key.reason : undefined;
  }

  #verify(signed: Signed, key: UsableKey, budget: Budget): SignatureResult {
    if ('reason' in key) return unacceptable(key.reason);
    const scheme = this.#scheme(signed.algorithm);
    if (typeof scheme === 'string') return unacceptable(scheme);
    if (scheme.keyType !== key.type) return unacceptable(`${scheme.keyType} signature for a key of type ${key.type}`);
    const isPss = scheme.pssSaltLength !== undefined;
    if (key.key.asymmetricKeyType === 'rsa-pss' && !isPss) return unacceptable('the key signs RSASSA-PSS only');
    budget.spend('signatures');
    const padding = isPss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.pssSaltLength } : {};
    try {
      const good = verify(scheme.digest ?? null, signed.data, { key: key.key, ...padding }, signed.signature);
      return good ? valid : invalid;
    } catch {
      // OpenSSL throws for signatures that cannot even be read, such as a broken ECDSA-Sig-Value.
      return invalid;
    }
  }

  #scheme(algorithm: Buffer) {
    try {
      const scheme = signatureScheme(algorithm);
      return typeof scheme === 'string' ? scheme : (schemeRefusal(scheme, this.#policy) ?? scheme);
    } catch (error) {
      if (error instanceof MalformedError) return error.message;
      throw error;
    }
  }

  #usableKey(name: string, spki: Buffer): UsableKey {
    if (spki.length > maximumKeyOctets) return { reason: `public key is larger than ${maximumKeyOctets} octets` };
    const known = this.#keys.get(name);
    if (known) return known;
    const key = this.#readKey(spki);
    this.#keys.set(name, key);
    return key;
  }

  #readKey(spki: Buffer): UsableKey {
    try {
      const type = keyTypeOf(spki);
      if (typeof type !== 'string') return type;
      if (!this.#policy.keyTypes.includes(type)) return { reason: `${type} keys are not accepted` };
      const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
      const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {};
      if (type === 'rsa' && (modulusLength === undefined || modulusLength < this.#policy.minimumRsaBits))
        return { reason: `RSA key of ${modulusLength} bits is shorter than ${this.#policy.minimumRsaBits}` };
      if ((modulusLength ?? 0) > maximumRsaBits || (publicExponent ?? 0n) > maximumRsaExponent)
        return { reason: 'RSA key is larger than 8192 bits or has an exponent of more than 64' };
      return { key, type };
    } catch (error) {
      // createPublicKey throws for everything OpenSSL cannot read as a key.
      return { reason: `public key cannot be read${error instanceof MalformedError ? `: ${error.message}` : ''}` };
    }
  }
}
