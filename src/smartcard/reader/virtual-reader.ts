/**
 * A card of the card directory in a virtual reader: PC/SC programs that are given the reader's environment see a PIV card, with its keys in
 * SoftHSM. No other program of the machine sees the reader. Retry counters and changed PINs last as long as the reader.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childNodeArguments } from '../../operations/node-child.ts';
import { CardError } from '../card/card-error.ts';
import type { CardEvent, CardStatus } from '../piv/card-event.ts';
import { isPivPin } from '../piv/reference-data.ts';
import { slotOfReader } from './pcsc-daemon.ts';
import { findReaderInstallation, type ReaderInstallation } from './reader-installation.ts';
import { parseLine, type ReaderAction, type ReaderMessage, socketPath } from './reader-protocol.ts';

export interface VirtualReaderOptions {
  /** Card directory. */
  readonly directory: string;
  /** Name of the card. */
  readonly card: string;
  /** Six to eight decimal digits: the PIN of the card as it was made. */
  readonly pin: string;
  /** Eight characters. Default: a random one that is not kept, so that a blocked PIN stays blocked. */
  readonly puk?: string | undefined;
  /** Wrong PINs in a row until the PIN is blocked, 1 to 15. Default: 3. */
  readonly pinTries?: number | undefined;
  /** The same of the PUK. Default: 3. */
  readonly pukTries?: number;
  /** How long a key takes before it works, in milliseconds. Default: 0. */
  readonly touchDelayMs?: number | undefined;
  /** What the name of the reader begins with. Default: `Virtual PCD`. */
  readonly readerName?: string;
}

export interface VirtualReader {
  /** For programs that are to see the reader: libpcsclite finds pcscd, and libp11 finds OpenSC's module. */
  readonly environment: { readonly PCSCLITE_CSOCK_NAME: string; readonly PKCS11_MODULE_PATH: string };
  /** As PC/SC lists it. */
  readonly readerName: string;
  readonly events: EventEmitter<{ card: [CardEvent] }>;
  /** Resolves when the reader has ended, by `stop` or by itself. */
  readonly ended: Promise<void>;
  /** Resolves when PC/SC has noticed. */
  insert(): Promise<CardStatus>;
  /** Resolves when PC/SC has noticed. */
  remove(): Promise<CardStatus>;
  status(): Promise<CardStatus>;
  setTouchDelay(milliseconds: number): Promise<CardStatus>;
  /** When a key is asked for, the card is pulled instead. @param signaturesBefore made before that. Default: none. */
  removeAtNextSignature(signaturesBefore?: number): Promise<CardStatus>;
  stop(): Promise<void>;
}

const printedKept = 16_384;
const forceMilliseconds = 5000;
const maximumTouchDelayMs = 600_000;

interface WaitingCommand {
  readonly resolve: (status: CardStatus) => void;
  readonly reject: (error: CardError) => void;
}

/** Runs in its own network namespace; of the same make as this module, TypeScript source or what was built from it. */
function startProcess({ namespaces }: ReaderInstallation): ChildProcessWithoutNullStreams {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const script = fileURLToPath(new URL(`./reader-process.${extension}`, import.meta.url));
  const typeScript = process.execArgv.filter((argument) => argument.includes('strip-types'));
  const node = [process.execPath, ...childNodeArguments, ...typeScript, script];
  // After unshare, since entering a user namespace clears the signal.
  return spawn('unshare', [...namespaces, 'setpriv', '--pdeathsig', 'TERM', ...node], {
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  });
}

class ReaderClient {
  readonly events = new EventEmitter<{ card: [CardEvent] }>();
  readonly ended: Promise<void>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, WaitingCommand>();
  #lastId = 0;
  #printed = '';

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#printed = (this.#printed + text).slice(-printedKept);
    });
    // A process that ended is told of by its exit, not by our EPIPE.
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(parseLine<ReaderMessage>(line)));
    child.once('error', (error) => {
      this.#printed += error.message;
    });
    this.ended = once(child, 'close').then(
      () => this.#abandon(),
      () => this.#abandon(),
    );
  }

  perform(action: ReaderAction): Promise<CardStatus> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<CardStatus>((resolveAnswer, reject) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) reject(this.#endError());
      else this.#waiting.set(id, { resolve: resolveAnswer, reject });
    });
    this.#child.stdin.write(`${JSON.stringify({ ...action, id })}\n`);
    return answer;
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    const force = setTimeout(() => this.#child.kill('SIGKILL'), forceMilliseconds);
    await this.ended;
    clearTimeout(force);
  }

  #hear(message: ReaderMessage): void {
    if (message.kind === 'event') {
      this.events.emit('card', message.event);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'done') waiting?.resolve(message.status);
    else waiting?.reject(new CardError(message.message, message.remedy));
  }

  #abandon(): void {
    for (const { reject } of this.#waiting.values()) reject(this.#endError());
    this.#waiting.clear();
  }

  #endError(): CardError {
    const printed = this.#printed.trim();
    return new CardError(`The virtual reader ended${printed ? `: ${printed}` : ''}.`, 'Start it again.');
  }
}

/**
 * Starts a reader, still empty.
 * @throws CardError when something is not installed or not permitted, when there is no such card, or when the PIN is wrong
 */
export async function startVirtualReader(options: VirtualReaderOptions): Promise<VirtualReader> {
  const { puk = randomBytes(4).toString('hex'), readerName = 'Virtual PCD', touchDelayMs = 0 } = options;
  checkOptions(options.pin, puk, readerName);
  const installation = await findReaderInstallation();
  const runtimeDirectory = await mkdtemp(join(tmpdir(), 'cardgate-reader-'));
  const client = new ReaderClient(startProcess(installation));
  const stop = async () => {
    await client.stop();
    await rm(runtimeDirectory, { recursive: true, force: true });
  };
  const { daemon, driver, module } = installation;
  const { card, pin, pinTries = 3, pukTries = 3 } = options;
  const settings = {
    directory: resolve(options.directory),
    ...{ card, pin, puk, pinTries, pukTries, touchDelayMs, daemon, driver, runtimeDirectory, readerName },
  };
  try {
    await client.perform({ do: 'start', settings });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    environment: { PCSCLITE_CSOCK_NAME: join(runtimeDirectory, socketPath), PKCS11_MODULE_PATH: module },
    readerName: slotOfReader(readerName),
    events: client.events,
    ended: client.ended,
    insert: () => client.perform({ do: 'insert' }),
    remove: () => client.perform({ do: 'remove' }),
    status: () => client.perform({ do: 'status' }),
    setTouchDelay: (milliseconds) =>
      client.perform({ do: 'set-touch-delay', milliseconds: Math.min(Math.max(milliseconds, 0), maximumTouchDelayMs) }),
    removeAtNextSignature: (signaturesBefore = 0) => client.perform({ do: 'remove-at-signature', signaturesBefore }),
    stop,
  };
}

function checkOptions(pin: string, puk: string, readerName: string): void {
  if (!isPivPin(pin)) {
    throw new CardError(
      'A PIV card needs a PIN of six to eight decimal digits, and this card has another.',
      'Make the card with such a PIN.',
    );
  }
  if (!/^[\x21-\x7e]{8}$/.test(puk)) {
    throw new CardError('A PUK has eight printable characters.', 'Choose another PUK.');
  }
  if (!/^[\w .-]{1,64}$/.test(readerName)) {
    throw new CardError(`"${readerName}" cannot be the name of a reader.`, 'Use up to 64 letters, digits and spaces.');
  }
}
