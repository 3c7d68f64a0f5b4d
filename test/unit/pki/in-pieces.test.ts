import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { concatInPieces, copyInPieces, inPieces } from '../../../src/pki/encoding/in-pieces.ts';

const mebibyte = 1024 * 1024;
const octets = (length: number): Buffer => Buffer.alloc(length, 'a pattern that shows what is displaced');

/** How many turns others got while `work` went on. */
async function turnsDuring<T>(work: Promise<T>): Promise<{ readonly result: T; readonly turns: number }> {
  let turns = 0;
  let isOver = false;
  const others = async () => {
    while (!isOver) {
      await nextTurn();
      turns += 1;
    }
  };
  const counting = others();
  const result = await work;
  isOver = true;
  const counted = turns;
  await counting;
  return { result, turns: counted };
}

async function piecesOf(whole: Buffer): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  for await (const piece of inPieces(whole)) pieces.push(piece);
  return pieces;
}

describe('octets in pieces', () => {
  it.each([
    [0, []],
    [1, [1]],
    [mebibyte, [mebibyte]],
    [mebibyte + 1, [mebibyte, 1]],
    [3 * mebibyte, [mebibyte, mebibyte, mebibyte]],
  ])('of %i octets come a mebibyte at a time, in order', async (length, sizes) => {
    const whole = octets(length);
    const pieces = await piecesOf(whole);
    expect(pieces.map((piece) => piece.length)).toEqual(sizes);
    expect(Buffer.concat(pieces).equals(whole)).toBe(true);
  });

  it('let others have their turn between pieces', async () => {
    expect((await turnsDuring(piecesOf(octets(5 * mebibyte)))).turns).toBeGreaterThanOrEqual(3);
  });
});

describe('chunks', () => {
  it.each([
    ['nothing', []],
    ['one', [5]],
    ['small ones', Array.from({ length: 300 }, (_, index) => 7000 + index)],
    ['large ones', [mebibyte, 2 * mebibyte, 1, mebibyte - 1]],
  ])('are put together: %s', async (_what, sizes) => {
    const chunks = sizes.map((size, index) => octets(size).fill(index & 0xff, 0, 1));
    const whole = Buffer.concat(chunks);
    expect((await concatInPieces(chunks, whole.length)).equals(whole)).toBe(true);
  });

  it('let others have their turn after every mebibyte, and small ones at once do not', async () => {
    const large = Array.from({ length: 6 }, () => octets(mebibyte));
    expect((await turnsDuring(concatInPieces(large, 6 * mebibyte))).turns).toBeGreaterThanOrEqual(4);
    const small = Array.from({ length: 100 }, () => octets(100));
    expect((await turnsDuring(concatInPieces(small, 10_000))).turns).toBeLessThanOrEqual(1);
  });
});

it('a copy has an ArrayBuffer of its own, which another thread may be given', async () => {
  const whole = octets(2 * mebibyte + 5);
  const copy = await copyInPieces(whole);
  expect(Buffer.from(copy.buffer).equals(whole)).toBe(true);
  expect(copy.buffer).not.toBe(whole.buffer);
  structuredClone(copy.buffer, { transfer: [copy.buffer] });
  expect(whole.equals(octets(whole.length))).toBe(true);
});
