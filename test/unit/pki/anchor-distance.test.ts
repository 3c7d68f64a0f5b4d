/** How far names are from a trust anchor, by names alone: it orders candidates in a mesh of CAs, and costs what it looks at. */
import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../../src/pki/certificate/certificate.ts';
import { anchorDistances } from '../../../src/pki/path/anchor-distance.ts';
import { Budget, BudgetExceededError } from '../../../src/pki/path/budget.ts';
import { IssuerPool } from '../../../src/pki/path/issuer-pool.ts';

/** Of a certificate only the names count: `subject<issuer`. */
function poolOf(anchors: readonly string[], others: readonly string[]): IssuerPool {
  const certificates = (texts: readonly string[]) =>
    texts.map((text) => {
      const [subject, issuer] = text.split('<');
      return { subject: { key: subject }, issuer: { key: issuer }, sha256: text } as unknown as Certificate;
    });
  return new IssuerPool(certificates(anchors), certificates(others));
}

class Counting extends Budget {
  readonly spent: (readonly unknown[])[] = [];
  override spend(...work: Parameters<Budget['spend']>) {
    this.spent.push(work);
    super.spend(...work);
  }
}
const clock = { now: () => new Date(0) };

describe('the distance of the names above a certificate', () => {
  it.each<
    [rule: string, anchors: readonly string[], others: readonly string[], distances: Readonly<Record<string, number>>]
  >([
    ['is none where nothing is known', [], [], {}],
    ['is 0 for the name of a trust anchor', ['a<a'], [], { a: 0 }],
    ['counts the certificates between', ['c<c'], ['a<b', 'b<c'], { a: 2, b: 1, c: 0 }],
    ['is that of the shortest way', ['z<z'], ['a<b', 'b<c', 'c<z', 'a<y', 'y<z'], { a: 2, b: 2, c: 1, y: 1, z: 0 }],
    [
      'is that of the shortest way, in whichever order',
      ['z<z'],
      ['a<y', 'a<b', 'b<c', 'c<z', 'y<z'],
      { a: 2, b: 2, c: 1, y: 1, z: 0 },
    ],
    ['is absent for names without a way', ['z<z'], ['a<b', 'b<a', 'a<z', 'b<x'], { a: 1, b: 2, z: 0 }],
    ['is 0 for a trust anchor that others certify, too', ['a<a'], ['a<b', 'b<c', 'c<c'], { a: 0 }],
    [
      'of a name with several below is given to each',
      ['z<z'],
      ['a<b', 'a<c', 'b<z', 'c<z'],
      { a: 2, b: 1, c: 1, z: 0 },
    ],
    ['ends in a circle', ['z<z'], ['a<b', 'b<c', 'c<a'], {}],
    ['does not count what no way from the certificate leads to', ['y<y', 'z<z'], ['a<z', 'x<y'], { a: 1, z: 0 }],
  ])('%s', (_rule, anchors, others, distances) => {
    const found = anchorDistances('a', poolOf(anchors, others), new Budget(clock));
    expect(Object.fromEntries(found)).toEqual(distances);
  });

  it('costs half a microsecond for each certificate that is looked at, and is given up when that is too much', () => {
    const budget = new Counting(clock);
    anchorDistances('a', poolOf(['z<z'], ['a<b', 'b<z', 'b<a', 'x<y']), budget);
    expect(budget.spent).toEqual(Array.from({ length: 4 }, () => ['nameComparisons', 0.5]));
    const many = Array.from({ length: 30_000 }, (_, index) => `${index === 0 ? 'a' : index}<${index + 1}`);
    expect(() => anchorDistances('a', poolOf([], many), new Budget(clock))).toThrow(BudgetExceededError);
  });
});
