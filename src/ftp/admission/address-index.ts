/** The first network of a list that holds an address, found by one look for each length of a network that the list has. */
import { addressNumber } from '../../operations/network.ts';

/** Networks of one family and length: by their leading bits, the place of the first in the list. */
interface OfLength {
  readonly family: 32 | 128;
  /** Bits that do not count. */
  readonly rest: bigint;
  readonly places: Map<bigint, number>;
}

export class AddressIndex {
  readonly #lengths = new Map<string, OfLength>();

  /** @param networks `address/bits`; undefined: the place in the list is another entry’s */
  constructor(networks: readonly (string | undefined)[]) {
    for (const [place, network] of networks.entries()) {
      const [address = '', bits] = network?.split('/') ?? [];
      const known = addressNumber(address);
      if (known) this.#add(known.bits, Number(bits), known.number, place);
    }
  }

  /** @returns its place; undefined where no network holds the address */
  firstOf(address: string): number | undefined {
    const asked = this.#lengths.size === 0 ? undefined : addressNumber(address);
    if (!asked) return undefined;
    let first: number | undefined;
    for (const { family, rest, places } of this.#lengths.values()) {
      const place = family === asked.bits ? places.get(asked.number >> rest) : undefined;
      if (place !== undefined && (first === undefined || place < first)) first = place;
    }
    return first;
  }

  #add(family: 32 | 128, bits: number, number: bigint, place: number): void {
    const key = `${family}/${bits}`;
    const ofLength = this.#lengths.get(key) ?? { family, rest: BigInt(family - bits), places: new Map() };
    this.#lengths.set(key, ofLength);
    const leading = number >> ofLength.rest;
    if (!ofLength.places.has(leading)) ofLength.places.set(leading, place);
  }
}
