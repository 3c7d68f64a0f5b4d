/** The CertificateExactAssertion of RFC 4523 that OpenLDAP compares userCertificate with: serial number and issuer. */

const longestIssuer = 4096;
/** OpenLDAP prepares the two sides of a non-ASCII name differently, so that such an assertion never matches. */
const printableAscii = /^[\x20-\x7e]+$/;

/**
 * @param certificate `issuer` in RFC 4514 with values as text; OpenLDAP does not match the `#hex` form
 * @returns undefined when OpenLDAP could never match it
 */
export function certificateExactAssertion(certificate: {
  readonly serialNumber: bigint;
  readonly issuer: string;
}): string | undefined {
  const { serialNumber, issuer } = certificate;
  if (!printableAscii.test(issuer) || issuer.length > longestIssuer) return undefined;
  // GSER (RFC 3641 3.2): a quotation mark in a string is doubled
  return `{ serialNumber ${serialNumber}, issuer rdnSequence:"${issuer.replaceAll('"', '""')}" }`;
}
