/** Cards that are refused, one for each fault, though an account waits for each of them. */
import type { DenialCode } from '../../../denial.ts';
import type { Scenario } from '../scenario.ts';

const faults: readonly (readonly [fault: string, denied: DenialCode, because: string])[] = [
  ['expired', 'certificate-expired', 'The certificate ended a month ago.'],
  ['not-yet-valid', 'certificate-not-yet-valid', 'The certificate begins in a month.'],
  ['wrong-purpose', 'extended-key-usage-missing', 'The certificate is for mail, not for logging in.'],
  ['weak-key', 'algorithm-not-acceptable', 'An RSA key of 1024 bits can be broken.'],
  ['foreign-issuer', 'path-not-found', 'No trust anchor of the site issued the certificate.'],
  ['revoked', 'certificate-revoked', 'The issuer has revoked the certificate.'],
  ['duplicate-san', 'certificate-malformed', 'RFC 5280 4.2 forbids to write an extension twice.'],
  ['two-upns', 'mapping-none', 'A certificate with two names leads to no account by a name alone.'],
];

const upnOf = (name: string) => `${name}@corp.example`;

export const brokenCards: Scenario = {
  name: 'broken-cards',
  title: 'Cards with one fault each: expired, too early, wrong purpose, weak, foreign, revoked, malformed, two names',
  cards: [
    { name: 'sound', profile: 'logon', person: { userPrincipalName: upnOf('sound') } },
    ...faults.map(([fault]) => ({
      name: fault,
      profile: `broken-${fault}`,
      person: { userPrincipalName: upnOf(fault) },
    })),
  ],
  accounts: ['sound', ...faults.map(([fault]) => fault)].map((name, index) => ({
    name,
    userPrincipalName: upnOf(name),
    ...(name !== 'duplicate-san' && name !== 'two-upns' && { holds: [{ card: name }] }),
    rid: 1105 + index,
  })),
  rules: () => [{ name: 'one-to-one', map: 'certificate', onMiss: 'deny' }],
  expectations: [
    { card: 'sound', user: 'sound', outcome: { granted: 'sound' }, because: 'Nothing is wrong with this one.' },
    ...faults.map(([fault, denied, because]) => ({ card: fault, user: fault, outcome: { denied }, because })),
  ],
};
