/**
 * Where the harness takes its random octets from: the system, or a seed from which the same cards can be made again. What
 * comes from a seed is no secret to a person who knows the seed, so a seed is for trials only.
 */
import { createHmac, randomBytes } from 'node:crypto';

export interface Randomness {
  /**
   * @param purpose what the octets are for, such as `card/ada/9A/serial`; the same purpose gets the same octets from one seed
   * @param length octets
   */
  octets(purpose: string, length: number): Buffer;
  /** Whether keys must come from here as well, rather than from the token. */
  readonly repeatable: boolean;
}

export const systemRandomness: Randomness = {
  octets: (_purpose, length) => randomBytes(length),
  repeatable: false,
};

/** @param seed any text; a long one where the PINs that come of it are secret */
export function seededRandomness(seed: string): Randomness {
  return {
    octets: (purpose, length) => {
      const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
        createHmac('sha256', seed).update(`${purpose}\0${index}`).digest(),
      );
      return Buffer.concat(blocks).subarray(0, length);
    },
    repeatable: true,
  };
}

/** Decimal digits, each as likely as any other: octets from 250 up prefer the first six digits and are passed over. */
export function digits(randomness: Randomness, purpose: string, count: number): string {
  const octets = randomness.octets(purpose, 16 * count);
  return [...octets]
    .filter((octet) => octet < 250)
    .slice(0, count)
    .map((octet) => octet % 10)
    .join('');
}
