/**
 * A process without free file descriptors fails everywhere at once: files, directories, data connections, searches, retrievals. The log
 * says so with the first failure of a minute, and how many there were at its end.
 */
import { CountedWarnings } from './counted-warnings.ts';
import { descriptorLimit } from './descriptors.ts';
import { type Logger, silentLogger } from './log.ts';

const shortages: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE']);
/** A failure passes through several layers, each of which may notice it. */
const noticed = new WeakSet<object>();
const warnings = new CountedWarnings(1);
let log: Logger = silentLogger;

/** There is one limit for the process, so one log hears of it. @returns what tells the rest and ends that */
export function tellShortagesTo(logger: Logger): () => void {
  // What came before belongs to another log, or to none.
  warnings.endWindow();
  log = logger;
  // While there are descriptors to read it with.
  descriptorLimit();
  return () => {
    warnings.endWindow();
    log = silentLogger;
  };
}

/**
 * @param during what failed, for the log
 * @returns whether the error, or the one beneath it, is a lack of file descriptors; the log tells it then, and its caller need not
 */
export function noticeShortage(error: unknown, during: string): boolean {
  const shortage = shortageIn(error);
  if (!shortage) return false;
  if (!noticed.has(shortage)) {
    noticed.add(shortage);
    const remedy = 'Raise LimitNOFILE= of the service, or lower maxConnections.';
    warnings.warn(log, 'descriptors-exhausted', { during, errno: shortage.code, limit: descriptorLimit(), remedy });
  }
  return true;
}

/** As `noticeShortage`, where only the name of the system's error is left. */
export function tellShortage(errno: string, during: string): void {
  noticeShortage(Object.assign(new Error(errno), { code: errno }), during);
}

/** Through causes, and the several addresses that one connection was tried to. */
function shortageIn(error: unknown): (Error & { readonly code: unknown }) | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && shortages.has(error.code)) return error;
  const beneath = error instanceof AggregateError ? error.errors : [error.cause];
  return beneath.map(shortageIn).find((found) => found !== undefined);
}
