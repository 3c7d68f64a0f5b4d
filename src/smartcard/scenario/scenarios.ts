/** The scenarios there are, by name. */
import { CardError } from '../card/card-error.ts';
import { adStrongMapping } from './catalogue/ad-strong-mapping.ts';
import { brokenCards } from './catalogue/broken-cards.ts';
import { cacTwoUpns } from './catalogue/cac-two-upns.ts';
import { oneCardTwoAccounts } from './catalogue/one-card-two-accounts.ts';
import { oneToOne } from './catalogue/one-to-one.ts';
import { revocationDrill } from './catalogue/revocation-drill.ts';
import { upnWithPolicy } from './catalogue/upn-with-policy.ts';
import type { Scenario } from './scenario.ts';

export const scenarios: readonly Scenario[] = [
  adStrongMapping,
  oneToOne,
  upnWithPolicy,
  cacTwoUpns,
  oneCardTwoAccounts,
  revocationDrill,
  brokenCards,
];

/** Throws CardError, which names those there are. */
export function findScenario(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) {
    throw new CardError(
      `There is no scenario "${name}".`,
      `Name one of ${scenarios.map((scenario) => scenario.name).join(', ')}.`,
    );
  }
  return found;
}
