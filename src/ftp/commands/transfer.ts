/** REST, RETR, STOR, STOU, APPE, ALLO and ABOR. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Transfer } from '../../operations/audit.ts';
import { StorageError, type Upload, type WriteMode } from '../../storage/storage.ts';
import type { Control } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import type { DataConnection, UploadEnd } from '../data/data-connection.ts';
import { carryOut, TransferRefused, transferObstacle } from '../data/transfer.ts';
import { recordTransfer } from '../data/transfer-audit.ts';
import { answeringFailures, pathArgument } from '../file-access.ts';
import { reply } from '../reply.ts';

/** Random octets in the name of a file that STOU makes. */
const uniqueOctets = 8;

export function restart(control: Control, argument: string): void {
  const offset = /^\d{1,16}$/u.test(argument) ? Number(argument) : Number.NaN;
  if (!Number.isSafeInteger(offset)) {
    control.send(reply('argumentError', 'Not an offset.'));
    return;
  }
  control.settings.restartOffset = offset;
  control.send(reply('moreNeeded', `The next transfer starts at ${offset}.`));
}

export function allocate(control: Control): void {
  control.send(reply('superfluous', 'No storage allocation is necessary.'));
}

/** RFC 959 4.1.3: first the transfer gets its 426, then ABOR its 226. */
export async function abort(control: Control): Promise<void> {
  const hadTransfer = await control.abortTransfer();
  if (!hadTransfer) control.data.close('the client sent ABOR');
  control.send(reply('transferComplete', hadTransfer ? 'Transfer given up.' : 'There was no transfer.'));
}

export async function retrieve(control: Control, argument: string, session: AuthenticatedSession) {
  const offset = takeRestartOffset(control);
  const path = pathArgument(control, argument);
  if (path === undefined || isObstructed(control)) return;
  await answeringFailures(control, async () => {
    const file = await opened(control, session, { operation: 'retrieve', path }, session.storage.openRead(path));
    try {
      if (offset > file.facts.size) {
        control.send(reply('restartNotPossible', 'The file is shorter than that.'));
        return;
      }
      // Some clients read the size out of the parentheses, so it is what will come.
      const opening = `Sending the file (${file.facts.size - offset} bytes).`;
      const result = await carryOut(control, { opening, direction: 'sending' }, async (connection) => {
        await connection.sendFile({ readInto: file.readInto, start: offset, end: file.facts.size });
        return { offset };
      });
      control.bytesSent += result.bytes;
      recordTransfer(control, session, { operation: 'retrieve', path, ...result });
    } finally {
      await file.close();
    }
  });
}

export function store(control: Control, argument: string, session: AuthenticatedSession) {
  const offset = takeRestartOffset(control);
  return receive(control, session, argument, 'store', offset === 0 ? { kind: 'replace' } : { kind: 'at', offset });
}

/** The name is made here, too long to be met by chance, and the first reply tells it (RFC 1123 4.1.2.9). */
export async function storeUnique(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  if (takeRestartOffset(control) !== 0) {
    control.send(reply('restartNotPossible', 'STOU always makes a new file.'));
    return;
  }
  const name = `${argument === '' ? 'file' : argument}.${randomBytes(uniqueOctets).toString('hex')}`;
  return receive(control, session, name, 'store', { kind: 'replace' }, `FILE: ${name}`);
}

/** RFC 3659 5.3 leaves an offset before APPE undefined; to append all the same puts the octets elsewhere than was asked. */
export async function append(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  if (takeRestartOffset(control) !== 0) {
    control.send(reply('restartNotPossible', 'APPE always writes at the end.'));
    return;
  }
  return receive(control, session, argument, 'append', { kind: 'append' });
}

async function receive(
  control: Control,
  session: AuthenticatedSession,
  argument: string,
  operation: 'store' | 'append',
  mode: WriteMode,
  opening = 'Send the file.',
): Promise<void> {
  const path = pathArgument(control, argument);
  if (path === undefined || isObstructed(control)) return;
  await answeringFailures(control, async () => {
    const upload = await opened(control, session, { operation, path }, session.storage.openWrite(path, mode));
    try {
      const result = await carryOut(control, { opening, direction: 'receiving' }, (connection, signal) =>
        moveUpload(control, connection, upload, signal),
      );
      control.bytesReceived += result.bytes;
      recordTransfer(control, session, { operation, path, ...result });
    } finally {
      // Does nothing after a commit; on every other way out the old file stays.
      await upload.abort();
    }
  });
}

/** A file that the disk does not let be opened is a transfer that failed; what rules or names forbid is told elsewhere. */
async function opened<T>(
  control: Control,
  session: AuthenticatedSession,
  transfer: Pick<Transfer, 'operation' | 'path'>,
  opening: Promise<T>,
): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof StorageError && (error.kind === 'no-space' || error.kind === 'fault')) {
      recordTransfer(control, session, { ...transfer, outcome: 'failed', bytes: 0, facts: { reason: error.message } });
    }
    throw error;
  }
}

/** The reply comes after the commit: 226 means that the file is there, whole and durable. */
async function moveUpload(control: Control, connection: DataConnection, upload: Upload, signal: AbortSignal) {
  let end: UploadEnd;
  try {
    end = await connection.receive((chunk) => upload.write(chunk));
    if (end === 'fin' && control.options.site.fileHandling.uploadWithoutCloseNotify === 'refuse') {
      throw new TransferRefused('The upload ended without close_notify; it may be cut short.');
    }
    if (end !== 'close-notify') await outliveUpload(control, signal);
    signal.throwIfAborted();
  } catch (error) {
    // Before the client is told: what it lists next shows nothing of the failed upload.
    await upload.abort();
    throw error;
  }
  await upload.commit(signal);
  await connection.finishReceiving();
  return { end };
}

/**
 * A bare FIN is the end of the file, or that of a process that was killed: its kernel closes the data connection and the control
 * connection in any order. The end of the control connection is an ABOR (RFC 959 4.1.1), so its fate is awaited first.
 */
async function outliveUpload(control: Control, signal: AbortSignal): Promise<void> {
  await setTimeout(control.options.site.fileHandling.uploadEndDelay, undefined, { signal });
  // Behind a QUIT the end of the input gives no transfer up, and tells nothing of the upload either.
  if (control.hasInputEnded) throw new TransferRefused('The control connection ended with the upload.');
}

function isObstructed(control: Control): boolean {
  const obstacle = transferObstacle(control);
  if (obstacle) control.send(obstacle);
  return obstacle !== undefined;
}

/** REST is for the next transfer command only, whatever becomes of it (RFC 3659 5.3). */
function takeRestartOffset(control: Control): number {
  const offset = control.settings.restartOffset;
  control.settings.restartOffset = 0;
  return offset;
}
