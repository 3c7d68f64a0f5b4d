/** What one login may cost: each limit is kept to the piece, and ends the search by the one error that it catches. */

import { beforeEach, describe, expect, it } from 'vitest';
import { Budget, BudgetExceededError, type Work } from '../../../src/pki/path/budget.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { now } from '../../support/handmade-certificates.ts';

let moment = now.getTime();
const clock = { now: () => new Date(moment) };

beforeEach(() => {
  moment = now.getTime();
});

const spend = (budget: Budget, work: Work, times: number, cost = 0) => {
  for (let count = 0; count < times; count++) budget.spend(work, cost);
};

describe('a budget', () => {
  it.each<[Work, number]>([
    ['signatures', 100],
    ['nameComparisons', 100_000],
    ['buildSteps', 2_000],
    ['policyLevels', 5_000],
  ])('allows %s %d times and not once more', (work, limit) => {
    const budget = new Budget(clock);
    spend(budget, work, limit);
    expect(() => budget.spend(work)).toThrow(BudgetExceededError);
    expect(() => budget.spend(work)).toThrow(`more than ${limit} ${work}`);
  });

  it('allows work of all kinds for 12 ms by its estimates, and none beyond', () => {
    const budget = new Budget(clock);
    spend(budget, 'signatures', 10, 600);
    spend(budget, 'nameComparisons', 12, 500);
    expect(() => budget.spend('policyLevels', 0.5)).toThrow('more work than one login may cost, last policyLevels');
  });

  it.each<[string, Work, number]>([
    ['every signature', 'signatures', 0],
    ['every step', 'buildSteps', 0],
    ['every thousandth comparison', 'nameComparisons', 999],
  ])('looks at the clock with %s, and ends after two seconds', (_rule, work, before) => {
    const budget = new Budget(clock);
    moment += 2_000;
    spend(budget, work, before);
    expect(() => budget.spend(work)).not.toThrow();
    spend(budget, work, before);
    moment += 1;
    expect(() => budget.spend(work)).toThrow('more than 2000 ms');
  });

  it('does not look at the clock for other comparisons, of which there are many', () => {
    const budget = new Budget(clock);
    moment += 5_000;
    expect(() => spend(budget, 'nameComparisons', 999)).not.toThrow();
  });

  it.each(['an answer', 'a failure'])('does not charge the time for which it waits for %s', async (outcome) => {
    const budget = new Budget(clock);
    const answer = Promise.withResolvers<string>();
    const waiting = budget.waitFor(answer.promise);
    moment += 3_000;
    if (outcome === 'an answer') answer.resolve('it');
    else answer.reject(new Error('it'));
    expect(await waiting.catch(({ message }: Error) => message)).toBe('it');
    moment += 2_000;
    expect(() => budget.spend('buildSteps')).not.toThrow();
    moment += 1;
    expect(() => budget.spend('buildSteps')).toThrow('more than 2000 ms');
  });
});

describe('the signal for all that a login waits for', () => {
  it('is one, counted from the first call', () => {
    const budget = new Budget(clock);
    const signal = budget.waitingFor(milliseconds(60_000));
    expect(budget.waitingFor(milliseconds(1))).toBe(signal);
    expect(signal.aborted).toBe(false);
  });
});
