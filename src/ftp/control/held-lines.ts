/** Lines for the log of a site, kept until it is settled which site that is: none of them may stand in the log of another. */
import type { LogEntry } from '../../operations/site-log/log-fields.ts';
import type { SiteLog } from '../../operations/site-log/site-log.ts';

/** What takes the lines of a connection. */
export type SiteLines = Pick<SiteLog, 'isOn' | 'command' | 'channel'>;

/** More than clients say before TLS; what is beyond stands in no log. */
const maximumHeld = 32;

export class HeldLines implements SiteLines {
  #held: ((lines: SiteLines) => void)[] = [];
  #isReleased = false;
  #target: SiteLines | undefined;

  /** Whether the site has a log is not known before. */
  get isOn(): boolean {
    return !this.#isReleased || this.#target?.isOn === true;
  }

  command(entry: LogEntry): void {
    this.#take((lines) => lines.command(entry));
  }

  channel(entry: LogEntry): void {
    this.#take((lines) => lines.channel(entry));
  }

  /** The client goes to another site: but for the first line, that of the connection, what it said was not for that one. */
  forget(): void {
    this.#held.splice(1);
  }

  /** @param target undefined: the site has no log */
  release(target: SiteLines | undefined): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#target = target;
    for (const write of this.#held.splice(0)) if (target) write(target);
  }

  #take(write: (lines: SiteLines) => void): void {
    if (this.#isReleased) {
      if (this.#target) write(this.#target);
    } else if (this.#held.length < maximumHeld) this.#held.push(write);
  }
}
