/**
 * The log of one site: a line for every command, in files that begin anew by time or size. It takes a line at once, keeps a bounded
 * number of them while the disk stalls, and counts those that are lost; it holds no command up and fails none.
 */
import { hostname } from 'node:os';
import type { Clock } from '../../clock.ts';
import { productVersion } from '../../product-version.ts';
import { FileTarget } from '../file-target.ts';
import { LineWriter, type Losses } from '../line-writer.ts';
import type { Alarm } from '../log.ts';
import { type LogEntry, type LogFlag, logFlags, type SiteNames } from './log-fields.ts';
import { LogFolder } from './log-folder.ts';
import { logHeader, logLine, logTime } from './log-line.ts';
import type { LogFileSettings } from './log-settings.ts';

export interface SiteLogOptions {
  readonly settings: LogFileSettings;
  /** Absolute; made with those above it when it is missing. */
  readonly directory: string;
  readonly site: string;
  readonly clock: Clock;
  /** Takes a sentence when lines cannot be written, when they are lost, and when writing works again. */
  readonly onAlarm: Alarm;
}

/** Octets of lines kept while the disk does not take them. */
const maximumKept = 4 * 1024 * 1024;

/** Replies from here on are errors. */
const firstError = 400;

export class SiteLog {
  readonly #options: SiteLogOptions;
  readonly #flags: readonly LogFlag[];
  readonly #names: SiteNames;
  readonly #folder: LogFolder;
  readonly #selected: ReadonlySet<LogFileSettings['selectiveLogging'][number]>;
  #file: string;
  readonly #writer: LineWriter;

  /** Opens nothing yet: the first line does. */
  constructor(options: SiteLogOptions) {
    const { settings, directory, site, clock, onAlarm } = options;
    this.#options = options;
    const chosen = new Set<LogFlag>(settings.logExtFileFlags);
    this.#flags = logFlags.filter((flag) => chosen.has(flag));
    this.#names = { site, computer: hostname() };
    this.#selected = new Set(settings.selectiveLogging);
    this.#folder = new LogFolder(directory, settings);
    this.#file = this.#folder.fileFor(clock.now(), 0);
    this.#writer = new LineWriter(this.#target(), { maximumKept, onAlarm, lossLine });
  }

  /** Of a command. */
  command(entry: LogEntry): void {
    const isError = entry.status !== undefined && entry.status >= firstError;
    if (this.#selected.has(isError ? 'LogError' : 'LogSuccessful')) this.#write(entry);
  }

  /** Of a channel that was opened or closed. */
  channel(entry: LogEntry): void {
    if (this.#selected.has('LogInfrastructure')) this.#write(entry);
  }

  /** Log rotation moved a file away: from now on lines go to the path as it is now. */
  reopen(): Promise<void> {
    return this.#writer.reopen();
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  #write(entry: LogEntry): void {
    const line = logLine(this.#flags, entry, this.#names);
    const file = this.#folder.fileFor(entry.at, Buffer.byteLength(line) + 1);
    if (file !== this.#file) {
      this.#file = file;
      this.#writer.turnTo(this.#target());
    }
    this.#writer.write(line, 'ordinary');
  }

  #target(): FileTarget {
    const { clock } = this.#options;
    return new FileTarget(this.#file, {
      makesDirectory: true,
      beginning: () => logHeader(this.#flags, `cardgate ${productVersion}`, clock.now()),
    });
  }
}

/** A directive of the format for remarks. */
function lossLine({ count, first, last }: Losses): string {
  return `#Remark: ${count} lines are lost, from ${logTime(first)} to ${logTime(last)}`;
}
