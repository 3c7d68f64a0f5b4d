/**
 * Contexts of OpenSSL for the handshakes of one server. Each costs a third of a millisecond and some 35 KiB that the collector does not see, too
 * much for every session. But the callback for tickets is told of a context, not of a connection: so a context serves one handshake at a
 * time, of any session, and the callback answers for that one. A connection keeps what it needs of the context that it began with.
 */
import { constants, randomBytes } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { CertificateStatuses } from './certificate-statuses.ts';
import { certificateOptions, type NamedCertificates, namedCertificates, ServerNames } from './server-names.ts';
import type { ClientCertificatePolicy, SslSettings, TlsIdentity } from './tls-settings.ts';

/** As Node calls it: with the key name and initialisation vector of the ticket shown, or for a new ticket. */
export type TicketCallback = (name: Buffer, iv: Buffer, isNew: boolean) => readonly [number, ...Buffer[]];

export interface ContextOptions {
  readonly identity: TlsIdentity;
  readonly site: {
    readonly ssl: Pick<SslSettings, 'minimumVersion' | 'maximumVersion' | 'signatureAlgorithms' | 'ocspStapling'>;
    readonly sslClientCertificates: { readonly clientCertificatePolicy: ClientCertificatePolicy };
  };
  /** Where the site staples them; absent: none is ever at hand. */
  readonly statuses?: CertificateStatuses;
}

/** What Node has and does not document: the answer to each ticket, and the end of a context’s memory. */
interface NativeContext {
  readonly enableTicketKeyCallback?: () => void;
  onticketkeycallback?: TicketCallback;
  readonly close?: () => void;
}

/** Longer than any session: an expired ticket has the card asked for its PIN in the middle of the work. */
const ticketLifetimeSeconds = 86_400;
const ticketKeysLength = 48;
/** Of each version and certificate, for the next handshakes; above it their memory is given back. */
const maximumKept = 64;
/** Of those of all certificates but the first: a site has few clients that name a host in some handshakes and not in others. */
const maximumKeptOfOthers = 8;

export interface HandshakeContext {
  readonly context: SecureContext;
  /** To be called when nothing of the handshake is to come; again it does nothing. */
  readonly release: () => void;
}

/** Node copies four parts of this length whatever the answer is. */
const nothing = Buffer.alloc(16);
const noTicket: TicketCallback = () => [0, nothing, nothing, nothing, nothing];

type Version = SslSettings['maximumVersion'];

interface MadeContext {
  readonly version: Version;
  readonly certificates: NamedCertificates | undefined;
  readonly context: SecureContext;
  readonly native: NativeContext;
}

export class HandshakeContexts {
  readonly maximumVersion: SslSettings['maximumVersion'];
  readonly minimumVersion: SslSettings['minimumVersion'];
  readonly requestsCertificate: boolean;
  /** Where Node has no such callback, each context has ticket keys of its own, and must serve one session alone. */
  readonly canAnswerTickets: boolean;
  readonly names: ServerNames;
  /** Absent where the site tells no status. */
  readonly statuses: CertificateStatuses | undefined;
  readonly #options: ContextOptions;
  readonly #certificates: NamedCertificates | undefined;
  readonly #name: string;
  readonly #free = new Map<Version, MadeContext[]>();
  readonly #freeOfOthers: MadeContext[] = [];

  /** @param name OpenSSL resumes only within contexts of one name. @throws Error of OpenSSL when the identity cannot be used */
  constructor(options: ContextOptions, name: string) {
    this.#options = options;
    this.#name = name;
    this.maximumVersion = options.site.ssl.maximumVersion;
    this.minimumVersion = options.site.ssl.minimumVersion;
    this.requestsCertificate = options.site.sslClientCertificates.clientCertificatePolicy !== 'CertIgnore';
    this.statuses = options.site.ssl.ocspStapling ? options.statuses : undefined;
    const named = namedCertificates(options.identity);
    this.#certificates = named[0];
    this.names = new ServerNames(named, this.#common);
    const first = this.#make(this.maximumVersion);
    this.canAnswerTickets = first.native.enableTicketKeyCallback !== undefined;
    this.#giveBack(first);
  }

  /**
   * For one handshake.
   * @param tickets answers for it alone
   * @param name whose certificate a client gets that names no host; undefined: the first
   */
  take(version: Version, tickets: TicketCallback, name?: string): HandshakeContext {
    const certificates = name === undefined ? this.#certificates : this.names.certificatesFor(name);
    const made = this.#takeFree(version, certificates) ?? this.#make(version, certificates);
    made.native.onticketkeycallback = tickets;
    let isReleased = false;
    return {
      context: made.context,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        made.native.onticketkeycallback = noTicket;
        this.#giveBack(made);
      },
    };
  }

  #takeFree(version: Version, certificates: NamedCertificates | undefined): MadeContext | undefined {
    if (certificates === this.#certificates) return this.#free.get(version)?.pop();
    const free = this.#freeOfOthers;
    const index = free.findIndex((made) => made.version === version && made.certificates === certificates);
    return index < 0 ? undefined : free.splice(index, 1)[0];
  }

  #giveBack(made: MadeContext): void {
    const isFirst = made.certificates === this.#certificates;
    const free = isFirst ? (this.#free.get(made.version) ?? []) : this.#freeOfOthers;
    if (isFirst) this.#free.set(made.version, free);
    if (this.canAnswerTickets && free.length < (isFirst ? maximumKept : maximumKeptOfOthers)) free.push(made);
    else made.native.close?.();
  }

  /** Of the certificates of every name. */
  get #common() {
    const { identity, site } = this.#options;
    const areAsked = this.requestsCertificate && identity.caNames.length > 0;
    return { ca: areAsked ? [...identity.caNames] : undefined, sigalgs: site.ssl.signatureAlgorithms };
  }

  #make(version: Version, certificates = this.#certificates): MadeContext {
    const context = createSecureContext({
      ...(certificates && certificateOptions(certificates)),
      ...this.#common,
      minVersion: this.minimumVersion,
      maxVersion: version,
      ticketKeys: randomBytes(ticketKeysLength),
      sessionIdContext: this.#name,
      sessionTimeout: ticketLifetimeSeconds,
      // Renegotiation could change the peer's certificate after it was judged; Node's own switch lets it complete.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    });
    const native = context.context as NativeContext;
    native.enableTicketKeyCallback?.();
    return { version, certificates, context, native };
  }
}
