/** The data connections of a dialogue, one after another: passive ones are made as soon as a port is named, as clients do it. */
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { listenActively } from '../active-client.ts';
import { beginData, type ClientReply, readAll, type TlsIdentity } from '../control-client.ts';

interface OpenData {
  /** Its handshake complete. */
  readonly secured: Promise<TLSSocket>;
  leave(): void;
}

export class DialogueData {
  #open: OpenData | undefined;

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** @param reply after 227 and 229 the connection is made to the port that they name */
  connect(reply: ClientReply, identity: TlsIdentity): void {
    const port = portOf(reply);
    if (port === undefined) return;
    const socket = beginData(port, identity);
    this.#take({ secured: once(socket, 'secureConnect').then(() => socket), leave: () => void socket.destroy() });
  }

  /** @returns the command that names a port on which the server is awaited */
  async listen(verb: 'PORT' | 'EPRT', identity: TlsIdentity): Promise<string> {
    const active = await listenActively();
    const secured = active.secured(identity);
    const leave = () => {
      active.close();
      void secured.then((socket) => socket.destroy()).catch(() => undefined);
    };
    this.#take({ secured, leave });
    return active.commands[verb];
  }

  async send(octets: Buffer): Promise<void> {
    const socket = await this.#secured();
    socket.resume();
    socket.write(octets);
  }

  async close(): Promise<void> {
    const socket = await this.#secured();
    socket.resume();
    socket.end();
  }

  /** What comes up to the end. */
  async receive(): Promise<Buffer> {
    return await readAll(await this.#secured());
  }

  /** Lets a transfer that was not expected come to its end. */
  pass(isUpload: boolean): void {
    const passed = this.#open?.secured.then((socket) => {
      socket.resume();
      if (isUpload) socket.end();
    });
    passed?.catch(() => undefined);
  }

  leave(): void {
    this.#open?.leave();
    this.#open = undefined;
  }

  #take(open: OpenData): void {
    this.leave();
    this.#open = open;
    open.secured.catch(() => undefined);
  }

  async #secured(): Promise<TLSSocket> {
    if (this.#open === undefined) throw new Error('the dialogue has opened no data connection');
    return await this.#open.secured;
  }
}

function portOf({ code, text }: ClientReply): number | undefined {
  if (code === 229) return Number(/\|(\d+)\|/u.exec(text)?.[1]);
  if (code !== 227) return undefined;
  const [high, low] = /(\d+),(\d+)\D*$/u.exec(text)?.slice(1) ?? [];
  return Number(high) * 256 + Number(low);
}
