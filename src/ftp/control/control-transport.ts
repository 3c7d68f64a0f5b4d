/**
 * The TCP connection of one control connection and the TLS over it: which of the two is read and written, how TLS begins, and how it is laid
 * down where the policy of the site lets the control channel be clear. It knows no commands.
 */
import type { Socket } from 'node:net';
import type { SiteEntry } from '../listening/served-site.ts';
import { SessionSecurity } from '../tls/secure-context.ts';
import { ServerTlsSocket } from '../tls/server-tls-socket.ts';
import { behindRecords, TlsCarrier } from '../tls/tls-carrier.ts';
import { completeHandshake, type HandshakeOutcome } from '../tls/tls-upgrade.ts';

/** What hears of the connection. */
export interface TransportEvents {
  readonly onData: (chunk: Buffer) => void;
  readonly onEnd: () => void;
  /** TLS over it ended or failed. */
  readonly onLost: () => void;
}

export class ControlTransport {
  readonly #raw: Socket;
  readonly #events: TransportEvents;
  #socket: Socket;
  #reader: (chunk: Buffer) => void;
  #security: SessionSecurity | undefined;
  /** There while TLS may be laid down. */
  #carrier: TlsCarrier | undefined;
  #isChanging = false;

  constructor(raw: Socket, events: TransportEvents) {
    this.#raw = raw;
    this.#socket = raw;
    this.#events = events;
    this.#reader = events.onData;
  }

  /** What replies are written to: TLS, or the TCP connection. */
  get socket(): Socket {
    return this.#socket;
  }

  /** Whether TLS is being put up or laid down: nothing is read for commands meanwhile. */
  get isChanging(): boolean {
    return this.#isChanging;
  }

  get mayLayDownTls(): boolean {
    return this.#carrier !== undefined;
  }

  listen(socket = this.#raw, reader = this.#events.onData): void {
    this.#socket = socket;
    this.#reader = reader;
    socket.on('data', reader);
    socket.on('end', this.#events.onEnd);
    // The reading of a PROXY header stopped in front of the first command.
    if (socket.isPaused()) socket.resume();
  }

  resume(): void {
    if (!this.#isChanging && this.#socket.isPaused()) this.#socket.resume();
  }

  /** Stops reading before TLS begins. What came in the clear is thrown away; octets left in the kernel go to TLS. */
  hush(): void {
    this.#isChanging = true;
    this.#unlisten();
    this.#raw.pause();
    while (this.#raw.read() !== null);
  }

  /**
   * The handshake, behind which commands are read again if `begin` says so.
   * @param site whose TLS it is @param isImplicit such a connection is never clear
   */
  async secure(
    { options, kin }: Pick<SiteEntry, 'options' | 'kin'>,
    isImplicit: boolean,
    begin: (outcome: HandshakeOutcome, security: SessionSecurity) => boolean,
  ): Promise<boolean> {
    this.#isChanging = true;
    const security = new SessionSecurity(options, kin);
    this.#security = security;
    const mayBeClear = options.site.ssl.controlChannelPolicy !== 'SslRequire' && !isImplicit;
    this.#carrier = mayBeClear ? new TlsCarrier(this.#raw) : undefined;
    const socket = security.wrapControl(this.#raw, this.#carrier);
    const outcome = await completeHandshake(socket, options.site.connections.handshakeTimeout);
    this.#isChanging = false;
    if (!begin(outcome, security)) return false;
    for (const event of ['error', 'close']) socket.once(event, this.#events.onLost);
    this.listen(socket);
    return true;
  }

  /** Ends TLS behind what was written. @param goOn is called before anything is read in the clear */
  async layDownTls(goOn: () => void): Promise<void> {
    const [carrier, tls] = [this.#carrier, this.#socket];
    if (!carrier || !(tls instanceof ServerTlsSocket)) return;
    this.#carrier = undefined;
    this.#isChanging = true;
    this.#unlisten();
    tls.off('close', this.#events.onLost);
    await carrier.layDown(tls);
    this.#isChanging = false;
    if (this.#raw.destroyed) return;
    goOn();
    this.listen(this.#raw, behindRecords(this.#events.onData));
    this.#raw.resume();
  }

  /** Gives the memory of TLS back, when nothing begins a handshake of this session any more. */
  closeSecurity(): void {
    this.#security?.close();
    this.#security = undefined;
  }

  #unlisten(): void {
    this.#socket.off('data', this.#reader);
    this.#socket.off('end', this.#events.onEnd);
  }
}
