/**
 * Bytes of the control connection to command lines. It keeps at most one chunk and one line, strips Telnet sequences
 * (RFC 1123 4.1.2.10) and refuses what could hide a second command: a CR or NUL by itself, and endless lines. Any other octet may be
 * part of a name, a CR as CR NUL (RFC 2640 3.1); octets that are no UTF-8 become text as the storage has it.
 */
import type { Octets } from '../../settings/units.ts';
import { decodeOctets } from '../../storage/octet-text.ts';

export type CommandLine =
  | { readonly kind: 'line'; readonly text: string }
  /** The line was longer than allowed; it is dropped up to its end. */
  | { readonly kind: 'too-long' }
  /** The line holds what its command cannot take: NUL or CR by itself, or outside a path any control character or what is no UTF-8. */
  | { readonly kind: 'invalid' };

const nul = 0;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const interpretAsCommand = 0xff;
const interruptProcess = 0xf4;
const dataMark = 0xf2;
const subnegotiationBegin = 0xfa;
const subnegotiationEnd = 0xf0;
/** They carry one option byte (RFC 854). */
const will = 0xfb;
const wont = 0xfc;
const doIt = 0xfd;
const dont = 0xfe;
/** RFC 1123 4.1.2.12: every option is refused; a refusal has no answer. */
const refusals: ReadonlyMap<number, number> = new Map([
  [will, dont],
  [doIt, wont],
]);

type TelnetState = 'data' | 'command' | 'synch' | 'option' | 'subnegotiation' | 'subnegotiation-command';

export class LineReader {
  /** Of a line without its end. */
  maximum: Octets;
  #pending: Buffer = Buffer.alloc(0);
  #discarding = false;
  #telnet: TelnetState = 'data';
  /** The Telnet command whose option comes next. */
  #negotiation = 0;
  #refused: number[] = [];

  constructor(maximum: Octets) {
    this.maximum = maximum;
  }

  push(chunk: Buffer): void {
    const text = this.#withoutTelnet(chunk);
    this.#pending = this.#pending.length === 0 ? text : Buffer.concat([this.#pending, text]);
  }

  /** The next whole line. A bare LF ends a line as CR LF does: people type commands by hand, and nothing behind us reads them anew. */
  next(): CommandLine | undefined {
    for (;;) {
      const end = this.#pending.indexOf(lineFeed);
      if (end < 0) return this.#withoutEnd();
      const line = this.#pending.subarray(0, end);
      this.#pending = this.#pending.subarray(end + 1);
      if (!this.#discarding) return this.#decode(line);
      this.#discarding = false;
    }
  }

  /** @returns what answers the Telnet negotiations read since, if there were any */
  takeRefusals(): Buffer | undefined {
    const octets = this.#refused;
    this.#refused = [];
    return octets.length === 0 ? undefined : Buffer.from(octets);
  }

  /** Forgets everything read so far: what came before a TLS handshake must not be taken for what comes after it. */
  clear(): void {
    this.#pending = Buffer.alloc(0);
    this.#discarding = false;
    this.#telnet = 'data';
    this.#refused = [];
  }

  #withoutEnd(): CommandLine | undefined {
    if (this.#discarding) {
      this.#pending = Buffer.alloc(0);
      return undefined;
    }
    if (this.#pending.length <= this.maximum + 1) return undefined;
    this.#pending = Buffer.alloc(0);
    this.#discarding = true;
    return { kind: 'too-long' };
  }

  #decode(line: Buffer): CommandLine {
    const bytes = line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
    if (bytes.length > this.maximum) return { kind: 'too-long' };
    if (!bytes.includes(carriageReturn) && !bytes.includes(nul)) return { kind: 'line', text: decodeOctets(bytes) };
    const pieces = decodeOctets(bytes).split('\r\0');
    return pieces.some((piece) => /[\r\0]/u.test(piece))
      ? { kind: 'invalid' }
      : { kind: 'line', text: pieces.join('\r') };
  }

  #withoutTelnet(chunk: Buffer): Buffer {
    if (this.#telnet === 'data' && !chunk.includes(interpretAsCommand)) return chunk;
    const kept: number[] = [];
    for (const byte of chunk) {
      if (this.#telnet === 'synch') {
        this.#telnet = 'data';
        if (byte === dataMark) continue;
      }
      if (this.#telnet === 'data' && byte !== interpretAsCommand) kept.push(byte);
      else if (this.#telnet === 'command' && !isTelnetCommand(byte)) {
        kept.push(...(byte === interpretAsCommand ? [byte] : [interpretAsCommand, byte]));
        this.#telnet = 'data';
      } else {
        if (this.#telnet === 'option') this.#refuse(byte);
        this.#negotiation = byte;
        this.#telnet = nextTelnetState(this.#telnet, byte);
      }
    }
    return Buffer.from(kept);
  }

  #refuse(option: number): void {
    const refusal = refusals.get(this.#negotiation);
    if (refusal !== undefined) this.#refused.push(interpretAsCommand, refusal, option);
  }
}

/** Behind 0xFF: a second one stands for the octet itself (RFC 854), and so does one before what no Telnet command begins with. */
function isTelnetCommand(byte: number): boolean {
  return byte >= subnegotiationEnd && byte !== interpretAsCommand;
}

/**
 * IAC IP IAC DM stands before ABOR (RFC 959 4.1.3). Clients send the second IAC as urgent data, as the Synch of RFC 854 has it, and TCP
 * takes an urgent octet out of the stream: a data mark by itself is left behind IAC IP.
 */
function nextTelnetState(state: TelnetState, byte: number): TelnetState {
  switch (state) {
    case 'data':
      return 'command';
    case 'command':
      if (byte === subnegotiationBegin) return 'subnegotiation';
      if (byte === interruptProcess) return 'synch';
      return byte >= will && byte <= dont ? 'option' : 'data';
    case 'option':
    case 'synch':
      return 'data';
    case 'subnegotiation':
      return byte === interpretAsCommand ? 'subnegotiation-command' : 'subnegotiation';
    case 'subnegotiation-command':
      return byte === subnegotiationEnd ? 'data' : 'subnegotiation';
  }
}
