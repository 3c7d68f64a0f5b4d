/**
 * A PIN in memory: octets that can be overwritten, and nothing that shows them by accident.
 *
 * What cannot be overwritten: the binding takes a PIN as a JavaScript string, and strings are immutable. `use` makes that
 * string at the last moment and keeps no reference, but its octets stay in the heap until the garbage collector uses the
 * place again, as do those the module may have copied. So the memory of the process is kept out of core dumps before the
 * first PIN is held (on Linux; elsewhere nothing is done), and the registers it went through are overwritten after each use.
 * Swap and debuggers are not kept from it.
 */
import { inspect } from 'node:util';
import { CardError } from '../card/card-error.ts';
import { keepMemoryOutOfCoreDumps, overwriteRegisters } from './core-dump.ts';

/** No card takes more; SoftHSM's limit, the highest seen. */
export const maximumPinOctets = 255;

const hidden = '[PIN]';

export class SecretPin {
  readonly #octets: Buffer;
  #isCleared = false;

  /**
   * @param octets UTF-8 without a line break. They are taken over: the PIN is overwritten in them by `clear`.
   * @throws CardError, without the PIN in it, when they cannot be a PIN; they are overwritten then
   */
  constructor(octets: Buffer) {
    keepMemoryOutOfCoreDumps();
    if (
      octets.length === 0 ||
      octets.length > maximumPinOctets ||
      octets.some((octet) => octet < 0x20 || octet === 0x7f)
    ) {
      octets.fill(0);
      throw new CardError(
        'The PIN is empty, too long, or has control characters in it.',
        `Enter the PIN of the card: at most ${maximumPinOctets} octets, no tabs or other control characters.`,
      );
    }
    this.#octets = octets;
    // They came here by copying.
    overwriteRegisters();
  }

  /** Octets, to be compared with what a card allows. */
  get length(): number {
    return this.#octets.length;
  }

  /** Hands the PIN to a call that needs it. @throws Error after `clear` */
  use<T>(work: (pin: string) => T): T {
    if (this.#isCleared) throw new Error('the PIN was cleared');
    try {
      return work(this.#octets.toString('utf8'));
    } finally {
      overwriteRegisters();
    }
  }

  /** Overwrites the octets; the PIN cannot be used any more. */
  clear(): void {
    this.#octets.fill(0);
    this.#isCleared = true;
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [inspect.custom](): string {
    return hidden;
  }
}
