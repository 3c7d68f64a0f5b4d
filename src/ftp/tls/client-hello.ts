/**
 * What a ClientHello says of the host that its client means, and of the TLS sessions that it could resume, read before TLS begins. Only the
 * server's choice of site, versions and tickets rests on it, never a decision about the client: TLS itself reads the same octets again.
 */
import type { Socket } from 'node:net';
import { PresentationReader } from '../../presentation-reader.ts';
import type { Milliseconds } from '../../settings/units.ts';

export interface ReceivedClientHello {
  /** Versions offered: supported_versions (RFC 8446 4.2.1), or the legacy field alone. */
  readonly versions: readonly number[];
  /** Lower-case hexadecimal; empty when the client sent none (RFC 5246 7.4.1.2). */
  readonly sessionId: string;
  /** As it was sent (RFC 6066 3); undefined where it was not. */
  readonly serverName: string | undefined;
  /** Key name in a TLS 1.2 ticket (RFC 5077 4), lower-case hexadecimal. */
  readonly ticketKeyName: string | undefined;
  /** Key names in the identities of pre_shared_key (RFC 8446 4.2.11). */
  readonly pskKeyNames: readonly string[];
}

export const helloOfTls12 = 0x0303;
export const helloOfTls13 = 0x0304;

const handshakeRecord = 22;
const clientHelloMessage = 1;
const recordHeaderLength = 5;
/** RFC 8446 5.2: 2^14 octets and the expansion that a record may have. */
const maximumRecordLength = 16_384 + 256;
/** Some tickets, each with a chain of certificates in it; OpenSSL itself takes twice as much. */
const maximumMessageLength = 65_536;
const keyNameLength = 16;
const hostNameKind = 0;
const extension = { serverName: 0, sessionTicket: 35, preSharedKey: 41, supportedVersions: 43 } as const;

/** Collects the first handshake message of a connection, however its octets are cut into records and segments. */
export class ClientHelloReader {
  readonly #message: Buffer[] = [];
  #messageLength = 0;
  #pending: Buffer = Buffer.alloc(0);

  /** @returns `incomplete` while octets are missing, `unreadable` for anything that is no ClientHello within the limits */
  add(octets: Buffer): ReceivedClientHello | 'incomplete' | 'unreadable' {
    this.#pending = Buffer.concat([this.#pending, octets]);
    while (this.#pending.length >= recordHeaderLength) {
      const length = this.#pending.readUInt16BE(3);
      if (this.#pending[0] !== handshakeRecord || length === 0 || length > maximumRecordLength) return 'unreadable';
      const end = recordHeaderLength + length;
      if (this.#pending.length < end) break;
      this.#message.push(this.#pending.subarray(recordHeaderLength, end));
      this.#messageLength += length;
      this.#pending = this.#pending.subarray(end);
      const hello = this.#complete();
      if (hello !== 'incomplete') return hello;
    }
    return 'incomplete';
  }

  #complete(): ReceivedClientHello | 'incomplete' | 'unreadable' {
    const first = this.#message[0];
    if (first?.[0] !== clientHelloMessage) return 'unreadable';
    if (this.#messageLength < 4) return 'incomplete';
    // No record is empty, so four of them hold the header of the message.
    const header = Buffer.concat(this.#message.slice(0, 4));
    const length = 4 + header.readUIntBE(1, 3);
    if (length > maximumMessageLength) return 'unreadable';
    if (this.#messageLength < length) return 'incomplete';
    try {
      return parseClientHello(new PresentationReader(Buffer.concat(this.#message).subarray(4, length)));
    } catch (error) {
      if (error instanceof RangeError) return 'unreadable';
      throw error;
    }
  }
}

/** @throws RangeError when a length leads beyond the message */
function parseClientHello(body: PresentationReader): ReceivedClientHello {
  const legacyVersion = body.uint(2);
  body.opaque(32);
  const sessionId = body.vector(1).toString('hex');
  body.vector(2);
  body.vector(1);
  let versions: readonly number[] = [legacyVersion];
  let ticketKeyName: string | undefined;
  let serverName: string | undefined;
  let pskKeyNames: readonly string[] = [];
  const extensions = new PresentationReader(body.remaining > 0 ? body.vector(2) : Buffer.alloc(0));
  while (extensions.remaining > 0) {
    const type = extensions.uint(2);
    const value = new PresentationReader(extensions.vector(2));
    if (type === extension.supportedVersions) versions = new PresentationReader(value.vector(1)).uint16List();
    else if (type === extension.serverName) serverName = readServerName(new PresentationReader(value.vector(2)));
    else if (type === extension.sessionTicket) ticketKeyName = keyNameOf(value.opaque(value.remaining));
    else if (type === extension.preSharedKey) pskKeyNames = readIdentities(new PresentationReader(value.vector(2)));
  }
  return { versions, sessionId, serverName, ticketKeyName, pskKeyNames };
}

/** One name of each kind (RFC 6066 3), and there is one kind: TLS refuses a list of other content. */
function readServerName(list: PresentationReader): string | undefined {
  return list.uint(1) === hostNameKind ? list.vector(2).toString('latin1') : undefined;
}

function readIdentities(list: PresentationReader): readonly string[] {
  const names: string[] = [];
  while (list.remaining > 0) {
    const name = keyNameOf(list.vector(2));
    if (name !== undefined) names.push(name);
    list.opaque(4);
  }
  return names;
}

/** A ticket begins with the name of the key that sealed it. */
function keyNameOf(ticket: Buffer): string | undefined {
  return ticket.length < keyNameLength ? undefined : ticket.toString('hex', 0, keyNameLength);
}

/**
 * Reads the ClientHello and puts its octets back, so that TLS finds them in the socket.
 * @param raw as accepted: paused, nothing read from it
 * @param timeout for the whole of it
 * @returns `unreadable` when TLS shall say what is wrong; `none` when the connection ended or stayed silent
 */
export function peekClientHello(
  raw: Socket,
  timeout: Milliseconds,
): Promise<ReceivedClientHello | 'unreadable' | 'none'> {
  return new Promise((resolve) => {
    const reader = new ClientHelloReader();
    const seen: Buffer[] = [];
    const finish = (outcome: ReceivedClientHello | 'unreadable' | 'none') => {
      clearTimeout(timer);
      raw.off('data', onData);
      raw.off('end', onEnd);
      raw.off('close', onEnd);
      raw.pause();
      raw.unshift(Buffer.concat(seen));
      resolve(outcome);
    };
    const onData = (octets: Buffer) => {
      seen.push(octets);
      // The reader takes no longer message and no empty record, so that it ends by itself.
      const outcome = reader.add(octets);
      if (outcome !== 'incomplete') finish(outcome);
    };
    const onEnd = () => finish('none');
    const timer = setTimeout(onEnd, timeout);
    raw.on('data', onData);
    raw.once('end', onEnd);
    raw.once('close', onEnd);
    raw.resume();
  });
}
