/** The number an option takes, for the parser of the command line. */
import { InvalidArgumentError } from 'commander';

/** @throws InvalidArgumentError */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a positive whole number.');
}
