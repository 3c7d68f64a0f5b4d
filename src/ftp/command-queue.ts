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

  /** Takes out the commands that do not wait for the transfer they are about (RFC 959 4.1.3: ABOR, STAT). */
  takeUrgent(): readonly ParsedCommand[] {
    const urgent: ParsedCommand[] = [];
    this.#lines = this.#lines.filter((line) => {
      const command = line.kind === 'line' ? parseCommand(line.text) : undefined;
      if (!command || !findCommand(command.verb)?.duringTransfer) return true;
      urgent.push(command);
      return false;
    });
    this.#fill();
    return urgent;
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
