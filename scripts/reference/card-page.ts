/** The card profiles and scenarios that come with the program. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { cardProfileSchema } from '../../src/smartcard/card/card-profile.ts';
import { scenarios } from '../../src/smartcard/scenario/scenarios.ts';
import { code, page, table } from './markdown.ts';
import { schemaTable } from './settings-tables.ts';

const profiles = join(import.meta.dirname, '..', '..', 'mappings', 'cards');

/** @returns the page of profiles and scenarios */
export function cardsPage(): string {
  return page(
    '# Card profiles and scenarios',
    'For trials: see [cards for trials](../administration/trial-cards.md).',
    '## Profiles',
    'Files in [mappings/cards](../../mappings/cards/piv.yaml). `cardgate card create --profile` takes a name or the path of a file.',
    table(
      ['profile', 'keys', 'what it is'],
      readdirSync(profiles)
        .sort()
        .map((file) => {
          const { certificates, description } = cardProfileSchema.parse(
            parse(readFileSync(join(profiles, file), 'utf8')),
          );
          const keys = certificates.map(({ slot, key }) => `${slot}: ${key}`).join(', ');
          return [code(file.replace('.yaml', '')), keys, description];
        }),
    ),
    '## The file of a profile',
    schemaTable(cardProfileSchema),
    '## Scenarios',
    'Each login of a scenario is told as the card, its slot where it has several certificates, and the name given to USER where it is another.',
    table(
      ['scenario', 'outcome of each login'],
      scenarios.map(({ name, expectations }) => [
        code(name),
        expectations
          .map(({ card, slot, user, outcome }) => {
            const login = [card, slot, user === card ? undefined : `as ${user}`].filter(Boolean).join(' ');
            return `${login}: ${'granted' in outcome ? 'granted' : code(outcome.denied)}`;
          })
          .join('; '),
      ]),
    ),
  );
}
