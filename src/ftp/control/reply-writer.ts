/**
 * Replies on their way to the client. One may begin long before its end (RFC 959 4.2): what is sent next ends it, and in its code,
 * for a client waits for that code and takes any other line for one of the same reply.
 */
import type { Socket } from 'node:net';
import { encodeReply, encodeReplyLine, maximumUnreadReplies, type Reply } from '../reply.ts';

export class ReplyWriter {
  readonly #transport: { readonly socket: Socket };
  readonly #onUnread: () => void;
  /** Code of the reply that has begun. */
  #begun: number | undefined;

  /** @param transport its socket changes with TLS @param onUnread the client leaves more replies unread than may wait */
  constructor(transport: { readonly socket: Socket }, onUnread: () => void) {
    this.#transport = transport;
    this.#onUnread = onUnread;
  }

  /** Whether the end of a reply is to come. */
  get hasBegun(): boolean {
    return this.#begun !== undefined;
  }

  /** @returns the code that the client reads, and the octets of the reply */
  send(answer: Reply): { readonly code: number; readonly octets: number } {
    const begun = this.#begun;
    this.#begun = undefined;
    const said = begun === undefined || begun === answer.code ? answer : failed(begun, answer);
    const octets = encodeReply(said);
    this.write(octets);
    return { code: said.code, octets: octets.length };
  }

  /** A line of a reply; more of them or its end follow. */
  begin(line: Reply): void {
    this.#begun = line.code;
    this.write(encodeReplyLine(line));
  }

  write(octets: Buffer): void {
    const { socket } = this.#transport;
    if (!socket.writable) return;
    socket.write(octets);
    if (socket.writableLength > maximumUnreadReplies) this.#onUnread();
  }
}

function failed(begun: number, { code, lines }: Reply): Reply {
  return { code: begun, lines: [`Not done (${code}): ${lines.at(-1) ?? ''}`] };
}
