/** People with a second account, such as administrators, on one card: USER tells which one is meant. */
import type { Scenario } from '../scenario.ts';

export const oneCardTwoAccounts: Scenario = {
  name: 'one-card-two-accounts',
  title: 'One card, two accounts: USER picks among the accounts that are mapped to the card, and no others',
  cards: [
    { name: 'kim', profile: 'piv', keyType: 'P-256' },
    { name: 'lee', profile: 'none-upn' },
  ],
  accounts: [
    { name: 'kim', mappedTo: [{ card: 'kim', form: 'issuerSerial' }], rid: 1105 },
    { name: 'kim-admin', mappedTo: [{ card: 'kim', form: 'issuerSerial' }], rid: 1106 },
    { name: 'lee', mappedTo: [{ card: 'lee', form: 'issuerSerial' }], rid: 1107 },
  ],
  rules: () => [
    { name: 'by-value', map: 'altSecurityIdentities', forms: ['issuerSerial'], severalAccounts: 'userPicks' },
  ],
  expectations: [
    {
      card: 'kim',
      user: 'kim',
      outcome: { granted: 'kim' },
      because: 'USER names one of the two accounts of the card.',
    },
    {
      card: 'kim',
      user: 'kim-admin',
      outcome: { granted: 'kim-admin' },
      because: 'USER names the other account of the same card.',
    },
    {
      card: 'kim',
      user: 'lee',
      outcome: { denied: 'mapping-ambiguous' },
      because: 'USER names neither of the two accounts, and the server does not choose for the user.',
    },
    { card: 'lee', user: 'lee', outcome: { granted: 'lee' }, because: 'A card with one account needs no choice.' },
  ],
};
