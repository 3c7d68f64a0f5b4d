/** Memory of transfers: how much one gets, how much all get together, and that none is used by two. */
import { beforeEach, describe, expect, it } from 'vitest';
import { largestSlab, OctetSlabs, sendingSlab } from '../../../src/ftp/data/octet-slabs.ts';

const kibibyte = 1024;
const taken = new Set<Buffer>();
let slabs: OctetSlabs;

beforeEach(() => {
  slabs = new OctetSlabs();
  taken.clear();
});

const giveBack = (slab: Buffer) => slabs.giveBack(slab);
const lose = (slab: Buffer) => slabs.lose(slab);

function take(wanted: number): Buffer {
  const slab = slabs.take(wanted);
  // Otherwise the slab is used by two.
  expect(taken.has(slab)).toBe(false);
  taken.add(slab);
  return slab;
}

function takeMany(count: number, wanted: number): readonly Buffer[] {
  return Array.from({ length: count }, () => take(wanted));
}

function end(how: (slab: Buffer) => void, ended: Iterable<Buffer>): void {
  for (const slab of ended) {
    taken.delete(slab);
    how(slab);
  }
}

describe('a slab', () => {
  it.each([
    [0, 64],
    [1, 64],
    [64 * kibibyte, 64],
    [64 * kibibyte + 1, 256],
    [256 * kibibyte, 256],
    [256 * kibibyte + 1, 1024],
    [1024 * kibibyte, 1024],
    [1024 * 1024 * kibibyte, 1024],
  ])('is the smallest that holds %i octets, or the largest: %i KiB', (wanted, size) => {
    expect(take(wanted).length).toBe(size * kibibyte);
  });

  it('is large for uploads and of the middle size for downloads', () => {
    expect([largestSlab, sendingSlab]).toEqual([1024 * kibibyte, 256 * kibibyte]);
  });

  it('is smaller when many are taken: 48 large ones, 128 of the middle size, and small ones without end', () => {
    const sizes = takeMany(48 + 128 + 100, largestSlab).map(({ length }) => length / kibibyte);
    expect(sizes).toEqual([...Array(48).fill(1024), ...Array(128).fill(256), ...Array(100).fill(64)]);
  });

  it.each([
    ['given back', giveBack],
    ['lost', lose],
  ])('%s leaves its place to another transfer', (_how, how) => {
    const large = takeMany(48, largestSlab);
    expect(take(largestSlab).length).toBe(sendingSlab);
    end(how, large.slice(0, 1));
    expect(take(largestSlab).length).toBe(largestSlab);
    expect(take(largestSlab).length).toBe(sendingSlab);
  });
});

describe('the memory of a slab', () => {
  it.each([
    [64, 64],
    [256, 16],
    [1024, 8],
  ])('of %i KiB is used again when it was given back, and of so many at once: %i', (size, kept) => {
    const first = takeMany(kept + 5, size * kibibyte);
    end(giveBack, first);
    const again = takeMany(kept + 5, size * kibibyte);
    expect(again.filter((slab) => first.includes(slab))).toHaveLength(kept);
  });

  it('is not used again when it was lost', () => {
    const before = takeMany(10, largestSlab);
    end(lose, before);
    expect(takeMany(10, largestSlab).filter((slab) => before.includes(slab))).toEqual([]);
  });

  it('of any other buffer is never given to a transfer', () => {
    const stranger = Buffer.alloc(5);
    giveBack(stranger);
    lose(stranger);
    expect(takeMany(200, largestSlab)).not.toContain(stranger);
    expect(takeMany(200, 0)).not.toContain(stranger);
  });
});
