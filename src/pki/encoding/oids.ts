/** Object identifiers by name, grouped by the standard that assigns them. */
export const oids = {
  // X.520 and RFC 4519: attribute types of names
  commonName: '2.5.4.3',
  surname: '2.5.4.4',
  serialNumberAttribute: '2.5.4.5',
  countryName: '2.5.4.6',
  localityName: '2.5.4.7',
  stateOrProvinceName: '2.5.4.8',
  streetAddress: '2.5.4.9',
  organizationName: '2.5.4.10',
  organizationalUnitName: '2.5.4.11',
  title: '2.5.4.12',
  givenName: '2.5.4.42',
  initials: '2.5.4.43',
  generationQualifier: '2.5.4.44',
  distinguishedNameQualifier: '2.5.4.46',
  pseudonym: '2.5.4.65',
  organizationIdentifier: '2.5.4.97',
  userId: '0.9.2342.19200300.100.1.1',
  domainComponent: '0.9.2342.19200300.100.1.25',
  // PKCS #9, RFC 2985
  emailAddress: '1.2.840.113549.1.9.1',

  // RFC 5280: extensions of certificates and CRLs
  subjectDirectoryAttributes: '2.5.29.9',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  issuerAltName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  invalidityDate: '2.5.29.24',
  deltaCrlIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  anyPolicy: '2.5.29.32.0',
  certificationPracticeStatement: '1.3.6.1.5.5.7.2.1',
  userNotice: '1.3.6.1.5.5.7.2.2',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  anyExtendedKeyUsage: '2.5.29.37.0',
  freshestCrl: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54',
  authorityInformationAccess: '1.3.6.1.5.5.7.1.1',
  caIssuers: '1.3.6.1.5.5.7.48.2',
  subjectInformationAccess: '1.3.6.1.5.5.7.1.11',
  // RFC 5280: extended key purposes
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  // RFC 9336
  documentSigning: '1.3.6.1.5.5.7.3.36',
  // FIPS 201: the key of a PIV card that answers without a PIN
  pivCardAuth: '2.16.840.1.101.3.6.8',
  // RFC 5652
  signedData: '1.2.840.113549.1.7.2',
  // RFC 6960
  ocspSigning: '1.3.6.1.5.5.7.3.9',
  ocspAccess: '1.3.6.1.5.5.7.48.1',
  ocspBasic: '1.3.6.1.5.5.7.48.1.1',
  ocspNonce: '1.3.6.1.5.5.7.48.1.2',
  ocspNoCheck: '1.3.6.1.5.5.7.48.1.5',
  // RFC 7633
  tlsFeature: '1.3.6.1.5.5.7.1.24',
  // RFC 9598
  smtpUtf8Mailbox: '1.3.6.1.5.5.7.8.9',
  // RFC 4556
  pkinitClientAuth: '1.3.6.1.5.2.3.4',
  pkinitSubjectAlternativeName: '1.3.6.1.5.2.2',
  // MS-WCCE: Windows smart-card logon
  smartCardLogon: '1.3.6.1.4.1.311.20.2.2',
  userPrincipalName: '1.3.6.1.4.1.311.20.2.3',
  applicationPolicies: '1.3.6.1.4.1.311.21.10',
  anyApplicationPolicy: '1.3.6.1.4.1.311.10.12.1',
  securityIdentifierExtension: '1.3.6.1.4.1.311.25.2',
  securityIdentifier: '1.3.6.1.4.1.311.25.2.1',

  // RFC 3279, RFC 4055: RSA
  rsaEncryption: '1.2.840.113549.1.1.1',
  md5WithRsa: '1.2.840.113549.1.1.4',
  sha1WithRsa: '1.2.840.113549.1.1.5',
  mgf1: '1.2.840.113549.1.1.8',
  rsassaPss: '1.2.840.113549.1.1.10',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  sha384WithRsa: '1.2.840.113549.1.1.12',
  sha512WithRsa: '1.2.840.113549.1.1.13',
  // RFC 3279, RFC 5758: DSA and ECDSA
  dsa: '1.2.840.10040.4.1',
  dsaWithSha1: '1.2.840.10040.4.3',
  ecPublicKey: '1.2.840.10045.2.1',
  ecdsaWithSha1: '1.2.840.10045.4.1',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  ecdsaWithSha512: '1.2.840.10045.4.3.4',
  // RFC 8410
  ed25519: '1.3.101.112',
  ed448: '1.3.101.113',
  // RFC 9881
  mlDsa44: '2.16.840.1.101.3.4.3.17',
  mlDsa65: '2.16.840.1.101.3.4.3.18',
  mlDsa87: '2.16.840.1.101.3.4.3.19',
  // RFC 3279, FIPS 180: hash functions
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
} as const;

const names: ReadonlyMap<string, string> = new Map(Object.entries(oids).map(([name, oid]) => [oid, name]));

/** `clientAuth (1.3.6.1.5.5.7.3.2)` for people; the bare OID when it has no name here. */
export function describeOid(oid: string): string {
  const name = names.get(oid);
  return name ? `${name} (${oid})` : oid;
}
