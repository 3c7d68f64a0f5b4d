/** Warnings that strangers can cause as often as they like: the first ones of a minute in full, then one line with the count. */
import type { LogFields, Logger } from './log.ts';
import type { CountedLogEvent } from './log-events.ts';
import { MinuteWindow } from './minute-window.ts';

interface CountedWarning {
  seen: number;
  readonly firstAt: string;
  lastAt: string;
  readonly logger: Logger;
}

export class CountedWarnings {
  readonly #inFull: number;
  readonly #counted = new Map<CountedLogEvent, CountedWarning>();
  readonly #window = new MinuteWindow(() => this.#tell());

  /** @param inFull lines of one event that are written in a minute before the rest is counted */
  constructor(inFull: number) {
    this.#inFull = inFull;
  }

  /** @param event each is counted for itself */
  warn(logger: Logger, event: CountedLogEvent, fields: LogFields): void {
    this.#window.open();
    const now = new Date().toISOString();
    const counted = this.#counted.get(event) ?? { seen: 0, firstAt: now, lastAt: now, logger };
    this.#counted.set(event, counted);
    counted.seen += 1;
    counted.lastAt = now;
    if (counted.seen <= this.#inFull) logger.warn(event, fields);
  }

  /** Tells what was counted since the last time. */
  endWindow(): void {
    this.#window.end();
  }

  #tell(): void {
    for (const [event, { seen, firstAt, lastAt, logger }] of this.#counted) {
      const more = seen - this.#inFull;
      if (more > 0) logger.warn(`${event}-again`, { count: more, firstAt, lastAt });
    }
    this.#counted.clear();
  }
}
