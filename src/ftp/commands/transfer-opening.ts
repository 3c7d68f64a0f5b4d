/** What stands before every transfer of a file: nothing is in its way, and the disk lets the file be opened. */
import type { Transfer } from '../../operations/audit.ts';
import { type ReadableFile, StorageError } from '../../storage/storage.ts';
import type { Control } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { missingDataConnection, transferObstacle } from '../data/transfer.ts';
import { recordTransfer } from '../data/transfer-audit.ts';
import type { Reply } from '../reply.ts';

/** @returns whether the client was told what stands against any transfer now */
export function isObstructed(control: Control): boolean {
  return isAnswered(control, transferObstacle(control));
}

/**
 * Asked last, when the file is open and the offset fits: a client that tries a transfer without PASV hears first what is wrong with its file
 * (550, 553, 554), and only then that a data connection is missing.
 * @returns whether the client was told that it is
 */
export function lacksDataConnection(control: Control): boolean {
  return isAnswered(control, missingDataConnection(control));
}

function isAnswered(control: Control, answer: Reply | undefined): boolean {
  if (answer) control.send(answer);
  return answer !== undefined;
}

/** A file that the disk does not let be opened is a transfer that failed; what rules or names forbid is told elsewhere. */
export async function opened<T>(
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

/** As `opened`, to read what no upload writes into now. */
export async function openedToRead(
  control: Control,
  session: AuthenticatedSession,
  transfer: Pick<Transfer, 'operation' | 'path'>,
): Promise<ReadableFile> {
  const { path } = transfer;
  const file = await opened(control, session, transfer, session.storage.openRead(path));
  try {
    requireNoUpload(control, session, path, file.facts.unique);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Of a file that the account may not read only the path in its home is known. @returns to be called at the end of the upload */
export async function beginUpload(control: Control, session: AuthenticatedSession, path: string): Promise<() => void> {
  const facts = await session.storage.stat(path).catch(() => undefined);
  return control.options.uploads.begin(namesOfFile(session, path, facts?.unique));
}

/** @param unique of the file @throws StorageError `in-use` */
function requireNoUpload(control: Control, session: AuthenticatedSession, path: string, unique: string): void {
  const { options } = control;
  if (options.site.fileHandling.allowReadUploadsInProgress) return;
  if (options.uploads.hasAny(namesOfFile(session, path, unique)))
    throw new StorageError('in-use', `${path}: an upload writes into it`);
}

function namesOfFile({ login }: AuthenticatedSession, path: string, unique?: string): readonly string[] {
  const inHome = JSON.stringify([login.homeDirectory, path]);
  return unique === undefined ? [inHome] : [inHome, unique];
}
