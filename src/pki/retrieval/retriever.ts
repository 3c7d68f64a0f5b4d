/**
 * The retrieval port: octets that validation needs and does not have yet (CRLs, OCSP responses, CA certificates). An
 * implementation bounds hosts, time and size; what comes back is hostile until a signature proves otherwise.
 */
import type { Milliseconds, Octets } from '../../settings/units.ts';

export type RetrievalKind = 'crl' | 'ocsp' | 'certificates';

export interface RetrievalRequest {
  readonly kind: RetrievalKind;
  readonly url: string;
  /** DER of an OCSP request, sent by POST; absent: GET. */
  readonly body?: Buffer | undefined;
  /** What was retrieved before; a server that says that it has not changed makes these very octets the outcome. */
  readonly known?: RetrievedOctets | undefined;
}

/** What one site allows; the settings of different sites may differ for the same URL. */
export interface RetrievalPolicy {
  /** Host names that may be asked, lower case, without port; nothing else ever is. An address listed here may be private. */
  readonly allowedHosts: readonly string[];
  /**
   * Host names of `allowedHosts`, addresses, or prefixes such as `10.0.0.0/8`, that may be asked although the address is private
   * or of this machine. Link-local addresses, where clouds keep their credentials, need an address or prefix. Default: none.
   */
  readonly allowPrivateAddresses?: readonly string[];
  /** URL schemes that may be asked. `file` reads below `fileDirectories` only. */
  readonly schemes: readonly ('http' | 'https' | 'ldap' | 'file')[];
  readonly maximumSize: Octets;
  /** For one retrieval, in milliseconds (IIS revocationUrlRetrievalTimeout). */
  readonly timeout: Milliseconds;
}

/** Validators of HTTP (RFC 9110 8.8), to be sent back as they came. */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

export interface RetrievedOctets {
  readonly bytes: Buffer;
  readonly validators?: Validators | undefined;
}

export type Retrieved =
  | ({ readonly outcome: 'retrieved' } & RetrievedOctets)
  /** `problem`: one clause for the operator, with the URL in it. */
  | { readonly outcome: 'failed'; readonly problem: string };

export interface Retriever {
  /**
   * One retrieval in flight for the same request, however many callers ask; failures are remembered briefly. Never rejects.
   * @param waiting ends the waiting of this caller; the retrieval goes on for others and for the cache
   */
  retrieve(request: RetrievalRequest, policy: RetrievalPolicy, waiting: AbortSignal): Promise<Retrieved>;
}
