/**
 * What stands between the socket and the LDAP client: it hands on one whole LDAP message at a time and bounds what one
 * operation may receive, so that no server can fill the memory or drive the client's parser into endless recursion.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { readElement } from './start-tls.ts';

/** Some thousand groups, or a few hundred certificates. */
const mostOctetsOfAnswer = 8 * 1024 * 1024;
const mostMessagesOfAnswer = 4096;
const ldapMessage = 0x30;
const searchResultDone = 0x65;

export class LdapMessageStream extends Duplex {
  /** The LDAP client looks at these two to see that there is nothing to wait for. */
  readonly connecting = false;
  readonly readyState = 'open';
  /** Why the stream ended, when it was not its owner's wish. */
  failure: string | undefined;
  /** Result code of the last search, which the client swallows when it is sizeLimitExceeded (4). */
  lastSearchResultCode: number | undefined;

  readonly #socket: Socket;
  readonly #mostOctets: number;
  #chunks: Buffer[] = [];
  #received = 0;
  #needed = 2;
  #octetsLeft: number;
  #messagesLeft = mostMessagesOfAnswer;

  /** @param mostOctets what one answer may have */
  constructor(socket: Socket, mostOctets = mostOctetsOfAnswer) {
    // object mode keeps message boundaries
    super({ readableObjectMode: true });
    this.#mostOctets = mostOctets;
    this.#octetsLeft = mostOctets;
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.fail(error.message));
    socket.on('end', () => this.fail('the server closed the connection'));
    socket.on('close', () => this.fail('the connection was closed'));
  }

  /** Gives the next answer a fresh budget. */
  beginOperation(): void {
    this.#octetsLeft = this.#mostOctets;
    this.#messagesLeft = mostMessagesOfAnswer;
    this.lastSearchResultCode = undefined;
  }

  /** Ends the stream; what waits for an answer is rejected. */
  fail(reason: string): void {
    this.failure ??= reason;
    this.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#octetsLeft -= chunk.length;
    if (this.#octetsLeft < 0) {
      this.fail(`the server sent more than ${this.#mostOctets} octets in one answer`);
      return;
    }
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    if (this.#received < this.#needed) return;
    let bytes = Buffer.concat(this.#chunks);
    while (!this.destroyed) {
      const message = readElement(bytes, 0);
      if (message === 'malformed' || (bytes.length > 0 && bytes[0] !== ldapMessage)) {
        this.fail('the server sent something that is no LDAP message');
        return;
      }
      if (message === 'incomplete') break;
      this.#deliver(bytes.subarray(0, message.end));
      bytes = bytes.subarray(message.end);
    }
    this.#chunks = bytes.length > 0 ? [bytes] : [];
    this.#received = bytes.length;
    this.#needed = neededLength(bytes);
  }

  #deliver(message: Buffer): void {
    this.#messagesLeft -= 1;
    if (this.#messagesLeft < 0) {
      this.fail(`the server sent more than ${mostMessagesOfAnswer} messages in one answer`);
      return;
    }
    this.lastSearchResultCode = searchResultCode(message) ?? this.lastSearchResultCode;
    this.push(message);
  }

  override _read(): void {
    // the budget bounds what can pile up, so the socket is never paused
  }

  /** A failed write ends the stream like any other loss; an `error` event may find no listener. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#socket.write(chunk, (error) => {
      if (error) this.fail(error.message);
      callback();
    });
  }

  override _final(callback: () => void): void {
    this.#socket.end(callback);
  }

  override _destroy(_error: Error | null, callback: (error: Error | null) => void): void {
    this.#socket.destroy();
    callback(null);
  }
}

/** Octets after which the first message of these bytes can be whole. */
function neededLength(bytes: Buffer): number {
  const first = bytes[1];
  if (first === undefined) return 2;
  const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
  if (lengthOctets === 0) return 2 + first;
  if (lengthOctets > 4 || bytes.length < 2 + lengthOctets) return bytes.length + 1;
  return 2 + lengthOctets + bytes.readUIntBE(2, lengthOctets);
}

/** The result code when the message is a SearchResultDone (RFC 4511 4.5.2). */
function searchResultCode(message: Buffer): number | undefined {
  const envelope = readElement(message, 0);
  const id = typeof envelope === 'object' ? readElement(message, envelope.start) : 'malformed';
  const operation = typeof id === 'object' ? readElement(message, id.end) : 'malformed';
  if (typeof operation !== 'object' || operation.tag !== searchResultDone) return undefined;
  const code = readElement(message, operation.start);
  return typeof code === 'object' && code.end - code.start === 1 ? message[code.start] : undefined;
}
