/**
 * Memory for the octets of transfers, used again and again. A fresh buffer for every record of a file costs more in collecting
 * garbage than its encryption does.
 */

const kibibyte = 1024;
/** As many as there are transfers. */
const small = { octets: 64 * kibibyte, maximumTaken: Number.POSITIVE_INFINITY, maximumKept: 64 };
/** A transfer takes the smallest that holds what it wants; large ones are few, so that many transfers at once need little. */
const medium = { octets: 256 * kibibyte, maximumTaken: 128, maximumKept: 16 };
const large = { octets: 1024 * kibibyte, maximumTaken: 48, maximumKept: 8 };

export const largestSlab = large.octets;
export const sendingSlab = medium.octets;

class SlabSize {
  readonly octets: number;
  readonly #maximumTaken: number;
  readonly #maximumKept: number;
  readonly #kept: Buffer[] = [];
  #taken = 0;

  constructor({ octets, maximumTaken, maximumKept }: typeof small) {
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

export class OctetSlabs {
  readonly #smallest = new SlabSize(small);
  readonly #largestFirst = [new SlabSize(large), new SlabSize(medium), this.#smallest];

  /** @param wanted octets; what comes may be smaller, never below 64 KiB, and holds octets of other transfers */
  take(wanted: number): Buffer {
    const sizes = this.#largestFirst;
    const size = sizes.find(({ isFree }, index) => isFree && wanted > (sizes[index + 1]?.octets ?? 0));
    return (size ?? this.#smallest).take();
  }

  /** For another transfer. */
  giveBack(slab: Buffer): void {
    this.#sizeOf(slab)?.giveBack(slab);
  }

  /** Something that was given up may still read or write it: the collector takes it when that is over. */
  lose(slab: Buffer): void {
    this.#sizeOf(slab)?.lose();
  }

  #sizeOf(slab: Buffer): SlabSize | undefined {
    return this.#largestFirst.find(({ octets }) => octets === slab.length);
  }
}

/** Of all transfers of the process: together they have one bound. */
export const transferSlabs = new OctetSlabs();
