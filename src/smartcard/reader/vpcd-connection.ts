/**
 * The slot of a virtual reader: the protocol of vsmartcard's vpcd, in which the card connects to the reader over TCP. Messages are a
 * length of two octets and that many octets: one octet is a control, more are an APDU.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Control messages of one octet, from the reader. */
const controls = { powerOff: 0, powerOn: 1, reset: 2, answerToReset: 4 } as const;
const lengthOctets = 2;

export interface InsertableCard {
  readonly answerToReset: Buffer;
  reset(): void;
  process(apdu: Buffer): Promise<Buffer>;
}

export interface VpcdConnection {
  /** Resolves when the card is out of the reader, by whatever hand, and works on nothing. */
  readonly closed: Promise<void>;
  /** Aborted as soon as the card has no power any more, even while it works on a command. */
  readonly pulled: AbortSignal;
  /** Pulls the card; a command that it works on is never answered. */
  pull(): void;
}

const framed = (message: Buffer) => Buffer.concat([Buffer.of(message.length >> 8, message.length & 0xff), message]);

async function answerTo(card: InsertableCard, message: Buffer): Promise<Buffer | undefined> {
  const [control] = message;
  if (message.length > 1) return card.process(message);
  if (control === controls.answerToReset) return card.answerToReset;
  if (control === controls.powerOff || control === controls.powerOn || control === controls.reset) card.reset();
  return undefined;
}

/** Answers one message after the other until the connection ends. Reads on only then, so less than one message waits here. */
async function serve(socket: Socket, card: InsertableCard): Promise<void> {
  let buffered = Buffer.alloc(0);
  for await (const chunk of socket) {
    buffered = Buffer.concat([buffered, Buffer.from(chunk)]);
    while (buffered.length >= lengthOctets) {
      const end = lengthOctets + buffered.readUInt16BE(0);
      if (buffered.length < end) break;
      const message = Buffer.from(buffered.subarray(lengthOctets, end));
      buffered = buffered.subarray(end);
      const answer = await answerTo(card, message);
      if (socket.destroyed) return;
      if (answer !== undefined) socket.write(framed(answer));
    }
  }
}

/** Inserts a card: connects to the reader's port on the loopback interface. Rejects when nothing listens there. */
export async function insertIntoVpcd(card: InsertableCard, port: number): Promise<VpcdConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const gone = once(socket, 'close');
  const power = new AbortController();
  socket.once('close', () => power.abort());
  card.reset();
  // Whatever ended the connection, the card is out of the reader.
  const closed = serve(socket, card)
    .catch(() => undefined)
    .then(async () => {
      socket.destroy();
      await gone;
      card.reset();
    });
  return {
    closed,
    pulled: power.signal,
    pull: () => socket.destroy(),
  };
}
