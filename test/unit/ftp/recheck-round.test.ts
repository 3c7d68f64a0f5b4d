/** A round over all sessions: every one once, few at a time, spread, and given up when it is told so. */
import { describe, expect, it } from 'vitest';
import { recheckAll } from '../../../src/ftp/control/recheck-round.ts';
import type { RecheckOutcome } from '../../../src/ftp/control/session.ts';

/** Sessions whose rechecks end when the test says so. */
function sessions(count: number, outcome: (index: number) => RecheckOutcome = () => 'confirmed') {
  const asked: number[] = [];
  const waiting: (() => void)[] = [];
  const watches = Array.from({ length: count }, (_, index) => ({
    recheck: () => {
      asked.push(index);
      return new Promise<RecheckOutcome>((resolve) => waiting.push(() => resolve(outcome(index))));
    },
  }));
  return { watches, asked, answerAll: () => void waiting.splice(0).map((answer) => answer()) };
}

describe('a round of rechecks', () => {
  it('asks 16 at once and no more, and every session once', async () => {
    const { watches, asked, answerAll } = sessions(40, (index) => (index === 39 ? 'withdrawn' : 'confirmed'));
    const round = recheckAll(watches, new AbortController().signal, 0);
    for (const reached of [16, 32, 40]) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(asked).toHaveLength(reached);
      answerAll();
    }
    expect(await round).toEqual({ confirmed: 39, withdrawn: 1, undecided: 0, over: 0 });
    expect(new Set(asked).size).toBe(40);
  });

  it('spreads the beginnings over the time it is given', async () => {
    const { watches } = sessions(4);
    const begun: number[] = [];
    const startedAt = performance.now();
    const quick = watches.map(() => ({
      recheck: async () => {
        begun.push(performance.now() - startedAt);
        return 'confirmed' as const;
      },
    }));
    await recheckAll(quick, new AbortController().signal, 200);
    for (const [index, at] of begun.entries()) expect(at).toBeGreaterThan(index * 50 - 5);
  });

  it('stops where it is when it is given up', async () => {
    const { watches, asked, answerAll } = sessions(40);
    const giveUp = new AbortController();
    const round = recheckAll(watches, giveUp.signal, 0);
    await new Promise((resolve) => setImmediate(resolve));
    giveUp.abort();
    answerAll();
    expect(await round).toMatchObject({ confirmed: 16 });
    expect(asked).toHaveLength(16);
  });

  it('of no session is over at once', async () => {
    expect(await recheckAll([], new AbortController().signal)).toMatchObject({ confirmed: 0 });
  });
});
