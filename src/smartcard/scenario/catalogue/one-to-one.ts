/** One certificate, one account, as IIS's one-to-one mapping. */
import type { Scenario } from '../scenario.ts';

export const oneToOne: Scenario = {
  name: 'one-to-one',
  title: 'One certificate, one account: the account holds the whole certificate, or its hash',
  cards: [
    { name: 'ada', profile: 'none-upn', keyType: 'RSA-2048' },
    { name: 'bela', profile: 'none-upn', keyType: 'P-256' },
    { name: 'cleo', profile: 'none-upn', keyType: 'P-384' },
  ],
  accounts: [
    { name: 'ada', holds: [{ card: 'ada' }], rid: 1105 },
    { name: 'bela', holds: [{ card: 'bela' }], rid: 1106 },
    { name: 'cleo', rid: 1107 },
  ],
  rules: () => [{ name: 'one-to-one', map: 'certificate', onMiss: 'deny' }],
  expectations: [
    { card: 'ada', user: 'ada', outcome: { granted: 'ada' }, because: 'The account holds exactly this certificate.' },
    {
      card: 'bela',
      user: 'bela',
      outcome: { granted: 'bela' },
      because: 'The account holds exactly this certificate.',
    },
    { card: 'cleo', user: 'cleo', outcome: { denied: 'mapping-none' }, because: 'No account holds this certificate.' },
    {
      card: 'ada',
      user: 'bela',
      outcome: { denied: 'name-mismatch' },
      because: 'The certificate is of another account than the one that was named.',
    },
  ],
};
