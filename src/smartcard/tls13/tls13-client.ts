/**
 * A TLS 1.3 client (RFC 8446) over any connection, whose certificate is proven by a signature made outside of it, such as by a
 * card. It never connects by itself, never speaks another version, and never trusts a server that was not verified.
 */
import { Duplex } from 'node:stream';
import type { AlertName } from './alerts.ts';
import type { CipherSuiteName } from './cipher-suites.ts';
import type { CredentialChooser, SignatureScheme } from './client-credential.ts';
import { closeGently } from './closing.ts';
import { serverNameOf } from './handshake/server-name.ts';
import { TlsEngine } from './tls-engine.ts';
import { HandshakeTimeout, TlsTruncated } from './tls-error.ts';
import type { ServerVerification, Tls13Session } from './tls13-session.ts';
import { defaultRecordsPerKey, maximumContentLength } from './traffic-keys.ts';

export interface Tls13ClientOptions {
  /** The connection, or one being made. No other code may read from it or write to it from now on, and it must not decode text. */
  readonly socket: Duplex;
  /** What the server is called: a name goes to it as server_name (RFC 6066 3), an IP address does not. */
  readonly serverName: string;
  /**
   * Judges the server's certificates, after the server has proven that it holds the key of the first one; throws to refuse.
   * Not asked for a resumed session, which resumes only under the very same function. See `createServerVerifier`.
   */
  readonly verifyServer: ServerVerification;
  /** Asked at most once, when the verified server wants a certificate. Default: the client has no certificate. */
  readonly chooseCredential?: CredentialChooser | undefined;
  /** Of an earlier connection; offered if it is still alive and belongs to this name. The server may decline it. */
  readonly session?: Tls13Session | undefined;
  /** Milliseconds for the whole handshake, the person with the card included. Default 30 000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /**
   * Asked when the connection ends without close_notify. True: it counts as ended, and `truncated` tells. Default: never, the
   * connection fails with TlsTruncated, since an attacker who can cut it could make a part look like the whole.
   */
  readonly toleratesTruncation?: () => boolean;
  /** Milliseconds; the age of sessions is reckoned by it. Default: the clock of the machine. */
  readonly now?: (() => number) | undefined;
  /** Keys are updated after so many records. Default 2^24. */
  readonly recordsPerKey?: number;
}

type Callback = (error?: Error | null) => void;

const defaultHandshakeTimeoutMs = 30_000;
/** Octets handed to the connection at a time. */
const writeLength = 4 * maximumContentLength;

/**
 * Octets written come out at the server, octets of the server are read here. The handshake begins at once; what is written
 * before it is over waits.
 *
 * `end` sends close_notify and ends our side alone; the server's close_notify ends the readable side alone (RFC 8446 6.1).
 *
 * Events besides those of a Duplex: `secureConnect` when the handshake is over, `session` with each Tls13Session the server
 * offers. A server may still refuse the certificate after `secureConnect`: TLS 1.3 tells so later, by an `error`.
 *
 * Errors are TlsError, those of the connection, and whatever `verifyServer`, `chooseCredential` and `sign` throw.
 */
export class Tls13Client extends Duplex {
  readonly protocol = 'TLSv1.3';
  readonly #socket: Duplex;
  readonly #engine: TlsEngine;
  readonly #timer: NodeJS.Timeout;
  readonly #toleratesTruncation: () => boolean;
  /** For the message of a timeout. */
  #waitingFor = 'the server';
  #isAnswering = false;
  /** What to do as soon as application data may be sent. */
  #onEstablished: (() => void) | undefined;
  #isFull = false;
  #isProcessing = false;
  #isReadingOver = false;
  #hasConnectionEnded = false;
  #isTruncated = false;

  /** @throws TypeError when `serverName` is neither an IP address nor a DNS name */
  constructor(options: Tls13ClientOptions) {
    super();
    const { socket, verifyServer, chooseCredential, session, now = Date.now, toleratesTruncation } = options;
    const { handshakeTimeoutMs = defaultHandshakeTimeoutMs, recordsPerKey = defaultRecordsPerKey } = options;
    const serverName = serverNameOf(options.serverName);
    this.#socket = socket;
    this.#toleratesTruncation = toleratesTruncation ?? (() => false);
    this.#engine = new TlsEngine(
      { serverName, verifyServer, chooseCredential, session, now, recordsPerKey },
      {
        write: (octets) => this.#send(octets),
        data: (octets) => {
          this.#isFull = !this.push(octets);
        },
        session: (received) => void this.emit('session', received),
        closeNotify: () => this.#closeNotified(),
      },
    );
    this.#timer = setTimeout(() => {
      this.#fail(new HandshakeTimeout(handshakeTimeoutMs, this.#waitingFor), 'user_canceled');
    }, handshakeTimeoutMs);
    socket
      .on('data', (octets: Buffer) => {
        this.#engine.add(octets);
        this.#process();
      })
      .on('drain', () => this.#engine.payKeyUpdate())
      .on('error', (error) => this.destroy(error))
      .on('end', () => this.#connectionEnded())
      .on('close', () => this.#connectionEnded())
      .resume();
    this.#engine.start();
  }

  /** Undefined until the handshake is over; so are those below. */
  get cipherSuite(): CipherSuiteName | undefined {
    return this.#engine.established?.suite.name;
  }

  /** What the client signed with; undefined as well when the server asked for no signature or got none. */
  get signatureScheme(): SignatureScheme | undefined {
    return this.#engine.established?.signatureScheme;
  }

  /** DER of the server's certificate; of a resumed session the one it was made with. */
  get peerCertificate(): Buffer | undefined {
    return this.#engine.established?.peerCertificates[0];
  }

  get sessionReused(): boolean {
    return this.#engine.established !== undefined && this.#engine.isResumed;
  }

  /** The newest sessions the server has offered, the newest first, four at most. */
  get sessions(): readonly Tls13Session[] {
    return this.#engine.sessions;
  }

  /** The connection ended without close_notify, and `toleratesTruncation` allowed it. */
  get truncated(): boolean {
    return this.#isTruncated;
  }

  /** Resolves when the handshake is over; rejects with the error that ended the connection before. */
  handshake(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => () => {
        this.off('secureConnect', connected).off('error', failed).off('close', closed);
        outcome();
      };
      const ended = () => reject(this.errored ?? new TlsTruncated('handshake'));
      const connected = settle(resolve);
      const failed = settle(ended);
      const closed = settle(ended);
      if (this.#engine.established) resolve();
      else if (this.destroyed) ended();
      else this.on('secureConnect', connected).on('error', failed).on('close', closed);
    });
  }

  override _read(): void {
    this.#isFull = false;
    this.#process();
  }

  override _write(octets: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#whenEstablished(() => this.#writeFrom(octets, 0, callback));
  }

  override _final(callback: Callback): void {
    this.#whenEstablished(() => {
      this.#engine.close();
      if (this.#socket.writable) this.#socket.end(callback);
      else callback();
    });
  }

  override _destroy(error: Error | null, callback: Callback): void {
    clearTimeout(this.#timer);
    if (!error && this.#engine.established) this.#engine.close();
    this.#engine.wipe();
    closeGently(this.#socket);
    callback(error);
  }

  /** What is sent in one turn goes as one segment, since a second small one waits for an acknowledgement. */
  #send(octets: Buffer): void {
    // A connection that the server has ended altogether takes nothing more; its end is told elsewhere.
    if (!this.#socket.writable) return;
    this.#socket.cork();
    this.#socket.write(octets);
    process.nextTick(() => this.#socket.uncork());
  }

  #writeFrom(octets: Buffer, offset: number, callback: Callback): void {
    if (this.destroyed || offset >= octets.length) {
      callback();
      return;
    }
    const end = Math.min(octets.length, offset + writeLength);
    this.#socket.cork();
    let start = offset;
    for (; start + maximumContentLength < end; start += maximumContentLength)
      this.#socket.write(this.#engine.seal(octets.subarray(start, start + maximumContentLength)));
    this.#socket.write(this.#engine.seal(octets.subarray(start, end)), (error) => {
      if (error) callback(error);
      else this.#writeFrom(octets, end, callback);
    });
    this.#socket.uncork();
  }

  /** Works on what has arrived, as long as the reader takes what comes out and the server need not be judged first. */
  #process(): void {
    if (this.#isProcessing || this.destroyed) return;
    this.#isProcessing = true;
    try {
      while (!this.#isHeld && this.#engine.step());
      if (!this.#socket.writableNeedDrain) this.#engine.payKeyUpdate();
    } catch (error) {
      this.#fail(error, 'internal_error');
    } finally {
      this.#isProcessing = false;
    }
    if (this.destroyed) return;
    if (this.#isHeld) this.#socket.pause();
    else if (this.#hasConnectionEnded) this.#concludeConnection();
    else this.#socket.resume();
    if (this.#engine.isServerToBeVerified && !this.#isAnswering) void this.#answer();
  }

  get #isHeld(): boolean {
    return this.#isFull || this.#engine.isServerToBeVerified || this.destroyed;
  }

  async #answer(): Promise<void> {
    let otherwise: AlertName = 'certificate_unknown';
    this.#isAnswering = true;
    try {
      this.#waitingFor = 'the verification of the server';
      await this.#engine.verifyServer();
      otherwise = 'user_canceled';
      this.#waitingFor = 'the certificate and signature of the client';
      // Alerts of the server are heard while the card signs.
      this.#process();
      if (this.destroyed) return;
      await this.#engine.answer();
    } catch (error) {
      return this.#fail(error, otherwise);
    }
    if (this.destroyed) return;
    clearTimeout(this.#timer);
    this.#engine.payKeyUpdate();
    this.emit('secureConnect');
    this.#onEstablished?.();
  }

  #whenEstablished(action: () => void): void {
    if (this.#engine.established) action();
    else this.#onEstablished = action;
  }

  /** A server that ends before the handshake is over has given it up. */
  #closeNotified(): void {
    if (this.#engine.established) this.#endReading();
    else this.destroy(new TlsTruncated('handshake'));
  }

  #endReading(): void {
    this.#isReadingOver = true;
    this.push(null);
  }

  /** A connection may end while records that came before are still held back. */
  #connectionEnded(): void {
    this.#hasConnectionEnded = true;
    this.#process();
  }

  #concludeConnection(): void {
    if (this.#isReadingOver || this.destroyed) return;
    const isEstablished = this.#engine.established !== undefined;
    if (!isEstablished || !this.#toleratesTruncation()) {
      this.destroy(new TlsTruncated(isEstablished ? 'data' : 'handshake'));
      return;
    }
    this.#isTruncated = true;
    this.#endReading();
  }

  #fail(error: unknown, otherwise: AlertName): void {
    if (this.destroyed) return;
    this.#engine.fail(error, otherwise);
    this.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}
