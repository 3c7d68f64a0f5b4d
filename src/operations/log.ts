/** The operating log: one JSON object per line through winston. What peers sent goes in only as printable text; secrets never. */
import { Writable } from 'node:stream';
import winston from 'winston';
import { z } from 'zod';
import { FileTarget } from './file-target.ts';
import { LineWriter, type Losses } from './line-writer.ts';
import type { LogEvent } from './log-events.ts';
import { printable, printablePath } from './printable.ts';
import { streamTarget } from './stream-target.ts';

const logLevels = ['error', 'warn', 'info', 'debug'] as const;
type LogLevel = (typeof logLevels)[number];

export const log = z
  .strictObject({
    level: z.enum(logLevels).default('info').describe('Least important line that is written'),
    file: z.string().min(1).optional().describe('File for the log; standard error when absent'),
  })
  .prefault({})
  .describe('The operating log');

export type LogFields = Readonly<Record<string, unknown>>;

/** `event` is a fixed name such as `tls-handshake-failed`; what varies goes into the fields. */
export interface Logger {
  error(event: LogEvent, fields?: LogFields): void;
  warn(event: LogEvent, fields?: LogFields): void;
  info(event: LogEvent, fields?: LogFields): void;
  debug(event: LogEvent, fields?: LogFields): void;
  /** A logger that adds these fields to every line, such as the connection id. */
  with(fields: LogFields): Logger;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Absolute path; standard error when absent. */
  readonly file?: string | undefined;
}

export interface ClosableLogger extends Logger {
  /** Log rotation moved the file away: from now on lines go to the path as it is now. */
  reopen(): Promise<void>;
  /** Resolves with the reason when nothing can ever be written again. */
  readonly gone: Promise<string>;
  /** Resolves when everything written so far has reached its destination. */
  close(): Promise<void>;
}

/** @returns a logger that never throws and never waits: lines are dropped, with a count, when the target is slower */
export function createLogger({ level, file }: LogOptions): ClosableLogger {
  const writer = new LineWriter(file === undefined ? streamTarget('stderr') : new FileTarget(file), {
    onAlarm: file === undefined ? () => undefined : alarmOnStandardError,
    lossLine,
  });
  // Winston's own transport for files stops for good at the first error, and keeps without bound what a reader does not take.
  const stream = new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      writer.write(line, 'ordinary');
      done();
    },
  });
  const logger = winston.createLogger({
    level,
    levels: winston.config.npm.levels,
    format: winston.format.printf((entry) => jsonLine(entry['line'] as object)),
    transports: [new winston.transports.Stream({ stream, eol: '' })],
  });
  return withFields(logger, writer, {});
}

/** For parts that are used without a server around them. */
export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  with: () => silentLogger,
};

/** A line of JSON as it may be written: every string in it printable. */
export function jsonLine(entry: object): string {
  return JSON.stringify(entry, printableValue);
}

/** Takes a sentence about a log or an audit trail that cannot be written, or can be again. */
export type Alarm = (text: string) => void;

/** The last resort, when nothing else can be written. */
export const alarmOnStandardError: Alarm = (text) => void process.stderr.write(`${printable(text)}\n`);

/** Names of the fields that hold the path of a file. */
const pathFields: ReadonlySet<string> = new Set(['path', 'target']);

/** JSON replacer: errors become their name and message, every string printable text. */
function printableValue(key: string, value: unknown): unknown {
  if (typeof value === 'string') return pathFields.has(key) ? printablePath(value) : printable(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return printable(`${value.name}: ${value.message}`);
  return value;
}

function lossLine({ count, first, last }: Losses): string {
  const times = { firstAt: first.toISOString(), lastAt: last.toISOString() };
  return jsonLine({ time: new Date().toISOString(), level: 'error', event: 'lines-lost', count, ...times });
}

function withFields(logger: winston.Logger, writer: LineWriter, always: LogFields): ClosableLogger {
  const write = (level: LogLevel, event: LogEvent, fields: LogFields = {}) => {
    if (!logger.isLevelEnabled(level)) return;
    const line = { time: new Date().toISOString(), level, event, ...always, ...fields };
    logger.log({ level, message: event, line });
  };
  return {
    error: (event, fields) => write('error', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    info: (event, fields) => write('info', event, fields),
    debug: (event, fields) => write('debug', event, fields),
    with: (fields) => withFields(logger, writer, { ...always, ...fields }),
    reopen: () => writer.reopen(),
    gone: writer.gone,
    close: async () => {
      await new Promise<void>((resolve) => logger.once('finish', () => resolve()).end());
      await writer.close();
    },
  };
}
