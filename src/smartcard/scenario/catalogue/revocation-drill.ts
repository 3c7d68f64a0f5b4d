/** What happens to a card that is revoked: OCSP and CRLs over HTTP, from the repository of the cards. */
import type { Scenario } from '../scenario.ts';

export const revocationDrill: Scenario = {
  name: 'revocation-drill',
  title:
    'Revocation over OCSP and CRLs: a good card, a lost one, one on hold; a card revoked meanwhile is refused a minute later',
  cards: [
    { name: 'gwen', profile: 'none-upn' },
    { name: 'lost', profile: 'none-upn', revoked: 'keyCompromise' },
    { name: 'held', profile: 'none-upn', revoked: 'certificateHold' },
  ],
  accounts: ['gwen', 'lost', 'held'].map((name, index) => ({ name, holds: [{ card: name }], rid: 1105 + index })),
  rules: () => [{ name: 'one-to-one', map: 'certificate', onMiss: 'deny' }],
  revocation: 'repository',
  expectations: [
    { card: 'gwen', user: 'gwen', outcome: { granted: 'gwen' }, because: 'The responder says good.' },
    {
      card: 'lost',
      user: 'lost',
      outcome: { denied: 'certificate-revoked' },
      because: 'The responder says revoked: keyCompromise.',
    },
    {
      card: 'held',
      user: 'held',
      outcome: { denied: 'certificate-revoked' },
      because: 'A card on hold is revoked until it is taken off the list.',
    },
  ],
};
