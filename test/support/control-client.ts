/** A small FTP client that shows every reply and byte: it pipelines, misbehaves and keeps TLS tickets as a test wants. */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { decodeOctets, encodeOctets } from '../../src/storage/octet-text.ts';

export interface ClientReply {
  readonly code: number;
  readonly lines: readonly string[];
  readonly text: string;
}

export type TlsIdentity = Pick<
  ConnectionOptions,
  'cert' | 'key' | 'minVersion' | 'maxVersion' | 'session' | 'servername'
>;

export class ControlClient {
  readonly raw: Socket;
  #socket: Socket;
  #text = '';
  #lines: string[] = [];
  #waiting: (() => void)[] = [];
  #closed = false;
  /** The newest TLS session, as a client keeps it for resumption. */
  session: Buffer | undefined;

  constructor(raw: Socket) {
    this.raw = raw;
    this.#socket = raw;
    raw.on('error', () => undefined);
    raw.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
    raw.on('data', this.#onData);
  }

  static async connect(port: number, localAddress = '127.0.0.1'): Promise<ControlClient> {
    const raw = connectTcp({ port, host: '127.0.0.1', localAddress });
    await once(raw, 'connect');
    return new ControlClient(raw);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#text += decodeOctets(chunk);
    const lines = this.#text.split('\r\n');
    this.#text = lines.pop() ?? '';
    this.#lines.push(...lines);
    this.#wake();
  };

  get closed(): boolean {
    return this.#closed;
  }

  get tls(): TLSSocket {
    return this.#socket as TLSSocket;
  }

  /** The next reply; rejects when the connection closes first. */
  async reply(): Promise<ClientReply> {
    const lines: string[] = [];
    for (;;) {
      const line = this.#lines.shift();
      if (line === undefined) {
        if (this.#closed) throw new Error(`connection closed; read so far: ${lines.join(' | ')}`);
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        continue;
      }
      lines.push(line);
      const first = lines[0]!;
      if (first[3] === ' ' || (lines.length > 1 && line.startsWith(`${first.slice(0, 3)} `))) {
        return { code: Number(first.slice(0, 3)), lines, text: lines.join('\n') };
      }
    }
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  async command(line: string): Promise<ClientReply> {
    this.write(encodeOctets(`${line}\r\n`));
    return await this.reply();
  }

  /** Sends AUTH TLS with anything pipelined behind it, and completes the handshake. */
  async secure(identity: TlsIdentity = {}, pipelined = ''): Promise<void> {
    this.write(`AUTH TLS\r\n${pipelined}`);
    const answer = await this.reply();
    if (answer.code !== 234) throw new Error(answer.text);
    await this.startTls(identity);
  }

  async startTls(identity: TlsIdentity = {}): Promise<void> {
    this.raw.off('data', this.#onData);
    const socket = connectTls({ socket: this.raw, host: '127.0.0.1', rejectUnauthorized: false, ...identity });
    socket.on('session', (session: Buffer) => {
      this.session = session;
    });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    this.#socket = socket;
    socket.on('data', this.#onData);
  }

  /** USER to PROT P, as a client with a card does it. */
  async logIn(name: string): Promise<void> {
    for (const [line, code] of [
      [`USER ${name}`, 230],
      ['PBSZ 0', 200],
      ['PROT P', 200],
      ['TYPE I', 200],
    ] as const) {
      const answer = await this.command(line);
      if (answer.code !== code) throw new Error(`${line}: ${answer.text}`);
    }
  }

  /** EPSV. @returns the port */
  async passive(): Promise<number> {
    const { text } = await this.command('EPSV');
    const port = /\|\|\|(\d+)\|/u.exec(text)?.[1];
    if (!port) throw new Error(text);
    return Number(port);
  }

  /** Resolves when the server has closed the connection. */
  async gone(): Promise<void> {
    if (!this.#closed) await once(this.raw, 'close');
  }

  destroy(): void {
    this.raw.destroy();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export async function openTcp(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connectTcp({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** A protected data connection, its handshake begun: some servers take part in it only after the transfer command. */
export function beginData(port: number, identity: TlsIdentity): TLSSocket {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...identity });
  socket.on('error', () => undefined);
  return socket;
}

/** A protected data connection, its handshake complete. */
export async function openData(port: number, identity: TlsIdentity): Promise<TLSSocket> {
  const socket = beginData(port, identity);
  await once(socket, 'secureConnect');
  return socket;
}

export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
