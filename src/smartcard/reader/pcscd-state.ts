/**
 * Asks pcscd what its readers hold, in the protocol that libpcsclite speaks with it (winscard_msg.h, version 4.4; integers
 * in the byte order of the machine). Watches only: it connects to no card and sends no APDU.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { endianness } from 'node:os';

const commands = { version: 0x11, waitReaderStateChange: 0x13 } as const;
const protocolVersion = { major: 4, minor: 4 } as const;

/** `READER_STATE` of eventhandler.h: name, event counter, state, sharing, answer to reset with its length, protocol. */
const layout = { name: 128, state: 132, size: 184 } as const;
const readers = 16;
const statesOctets = readers * layout.size;
const versionOctets = 12;
const wakeOctets = 8;

/** Bits of `readerState`. */
const flags = { absent: 0x0002, present: 0x0004 } as const;

export type ReaderHolds = 'card' | 'nothing' | 'no such reader';

/** Unsigned 32-bit integers one after another. */
function words(...values: readonly number[]): Buffer {
  return Buffer.from(new Uint32Array(values).buffer);
}

function wordAt(bytes: Buffer, offset: number): number {
  return endianness() === 'LE' ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
}

const request = (command: number, body: Buffer = Buffer.alloc(0)) => Buffer.concat([words(body.length, command), body]);

function heldBy(states: Buffer, reader: string): ReaderHolds {
  for (let start = 0; start < statesOctets; start += layout.size) {
    const [name] = states.toString('latin1', start, start + layout.name).split('\0', 1);
    if (name !== reader) continue;
    const state = wordAt(states, start + layout.state);
    // Between the two a card is being powered up.
    if ((state & flags.present) !== 0 && (state & flags.absent) === 0) return 'card';
    return 'nothing';
  }
  return 'no such reader';
}

/** Takes octets off a socket in answers of known lengths. */
class AnswerReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #buffered = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  async take(octets: number): Promise<Buffer> {
    while (this.#buffered.length < octets) {
      const chunk = await this.#chunks.next();
      if (chunk.done === true) throw new Error('pcscd closed the connection');
      this.#buffered = Buffer.concat([this.#buffered, chunk.value]);
    }
    const answer = this.#buffered.subarray(0, octets);
    this.#buffered = this.#buffered.subarray(octets);
    return answer;
  }
}

/**
 * Resolves as soon as the reader holds what is wanted.
 * @param socketPath of pcscd
 * @param signal ends the wait; the promise then rejects
 */
export async function untilReader(
  { socketPath, reader }: { readonly socketPath: string; readonly reader: string },
  wanted: (held: ReaderHolds) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const socket = connect(socketPath);
  const end = () => socket.destroy(new Error('pcscd did not see it in time'));
  signal.addEventListener('abort', end, { once: true });
  try {
    if (signal.aborted) end();
    await once(socket, 'connect');
    socket.write(request(commands.version, words(protocolVersion.major, protocolVersion.minor, 0)));
    const answers = new AnswerReader(socket);
    await answers.take(versionOctets);
    for (;;) {
      // The states come at once, a wake-up call when one of them has changed.
      socket.write(request(commands.waitReaderStateChange));
      if (wanted(heldBy(await answers.take(statesOctets), reader))) return;
      await answers.take(wakeOctets);
    }
  } finally {
    signal.removeEventListener('abort', end);
    socket.destroy();
  }
}
