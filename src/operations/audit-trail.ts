/**
 * Writes the audit trail: frames every record, sums up what strangers cause, keeps room for the records of logins, transfers and
 * sessions, and says when no record can be written.
 */
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { type DenialCode, denialEntry } from '../denial.ts';
import { productVersion } from '../product-version.ts';
import type { Decoded } from '../settings/decoded.ts';
import type { AuditLine, AuditRecord, AuditTrail, RecordFrame } from './audit.ts';
import { FileTarget } from './file-target.ts';
import { LineWriter } from './line-writer.ts';
import { type Alarm, jsonLine } from './log.ts';
import { createReference } from './reference.ts';
import { isOfStranger, StrangerRecords } from './stranger-records.ts';
import { streamTarget } from './stream-target.ts';

export const audit = z
  .strictObject({
    file: z.string().min(1).optional().describe('File for audit records; standard output when absent'),
    whenUnwritable: z
      .enum(['refuseLogins', 'continue'])
      .default('refuseLogins')
      .describe('Logins while no record can be written: refused with 421, or granted without one'),
  })
  .prefault({})
  .describe('One JSON record per login, refusal, transfer and session');

export type WhenUnwritable = Decoded<typeof audit>['whenUnwritable'];

export interface AuditTrailOptions {
  /** Absolute path; standard output when absent. */
  readonly file?: string | undefined;
  readonly whenUnwritable: WhenUnwritable;
  readonly clock: Clock;
  /** Takes a sentence when records cannot be written, and one when they can be again. */
  readonly onAlarm: Alarm;
}

export interface ClosableAuditTrail extends AuditTrail {
  /** Log rotation moved the file away: from now on records go to the path as it is now. */
  reopen(): Promise<void>;
  /** Resolves with the reason when no record can ever be written again. */
  readonly gone: Promise<string>;
  close(): Promise<void>;
}

/** Octets of records kept while the target cannot be written, and how many of them strangers may take. */
const maximumKept = 16 * 1024 * 1024;
const maximumOfStrangers = 4 * 1024 * 1024;
/** A login waits so long for its record to be written. */
const arrivalMilliseconds = 2000;

/** A record without its frame. */
type Unframed = AuditLine extends infer Line ? (Line extends AuditLine ? Omit<Line, keyof RecordFrame> : never) : never;

/**
 * Opens nothing yet: the first record does.
 * @returns records in order, each one JSON line; the caller closes it
 */
export function createAuditTrail({ file, whenUnwritable, clock, onAlarm }: AuditTrailOptions): ClosableAuditTrail {
  const run = createReference();
  let sequence = 0;
  const framed = (record: Unframed): string => {
    sequence += 1;
    const { event, ...facts } = record;
    const frame = { version: productVersion, run, sequence };
    return jsonLine({ time: clock.now().toISOString(), event, ...facts, ...frame });
  };
  const writer = new LineWriter(file === undefined ? streamTarget('stdout') : new FileTarget(file), {
    maximumKept,
    maximumOrdinary: maximumOfStrangers,
    onAlarm,
    lossLine: ({ count, first, last }) =>
      framed({ event: 'records-lost', count, firstAt: first.toISOString(), lastAt: last.toISOString() }),
  });
  const strangers = new StrangerRecords(
    (summary) => void writer.write(framed(summary), 'reserved'),
    () => clock.now(),
  );
  const mustRecord = whenUnwritable === 'refuseLogins';
  return {
    write: (record) => {
      if (!isOfStranger(record)) writer.write(framed(withMeaning(record)), 'reserved');
      else if (strangers.admits(record)) writer.write(framed(withMeaning(record)), 'ordinary');
    },
    get loginObstacle() {
      return mustRecord ? writer.obstacle : undefined;
    },
    get transferObstacle() {
      return mustRecord && writer.isFilling ? (writer.obstacle ?? 'too many records wait to be written') : undefined;
    },
    arrived: () => (mustRecord ? writer.settled(arrivalMilliseconds) : Promise.resolve(true)),
    reopen: () => writer.reopen(),
    gone: writer.gone,
    close: () => {
      strangers.endWindow();
      return writer.close();
    },
  };
}

/** A denial in a record carries its table entry along, so that the record can be read without the table. */
function withMeaning(record: AuditRecord): AuditRecord {
  if (!('denial' in record) || !record.denial) return record;
  const { code, detail, facts } = record.denial;
  return { ...record, denial: { code, ...explained(code), detail, facts } };
}

function explained(code: DenialCode) {
  const { stage, subStatus, level, meaning, remedy } = denialEntry(code);
  return { stage, subStatus, level, meaning, remedy };
}
