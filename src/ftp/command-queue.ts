/** Command lines that wait while another command runs: few of them, the rest stays unread so that TCP makes the client wait. */
import { findCommand, type ParsedCommand, parseCommand } from './command.ts';
import { type CommandLine, LineReader } from './line-reader.ts';

/** Enough for every client that pipelines in earnest. */
const maximumLines = 16;

export class CommandQueue {
  readonly #reader: LineReader;
  #lines: CommandLine[] = [];

  /** @param maximumLine octets of one line */
  constructor(maximumLine: number) {
    this.#reader = new LineReader(maximumLine);
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** Whether reading from the socket should pause. */
  get isFull(): boolean {
    return this.#lines.length >= maximumLines;
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#fill();
  }

  take(): CommandLine | undefined {
    const line = this.#lines.shift();
    this.#fill();
    return line;
  }

  /** Takes out the first command that does not wait for the transfer it is about (RFC 959 4.1.3: ABOR, STAT). */
  takeUrgent(): ParsedCommand | undefined {
    for (const [index, line] of this.#lines.entries()) {
      const command = line.kind === 'line' ? parseCommand(line.text) : undefined;
      if (!command || !findCommand(command.verb)?.duringTransfer) continue;
      this.#lines.splice(index, 1);
      this.#fill();
      return command;
    }
    return undefined;
  }

  clear(): void {
    this.#lines = [];
    this.#reader.clear();
  }

  #fill(): void {
    while (!this.isFull) {
      const line = this.#reader.next();
      if (!line) return;
      this.#lines.push(line);
    }
  }
}
