/**
 * Quantities whose unit the compiler keeps. One rule for names: a quantity of such a type has no unit in its name, and a bare number in a
 * record or a message has.
 */

declare const unit: unique symbol;

interface Unit<Name extends string> {
  readonly [unit]: Name;
}

export type Milliseconds = number & Unit<'milliseconds'>;

/** Where RFC arithmetic and messages count in seconds. */
export type Seconds = number & Unit<'seconds'>;

/** Content, memory and lines. */
export type Octets = number & Unit<'octets'>;

export function milliseconds(count: number): Milliseconds {
  return count as Milliseconds;
}

export function octets(count: number): Octets {
  return count as Octets;
}

export function mebibytes(count: number): Octets {
  return (count * 1024 * 1024) as Octets;
}

export function seconds(count: number): Seconds {
  return count as Seconds;
}
