/**
 * The commands of one control connection: its lines wait in a queue and run strictly one after another, ABOR and the like between
 * them while a transfer runs. It says when the connection has nothing left to do, and reads no faster than commands are done.
 */
import type { Octets } from '../../settings/units.ts';
import { type ParsedCommand, parseCommand } from '../command.ts';
import { type Reply, reply } from '../reply.ts';
import { CommandQueue } from './command-queue.ts';
import { CommandUnderWay } from './command-under-way.ts';
import type { CommandLine } from './line-reader.ts';
import { MalformedLines } from './malformed-lines.ts';

/** What the loop asks of its connection. */
export interface LoopConnection {
  isEnding(): boolean;
  isTransferring(): boolean;
  /** Whether the command that runs has begun its reply. */
  hasReplyBegun(): boolean;
  /** Never rejects. */
  run(command: ParsedCommand): Promise<void>;
  send(answer: Reply): void;
  /** Between replies, for Telnet. */
  sendOctets(octets: Buffer): void;
  end(reason: string, farewell?: Reply): void;
  /** A command came where none was running. */
  commandArrived(): void;
  /** Nothing is left to do. */
  awaitCommand(): void;
  pauseReading(): void;
  resumeReading(): void;
}

export class CommandLoop {
  readonly #connection: LoopConnection;
  #maximumLine: Octets;
  readonly #queue: CommandQueue;
  readonly #malformed = new MalformedLines();
  readonly #underWay = new CommandUnderWay();
  #isBusy = false;
  #isServingUrgent = false;
  #drained: { readonly reason: string; readonly farewell: Reply } | undefined;
  #inputEnded = false;
  /** Absent while nothing waits for the client. */
  #heard: PromiseWithResolvers<void> | undefined;

  /** @param maximumLine octets of a line without its end */
  constructor(maximumLine: Octets, connection: LoopConnection) {
    this.#connection = connection;
    this.#maximumLine = maximumLine;
    this.#queue = new CommandQueue(maximumLine, () => connection.isTransferring());
  }

  /** Of the lines that are to come. */
  set maximumLine(maximum: Octets) {
    this.#maximumLine = maximum;
    this.#queue.maximumLine = maximum;
  }

  get hasInputEnded(): boolean {
    return this.#inputEnded;
  }

  /** Whether a command is answered that does not wait for the transfer. */
  get isServingUrgent(): boolean {
    return this.#isServingUrgent;
  }

  /** Resolves when the client sends something more. */
  heardAgain(): Promise<void> {
    this.#heard ??= Promise.withResolvers();
    return this.#heard.promise;
  }

  push(chunk: Buffer): void {
    if (this.#connection.isEnding()) return;
    this.#heard?.resolve();
    this.#heard = undefined;
    this.#queue.push(chunk);
    const refusals = this.#queue.takeRefusals();
    if (refusals) this.#connection.sendOctets(refusals);
    this.#regulate();
    void this.#serveUrgent();
    void this.#work();
  }

  /** The client sends nothing more. */
  endInput(): void {
    this.#inputEnded = true;
    if (this.#connection.isTransferring() || (this.#isBusy && this.#queue.isEmpty)) this.#endUnlessExpected();
    else void this.#work();
  }

  /** To be called when a transfer begins: the connection may have ended while the file was being opened. */
  transferBegins(): void {
    if (this.#inputEnded) this.#endUnlessExpected();
    this.#regulate();
    // Lines that came before the transfer began may hold its ABOR.
    setImmediate(() => void this.#serveUrgent());
  }

  /** Ends the connection now when it is idle, and after the command that runs otherwise. */
  drain(reason: string, farewell: Reply): void {
    if (this.#isBusy) this.#drained = { reason, farewell };
    else this.#connection.end(reason, farewell);
  }

  /** What waits is not run. */
  clear(): void {
    this.#queue.clear();
  }

  /** Resolves when the command that runs, if any, is done. */
  settled(): Promise<void> {
    return this.#underWay.settled();
  }

  /** RFC 959 4.1.1 QUIT: an unexpected close is ABOR and QUIT at once; behind a QUIT the transfer before it goes on. */
  #endUnlessExpected(): void {
    if (!this.#queue.holds('QUIT')) this.#connection.end('client-closed');
  }

  #regulate(): void {
    if (this.#queue.isOverflowing)
      this.#connection.end('too-many-commands', reply('unavailable', 'Too many commands wait.'));
    else if (this.#queue.isFull) this.#connection.pauseReading();
    else this.#connection.resumeReading();
  }

  /** One after another: replies must come in the order of their commands, and a flood of listings must not run at once. */
  async #serveUrgent(): Promise<void> {
    if (this.#isServingUrgent) return;
    this.#isServingUrgent = true;
    while (this.#connection.isTransferring() && !this.#connection.isEnding()) {
      // No other reply may stand within one that has begun; ABOR awaits its end.
      const command = this.#queue.takeUrgent(this.#connection.hasReplyBegun() ? 'ABOR' : undefined);
      if (!command) break;
      this.#regulate();
      await this.#connection.run(command);
    }
    this.#isServingUrgent = false;
  }

  async #work(): Promise<void> {
    if (this.#isBusy || this.#connection.isEnding()) return;
    this.#isBusy = true;
    this.#connection.commandArrived();
    while (!this.#connection.isEnding() && !this.#drained) {
      const line = this.#queue.take();
      if (!line) break;
      this.#regulate();
      await this.#underWay.run(this.#execute(line));
    }
    this.#isBusy = false;
    if (this.#connection.isEnding()) return;
    if (this.#drained) this.#connection.end(this.#drained.reason, this.#drained.farewell);
    else if (this.#inputEnded) this.#connection.end('client-closed');
    else this.#connection.awaitCommand();
  }

  async #execute(line: CommandLine): Promise<void> {
    if (line.kind === 'line') {
      await this.#connection.run(parseCommand(line.text));
      return;
    }
    const { answer, isLast } = this.#malformed.answerTo(line.kind, this.#maximumLine);
    if (isLast) this.#connection.end('malformed-lines', answer);
    else this.#connection.send(answer);
  }
}
