/**
 * The tickets of TLS sessions, sealed by a key of each control session (RFC 5077, RFC 8446 4.6.1). A client resumes on a data connection what it proved
 * on its control connection, so that its card signs once. A ticket is no login: no control connection ever resumes one.
 */
import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type ContextOptions, HandshakeContexts, type TicketCallback } from './handshake-contexts.ts';

interface TicketKey {
  readonly name: Buffer;
  readonly hmac: Buffer;
  readonly aes: Buffer;
}

/**
 * `receiving`: the client sends. What the server writes behind the handshake may stay unread then, and unread octets turn the client's FIN
 * into RST. `sending`: the client reads, and so it reads tickets.
 */
export type TransferDirection = 'receiving' | 'sending';

/** What the handshake is for that asks for a ticket, or shows one. `undecided`: no transfer command has come yet. */
export type HandshakePurpose = 'control' | 'undecided' | TransferDirection;

const partLength = 16;
/** Node copies these lengths whatever the answer is. */
const nothing = Buffer.alloc(partLength);
/** OpenSSL's answers (SSL_CTX_set_tlsext_ticket_key_evp_cb): no ticket, a ticket, and a ticket to be replaced by a new one. */
const answer = { none: 0, usable: 1, renewed: 2 } as const;

/** Sessions without tickets that are kept for one control session: TLS 1.2 clients that ask for none, libcurl among them. */
const maximumSessionIds = 64;

interface KeptSession {
  readonly issuer: SessionTickets;
  readonly state: Buffer;
}

/** What the sessions of one server have in common. */
export class SessionKin {
  /** OpenSSL resumes only within one context of this name (RFC 5246 leaves it to the server). */
  readonly contextName = randomBytes(partLength).toString('hex');
  /** By the names of their keys. */
  readonly issuers = new Map<string, SessionTickets>();
  /** By session id, lower-case hexadecimal. */
  readonly kept = new Map<string, KeptSession>();
  #contexts: { readonly options: ContextOptions; readonly contexts: HandshakeContexts } | undefined;

  /** @param options others than the last time: of a new certificate, while older sessions keep what they began with. @throws Error of OpenSSL */
  contextsFor(options: ContextOptions): HandshakeContexts {
    if (this.#contexts?.options !== options)
      this.#contexts = { options, contexts: new HandshakeContexts(options, this.contextName) };
    return this.#contexts.contexts;
  }
}

export class SessionTickets {
  /** Lower-case hexadecimal; it stands in every ticket. */
  readonly keyName: string;
  /**
   * Who is logged in, from where; sessions of one owner share their tickets, as clients with several control connections share
   * theirs. Undefined: before the login, and then no other session’s ticket counts.
   */
  owner: string | undefined;
  readonly #key: TicketKey;
  readonly #kin: SessionKin;
  readonly #sessionIds: LRUCache<string, true>;

  /** @param kin the other sessions of the server */
  constructor(kin: SessionKin) {
    this.#key = { name: randomBytes(partLength), hmac: randomBytes(partLength), aes: randomBytes(partLength) };
    this.keyName = this.#key.name.toString('hex');
    this.#kin = kin;
    this.#sessionIds = new LRUCache({ max: maximumSessionIds, dispose: (_kept, id) => kin.kept.delete(id) });
    kin.issuers.set(this.keyName, this);
  }

  /** From now on nothing of it can be resumed. */
  close(): void {
    this.#kin.issuers.delete(this.keyName);
    this.#sessionIds.clear();
  }

  /** Whether a ticket under this key name may be resumed on a data connection of this session. */
  honours(keyName: string): boolean {
    return this.#mayResume(this.#kin.issuers.get(keyName));
  }

  /**
   * @param sessionId lower-case hexadecimal
   * @param state as OpenSSL encodes a session
   */
  keep(sessionId: string, state: Buffer): void {
    this.#sessionIds.set(sessionId, true);
    this.#kin.kept.set(sessionId, { issuer: this, state });
  }

  /** What was kept under this id and may be resumed on a data connection of this session. */
  kept(sessionId: string): Buffer | undefined {
    const kept = this.#kin.kept.get(sessionId);
    return this.#mayResume(kept?.issuer) ? kept?.state : undefined;
  }

  /**
   * @param purpose of the handshake that it answers for
   * @param isTls13 whether the context makes tickets of TLS 1.3, which go out behind the handshake and not in it
   */
  callback(purpose: () => HandshakePurpose, isTls13: boolean): TicketCallback {
    return (name, _iv, isNew) => {
      const current = purpose();
      if (isNew) {
        const withheld = isTls13 && (current === 'receiving' || current === 'undecided');
        const { hmac, aes, name: keyName } = this.#key;
        return [withheld ? answer.none : answer.usable, hmac, aes, keyName, randomBytes(partLength)];
      }
      const issuer = this.#kin.issuers.get(name.toString('hex'));
      if (current === 'control' || !issuer || !this.#mayResume(issuer)) return [answer.none, nothing, nothing];
      const { hmac, aes } = issuer.#key;
      // Renewal is decided when the ticket comes, and whether a new one goes out at the end of the handshake.
      return [isTls13 && current !== 'receiving' ? answer.renewed : answer.usable, hmac, aes];
    };
  }

  #mayResume(issuer: SessionTickets | undefined): boolean {
    return issuer === this || (issuer?.owner !== undefined && issuer.owner === this.owner);
  }
}
