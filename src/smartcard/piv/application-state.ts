/** What a PIV application remembers between two commands (SP 800-73-4 part 2 sections 2.4 and 2.5), and who hears of it. */
import type { CardEvent } from './card-event.ts';
import type { PivSlot } from './data-objects.ts';
import type { KeySlot } from './key-slot.ts';
import type { ReferenceData } from './reference-data.ts';

export interface ApplicationState {
  readonly pin: ReferenceData;
  readonly puk: ReferenceData;
  /** By key reference. */
  readonly slots: ReadonlyMap<number, PivSlot>;
  readonly uuid: Buffer;
  readonly dataObjects: ReadonlyMap<number, Buffer>;
  selected: boolean;
  /** Security status of the PIN: it was verified since the reset. */
  verified: boolean;
  /** The command before this one verified the PIN, which keys with the PIN policy `always` demand. */
  justVerified: boolean;
  readonly tell: (event: CardEvent) => void;
  /** Runs before a key works: a finger that is slow to touch the card, a hand that pulls it. False: the card has no power any more. */
  readonly beforeSignature: (slot: KeySlot) => Promise<boolean>;
}
