/** Certificates by subject name, to find the possible issuers of one: trust anchors, known intermediates, and what a peer sent. */
import type { Certificate } from '../certificate/certificate.ts';
import { keyHashOf } from '../ocsp/key-hash.ts';

export interface Issuer {
  readonly certificate: Certificate;
  readonly isTrustAnchor: boolean;
}

export class IssuerPool {
  readonly #bySubject = new Map<string, Issuer[]>();
  readonly #parent: IssuerPool | undefined;
  /** Made when it is first asked for, which few responders make necessary. */
  #byKeyHash: ReadonlyMap<string | undefined, readonly Issuer[]> | undefined;

  /** @param parent a pool to look into as well, so that a login need not copy what is configured */
  constructor(trustAnchors: readonly Certificate[], others: readonly Certificate[], parent?: IssuerPool) {
    this.#parent = parent;
    for (const certificate of trustAnchors) this.#add({ certificate, isTrustAnchor: true });
    for (const certificate of others) this.#add({ certificate, isTrustAnchor: false });
  }

  /** Those whose subject is this name (its key), trust anchors among them; a certificate of a trust anchor counts as one only. */
  bySubject(nameKey: string): readonly Issuer[] {
    const own = this.#bySubject.get(nameKey) ?? [];
    const inherited = this.#parent?.bySubject(nameKey) ?? [];
    if (own.length + inherited.length < 2) return own.length > 0 ? own : inherited;
    const seen = new Set<string>();
    return [...inherited, ...own]
      .sort((left, right) => Number(right.isTrustAnchor) - Number(left.isTrustAnchor))
      .filter(({ certificate: { sha256 } }) => !seen.has(sha256) && seen.add(sha256));
  }

  /** Those whose key has this SHA-1 hash, by which OCSP responders name themselves. */
  byKeyHash(keyHash: Buffer): readonly Issuer[] {
    this.#byKeyHash ??= Map.groupBy([...this.#bySubject.values()].flat(), ({ certificate }) =>
      keyHashOf(certificate)?.toString('hex'),
    );
    const own = this.#byKeyHash.get(keyHash.toString('hex')) ?? [];
    return [...(this.#parent?.byKeyHash(keyHash) ?? []), ...own];
  }

  #add(issuer: Issuer): void {
    const { key } = issuer.certificate.subject;
    const known = this.#bySubject.get(key);
    if (known) known.push(issuer);
    else this.#bySubject.set(key, [issuer]);
  }
}
