/** The operating log: one JSON object per line through winston. What peers sent goes in only as printable text; secrets never. */
import winston from 'winston';
import { LineFile } from './line-file.ts';
import { printable, printablePath } from './printable.ts';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];
export type LogFields = Readonly<Record<string, unknown>>;

/** `event` is a fixed name such as `tls-handshake-failed`; what varies goes into the fields. */
export interface Logger {
  error(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line, such as the connection id. */
  with(fields: LogFields): Logger;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Absolute path; standard error when absent. */
  readonly file?: string;
}

export interface ClosableLogger extends Logger {
  /** Resolves when everything written so far has reached its destination. */
  close(): Promise<void>;
}

export function createLogger(options: LogOptions): ClosableLogger {
  return fromWinston(createWinston(options.level, options.file, 'stderr'), {});
}

/** For parts that are used without a server around them. */
export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  with: () => silentLogger,
};

export interface LineLogger {
  readonly winston: winston.Logger;
  /** Resolves when everything written so far has reached its destination, or cannot. */
  close(): Promise<void>;
}

/** A winston logger that writes each entry’s `line` as JSON to a file, or to a standard stream when there is none. */
export function createWinston(level: LogLevel, file: string | undefined, stream: 'stdout' | 'stderr'): LineLogger {
  const standard = stream === 'stdout' ? process.stdout : process.stderr;
  // Winston's own transport for files stops for good at the first error.
  const lines = file ? new LineFile(file, { onFault: (text) => void process.stderr.write(`${text}\n`) }) : undefined;
  const logger = winston.createLogger({
    level,
    levels: winston.config.npm.levels,
    format: winston.format.printf((entry) => JSON.stringify(entry['line'], printableValue)),
    transports: [new winston.transports.Stream({ stream: lines ?? standard, eol: '\n' })],
  });
  logger.on('error', (error: Error) => process.stderr.write(`cannot write ${file ?? stream}: ${error.message}\n`));
  return {
    winston: logger,
    close: async () => {
      await new Promise<void>((resolve) => logger.once('finish', () => resolve()).end());
      if (lines) await new Promise<void>((resolve) => lines.end(() => resolve()));
    },
  };
}

/** Names of the fields that hold the path of a file. */
const pathFields: ReadonlySet<string> = new Set(['path', 'target']);

/** JSON replacer: errors become their name and message, every string printable text. */
function printableValue(key: string, value: unknown): unknown {
  if (typeof value === 'string') return pathFields.has(key) ? printablePath(value) : printable(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return printable(`${value.name}: ${value.message}`);
  return value;
}

function fromWinston(lines: LineLogger, always: LogFields): ClosableLogger {
  const { winston: logger } = lines;
  const write = (level: LogLevel, event: string, fields: LogFields = {}) => {
    if (!logger.isLevelEnabled(level)) return;
    const line = { time: new Date().toISOString(), level, event, ...always, ...fields };
    logger.log({ level, message: event, line });
  };
  return {
    error: (event, fields) => write('error', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    info: (event, fields) => write('info', event, fields),
    debug: (event, fields) => write('debug', event, fields),
    with: (fields) => fromWinston(lines, { ...always, ...fields }),
    close: lines.close,
  };
}
