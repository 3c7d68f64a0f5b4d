/** What a TLS client proves itself with: a certificate chain and a signer, named in the words of RFC 8446. */

/** RFC 8446 4.2.3 and IANA "TLS SignatureScheme": the schemes a client certificate may sign TLS 1.3 with. */
export const signatureSchemes = {
  ecdsa_secp256r1_sha256: 0x0403,
  ecdsa_secp384r1_sha384: 0x0503,
  ecdsa_secp521r1_sha512: 0x0603,
  rsa_pss_rsae_sha256: 0x0804,
  rsa_pss_rsae_sha384: 0x0805,
  rsa_pss_rsae_sha512: 0x0806,
  ed25519: 0x0807,
} as const;

export type SignatureScheme = keyof typeof signatureSchemes;

/** One key with its certificate. The private key stays where it is; only signatures come out. */
export interface ClientCredential {
  /** DER, the end entity first, without the trust anchor. */
  readonly certificateChain: readonly Buffer[];
  /** What the key can do, best first. */
  readonly signatureSchemes: readonly SignatureScheme[];
  /**
   * Signs `content` (not its digest) under one of `signatureSchemes`.
   * @returns the signature as TLS carries it: DER of Ecdsa-Sig-Value for ECDSA, octets otherwise
   */
  sign(scheme: SignatureScheme, content: Buffer): Promise<Buffer>;
}

/** What a server says about the certificates it wants (RFC 8446 4.3.2). */
export interface CertificateRequest {
  /** Code points as sent, known here or not; the server's order. */
  readonly signatureSchemes: readonly number[];
  /** DER of the distinguished names in certificate_authorities (RFC 8446 4.2.4); empty: any authority. */
  readonly authorities: readonly Buffer[];
}

/** Chooses what to answer a request with; undefined answers that there is no certificate. */
export type CredentialChooser = (request: CertificateRequest) => Promise<ClientCredential | undefined>;
