/** A Tls13Client over TCP with what basic-ftp asks of its sockets besides: addresses, counters and the idle timer of the connection. */
import type { Socket } from 'node:net';
import { Tls13Client, type Tls13ClientOptions } from '../tls13-client.ts';

export interface FtpSocketOptions extends Omit<Tls13ClientOptions, 'socket' | 'toleratesTruncation'> {
  readonly socket: Socket;
}

/** What basic-ftp 6 uses of a control or data socket beyond a Duplex. */
const usedByBasicFtp: readonly string[] = [
  ...['setTimeout', 'setKeepAlive', 'remoteAddress', 'remoteFamily', 'remotePort', 'localPort'],
  ...['bytesRead', 'bytesWritten', 'encrypted', 'getCipher'],
];

export class FtpSocket extends Tls13Client {
  /** From this basic-ftp knows that PBSZ and PROT are due. */
  readonly encrypted = true;
  readonly #tcp: Socket;

  constructor(options: FtpSocketOptions) {
    // Once an upload is over the server has nothing to say, so a bare FIN cuts nothing off.
    super({ ...options, toleratesTruncation: () => this.writableEnded });
    this.#tcp = options.socket;
    this.#tcp.on('timeout', () => this.emit('timeout'));
  }

  get remoteAddress(): string | undefined {
    return this.#tcp.remoteAddress;
  }

  get remoteFamily(): string | undefined {
    return this.#tcp.remoteFamily;
  }

  get remotePort(): number | undefined {
    return this.#tcp.remotePort;
  }

  get localPort(): number | undefined {
    return this.#tcp.localPort;
  }

  /** Octets on the wire, from which basic-ftp sees that a transfer goes on. */
  get bytesRead(): number {
    return this.#tcp.bytesRead;
  }

  get bytesWritten(): number {
    return this.#tcp.bytesWritten;
  }

  /** Undefined until the handshake is over: basic-ftp starts an upload by that. */
  getCipher(): { readonly name: string; readonly version: string } | undefined {
    return this.cipherSuite === undefined ? undefined : { name: this.cipherSuite, version: this.protocol };
  }

  setTimeout(milliseconds: number): this {
    this.#tcp.setTimeout(milliseconds);
    return this;
  }

  setKeepAlive(isOn: boolean): this {
    this.#tcp.setKeepAlive(isOn);
    return this;
  }
}

/** basic-ftp's types name a net.Socket where it uses only this much of one. */
export function servesBasicFtp(socket: FtpSocket): socket is FtpSocket & Socket {
  return usedByBasicFtp.every((member) => member in socket);
}
