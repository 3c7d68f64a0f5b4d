/** What the issuers say of the server's own certificates, for clients that ask for it in the handshake (RFC 6066 8). */
export interface CertificateStatuses {
  /**
   * @param certificate DER of the one that the client is shown
   * @returns DER of an OCSP response that holds now; undefined: none is at hand, and the client gets none
   */
  responseFor(certificate: Buffer): Buffer | undefined;
}
