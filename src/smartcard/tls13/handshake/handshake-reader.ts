/** Handshake messages (RFC 8446 section 4) out of the fragments that records carry: bounded, and never across a change of keys. */
import { uint, vector } from '../presentation-language.ts';
import { TlsViolation } from '../tls-error.ts';

export const handshakeTypes = {
  client_hello: 1,
  server_hello: 2,
  new_session_ticket: 4,
  encrypted_extensions: 8,
  certificate: 11,
  certificate_request: 13,
  certificate_verify: 15,
  finished: 20,
  key_update: 24,
  message_hash: 254,
} as const;

export type HandshakeType = keyof typeof handshakeTypes;

export interface HandshakeMessage {
  readonly type: HandshakeType;
  readonly body: Buffer;
  /** With the header, as the transcript wants it. */
  readonly octets: Buffer;
}

/** Chains of smart-card authorities with ML-DSA take some 40 KiB; OpenSSL's limit for a chain is 100 KiB. */
const maximumMessageOctets = 131_072;
const headerLength = 4;

/** A message with its header. */
export function encodeHandshake(type: HandshakeType, ...body: readonly Buffer[]): Buffer {
  return Buffer.concat([uint(1, handshakeTypes[type]), vector(3, ...body)]);
}

function isHandshakeType(name: string): name is HandshakeType {
  return Object.hasOwn(handshakeTypes, name);
}

function typeOf(code: number): HandshakeType {
  const name = Object.keys(handshakeTypes)
    .filter(isHandshakeType)
    .find((candidate) => handshakeTypes[candidate] === code);
  if (name === undefined) throw new TlsViolation('unexpected_message', `it sent a handshake message of type ${code}`);
  return name;
}

export class HandshakeReader {
  #fragments: Buffer[] = [];
  #octets = 0;

  /** Whether a message has begun and not ended; then no other type of record and no change of keys may come. */
  get isWithinMessage(): boolean {
    return this.#octets > 0;
  }

  add(fragment: Buffer): void {
    if (fragment.length === 0) throw new TlsViolation('unexpected_message', 'it sent an empty handshake record');
    this.#fragments.push(fragment);
    this.#octets += fragment.length;
  }

  /** The next message, when all of it is there. */
  next(): HandshakeMessage | undefined {
    if (this.#octets < headerLength) return undefined;
    const header = this.#contiguous(headerLength);
    const type = typeOf(header.readUInt8(0));
    const length = header.readUIntBE(1, 3);
    if (length > maximumMessageOctets)
      throw new TlsViolation(
        'illegal_parameter',
        `its ${type} of ${length} octets is longer than ${maximumMessageOctets}`,
      );
    if (this.#octets < headerLength + length) return undefined;
    const octets = this.#contiguous(headerLength + length).subarray(0, headerLength + length);
    const rest = this.#contiguous(octets.length).subarray(octets.length);
    this.#octets -= octets.length;
    this.#fragments = [rest, ...this.#fragments.slice(1)].filter(({ length: left }) => left > 0);
    return { type, body: octets.subarray(headerLength), octets };
  }

  /** The first fragment, made to hold at least so many octets. */
  #contiguous(length: number): Buffer {
    const [first = Buffer.alloc(0), ...others] = this.#fragments;
    if (first.length >= length) return first;
    const joined = Buffer.concat([first, ...others]);
    this.#fragments = [joined];
    return joined;
  }
}
