/** What may still come after the handshake (RFC 8446 4.6): tickets and key updates, counted so that they cannot come for ever. */
import type { Established } from './handshake/client-handshake.ts';
import type { HandshakeMessage } from './handshake/handshake-reader.ts';
import { TlsViolation } from './tls-error.ts';
import { readSessionTicket, type Tls13Session } from './tls13-session.ts';

/** OpenSSL gives up after as many key updates, and after as many empty records, in a row. */
const maximumWithoutData = 32;
/** Servers send two or so; more than this of the newest are not worth their memory. */
const sessionsKept = 4;

export class ConnectedState {
  #sessions: readonly Tls13Session[] = [];
  #withoutData = 0;

  /** The newest first. */
  get sessions(): readonly Tls13Session[] {
    return this.#sessions;
  }

  /** To be called for each record with application data; one without any is no progress. @throws TlsViolation */
  sawData(octets: number): void {
    if (octets > 0) this.#withoutData = 0;
    else this.#count();
  }

  /** @returns the session that the ticket stands for, unless it may not be used @throws TlsViolation */
  takeTicket({ body }: HandshakeMessage, established: Established | undefined, now: number): Tls13Session | undefined {
    this.#count();
    // Its secret depends on the client's Finished.
    if (!established) throw new TlsViolation('unexpected_message', 'a ticket came before the handshake was over');
    const session = readSessionTicket(body, established, now);
    if (session) this.#sessions = [session, ...this.#sessions].slice(0, sessionsKept);
    return session;
  }

  /** @returns whether the server wants us to update our keys as well @throws TlsViolation */
  takeKeyUpdate({ body }: HandshakeMessage): boolean {
    this.#count();
    if (body.length !== 1) throw new TlsViolation('decode_error', 'its KeyUpdate is not one octet');
    const [request = 0] = body;
    if (request > 1) throw new TlsViolation('illegal_parameter', `its KeyUpdate asks for ${request}`);
    return request === 1;
  }

  #count(): void {
    this.#withoutData += 1;
    if (this.#withoutData > maximumWithoutData)
      throw new TlsViolation('unexpected_message', `it sent more than ${maximumWithoutData} messages without any data`);
  }
}
