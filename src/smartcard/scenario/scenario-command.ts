/** `cardgate card scenario …`: builds a world and tells in a few lines what to do with it. */
import { printable } from '../../operations/printable.ts';
import type { CardCommandResult } from '../card/card-commands.ts';
import type { ExpectedOutcome, Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { buildWorld, type World, type WorldOptions } from './world.ts';

export async function buildScenarioCommand(options: WorldOptions): Promise<CardCommandResult> {
  const world = await buildWorld(options);
  const { directory, cards, configuration, expectations, awaitingSids } = world;
  const text = [
    `${options.scenario.title}.`,
    ...steps(world, options).map((step, index) => `${index + 1}. ${step}`),
    'What must come of it:',
    ...expectations.map(
      ({ card, slot, user, outcome, because }) =>
        `  ${(slot === undefined ? card : `${card} ${slot}`).padEnd(16)} USER ${user.padEnd(14)} ${outcomeText(outcome).padEnd(30)} ${because}`,
    ),
    '',
  ];
  return {
    text: text.join('\n'),
    json: {
      scenario: options.scenario.name,
      directory,
      cards,
      configuration,
      ldif: world.ldif,
      awaitingSids,
      expectations,
    },
  };
}

function outcomeText(outcome: ExpectedOutcome): string {
  return 'granted' in outcome ? `granted to ${outcome.granted}` : `denied: ${outcome.denied}`;
}

function steps(world: World, { scenario, store }: WorldOptions): readonly string[] {
  const [accounts, mappings] = world.ldif.activeDirectory;
  const waiting = world.awaitingSids.map((name) => `--sid ${name}=S-1-…`).join(' ');
  const fill: Readonly<Record<WorldOptions['store'], readonly string[]>> = {
    file: [],
    openLdap: [
      `Load mappings/openldap.schema into the server, then add ${world.ldif.openLdap} (ldapadd -f, or slapadd -l).`,
    ],
    activeDirectory:
      waiting === ''
        ? [`Add ${accounts} unless it was added before, then apply ${mappings} (ldapmodify -f).`]
        : [
            `Add ${accounts} (ldapmodify -f), look up objectSid of the accounts, and build again with ${waiting}.`,
            `Apply ${mappings} (ldapmodify -f).`,
          ],
  };
  const repository =
    scenario.revocation === 'repository'
      ? [`cardgate card ca serve --directory ${world.cards} ${world.repositoryUrl}`]
      : [];
  return [
    ...fill[store],
    ...repository,
    `cardgate serve ${world.configuration}`,
    `Log in with a card (cardgate card show NAME --directory ${world.cards}); its PIN is in ${world.cards}/cards/NAME/pin.`,
  ].map(printable);
}

export async function listScenariosCommand(): Promise<CardCommandResult> {
  const rows = scenarios.map(({ name, title }: Scenario) => `${name.padEnd(24)} ${title}\n`);
  return { text: rows.join(''), json: scenarios.map(({ name, title }) => ({ name, title })) };
}
