/**
 * The way of every line of the audit trail and of the log to its target. While the target cannot be written, as on a full disk or
 * behind a reader that stalls, lines are kept in memory up to a bound and tried again. It never fails its caller, never tears a
 * line, and never loses one silently: losses are counted, told at once, and written down as soon as writing works again.
 */
import { errorMessage } from '../error-message.ts';
import { type LineTarget, TargetGone } from './line-target.ts';

export interface Losses {
  readonly count: number;
  readonly first: Date;
  readonly last: Date;
}

export interface LineWriterOptions {
  /** Milliseconds between two tries. Default 1000. */
  readonly retryMilliseconds?: number;
  /** Octets kept while the target cannot be written or is slow. Default 16 MiB. */
  readonly maximumKept?: number;
  /** How many of them ordinary lines may take; the rest is for reserved ones. Default: all. */
  readonly maximumOrdinary?: number;
  /** A write that takes longer, in milliseconds, counts as one that cannot be done. Default 5000. */
  readonly stallMilliseconds?: number;
  /** Takes a sentence when writing begins to fail, when lines begin to be lost, and when it works again. */
  readonly onAlarm: (text: string) => void;
  /** The line, without its end, that tells of losses in the target itself. */
  readonly lossLine?: (losses: Losses) => string;
}

/** Octets of one write. */
const maximumBatch = 1024 * 1024;

interface Kept {
  readonly octets: Buffer;
  readonly target: LineTarget;
  /** Octets before them of the same line, which lie in the target already. */
  readonly begun?: Buffer;
}

/** Lines of former targets are to go to another. */
interface Move {
  readonly from: ReadonlySet<LineTarget>;
  readonly to: LineTarget;
}

export class LineWriter {
  /** Of the lines to come. */
  #target: LineTarget;
  /** That is being written to. */
  #open: LineTarget;
  readonly #options: LineWriterOptions;
  readonly #maximumKept: number;
  readonly #stallMilliseconds: number;
  readonly #gone = Promise.withResolvers<string>();
  #kept: Kept[] = [];
  #keptLength = 0;
  /** Lines that a short write joined to the first of what is kept. */
  #unfinished = 0;
  #accepted = 0;
  #written = 0;
  #waiting: { readonly line: number; readonly resolve: (written: boolean) => void }[] = [];
  #losses: Losses | undefined;
  #lostForGood = 0;
  #pump: Promise<void> | undefined;
  /** Made between two writes. */
  readonly #moves: Move[] = [];
  /** Targets that were left while nothing was on its way to them. */
  #leaving: Promise<void> = Promise.resolve();
  #failure: string | undefined;
  #isGone = false;
  #isEnding = false;
  #wake: () => void = () => undefined;

  constructor(target: LineTarget, options: LineWriterOptions) {
    this.#target = target;
    this.#open = target;
    this.#options = options;
    this.#maximumKept = options.maximumKept ?? 16 * 1024 * 1024;
    this.#stallMilliseconds = options.stallMilliseconds ?? 5000;
  }

  /** Resolves with a sentence when nothing can ever be written again. */
  get gone(): Promise<string> {
    return this.#gone.promise;
  }

  /** Why nothing can be written now. */
  get obstacle(): string | undefined {
    return this.#failure;
  }

  /** Whether so much is waiting that the next lines may soon be lost. */
  get isFilling(): boolean {
    return this.#keptLength > this.#maximumKept * 0.75;
  }

  /** Takes the line at once: its caller does not wait for the disk. @param line without its end @returns false when it is lost */
  write(line: string, room: 'ordinary' | 'reserved'): boolean {
    const octets = Buffer.from(`${line}\n`);
    const { maximumOrdinary = this.#maximumKept } = this.#options;
    const bound = room === 'ordinary' ? maximumOrdinary : this.#maximumKept;
    if (this.#isGone || this.#isEnding || this.#keptLength + octets.length > bound) {
      this.#lose();
      return false;
    }
    this.#kept.push({ octets, target: this.#target });
    this.#keptLength += octets.length;
    this.#accepted += 1;
    this.#start();
    return true;
  }

  /** Resolves when every line taken so far is written: `true`; or as soon as it is known that it cannot be, or not in this time: `false`. */
  settled(milliseconds: number): Promise<boolean> {
    if (this.#written === this.#accepted) return Promise.resolve(true);
    if (this.obstacle !== undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), milliseconds);
      const settle = (written: boolean) => {
        clearTimeout(timer);
        resolve(written);
      };
      this.#waiting.push({ line: this.#accepted, resolve: settle });
    });
  }

  /**
   * From the next line on. The target before is closed when all of its lines are written.
   * @param kept lines that are not yet written may go to the new target, too: a line that the former has a part of goes there whole
   */
  turnTo(target: LineTarget, kept: 'with lines not yet written' | 'without' = 'without'): void {
    this.#target = target;
    if (kept === 'without') return;
    if (this.#pump) {
      this.#moves.push({ from: new Set(this.#kept.map((line) => line.target)), to: target });
      this.#wake();
      return;
    }
    const former = this.#open;
    this.#open = target;
    this.#leaving = this.#leaving.then(() => former.close()).catch(() => undefined);
  }

  reopen(): Promise<void> {
    this.#wake();
    return this.#open.reopen();
  }

  /** A failing target gets one last try, a stalled one its time; what is lost is told. */
  async close(): Promise<void> {
    this.#isEnding = true;
    this.#wake();
    const deadline = Promise.withResolvers<void>();
    const timer = setTimeout(deadline.resolve, this.#stallMilliseconds);
    await Promise.race([this.#pump ?? Promise.resolve(), deadline.promise]);
    const closed = [this.#leaving, this.#open.close()].map((closing) => closing.catch(() => undefined));
    await Promise.race([Promise.all(closed), deadline.promise]);
    clearTimeout(timer);
    const lost = this.#kept.length + (this.#losses?.count ?? 0) + this.#lostForGood;
    if (lost > 0) this.#options.onAlarm(`closed ${this.#open.name}: ${lost} lines are lost`);
  }

  #start(): void {
    this.#pump ??= this.#writeKept().finally(() => {
      this.#pump = undefined;
    });
  }

  /** Never rejects. */
  async #writeKept(): Promise<void> {
    while (this.#keptLength > 0 && !this.#isGone) {
      try {
        this.#moveKept();
        await this.#writeSome();
        this.#recovered();
      } catch (error) {
        this.#failed(error);
        if (this.#moves.length > 0) continue;
        if (this.#isEnding) return;
        await this.#pause();
      }
    }
  }

  #moveKept(): void {
    for (const { from, to } of this.#moves.splice(0)) {
      this.#kept = this.#kept.map((line) => {
        if (!from.has(line.target)) return line;
        const { octets, begun } = line;
        if (!begun) return { octets, target: to };
        this.#keptLength += begun.length;
        return { octets: Buffer.concat([begun, octets]), target: to };
      });
    }
  }

  /** What a short write left over stays the first of what is kept, so that the line is completed later. */
  async #writeSome(): Promise<void> {
    const target = this.#kept[0]?.target ?? this.#open;
    if (target !== this.#open) {
      const former = this.#open;
      this.#open = target;
      await former.close().catch(() => undefined);
    }
    const batch: Buffer[] = [];
    let length = 0;
    for (const line of this.#kept) {
      if (line.target !== target || (length > 0 && length + line.octets.length > maximumBatch)) break;
      batch.push(line.octets);
      length += line.octets.length;
    }
    const octets = Buffer.concat(batch);
    const stalled = setTimeout(
      () => this.#failed(new Error('it does not take what is written')),
      this.#stallMilliseconds,
    );
    const written = await target.write(octets).finally(() => clearTimeout(stalled));
    this.#keptLength -= written;
    if (written < octets.length) {
      // However many lines the rest holds, it stays whole, and its lines count as written with its end.
      const begun = begunLine(this.#kept[0]?.begun, octets.subarray(0, written));
      this.#kept.splice(0, batch.length, { octets: octets.subarray(written), target, begun });
      this.#unfinished += batch.length - 1;
      return;
    }
    this.#kept.splice(0, batch.length);
    this.#written += batch.length + this.#unfinished;
    this.#unfinished = 0;
    while (this.#waiting[0] && this.#waiting[0].line <= this.#written) this.#waiting.shift()?.resolve(true);
  }

  #failed(error: unknown): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(false);
    const failure = `cannot write ${this.#open.name}: ${errorMessage(error)}`;
    const isNew = this.#failure === undefined;
    this.#failure = failure;
    if (error instanceof TargetGone) {
      this.#isGone = true;
      this.#lostForGood += this.#kept.length + this.#unfinished;
      this.#kept = [];
      this.#keptLength = 0;
      this.#gone.resolve(failure);
    }
    if (isNew) this.#options.onAlarm(failure);
  }

  #lose(): void {
    const now = new Date();
    const isFirst = this.#losses === undefined;
    this.#losses = { count: (this.#losses?.count ?? 0) + 1, first: this.#losses?.first ?? now, last: now };
    if (isFirst)
      this.#options.onAlarm(`${this.#open.name} cannot take what is written to it: lines are lost from now on`);
  }

  #recovered(): void {
    const losses = this.#losses;
    const hasFailed = this.#failure !== undefined;
    this.#failure = undefined;
    // Not while it is still nearly full: under a flood every other line tells of the one before.
    const isOver = losses !== undefined && this.#keptLength <= this.#maximumKept / 4;
    if (isOver) {
      this.#losses = undefined;
      if (this.#options.lossLine) this.write(this.#options.lossLine(losses), 'reserved');
    }
    if (!hasFailed && !isOver) return;
    const told = losses === undefined ? 'nothing is lost' : `${losses.count} lines are lost`;
    this.#options.onAlarm(`writes again to ${this.#open.name}: ${told}`);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.retryMilliseconds ?? 1000);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** @param before what lay in the target of the first line @returns what lies there of the line that the write has torn */
function begunLine(before: Buffer | undefined, written: Buffer): Buffer {
  const end = written.lastIndexOf(0x0a);
  return end >= 0 || !before ? written.subarray(end + 1) : Buffer.concat([before, written]);
}
