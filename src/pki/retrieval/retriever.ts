/**
 * The retrieval port: octets that validation needs and nobody brought along (CRLs, OCSP responses, CA certificates). Whoever
 * implements it bounds hosts, time and size; what comes back is hostile until a signature proves otherwise.
 */

export type RetrievalKind = 'crl' | 'ocsp' | 'certificates';

export interface RetrievalRequest {
  readonly kind: RetrievalKind;
  readonly url: string;
  /** DER of an OCSP request, sent by POST; absent: GET. */
  readonly body?: Buffer;
}

/** What one site allows; the settings of different sites may differ for the same URL. */
export interface RetrievalPolicy {
  /** Host names that may be asked, lower case, without port; nothing else ever is. */
  readonly allowedHosts: readonly string[];
  /** URL schemes that may be asked. `file` reads below `fileDirectories` only. */
  readonly schemes: readonly ('http' | 'https' | 'ldap' | 'file')[];
  readonly maximumOctets: number;
  /** For one retrieval, in milliseconds (IIS revocationUrlRetrievalTimeout). */
  readonly timeoutMilliseconds: number;
}

export type Retrieved =
  | { readonly outcome: 'retrieved'; readonly bytes: Buffer }
  /** `problem`: one clause for the operator, with the URL in it. */
  | { readonly outcome: 'failed'; readonly problem: string };

export interface Retriever {
  /**
   * One retrieval in flight for the same request, whoever asks; failures are remembered briefly. Never rejects.
   * @param waiting ends the waiting of this caller; the retrieval goes on for others and for the cache
   */
  retrieve(request: RetrievalRequest, policy: RetrievalPolicy, waiting: AbortSignal): Promise<Retrieved>;
}
