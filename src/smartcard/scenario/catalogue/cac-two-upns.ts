/** A Common Access Card names its holder in two ways; directories hold the one or the other. */
import type { Scenario } from '../scenario.ts';

const pivAuthentication = '2.16.840.1.101.2.1.11.20';
const mediumHardware = '2.16.840.1.101.2.1.11.19';

export const cacTwoUpns: Scenario = {
  name: 'cac-two-upns',
  title: 'CAC with two forms of its user principal name: sixteen digits for authentication, the EDIPI for signatures',
  cards: [
    { name: 'doe', profile: 'cac', person: { commonName: 'DOE.JANE.Q', edipi: '1234567890' } },
    { name: 'roe', profile: 'cac', person: { commonName: 'ROE.RICHARD.R', edipi: '9876543210' } },
  ],
  accounts: [
    { name: 'jane.doe', userPrincipalName: '1234567890117003@mil', rid: 1105 },
    { name: 'richard.roe', userPrincipalName: '9876543210@mil', rid: 1106 },
  ],
  rules: ({ issuerSha256 }) => [
    {
      name: 'by-upn-of-piv-authentication',
      when: { issuerSha256: [issuerSha256], policies: [pivAuthentication] },
      map: 'upn',
    },
    { name: 'by-upn-of-the-edipi', when: { issuerSha256: [issuerSha256], policies: [mediumHardware] }, map: 'upn' },
  ],
  expectations: [
    {
      card: 'doe',
      slot: '9A',
      user: 'jane.doe',
      outcome: { granted: 'jane.doe' },
      because: 'The directory holds the sixteen digits of the authentication certificate.',
    },
    {
      card: 'roe',
      slot: '9C',
      user: 'richard.roe',
      outcome: { granted: 'richard.roe' },
      because: 'The directory holds the EDIPI of the signature certificate.',
    },
    {
      card: 'roe',
      slot: '9A',
      user: 'richard.roe',
      outcome: { denied: 'mapping-none' },
      because: 'The directory holds the other form: use the signature certificate, or store the sixteen digits.',
    },
  ],
};
