/**
 * A CRL on its way from its source to the verdict, as one value: what the list says, which keys signed it or did not, and the index of
 * its entries. The first login that asks finds each of these out, and all sites share it for as long as the CRL is kept.
 */
import { octetsText, type SignatureVerifier } from '../certificate/signature.ts';
import type { SignatureChecks } from '../path/signature-checks.ts';
import type { CertificateRevocationList } from './crl.ts';
import type { CrlEntries } from './crl-entries.ts';
import { indexEntries } from './crl-index.ts';

/** A CRL of this size takes about a millisecond to hash. */
const largeOctets = 1024 * 1024;
/** Strangers can bring keys under the name of a CRL issuer. */
const maximumForeignKeys = 64;

export class KnownCrl {
  readonly list: CertificateRevocationList;
  /** Of a large CRL, the key that verified it under the rules of each site; of others the verifiers remember it. */
  readonly #genuineKeys = new WeakMap<SignatureVerifier, string>();
  /** The keys that did not sign it, so that bridges with many certificates, or a CA with old keys, cost each login nothing. */
  readonly #foreignKeys = new Set<string>();
  #entries: CrlEntries | Promise<CrlEntries> | undefined;

  constructor(list: CertificateRevocationList) {
    this.list = list;
  }

  /**
   * Whether this key signed it. Each key is tried once, however many certificates have it.
   * @param key DER of SubjectPublicKeyInfo
   * @throws BudgetExceededError
   */
  async isSignedBy(key: Buffer, { verifier, budget }: SignatureChecks): Promise<boolean> {
    const name = octetsText(key);
    if (this.#foreignKeys.has(name)) return false;
    if (this.#genuineKeys.get(verifier) === name) return true;
    const { tbsCertList: data, signatureAlgorithm: algorithm, signature, size } = this.list;
    const signed = { data, algorithm, signature };
    const isLarge = size > largeOctets;
    const { outcome } = isLarge
      ? await budget.waitFor(verifier.verifyAside(signed, key, budget))
      : verifier.verify({ ...signed, identity: this.list.sha256 }, key, budget);
    if (isLarge && outcome === 'valid') this.#genuineKeys.set(verifier, name);
    // What one site's rules do not accept another's may.
    if (outcome === 'invalid') {
      if (this.#foreignKeys.size >= maximumForeignKeys) this.#foreignKeys.clear();
      this.#foreignKeys.add(name);
    }
    return outcome === 'valid';
  }

  /**
   * The entries of a CRL that was proved authentic, for others are not worth the work: at once of a small one or when they are indexed
   * already. Rejects with a MalformedError when no index was made.
   */
  entries(): CrlEntries | Promise<CrlEntries> {
    if (this.#entries) return this.#entries;
    const entries = indexEntries(this.list);
    this.#entries = entries;
    if (entries instanceof Promise)
      entries.then(
        (ready) => {
          this.#entries = ready;
        },
        // A thread may fail for want of memory too; the next login may have more luck.
        () => {
          this.#entries = undefined;
        },
      );
    return entries;
  }
}
