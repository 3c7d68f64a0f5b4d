/**
 * What a TLS 1.2 server says about the client certificates it wants (RFC 5246 7.4.4), and its own chain. The messages go over
 * the connection in the clear, and Node does not show them, so they are read on their way to Node's TLS; nothing is held back or
 * changed. Nothing here is believed: a handshake that comes to its end proves what was read.
 */
import { Duplex } from 'node:stream';
import type { CertificateRequest } from '../tls13/client-credential.ts';
import { WireReader } from '../tls13/presentation-language.ts';

const handshakeRecord = 22;
const certificateMessage = 11;
const certificateRequestMessage = 13;
const recordHeaderOctets = 5;
const messageHeaderOctets = 4;
/** OpenSSL's limit for the certificates of a chain, and then some. */
const maximumOctets = 262_144;

export interface ObservedStream {
  /** To be given to tls.connect in place of the socket. */
  readonly stream: Duplex;
  /** The request, once it has passed; undefined before, and when the server wants no certificate. */
  request(): CertificateRequest | undefined;
  /** DER, the end entity first; empty before it has passed. */
  serverChain(): readonly Buffer[];
}

/** @param socket connected; it ends together with the stream */
export function observeCertificateRequest(socket: Duplex): ObservedStream {
  const observer = new HandshakeObserver();
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    try {
      observer.add(chunk);
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (!stream.push(chunk)) socket.pause();
  });
  socket.once('end', () => stream.push(null));
  socket.once('error', (error) => stream.destroy(error));
  socket.once('close', () => stream.destroy());
  return { stream, request: () => observer.request, serverChain: () => observer.serverChain };
}

/** Follows the handshake until the request has come, or anything but a handshake record does. */
class HandshakeObserver {
  request: CertificateRequest | undefined;
  serverChain: readonly Buffer[] = [];
  #records = Buffer.alloc(0);
  #messages = Buffer.alloc(0);
  #isOver = false;

  add(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#records = Buffer.concat([this.#records, chunk]);
    while (!this.#isOver && this.#records.length >= recordHeaderOctets) {
      const length = this.#records.readUInt16BE(3);
      if (this.#records.length < recordHeaderOctets + length) break;
      const type = this.#records.readUInt8(0);
      this.#addFragment(type, this.#records.subarray(recordHeaderOctets, recordHeaderOctets + length));
      this.#records = this.#records.subarray(recordHeaderOctets + length);
    }
    if (this.#records.length + this.#messages.length > maximumOctets) this.#isOver = true;
  }

  #addFragment(type: number, fragment: Buffer): void {
    if (type !== handshakeRecord) {
      this.#isOver = true;
      return;
    }
    this.#messages = Buffer.concat([this.#messages, fragment]);
    while (!this.#isOver && this.#messages.length >= messageHeaderOctets) {
      const end = messageHeaderOctets + this.#messages.readUIntBE(1, 3);
      if (this.#messages.length < end) break;
      const type = this.#messages.readUInt8(0);
      const body = this.#messages.subarray(messageHeaderOctets, end);
      if (type === certificateMessage) this.serverChain = readChain(body);
      if (type === certificateRequestMessage) {
        this.request = readRequest(body);
        this.#isOver = true;
      }
      this.#messages = this.#messages.subarray(end);
    }
  }
}

/** @throws TlsViolation for what Node's TLS refuses as well */
function readRequest(body: Buffer): CertificateRequest {
  const what = 'its CertificateRequest';
  const reader = new WireReader(body, what);
  reader.vector(1, 1);
  const signatureSchemes = new WireReader(reader.vector(2, 2), what).uint16List();
  const list = new WireReader(reader.vector(2), what);
  const authorities: Buffer[] = [];
  while (list.remaining > 0) authorities.push(Buffer.from(list.vector(2, 1)));
  return { signatureSchemes, authorities };
}

/** RFC 5246 7.4.2. @throws TlsViolation likewise */
function readChain(body: Buffer): readonly Buffer[] {
  const what = 'its Certificate';
  const list = new WireReader(new WireReader(body, what).vector(3), what);
  const chain: Buffer[] = [];
  while (list.remaining > 0) chain.push(Buffer.from(list.vector(3, 1)));
  return chain;
}
