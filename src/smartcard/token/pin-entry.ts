/**
 * Where the PIN of the card holder comes from: the terminal, without echo, or the first line of a file or of standard
 * input. Never the command line or the environment, which others can read. Octets on the way are overwritten after use.
 */
import { openSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { ReadStream } from 'node:tty';
import { errorMessage } from '../../error-message.ts';
import { CardError } from '../card/card-error.ts';
import { keepMemoryOutOfCoreDumps } from './core-dump.ts';
import { maximumPinOctets, SecretPin } from './secret-pin.ts';

export type PinInput =
  | { readonly from: 'file'; readonly path: string }
  | { readonly from: 'input'; readonly stream: AsyncIterable<Buffer> }
  /** The terminal the process belongs to, even if its standard input is something else. */
  | { readonly from: 'terminal'; readonly prompt: string };

/** What keys do in raw mode, where the terminal itself does nothing. */
const keys = {
  endOfText: 0x03,
  endOfInput: 0x04,
  backspace: 0x08,
  lineFeed: 0x0a,
  return: 0x0d,
  kill: 0x15,
  delete: 0x7f,
};

/** The octets typed or read so far, in one place that can be overwritten. */
class Line {
  readonly #octets = Buffer.alloc(maximumPinOctets + 1);
  #length = 0;

  /** What does not fit is dropped; the line is too long for a PIN by then. */
  add(octet: number): void {
    if (this.#length < this.#octets.length) this.#octets[this.#length++] = octet;
  }

  /** Removes the last character, which may be several octets of UTF-8. */
  removeLast(): void {
    do {
      this.#length = Math.max(0, this.#length - 1);
    } while (this.#length > 0 && ((this.#octets[this.#length] ?? 0) & 0xc0) === 0x80);
  }

  clear(): void {
    this.#octets.fill(0);
    this.#length = 0;
  }

  /** @throws CardError */
  take(): SecretPin {
    const line = this.#octets.subarray(0, this.#length);
    const pin = Buffer.from(line.at(-1) === keys.return ? line.subarray(0, -1) : line);
    this.clear();
    return new SecretPin(pin);
  }
}

/**
 * Gets the PIN once; the person is not asked a second time.
 * @throws CardError when there is no terminal to ask at, the file cannot be read, the person gives up (Ctrl-C or Ctrl-D),
 *   or what came cannot be a PIN
 */
export async function enterPin(input: PinInput): Promise<SecretPin> {
  keepMemoryOutOfCoreDumps();
  switch (input.from) {
    case 'file':
      return readFirstLine(await openPinFile(input.path));
    case 'input':
      return readFirstLine(input.stream);
    case 'terminal':
      return askAtTerminal(input.prompt);
  }
}

async function openPinFile(path: string): Promise<AsyncIterable<Buffer>> {
  try {
    const file = await open(path);
    // A directory opens but does not read; a pipe, as of `<(pass show card)`, does.
    return file.createReadStream({ highWaterMark: maximumPinOctets + 1 });
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(error: unknown): CardError {
  return new CardError(
    `The PIN cannot be read: ${errorMessage(error)}.`,
    'Check the path given with --pin-file and its permissions.',
    error,
  );
}

async function readFirstLine(chunks: AsyncIterable<Buffer>): Promise<SecretPin> {
  const line = new Line();
  let octets = 0;
  try {
    for await (const chunk of chunks) {
      const end = chunk.indexOf(keys.lineFeed);
      for (const octet of end < 0 ? chunk : chunk.subarray(0, end)) line.add(octet);
      octets += chunk.length;
      chunk.fill(0);
      if (end >= 0 || octets > maximumPinOctets) break;
    }
  } catch (error) {
    line.clear();
    throw unreadable(error);
  }
  return line.take();
}

function openTerminal(): { readonly descriptor: number; readonly stream: ReadStream } {
  try {
    const descriptor = openSync('/dev/tty', 'r+');
    return { descriptor, stream: new ReadStream(descriptor) };
  } catch (error) {
    throw new CardError(
      'There is no terminal to ask for the PIN at.',
      'Give the PIN with --pin-file <path> or --pin-stdin.',
      error,
    );
  }
}

function askAtTerminal(prompt: string): Promise<SecretPin> {
  const { descriptor, stream } = openTerminal();
  const line = new Line();
  return new Promise((resolve, reject) => {
    let isOver = false;
    const finish = (outcome: () => void) => {
      if (isOver) return;
      isOver = true;
      stream.setRawMode(false);
      writeSync(descriptor, '\n');
      stream.destroy();
      outcome();
    };
    const giveUp = () => {
      line.clear();
      finish(() => reject(new CardError('No PIN was entered.', 'Start again when you have the PIN at hand.')));
    };
    const accept = () =>
      finish(() => {
        try {
          resolve(line.take());
        } catch (error) {
          reject(error);
        }
      });
    stream.on('data', (chunk: Buffer) => {
      for (const octet of chunk) {
        if (isOver) break;
        pressed(octet, line, { accept, giveUp });
      }
      chunk.fill(0);
    });
    stream.once('error', giveUp).once('end', giveUp);
    stream.setRawMode(true);
    writeSync(descriptor, prompt);
  });
}

function pressed(
  octet: number,
  line: Line,
  { accept, giveUp }: { readonly accept: () => void; readonly giveUp: () => void },
): void {
  switch (octet) {
    case keys.return:
    case keys.lineFeed:
      accept();
      break;
    case keys.endOfText:
    case keys.endOfInput:
      giveUp();
      break;
    case keys.backspace:
    case keys.delete:
      line.removeLast();
      break;
    case keys.kill:
      line.clear();
      break;
    default:
      // Other control characters stay in the line, and so no PIN comes of it: an arrow key must not cost a try.
      line.add(octet);
  }
}
