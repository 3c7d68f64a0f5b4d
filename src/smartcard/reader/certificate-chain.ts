/** The chain a client sends: its certificate, then issuer by issuer what the card and files hold, without the root. */
import { X509Certificate } from 'node:crypto';

/** No public or corporate hierarchy is deeper; TLS servers bound what they read. */
const maximumIssuers = 8;

/**
 * @param endEntity DER of the certificate that logs in
 * @param others DER of whatever else there is; what cannot be read is left out
 * @returns DER, the end entity first. It ends before a self-signed certificate, which the server must know by itself (RFC 8446 4.4.2).
 * @throws Error when OpenSSL cannot read the end entity
 */
export function certificateChain(endEntity: Buffer, others: readonly Buffer[]): readonly Buffer[] {
  const pool = others.flatMap(readable);
  const chain = [new X509Certificate(endEntity)];
  while (chain.length <= maximumIssuers) {
    const last = chain.at(-1);
    const issuer = last && pool.find((candidate) => isIssuer(candidate, last));
    if (!issuer || isIssuer(issuer, issuer) || chain.some(({ raw }) => raw.equals(issuer.raw))) break;
    chain.push(issuer);
  }
  return chain.map(({ raw }) => raw);
}

function readable(der: Buffer): readonly X509Certificate[] {
  try {
    return [new X509Certificate(der)];
  } catch {
    return [];
  }
}

/** By name, key identifiers and signature: two CAs of one name are told apart. */
function isIssuer(issuer: X509Certificate, subject: X509Certificate): boolean {
  try {
    return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
  } catch {
    // OpenSSL throws for a public key it does not know.
    return false;
  }
}
