/** `cardgate card insert`: a card of the card directory in a virtual PC/SC reader, steered by lines, until it is told to stop. */
import { existsSync } from 'node:fs';
import { findCard } from '../card/card.ts';
import type { CardCommandResult } from '../card/card-commands.ts';
import { CardError } from '../card/card-error.ts';
import type { CardEvent, CardStatus } from '../piv/card-event.ts';
import { type PinSource, readPin } from '../token/pin.ts';
import { startVirtualReader, type VirtualReader } from './virtual-reader.ts';

export interface InsertCardOptions {
  /** Card directory. */
  readonly directory: string;
  readonly name: string;
  /** Default: the card's PIN file. */
  readonly pin?: PinSource;
  /** Default: the card's PUK file; without one a blocked PIN stays blocked. */
  readonly puk?: PinSource;
  readonly pinTries?: number;
  readonly touchDelayMs?: number;
  /** Lines such as `remove`; the end of them stops the reader. */
  readonly input: AsyncIterable<string>;
  /** Told what happens, in whole lines. */
  readonly say: (text: string) => void;
}

type Action = (reader: VirtualReader) => Promise<CardStatus>;

const actions: ReadonlyMap<string, Action> = new Map([
  ['remove', (reader) => reader.remove()],
  ['insert', (reader) => reader.insert()],
  ['pull', (reader) => reader.removeAtNextSignature()],
  ['status', (reader) => reader.status()],
] satisfies [string, Action][]);

const help = `Type ${[...actions.keys()].join(', ')} (pull: the card is drawn when a key is next asked for), or quit.`;

/** @throws CardError as `startVirtualReader` does, and when the PIN is not known */
export async function insertCardCommand(options: InsertCardOptions): Promise<CardCommandResult> {
  const { directory, name, pinTries, touchDelayMs, say } = options;
  const card = await findCard(directory, name);
  const pin = await readPin(options.pin ?? { from: 'file', path: card.pinFile });
  const pukSource =
    options.puk ?? (existsSync(card.pukFile) ? { from: 'file' as const, path: card.pukFile } : undefined);
  const puk = pukSource && (await readPin(pukSource));
  const reader = await startVirtualReader({
    directory,
    card: name,
    pin,
    puk,
    pinTries,
    touchDelayMs,
  });
  let signatures = 0;
  try {
    reader.events.on('card', (event) => {
      if (event.kind === 'signature') signatures += 1;
      say(`${eventText(event)}\n`);
    });
    await reader.insert();
    const variables = Object.entries(reader.environment).map(([key, value]) => `${key}=${value}`);
    say(
      `${name} is in the reader "${reader.readerName}". In another terminal:\n  export ${variables.join(' ')}\n${help}\n`,
    );
    await obey(reader, options);
  } finally {
    await reader.stop();
  }
  return { text: `${name} signed ${signatures} times.\n`, json: { card: name, signatures } };
}

async function obey(reader: VirtualReader, { input, say }: InsertCardOptions): Promise<void> {
  for await (const line of input) {
    const word = line.trim();
    if (word === 'quit') return;
    const action = actions.get(word);
    if (action === undefined) {
      if (word !== '') say(`${help}\n`);
      continue;
    }
    try {
      say(`${statusText(await action(reader))}\n`);
    } catch (error) {
      if (!(error instanceof CardError)) throw error;
      say(`${error.message} ${error.remedy}\n`);
    }
  }
}

function statusText({ inserted, pinTriesLeft, pukTriesLeft }: CardStatus): string {
  return `The card is ${inserted ? 'in' : 'out'}; tries left: PIN ${pinTriesLeft}, PUK ${pukTriesLeft}.`;
}

/** What each event is called; those with a number carry it. */
function eventText(event: CardEvent): string {
  switch (event.kind) {
    case 'pin-wrong':
    case 'puk-wrong':
      return `${event.kind}: ${event.triesLeft} tries left`;
    case 'signature-asked':
    case 'signature':
      return `${event.kind}: slot ${event.slot}`;
    case 'token-failure':
      return `${event.kind}: ${event.message}`;
    default:
      return event.kind;
  }
}
