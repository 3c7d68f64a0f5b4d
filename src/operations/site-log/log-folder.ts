/** The folder of a site log: which file of it a line goes to, by time or by size. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { numberedFileName, numberOfFile, timedFileName } from './log-period.ts';
import type { LogFileSettings } from './log-settings.ts';

type FolderSettings = Pick<LogFileSettings, 'period' | 'truncateSize' | 'localTimeRollover'>;

export class LogFolder {
  readonly #path: string;
  readonly #settings: FolderSettings;
  #number = 1;
  /** Octets of the numbered file, those that are on their way to it among them. */
  #size = 0;

  /** Looks which files are there. @param path absolute; it need not exist */
  constructor(path: string, settings: FolderSettings) {
    this.#path = path;
    this.#settings = settings;
    if (settings.period === 'MaxSize') this.#findLast();
  }

  /** @param length octets that are about to be written @returns the path of the file they belong to */
  fileFor(at: Date, length: number): string {
    const { period, truncateSize, localTimeRollover } = this.#settings;
    if (period !== 'MaxSize') return join(this.#path, timedFileName(period, at, localTimeRollover ? 'local' : 'utc'));
    if (this.#size > 0 && this.#size + length > truncateSize) {
      this.#number += 1;
      this.#size = 0;
    }
    this.#size += length;
    return join(this.#path, numberedFileName(this.#number));
  }

  /** Goes on with the newest file. */
  #findLast(): void {
    try {
      const numbers = readdirSync(this.#path).map((name) => numberOfFile(name) ?? 0);
      // Without spreading: a folder may hold more names than a call takes arguments.
      this.#number = numbers.reduce((most, number) => Math.max(most, number), 1);
      this.#size = statSync(join(this.#path, numberedFileName(this.#number))).size;
    } catch {
      // It is not there yet; whether it can be written, the first line shows.
    }
  }
}
