/** What a server's NewSessionTicket makes of a connection (RFC 8446 4.6.1): a session that a later connection resumes without a card. */
import type { CipherSuite } from './cipher-suites.ts';
import { type ExtensionName, readHandshakeExtensions } from './handshake/extensions.ts';
import { hkdfExpandLabel } from './handshake/key-schedule.ts';
import { WireReader } from './presentation-language.ts';

/** Called with the server's certificates (DER, the end entity first); throws, or rejects, to refuse them. */
export type ServerVerification = (chain: readonly Buffer[]) => void | Promise<void>;

/** Its holder can resume the connection it comes from: it must never be logged or stored. */
export interface Tls13Session {
  readonly suite: CipherSuite;
  readonly ticket: Buffer;
  readonly psk: Buffer;
  readonly ageAdd: number;
  /** Milliseconds, of the clock of the client that received it. */
  readonly receivedAt: number;
  readonly lifetimeSeconds: number;
  readonly serverName: string | undefined;
  /** The server proved itself with these, and they passed `verifyServer`; a client with another verification cannot resume. */
  readonly peerCertificates: readonly Buffer[];
  readonly verifyServer: ServerVerification;
}

/** Seven days: no ticket may live longer. */
const maximumLifetimeSeconds = 604_800;
/** Tickets hold the client's certificates; one that is longer does not fit into a ClientHello beside the rest. */
const maximumTicketOctets = 32_768;
const offered: ReadonlySet<ExtensionName> = new Set();

export interface TicketOrigin {
  readonly suite: CipherSuite;
  readonly resumptionMasterSecret: Buffer;
  readonly serverName: string | undefined;
  readonly peerCertificates: readonly Buffer[];
  readonly verifyServer: ServerVerification;
}

/**
 * Reads the body of a NewSessionTicket.
 * @returns undefined for a ticket that may not be used at all
 * @throws TlsViolation
 */
export function readSessionTicket(body: Buffer, origin: TicketOrigin, receivedAt: number): Tls13Session | undefined {
  const { resumptionMasterSecret, suite, ...identity } = origin;
  const reader = new WireReader(body, 'its NewSessionTicket');
  const lifetimeSeconds = Math.min(reader.uint(4), maximumLifetimeSeconds);
  const ageAdd = reader.uint(4);
  const nonce = reader.vector(1);
  const ticket = Buffer.from(reader.vector(2, 1));
  readHandshakeExtensions(reader.vector(2), 'NewSessionTicket', offered);
  reader.end();
  if (lifetimeSeconds === 0 || ticket.length > maximumTicketOctets) return undefined;
  const psk = hkdfExpandLabel(suite.hash, resumptionMasterSecret, 'resumption', nonce, suite.hashLength);
  return { ...identity, suite, ticket, psk, ageAdd, receivedAt, lifetimeSeconds };
}

/** Whether `session` may be offered to this server: still alive, same name, and verified in the same way. */
export function isResumable(
  session: Tls13Session,
  wanted: { readonly serverName: string | undefined; readonly verifyServer: ServerVerification; readonly now: number },
): boolean {
  const age = wanted.now - session.receivedAt;
  return (
    age >= 0 &&
    age < session.lifetimeSeconds * 1000 &&
    session.serverName === wanted.serverName &&
    session.verifyServer === wanted.verifyServer
  );
}
