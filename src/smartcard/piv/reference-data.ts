/** A PIN or PUK with its retry counter (SP 800-73-4 part 2 sections 2.4.3 and 3.2). A blocked one is never compared again. */
import { timingSafeEqual } from 'node:crypto';

/** Part 2 section 2.4.3: PIN and PUK take eight octets on the wire. */
export const referenceOctets = 8;
const padding = 0xff;
const pinPattern = /^\d{6,8}$/;

export type Comparison = 'right' | 'wrong' | 'blocked';

/** Whether a text is a PIN of a PIV card: six to eight decimal digits. */
export function isPivPin(pin: string): boolean {
  return pinPattern.test(pin);
}

/** A PIN as readers send it. Throws RangeError when it is longer than eight octets. */
export function paddedReference(text: string): Buffer {
  const octets = Buffer.from(text, 'latin1');
  if (octets.length > referenceOctets) throw new RangeError('a PIN or PUK of a PIV card has at most eight octets');
  return Buffer.concat([octets, Buffer.alloc(referenceOctets - octets.length, padding)]);
}

/** Whether eight octets are a PIN in its padding. */
export function isPaddedPin(octets: Buffer): boolean {
  const length = octets.indexOf(padding);
  const digits = length < 0 ? octets : octets.subarray(0, length);
  return (
    pinPattern.test(digits.toString('latin1')) && octets.subarray(digits.length).every((octet) => octet === padding)
  );
}

export class ReferenceData {
  readonly #resetTries: number;
  #value: Buffer;
  #triesLeft: number;

  /** @param value eight octets @param tries wrong ones in a row until it is blocked, 1 to 15 */
  constructor(value: Buffer, tries: number) {
    if (value.length !== referenceOctets) throw new RangeError('a PIN or PUK of a PIV card takes eight octets');
    if (!Number.isInteger(tries) || tries < 1 || tries > 15)
      throw new RangeError('a retry counter holds 1 to 15 tries');
    this.#value = Buffer.from(value);
    this.#resetTries = tries;
    this.#triesLeft = tries;
  }

  get triesLeft(): number {
    return this.#triesLeft;
  }

  /** Costs a try when wrong, resets the counter when right. */
  compare(candidate: Buffer): Comparison {
    if (this.#triesLeft === 0) return 'blocked';
    if (candidate.length === referenceOctets && timingSafeEqual(candidate, this.#value)) {
      this.#triesLeft = this.#resetTries;
      return 'right';
    }
    this.#triesLeft -= 1;
    return 'wrong';
  }

  /** Sets another value and all the tries; for the holder of the right one, or of the PUK. */
  replace(value: Buffer): void {
    this.#value = Buffer.from(value);
    this.#triesLeft = this.#resetTries;
  }
}
