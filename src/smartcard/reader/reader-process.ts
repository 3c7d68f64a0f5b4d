/**
 * The process of a virtual reader: pcscd and the card that is put into it, in a network namespace of their own. Takes commands from
 * standard input and ends with it; the PIN comes from there too.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '../../error-message.ts';
import { CardError } from '../card/card-error.ts';
import type { CardEvent, CardStatus } from '../piv/card-event.ts';
import { cardUuid } from '../piv/data-objects.ts';
import { PivCard } from '../piv/piv-card.ts';
import { type TokenCard, withTokenCard } from '../piv/token-card.ts';
import { keepMemoryOutOfCoreDumps } from '../token/core-dump.ts';
import { type PcscDaemon, slotOfReader, startPcscDaemon, vpcdPort } from './pcsc-daemon.ts';
import { type ReaderHolds, untilReader } from './pcscd-state.ts';
import {
  parseLine,
  type ReaderAction,
  type ReaderCommand,
  type ReaderMessage,
  type ReaderSettings,
  socketPath,
} from './reader-protocol.ts';
import { insertIntoVpcd, type VpcdConnection } from './vpcd-connection.ts';

keepMemoryOutOfCoreDumps();

/** pcscd looks every 400 milliseconds whether there is a card. */
const noticeMilliseconds = 15_000;

function write(message: ReaderMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const tell = (event: CardEvent) => write({ kind: 'event', event });

class Reader {
  readonly #settings: ReaderSettings;
  readonly #card: PivCard;
  #touchDelayMs: number;
  #signaturesUntilRemoval: number | undefined;
  #connection: VpcdConnection | undefined;

  constructor(settings: ReaderSettings, { slots, tokenSerialNumber }: TokenCard) {
    this.#settings = settings;
    this.#touchDelayMs = settings.touchDelayMs;
    const { pin, puk, pinTries, pukTries } = settings;
    this.#card = new PivCard({
      uuid: cardUuid(tokenSerialNumber),
      ...{ slots, pin, puk, pinTries, pukTries },
      onEvent: tell,
      beforeSignature: () => this.#beforeSignature(),
    });
  }

  get status(): CardStatus {
    const { pinTriesLeft, pukTriesLeft } = this.#card;
    return { inserted: this.#connection !== undefined, pinTriesLeft, pukTriesLeft };
  }

  async perform(action: ReaderAction): Promise<void> {
    switch (action.do) {
      case 'insert':
        return this.#insert();
      case 'remove':
        return this.#remove();
      case 'set-touch-delay':
        this.#touchDelayMs = action.milliseconds;
        return;
      case 'remove-at-signature':
        this.#signaturesUntilRemoval = action.signaturesBefore;
        return;
      case 'status':
        return;
      case 'start':
        throw new CardError('The reader has been started.', 'Start each reader once.');
    }
  }

  async #insert(): Promise<void> {
    if (this.#connection !== undefined) throw new CardError('The card is in the reader.', 'Remove it first.');
    const connection = await insertIntoVpcd(this.#card, vpcdPort);
    this.#connection = connection;
    void connection.closed.then(() => this.#gone(connection));
    await this.#until((held) => held === 'card');
    tell({ kind: 'inserted' });
  }

  async #remove(): Promise<void> {
    this.#connection?.pull();
    await this.#connection?.closed;
    await this.#until((held) => held === 'nothing');
  }

  #gone(connection: VpcdConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    tell({ kind: 'removed' });
  }

  /** @returns whether the card is still there when the finger has come */
  async #beforeSignature(): Promise<boolean> {
    const connection = this.#connection;
    if (connection === undefined) return false;
    if (this.#signaturesUntilRemoval === 0) {
      this.#signaturesUntilRemoval = undefined;
      connection.pull();
      return false;
    }
    if (this.#signaturesUntilRemoval !== undefined) this.#signaturesUntilRemoval -= 1;
    const { pulled } = connection;
    if (this.#touchDelayMs > 0) await delay(this.#touchDelayMs, undefined, { signal: pulled }).catch(() => undefined);
    return !pulled.aborted;
  }

  #until(wanted: (held: ReaderHolds) => boolean): Promise<void> {
    const { runtimeDirectory, readerName } = this.#settings;
    const where = { socketPath: join(runtimeDirectory, socketPath), reader: slotOfReader(readerName) };
    return untilReader(where, wanted, AbortSignal.timeout(noticeMilliseconds));
  }
}

function fail(id: number, error: unknown): void {
  const remedy = error instanceof CardError ? error.remedy : 'Start the reader again.';
  write({ kind: 'failed', id, message: errorMessage(error), remedy });
}

/** One command after the other, until there are no more. */
async function obey(reader: Reader, commands: AsyncIterator<string>): Promise<void> {
  for (;;) {
    const line = await commands.next();
    if (line.done === true) return;
    const command = parseLine<ReaderCommand>(line.value);
    try {
      await reader.perform(command);
      write({ kind: 'done', id: command.id, status: reader.status });
    } catch (error) {
      fail(command.id, error);
    }
  }
}

async function serve(settings: ReaderSettings, id: number, commands: AsyncIterator<string>): Promise<void> {
  let daemon: PcscDaemon | undefined;
  try {
    await withTokenCard(settings, async (card) => {
      const reader = new Reader(settings, card);
      daemon = await startPcscDaemon(settings);
      write({ kind: 'done', id, status: reader.status });
      // Without its daemon a reader is of no use; the process that started it sees it end.
      await Promise.race([obey(reader, commands), daemon.ended]);
    });
  } catch (error) {
    fail(id, error);
    process.exitCode = 1;
  } finally {
    await daemon?.stop();
    await rm(settings.runtimeDirectory, { recursive: true, force: true });
  }
}

const input = createInterface({ input: process.stdin });
// More than once: the kernel sends it again for every thread of the dying parent.
process.on('SIGTERM', () => input.close());
// Once the process that started this one is gone its output has no reader; what is left to do is done all the same.
process.stdout.on('error', () => undefined);
const commands = input[Symbol.asyncIterator]();
const first = await commands.next();
if (first.done !== true) {
  const command = parseLine<ReaderCommand>(first.value);
  if (command.do === 'start') await serve(command.settings, command.id, commands);
}
// A connection to the reader or a touch that is waited for must not keep the process.
process.exit();
