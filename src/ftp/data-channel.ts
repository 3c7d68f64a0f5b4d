/**
 * The data channel of one control connection: one passive listener at a time, the connection that arrived on it, its TLS
 * handshake from the moment of accept, and the proof that it is the client's. It opens no connection to anywhere.
 */
import type { Socket } from 'node:net';
import { type Denial, denial } from '../denial.ts';
import { DataConnection, type DataStreams, dataHighWaterMark } from './data-connection.ts';
import { judgeDataPeer } from './data-peer.ts';
import { openPassiveListener, type PassiveListener } from './passive-listener.ts';
import type { SessionSecurity } from './secure-context.ts';
import type { FtpServerOptions } from './server-options.ts';
import { completeHandshake } from './tls-upgrade.ts';
import { WithholdingSocket } from './withholding-socket.ts';

/** RFC 2228 section 3: C clear, P private. */
export type ProtectionLevel = 'C' | 'P';

export interface ControlProof {
  readonly security: SessionSecurity;
  /** DER of the end entity certificate of the control connection's full handshake. */
  readonly leaf?: Buffer;
}

export interface DataChannelOptions {
  readonly site: Pick<FtpServerOptions, 'passive' | 'dataChannelBinding' | 'timeouts'>;
  readonly localAddress: string;
  readonly peerAddress: string;
  /** Records a refused data connection. @returns the reference for the client */
  readonly onRefusal: (refusal: Denial) => string;
}

export type Opened =
  | { readonly outcome: 'open'; readonly connection: DataConnection }
  | { readonly outcome: 'denied'; readonly denial: Denial; readonly reference: string }
  /** No connection arrived in time, or the transfer was given up. */
  | { readonly outcome: 'none' };

export class DataChannel {
  protection: ProtectionLevel = 'C';
  /** What a protected data connection is compared with; absent while the control connection is in the clear. */
  proof: ControlProof | undefined;
  readonly #options: DataChannelOptions;
  #attempt: Attempt | undefined;
  #strangerMayResume = false;

  constructor(options: DataChannelOptions) {
    this.#options = options;
  }

  /** Whether PASV or EPSV prepared a data connection that is not used yet. */
  get isPrepared(): boolean {
    return this.#attempt !== undefined;
  }

  /** Whether the data connection is there already, which makes the answer 125 instead of 150. */
  get hasArrived(): boolean {
    return this.#attempt?.raw !== undefined;
  }

  /** Replaces an earlier listener. @returns the port, or undefined when the port range is exhausted */
  async listen(): Promise<number | undefined> {
    this.close();
    const arrived = Promise.withResolvers<Socket | undefined>();
    const attempt: Attempt = { arrived, raw: undefined, opened: undefined, listener: undefined };
    this.#attempt = attempt;
    const listener = await openPassiveListener({
      address: this.#options.localAddress,
      ...(this.#options.site.passive.ports === undefined ? {} : { ports: this.#options.site.passive.ports }),
      peerAddress: this.#options.peerAddress,
      highWaterMark: dataHighWaterMark,
      onConnection: (socket) => this.#accept(attempt, socket),
      onForeign: (address) => void this.#options.onRefusal(foreign(address, this.#options.peerAddress)),
    });
    if (!listener || this.#attempt !== attempt) {
      listener?.close();
      if (this.#attempt === attempt) this.#attempt = undefined;
      return undefined;
    }
    attempt.listener = listener;
    return listener.port;
  }

  /** Waits for the data connection and its proof; each PASV serves one transfer. */
  async open(signal: AbortSignal): Promise<Opened> {
    const attempt = this.#attempt;
    if (!attempt) return { outcome: 'none' };
    const giveUp = () => discard(attempt);
    const timer = setTimeout(giveUp, this.#options.site.timeouts.dataChannel);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    const raw = await attempt.arrived.promise;
    clearTimeout(timer);
    const opened = raw === undefined ? none : await this.#opening(attempt, raw);
    signal.removeEventListener('abort', giveUp);
    if (this.#attempt === attempt) this.#attempt = undefined;
    attempt.listener?.close();
    return opened;
  }

  close(): void {
    if (this.#attempt) discard(this.#attempt);
    this.#attempt = undefined;
  }

  /** Forgets the TLS session it was tied to. */
  reset(): void {
    this.close();
    this.protection = 'C';
    this.proof = undefined;
    this.#strangerMayResume = false;
  }

  #accept(attempt: Attempt, socket: Socket): void {
    if (this.#attempt !== attempt) {
      socket.destroy();
      return;
    }
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    attempt.raw = socket;
    // Some clients finish the handshake before they send the transfer command, so it cannot wait for that.
    if (this.protection === 'P') attempt.opened = this.#secure(socket);
    attempt.arrived.resolve(socket);
  }

  #opening(attempt: Attempt, raw: Socket): Promise<Opened> {
    if (attempt.opened) {
      if (this.protection === 'P') return attempt.opened;
      raw.destroy();
      return Promise.resolve(none);
    }
    if (this.protection === 'P') return this.#secure(raw);
    return Promise.resolve(
      this.#open({ raw, facts: { protection: 'C' }, silence: this.#options.site.timeouts.dataChannel }),
    );
  }

  async #secure(raw: Socket): Promise<Opened> {
    const { proof } = this;
    if (!proof) {
      raw.destroy();
      return none;
    }
    const transport = new WithholdingSocket(raw, dataHighWaterMark);
    const tls = proof.security.wrap(transport, dataHighWaterMark);
    const outcome = await completeHandshake(tls, this.#options.site.timeouts.handshake);
    if (outcome.outcome === 'failed') {
      raw.destroy();
      return this.#refuse(denial('data-tls-failed', `TLS on the data connection failed: ${outcome.reason}.`));
    }
    const { leaf, resumed, facts } = outcome.handshake;
    const judgement = judgeDataPeer(this.#options.site.dataChannelBinding, {
      ...(proof.leaf === undefined ? {} : { controlLeaf: proof.leaf }),
      ...(leaf === undefined ? {} : { dataLeaf: leaf }),
      resumed,
      strangerMayResume: this.#strangerMayResume,
    });
    if (!judgement.proven) {
      if (!resumed) this.#strangerMayResume = true;
      // Without release the tickets never leave, and RST cannot be taken for the end of a file.
      raw.resetAndDestroy();
      return this.#refuse(judgement.denial);
    }
    return this.#open({
      raw,
      secure: { tls, transport },
      facts: { protection: 'P', protocol: facts.protocol, cipher: facts.cipher, ...judgement.facts },
      silence: this.#options.site.timeouts.dataChannel,
    });
  }

  /** Recorded when it happens, whether or not a transfer command ever asks for the connection. */
  #refuse(refusal: Denial): Opened {
    return { outcome: 'denied', denial: refusal, reference: this.#options.onRefusal(refusal) };
  }

  #open(streams: DataStreams): Opened {
    return { outcome: 'open', connection: new DataConnection(streams) };
  }
}

/** One PASV or EPSV until its transfer. */
interface Attempt {
  readonly arrived: PromiseWithResolvers<Socket | undefined>;
  raw: Socket | undefined;
  /** The handshake and proof, when they began at accept. */
  opened: Promise<Opened> | undefined;
  listener: PassiveListener | undefined;
}

const none: Opened = { outcome: 'none' };

function discard(attempt: Attempt): void {
  attempt.listener?.close();
  attempt.raw?.destroy();
  attempt.arrived.resolve(undefined);
}

function foreign(address: string, peerAddress: string): Denial {
  return denial('data-address-mismatch', 'A connection to the passive port came from elsewhere.', {
    dataAddress: address,
    controlAddress: peerAddress,
  });
}
