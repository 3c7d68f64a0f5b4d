/** The user principal name counts where the rule pins the authority and the policy it issues logon cards under. */
import type { Scenario } from '../scenario.ts';

/** An arc for examples (ITU-T X.660): put the policy of your own authority there. */
const logonPolicy = '2.999.1';

export const upnWithPolicy: Scenario = {
  name: 'upn-with-policy',
  title: 'User principal names of one authority and one certificate policy; the same name from elsewhere leads nowhere',
  cards: [
    {
      name: 'uta',
      profile: 'logon',
      keyType: 'RSA-2048',
      person: { userPrincipalName: 'uta@corp.example' },
      policies: [logonPolicy],
    },
    { name: 'vera', profile: 'logon', keyType: 'P-256', person: { userPrincipalName: 'vera@corp.example' } },
    {
      name: 'willy',
      profile: 'broken-foreign-issuer',
      person: { userPrincipalName: 'uta@corp.example' },
      policies: [logonPolicy],
    },
  ],
  accounts: [
    { name: 'uta', userPrincipalName: 'uta@corp.example', rid: 1105 },
    { name: 'vera', userPrincipalName: 'vera@corp.example', rid: 1106 },
  ],
  rules: ({ issuerSha256 }) => [
    {
      name: 'by-upn-of-logon-cards',
      when: { issuerSha256: [issuerSha256], policies: [logonPolicy] },
      map: 'upn',
    },
  ],
  expectations: [
    {
      card: 'uta',
      user: 'uta',
      outcome: { granted: 'uta' },
      because: 'The pinned authority vouches for the name by the policy.',
    },
    {
      card: 'vera',
      user: 'vera',
      outcome: { denied: 'mapping-none' },
      because: 'The certificate was not issued under the logon policy, so no rule concerns it.',
    },
    {
      card: 'willy',
      user: 'uta',
      outcome: { denied: 'path-not-found' },
      because: 'Every authority can write any name into a certificate; this authority is not trusted.',
    },
  ],
};
