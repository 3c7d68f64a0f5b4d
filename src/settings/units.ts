/**
 * Quantities whose unit the compiler keeps. One rule for names: a quantity of such a type has no unit in its name, and a bare number in a
 * record or a message has.
 */

declare const unit: unique symbol;

interface Unit<Name extends string> {
  readonly [unit]: Name;
}

export type Milliseconds = number & Unit<'milliseconds'>;

/** Content, memory and lines. */
export type Octets = number & Unit<'octets'>;

export function milliseconds(count: number): Milliseconds {
  return count as Milliseconds;
}

export function octets(count: number): Octets {
  return count as Octets;
}
