/**
 * Memory for the octets of transfers, used again and again. A fresh buffer for every record of a file costs more in collecting
 * garbage than its encryption does.
 */

const kibibyte = 1024;
/** A transfer takes the smallest that holds what it wants; large ones are few, so that many transfers at once need little. */
const sizes = [
  { octets: 64 * kibibyte, maximumTaken: Number.POSITIVE_INFINITY, maximumKept: 64 },
  { octets: 256 * kibibyte, maximumTaken: 128, maximumKept: 16 },
  { octets: 1024 * kibibyte, maximumTaken: 48, maximumKept: 8 },
] as const;

export const largestSlab = sizes[2].octets;
export const sendingSlab = sizes[1].octets;

class SlabSize {
  readonly octets: number;
  readonly #maximumTaken: number;
  readonly #maximumKept: number;
  readonly #kept: Buffer[] = [];
  #taken = 0;

  constructor({ octets, maximumTaken, maximumKept }: (typeof sizes)[number]) {
    this.octets = octets;
    this.#maximumTaken = maximumTaken;
    this.#maximumKept = maximumKept;
  }

  get isFree(): boolean {
    return this.#taken < this.#maximumTaken;
  }

  take(): Buffer {
    this.#taken += 1;
    return this.#kept.pop() ?? Buffer.allocUnsafeSlow(this.octets);
  }

  giveBack(slab: Buffer): void {
    this.#taken -= 1;
    if (this.#kept.length < this.#maximumKept) this.#kept.push(slab);
  }

  lose(): void {
    this.#taken -= 1;
  }
}

const pool = sizes.map((size) => new SlabSize(size));
const [smallest] = pool;

/** @param wanted octets; what comes may be smaller, never below 64 KiB, and holds octets of other transfers */
export function takeSlab(wanted: number): Buffer {
  const fitting = pool.findIndex(({ octets }) => octets >= wanted);
  const candidates = fitting < 0 ? pool : pool.slice(0, fitting + 1);
  const size = candidates.findLast(({ isFree }) => isFree) ?? smallest;
  return size ? size.take() : Buffer.allocUnsafeSlow(sizes[0].octets);
}

/** For another transfer. */
export function giveSlabBack(slab: Buffer): void {
  sizeOf(slab)?.giveBack(slab);
}

/** Something that was given up may still read or write it: the collector takes it when that is over. */
export function loseSlab(slab: Buffer): void {
  sizeOf(slab)?.lose();
}

function sizeOf(slab: Buffer): SlabSize | undefined {
  return pool.find(({ octets }) => octets === slab.length);
}
