/** What a virtual reader and its process say to each other: one JSON value a line, commands on standard input, messages on standard output. */
import type { CardEvent, CardStatus } from '../piv/card-event.ts';

export interface ReaderSettings {
  /** Card directory. */
  readonly directory: string;
  /** Name of the card. */
  readonly card: string;
  /** Of the card and of the token that holds its keys. */
  readonly pin: string;
  readonly puk: string;
  readonly pinTries: number;
  readonly pukTries: number;
  readonly touchDelayMs: number;
  /** Path of the program pcscd. */
  readonly daemon: string;
  /** Path of the reader driver libifdvpcd.so. */
  readonly driver: string;
  /** Directory of this reader alone, which the process removes at its end; what pcscd sees as /run is in it. */
  readonly runtimeDirectory: string;
  /** What the name of the reader begins with. */
  readonly readerName: string;
}

export type ReaderAction =
  | { readonly do: 'start'; readonly settings: ReaderSettings }
  | { readonly do: 'insert' }
  | { readonly do: 'remove' }
  | { readonly do: 'status' }
  | { readonly do: 'set-touch-delay'; readonly milliseconds: number }
  /** When a key is asked for, and this many times it was before that, the card is pulled instead. */
  | { readonly do: 'remove-at-signature'; readonly signaturesBefore: number };

export type ReaderCommand = ReaderAction & { readonly id: number };

export type ReaderMessage =
  | { readonly kind: 'done'; readonly id: number; readonly status: CardStatus }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string; readonly remedy: string }
  | { readonly kind: 'event'; readonly event: CardEvent };

/** Of the socket of pcscd, below a runtime directory. */
export const socketPath = 'run/pcscd/pcscd.comm';

/** Both ends are of one make, so a line is what its writer's type says. Throws SyntaxError, with no text of the line. */
export function parseLine<T extends ReaderCommand | ReaderMessage>(line: string): T {
  try {
    const value: T = JSON.parse(line);
    return value;
  } catch {
    throw new SyntaxError('a line between a virtual reader and its process is not JSON');
  }
}
