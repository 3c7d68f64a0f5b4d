/**
 * The course of every transfer: protection asked for, 150, the proven data connection, the bytes, one final reply. It never
 * says 226 of a transfer that broke, and never tells the client more of a refusal than a reference.
 */
import { setTimeout } from 'node:timers/promises';
import { millisecondsSince } from '../../clock.ts';
import { type DenialCode, denial, denialEntry } from '../../denial.ts';
import { errorMessage } from '../../error-message.ts';
import type { Facts } from '../../explanation/steps.ts';
import { noticeShortage } from '../../operations/descriptor-shortage.ts';
import { StorageError } from '../../storage/storage.ts';
import type { Control } from '../control/control.ts';
import { recordRefusal } from '../control/control-audit.ts';
import { withLocalDetails } from '../control/local-details.ts';
import { recordIfUnresponsive, storageDenial, storageReply } from '../file-access.ts';
import { type Reply, reply } from '../reply.ts';
import type { TransferDirection } from '../tls/session-tickets.ts';
import type { Opened } from './data-attempt.ts';
import type { DataConnection } from './data-connection.ts';
import { recordObstacle } from './transfer-audit.ts';
import { PaceError } from './transfer-pace.ts';
import { TransferRefused } from './transfer-refused.ts';

export interface TransferResult {
  readonly outcome: 'complete' | 'aborted' | 'failed';
  readonly bytes: number;
  readonly durationMilliseconds: number;
  readonly facts: Facts;
}

/** @returns what stands against any transfer now; it is asked before a file is opened (RFC 4217 10.2, 521) */
export function transferObstacle(control: Control): Reply | undefined {
  const { site } = control.options;
  const { dataChannelPolicy } = site.ssl;
  const obstacle = recordObstacle(control);
  if (obstacle) return obstacle;
  if (dataChannelPolicy === 'SslRequire' && control.data.protection !== 'P') {
    return reply('protectionNotAllowed', 'Data connections must be protected here; PBSZ 0 and PROT P first.');
  }
  if (dataChannelPolicy === 'SslDeny' && control.data.protection === 'P') {
    return reply('protectionNotAllowed', 'Data connections are never protected here; PROT C first.');
  }
  return undefined;
}

/** @returns that no data connection was asked for; it is said last of what stands against a transfer */
export function missingDataConnection(control: Control): Reply | undefined {
  if (control.data.isPrepared) return undefined;
  const again = control.data.hasExpired ? 'The passive port was not used in time; PASV or EPSV again.' : undefined;
  return reply('noDataConnection', again ?? 'PASV or EPSV first.');
}

interface TransferWords {
  /** Text of the 150 reply. */
  readonly opening: string;
  /** Lines before the end of the 226 reply. */
  readonly closing?: readonly string[];
  readonly direction: TransferDirection;
}

/**
 * Opens the data connection, moves the bytes, and answers.
 * @param move moves everything and returns facts for the audit record; it must leave nothing half done when it throws, and
 * throw when the signal says that the transfer is given up, as long as that can change anything
 */
export function carryOut(
  control: Control,
  { opening, closing = [], direction }: TransferWords,
  move: (connection: DataConnection, signal: AbortSignal) => Promise<Facts>,
): Promise<TransferResult> {
  return control.runTransfer(async (signal) => {
    const { timer } = control.options;
    const startedAt = timer();
    const result = (outcome: TransferResult['outcome'], bytes: number, facts: Facts): TransferResult => {
      return { outcome, bytes, durationMilliseconds: millisecondsSince(startedAt, timer), facts };
    };
    control.send(reply(control.data.hasArrived ? 'dataConnectionOpen' : 'openingDataConnection', opening));
    const opened = await control.data.open(direction, signal);
    if (opened.outcome !== 'open') {
      control.send(refusal(control, opened, signal));
      const code = opened.outcome === 'denied' ? opened.denial.code : 'no-data-connection';
      return result(signal.aborted ? 'aborted' : 'failed', 0, { refused: code });
    }
    const { connection } = opened;
    const giveUp = () => connection.abort(new Error('the transfer was given up'));
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    try {
      const facts = await move(connection, signal);
      control.send(reply('transferComplete', ...closing, 'Transfer complete.'));
      return result('complete', connection.transferred, { ...connection.facts, ...facts });
    } catch (error) {
      connection.abort(new Error('the transfer failed'));
      const pace = error instanceof PaceError && !signal.aborted ? error : undefined;
      if (pace) {
        const reference = recordRefusal(control, denial(pace.code, pace.message));
        control.send({ code: denialEntry(pace.code).reply, lines: [`${pace.answer}, reference ${reference}.`] });
      } else control.send(failure(error, signal));
      const refused = error instanceof StorageError ? storageDenial(error) : undefined;
      if (refused) recordRefusal(control, refused);
      if (error instanceof StorageError) {
        control.siteLog?.failed(error.kind);
        recordIfUnresponsive(control, error);
      }
      if (!noticeShortage(error, 'transfer')) control.log.info('transfer-failed', { error });
      const facts = { ...connection.facts, reason: errorMessage(error), refused: (pace ?? refused)?.code };
      const broken = result('failed', connection.transferred, facts);
      if (!pace && !(error instanceof StorageError || error instanceof TransferRefused))
        await clientSurvives(control, signal);
      return signal.aborted ? { ...broken, outcome: 'aborted' } : broken;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  });
}

/**
 * The kernel of a client that was killed breaks its connections in any order, and the end of the control connection makes an ABOR of
 * what happened (RFC 959 4.1.1): so its fate is awaited before the record, though not before the reply. A client that goes on
 * with its next command has waited for nothing.
 */
async function clientSurvives(control: Control, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const delay = control.options.site.fileHandling.uploadEndDelay;
  const waited = setTimeout(delay, undefined, { signal: AbortSignal.any([signal, over.signal]) });
  await Promise.race([waited, control.heardAgain()]).catch(() => undefined);
  over.abort();
}

function refusal(control: Control, opened: Exclude<Opened, { outcome: 'open' }>, signal: AbortSignal): Reply {
  if (signal.aborted) return reply('transferAborted', 'Transfer given up.');
  if (opened.outcome === 'none') return reply('noDataConnection', 'No data connection was made.');
  const { code } = opened.denial;
  // RFC 2428 has another 522, so the text tells which one this is, and what the person can do about it.
  const text = refusalTexts[code] ?? 'No data connection to your port could be made';
  const answer = { code: denialEntry(code).reply, lines: [`${text}, reference ${opened.reference}.`] };
  return withLocalDetails(control, opened.denial, answer);
}

const refusalTexts: Readonly<Partial<Record<DenialCode, string>>> = {
  'data-tls-failed': 'TLS on the data connection failed',
  'data-certificate-mismatch':
    'The data connection must resume the TLS session or show the certificate of the control connection',
};

const unreadable = reply('localError', 'The file could not be read or written.');

function failure(error: unknown, signal: AbortSignal): Reply {
  if (signal.aborted) return reply('transferAborted', 'Transfer given up.');
  const known = storageReply(error);
  // A client that is told 451 sends the file again.
  if (error instanceof StorageError && error.kind === 'hook-refused') return known ?? unreadable;
  if (known) return tellable.has(known.code) ? known : unreadable;
  if (error instanceof StorageError) return unreadable;
  if (error instanceof TransferRefused) return reply('transferAborted', error.message);
  return reply('transferAborted', 'The data connection broke; the transfer is not complete.');
}

/** Replies about the disk that a client may get in the midst of a transfer. */
const tellable: ReadonlySet<number> = new Set([451, 452, 552]);
