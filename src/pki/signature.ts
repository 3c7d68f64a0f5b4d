/**
 * Signatures of certificates and CRLs, verified by node:crypto under the site's algorithm policy. Keys of CAs and signatures
 * found good on CA certificates and CRLs are remembered; a failure is never remembered, and neither is an end entity.
 */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type AlgorithmPolicy, type KeyType, schemeRefusal, signatureScheme } from './algorithms.ts';
import type { Budget } from './budget.ts';
import { MalformedError } from './malformed-error.ts';
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
  readonly identity?: string;
}

type UsableKey = { readonly key: KeyObject; readonly type: KeyType } | { readonly reason: string };

const valid: SignatureResult = { outcome: 'valid' };
const invalid: SignatureResult = { outcome: 'invalid' };
const unacceptable = (reason: string): SignatureResult => ({ outcome: 'unacceptable', reason });

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

  /** Why a public key may not be used at all; undefined when it may. For CAs, whose keys are worth remembering. */
  keyRefusal(spki: Buffer): string | undefined {
    const key = this.#usableKey(spki.toString('latin1'), spki);
    return 'reason' in key ? key.reason : undefined;
  }

  /** Likewise for an end entity, whose key verifies nothing here and is not remembered. */
  endEntityKeyRefusal(spki: Buffer): string | undefined {
    const type = acceptedKeyType(spki, this.#policy);
    return typeof type === 'string' ? undefined : type.reason;
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
    const known = this.#keys.get(name);
    if (known) return known;
    const key = this.#readKey(spki);
    if (spki.length <= maximumKeyOctets) this.#keys.set(name, key);
    return key;
  }

  #readKey(spki: Buffer): UsableKey {
    const type = acceptedKeyType(spki, this.#policy);
    if (typeof type !== 'string') return type;
    try {
      return { key: createPublicKey({ key: spki, format: 'der', type: 'spki' }), type };
    } catch {
      // createPublicKey throws for everything this OpenSSL cannot read as a key, such as ML-DSA before version 3.5.
      return { reason: `${type} public key cannot be read` };
    }
  }
}
