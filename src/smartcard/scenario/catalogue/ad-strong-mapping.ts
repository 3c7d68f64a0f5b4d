/** Active Directory's strong mappings since KB5014754, one card for each, and what is refused beside them. */
import type { Scenario } from '../scenario.ts';

export const adStrongMapping: Scenario = {
  name: 'ad-strong-mapping',
  title:
    'Active Directory’s strong mappings: by SID, issuer and serial, key identifier, and hash; weak and false ones are refused',
  cards: [
    { name: 'sid', profile: 'ad-smartcard-logon', sidOf: 'sid', person: { userPrincipalName: 'sid@corp.example' } },
    { name: 'serial', profile: 'none-upn' },
    { name: 'ski', profile: 'none-upn' },
    { name: 'hash', profile: 'none-upn' },
    { name: 'weak', profile: 'none-upn' },
    {
      name: 'mismatch',
      profile: 'broken-sid-mismatch',
      sidOf: 'mismatch',
      person: { userPrincipalName: 'mismatch@corp.example' },
    },
  ],
  accounts: [
    { name: 'sid', userPrincipalName: 'sid@corp.example', rid: 1105 },
    { name: 'serial', mappedTo: [{ card: 'serial', form: 'issuerSerial' }], rid: 1107 },
    { name: 'ski', mappedTo: [{ card: 'ski', form: 'ski' }], rid: 1108 },
    { name: 'hash', mappedTo: [{ card: 'hash', form: 'sha1PublicKey' }], rid: 1109 },
    { name: 'weak', mappedTo: [{ card: 'weak', form: 'issuerSubject' }], rid: 1110 },
    {
      name: 'mismatch',
      userPrincipalName: 'mismatch@corp.example',
      mappedTo: [{ card: 'mismatch', form: 'issuerSerial' }],
      rid: 1120,
    },
  ],
  rules: ({ issuerSha256 }) => [
    { name: 'by-issuer-and-serial', map: 'issuerSerial' },
    { name: 'by-sid', map: 'sid' },
    { name: 'by-key-identifier', when: { issuerSha256: [issuerSha256] }, map: 'ski' },
    { name: 'by-hash', map: 'sha1PublicKey' },
    { name: 'by-issuer-and-subject', map: 'issuerSubject' },
  ],
  expectations: [
    { card: 'sid', user: 'sid', outcome: { granted: 'sid' }, because: 'The certificate holds the SID of the account.' },
    {
      card: 'serial',
      user: 'serial',
      outcome: { granted: 'serial' },
      because: 'The account names the certificate by issuer and serial number.',
    },
    {
      card: 'ski',
      user: 'ski',
      outcome: { granted: 'ski' },
      because: 'The account names the key by its identifier, and the rule pins the authority that computes it.',
    },
    {
      card: 'hash',
      user: 'hash',
      outcome: { granted: 'hash' },
      because: 'The account names the certificate by its hash.',
    },
    {
      card: 'weak',
      user: 'weak',
      outcome: { denied: 'mapping-weak' },
      because: 'Issuer and subject are only names; full binding wants more.',
    },
    {
      card: 'mismatch',
      user: 'mismatch',
      outcome: { denied: 'sid-mismatch' },
      because: 'Issuer and serial number lead to the account, but the certificate holds the SID of another.',
    },
  ],
};
