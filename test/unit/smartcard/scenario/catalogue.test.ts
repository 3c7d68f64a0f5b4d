/** The scenarios are whole: what they refer to is there, their rules can be read, and each shows a yes and a no. */
import { describe, expect, it } from 'vitest';
import { decodeRules } from '../../../../src/mapping/rules/rule-language.ts';
import { readCardProfile } from '../../../../src/smartcard/card/card-profile-file.ts';
import { accountStores } from '../../../../src/smartcard/scenario/scenario.ts';
import { findScenario, scenarios } from '../../../../src/smartcard/scenario/scenarios.ts';

const issuerSha256 = 'ab'.repeat(32);

it('have names of their own', () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
});

it('one that does not exist is a mistake that names those that do', () => {
  expect(() => findScenario('missing')).toThrow(
    expect.objectContaining({ remedy: expect.stringContaining('one-to-one') }),
  );
});

describe.each(scenarios)('$name', (scenario) => {
  const { cards, accounts, expectations } = scenario;

  it('refers to cards and slots that there are', async () => {
    const references = [
      ...expectations,
      ...accounts.flatMap(({ mappedTo = [], holds = [] }) => [...mappedTo, ...holds]),
    ];
    for (const { card: name, slot } of references) {
      const card = cards.find((candidate) => candidate.name === name);
      expect(card, name).toBeDefined();
      const { certificates } = await readCardProfile(card!.profile);
      if (slot !== undefined) expect(certificates.map((entry) => entry.slot)).toContain(slot);
    }
  });

  it('refers to accounts that there are, each with a SID of its own', () => {
    const names = accounts.map(({ name }) => name);
    for (const { outcome } of expectations) if ('granted' in outcome) expect(names).toContain(outcome.granted);
    for (const { sidOf } of cards) if (sidOf !== undefined) expect(names).toContain(sidOf);
    expect(new Set(accounts.map(({ rid }) => rid)).size).toBe(accounts.length);
  });

  it('shows a card that is let in and one that is not', () => {
    expect(expectations.some(({ outcome }) => 'granted' in outcome)).toBe(true);
    expect(expectations.some(({ outcome }) => 'denied' in outcome)).toBe(true);
  });

  it.each(accountStores)('has rules that can be read, with accounts in %s', (store) => {
    expect(decodeRules({ rules: scenario.rules({ store, issuerSha256 }) })).toMatchObject({ outcome: 'decoded' });
  });
});
