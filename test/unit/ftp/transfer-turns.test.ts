/** Transfers that all want to move octets at once: what else waits for the event loop comes in between. */
import { describe, expect, it } from 'vitest';
import { octetsOfTurn, TransferTurns } from '../../../src/ftp/data/transfer-turns.ts';

/** What happened in each turn of the event loop until every transfer has had its turn. */
async function turnsOf(steps: readonly number[]): Promise<readonly (readonly number[])[]> {
  const turns = new TransferTurns();
  let given: number[] = [];
  const all = Promise.all(steps.map((octets, index) => turns.next(octets).then(() => given.push(index))));
  const loop: number[][] = [];
  const isOver = all.then(() => true);
  for (let over: boolean | undefined = false; !over; ) {
    await new Promise(setImmediate);
    loop.push(given);
    given = [];
    over = await Promise.race([isOver, Promise.resolve(false)]);
  }
  return loop.filter((each) => each.length > 0);
}

describe('in one turn of the event loop', () => {
  const whole = octetsOfTurn;
  it.each([
    ['one transfer moves the octets of a turn', [whole, whole, whole], [[0], [1], [2]]],
    [
      'several move them together',
      [whole / 2, whole / 2, whole / 4, whole / 4, whole / 2],
      [
        [0, 1],
        [2, 3, 4],
      ],
    ],
    ['small files go together', [10, 10, 10, 10], [[0, 1, 2, 3]]],
    ['a small one does not overtake a large one', [10, whole, 10, 10], [[0], [1], [2, 3]]],
    ['more octets than those of a turn move alone', [whole * 4, 10], [[0], [1]]],
  ])('%s', async (_rule, steps, expected) => {
    expect(await turnsOf(steps)).toEqual(expected);
  });
});

it('a transfer that wants its next turn at once stands behind those that wait', async () => {
  const turns = new TransferTurns();
  const order: string[] = [];
  const transfer = async (name: string) => {
    for (let step = 0; step < 3; step += 1) {
      await turns.next(octetsOfTurn);
      order.push(name);
    }
  };
  await Promise.all([transfer('a'), transfer('b')]);
  expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
});
