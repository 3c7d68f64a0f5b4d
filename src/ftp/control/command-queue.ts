/**
 * Command lines that wait while another command runs. Between transfers few of them are taken, and the rest stays unread so that
 * TCP makes the client wait. While a transfer runs all are read, so that an ABOR or the end of the connection is seen whatever
 * lies before it; a client that sends more than may wait then is to be cut off.
 */
import type { Octets } from '../../settings/units.ts';
import { findCommand, isSayable, type ParsedCommand, parseCommand } from '../command.ts';
import { type CommandLine, LineReader } from './line-reader.ts';

/** Enough for every client that pipelines in earnest. */
const maximumLines = 16;
/** Octets that may wait while a transfer runs: some thousand commands. */
const maximumWaiting = 256 * 1024;
/** What a waiting line costs in memory beside its octets. */
const lineOverhead = 64;

export class CommandQueue {
  readonly #reader: LineReader;
  #lines: CommandLine[] = [];
  #waiting = 0;
  /** Lines at the head of which none can be served now; each is looked at once, however many wait. */
  #searched = 0;
  readonly #takesAll: () => boolean;

  /**
   * @param maximumLine without its line end
   * @param takesAll whether a transfer runs, so that nothing may stay unread
   */
  constructor(maximumLine: Octets, takesAll: () => boolean) {
    this.#reader = new LineReader(maximumLine);
    this.#takesAll = takesAll;
  }

  set maximumLine(maximum: Octets) {
    this.#reader.maximum = maximum;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** Whether reading from the socket pauses. */
  get isFull(): boolean {
    return !this.#takesAll() && this.#lines.length >= maximumLines;
  }

  /** Whether a client sent more during one transfer than may wait for its end. */
  get isOverflowing(): boolean {
    return this.#waiting > maximumWaiting;
  }

  /** Whether a line that waits holds this command. */
  holds(verb: string): boolean {
    return this.#lines.some((line) => line.kind === 'line' && parseCommand(line.text).verb === verb);
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#fill();
  }

  /** As that of the reader of lines. */
  takeRefusals(): Buffer | undefined {
    return this.#reader.takeRefusals();
  }

  take(): CommandLine | undefined {
    const line = this.#lines.shift();
    if (line) this.#waiting -= costOf(line);
    this.#searched = Math.max(0, this.#searched - 1);
    this.#fill();
    return line;
  }

  /**
   * Takes out the first command that does not wait for the transfer it is about (RFC 959 4.1.3: ABOR, STAT).
   * @param only the verb that is taken; default: each of them
   */
  takeUrgent(only?: string): ParsedCommand | undefined {
    this.#fill();
    for (; this.#searched < this.#lines.length; this.#searched += 1) {
      const line = this.#lines[this.#searched];
      const command = line?.kind === 'line' ? parseCommand(line.text) : undefined;
      const { duringTransfer = 'waits' } = (command && findCommand(command.verb)) ?? {};
      const isUrgent = duringTransfer === 'at-once' || (duringTransfer === 'in-turn' && this.#searched === 0);
      if (!line || !command || !isUrgent) continue;
      if (only !== undefined && command.verb !== only) continue;
      this.#lines.splice(this.#searched, 1);
      this.#waiting -= costOf(line);
      this.#fill();
      return command;
    }
    return undefined;
  }

  clear(): void {
    this.#lines = [];
    this.#waiting = 0;
    this.#searched = 0;
    this.#reader.clear();
  }

  #fill(): void {
    while (!this.isFull && !this.isOverflowing) {
      const line = judged(this.#reader.next());
      if (!line) return;
      this.#lines.push(line);
      this.#waiting += costOf(line);
    }
  }
}

function judged(line: CommandLine | undefined): CommandLine | undefined {
  return line?.kind === 'line' && !isSayable(parseCommand(line.text)) ? { kind: 'invalid' } : line;
}

function costOf(line: CommandLine): number {
  return lineOverhead + (line.kind === 'line' ? line.text.length : 0);
}
