/**
 * The log of one site: a line for every command, in files that begin anew by time or size. It takes a line at once, keeps a bounded
 * number of them while the disk stalls, and counts those that are lost; it holds no command up and fails none.
 */
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../clock.ts';
import { productVersion } from '../../product-version.ts';
import { FileTarget } from '../file-target.ts';
import { LineWriter, type Losses } from '../line-writer.ts';
import type { Alarm } from '../log.ts';
import { type LogEntry, type LogFlag, logFlags, type SiteNames } from './log-fields.ts';
import { LogFolder } from './log-folder.ts';
import { logHeader, logLine, logTime } from './log-line.ts';
import type { LogFileSettings } from './log-settings.ts';

/** Where lines go, and which. */
export interface LogPlace {
  readonly settings: LogFileSettings;
  /** Absolute; made with those above it when it is missing. */
  readonly directory: string;
}

export interface SiteLogOptions {
  /** Undefined: nothing is written until a renewal says where. */
  readonly place: LogPlace | undefined;
  readonly site: string;
  readonly clock: Clock;
  /** Takes a sentence when lines cannot be written, when they are lost, and when writing works again. */
  readonly onAlarm: Alarm;
}

/** Octets of lines kept while the disk does not take them. */
const maximumKept = 4 * 1024 * 1024;

/** Replies from here on are errors. */
const firstError = 400;

/** A log that is being written. */
interface OpenLog {
  readonly place: LogPlace;
  readonly flags: readonly LogFlag[];
  readonly selected: ReadonlySet<LogFileSettings['selectiveLogging'][number]>;
  readonly folder: LogFolder;
  file: string;
}

export class SiteLog {
  readonly #options: SiteLogOptions;
  readonly #names: SiteNames;
  #log: OpenLog | undefined;
  #writer: LineWriter | undefined;
  /** Logs that were turned off, and write what they have. */
  #closing: Promise<void> = Promise.resolve();

  /** Opens nothing yet: the first line does. */
  constructor(options: SiteLogOptions) {
    this.#options = options;
    this.#names = { site: options.site, computer: hostname() };
    this.renew(options.place);
  }

  /** Whether it is written at all. */
  get isOn(): boolean {
    return this.#log !== undefined;
  }

  /**
   * From the next line on. Lines that were taken before and are not yet written go to the new directory, too: the former may be full.
   * @param place undefined: the log ends
   */
  renew(place: LogPlace | undefined): void {
    const former = this.#log;
    if (isDeepStrictEqual(place, former?.place)) return;
    if (!place) {
      this.#turnOff();
      return;
    }
    const { settings, directory } = place;
    const chosen = new Set<LogFlag>(settings.logExtFileFlags);
    const flags = logFlags.filter((flag) => chosen.has(flag));
    const folder = former && isSameFolder(former.place, place) ? former.folder : new LogFolder(directory, settings);
    const file = folder.fileFor(this.#options.clock.now(), 0);
    this.#log = { place, flags, folder, file, selected: new Set(settings.selectiveLogging) };
    if (!this.#writer || !former) {
      const { onAlarm } = this.#options;
      this.#writer = new LineWriter(this.#target(file, flags), { maximumKept, onAlarm, lossLine });
      return;
    }
    // Lines of the former fields stand below a header of these.
    if (file !== former.file) this.#writer.turnTo(this.#target(file, former.flags), 'with lines not yet written');
    if (!isDeepStrictEqual(flags, former.flags)) this.#writer.turnTo(this.#target(file, flags));
  }

  /** Of a command. */
  command(entry: LogEntry): void {
    const isError = entry.status !== undefined && entry.status >= firstError;
    if (this.#log?.selected.has(isError ? 'LogError' : 'LogSuccessful')) this.#write(this.#log, entry);
  }

  /** Of a channel that was opened or closed. */
  channel(entry: LogEntry): void {
    if (this.#log?.selected.has('LogInfrastructure')) this.#write(this.#log, entry);
  }

  /** Log rotation moved a file away: from now on lines go to the path as it is now. */
  async reopen(): Promise<void> {
    await this.#writer?.reopen();
  }

  async close(): Promise<void> {
    this.#turnOff();
    await this.#closing;
  }

  #turnOff(): void {
    const writer = this.#writer;
    this.#log = undefined;
    this.#writer = undefined;
    if (writer) this.#closing = Promise.all([this.#closing, writer.close()]).then(() => undefined);
  }

  #write(log: OpenLog, entry: LogEntry): void {
    const line = logLine(log.flags, entry, this.#names);
    const file = log.folder.fileFor(entry.at, Buffer.byteLength(line) + 1);
    if (file !== log.file) {
      log.file = file;
      this.#writer?.turnTo(this.#target(file, log.flags));
    }
    this.#writer?.write(line, 'ordinary');
  }

  #target(file: string, flags: readonly LogFlag[]): FileTarget {
    const { clock } = this.#options;
    return new FileTarget(file, {
      makesDirectory: true,
      beginning: () => logHeader(flags, `cardgate ${productVersion}`, clock.now()),
    });
  }
}

function isSameFolder(one: LogPlace, other: LogPlace): boolean {
  const { period, truncateSize, localTimeRollover } = one.settings;
  return (
    one.directory === other.directory &&
    period === other.settings.period &&
    truncateSize === other.settings.truncateSize &&
    localTimeRollover === other.settings.localTimeRollover
  );
}

/** A directive of the format for remarks. */
function lossLine({ count, first, last }: Losses): string {
  return `#Remark: ${count} lines are lost, from ${logTime(first)} to ${logTime(last)}`;
}
