/** STOR, STOU and APPE: a file from the client, as the type of the session has it. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { StorageError, type Upload, type WriteMode } from '../../storage/storage.ts';
import type { Control } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import type { DataConnection, UploadEnd } from '../data/data-connection.ts';
import type { OctetConversion } from '../data/octet-conversion.ts';
import { carryOut } from '../data/transfer.ts';
import { recordTransfer } from '../data/transfer-audit.ts';
import { TransferRefused } from '../data/transfer-refused.ts';
import { answeringFailures, newNameArgument, ofNewName } from '../file-access.ts';
import { reply } from '../reply.ts';
import { conversionOf, isText, rangeNotPossible } from './conversions.ts';
import { isPart, takePortion } from './restart.ts';
import { umaskOf } from './site/site-session.ts';
import { shorterFile, textPosition } from './text-files.ts';
import { beginUpload, isObstructed, lacksDataConnection, opened } from './transfer-opening.ts';

/** Random octets in the name of a file that STOU makes. */
const uniqueOctets = 8;

export function store(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  const portion = takePortion(control);
  return receive(control, session, argument, {
    operation: 'store',
    plan: (path) => {
      if (portion.end !== undefined) return rangePlan(control, portion.offset, portion.end);
      return portion.offset === 0 ? whole(control) : continuation(control, session, path, portion.offset);
    },
  });
}

/** The extension of the argument is that of the name, and a name without one has none, so that a site judges it as it judges that of STOR. */
function uniqueName(argument: string): string {
  const random = randomBytes(uniqueOctets).toString('hex');
  const [, stem = argument, extension = ''] = /^(.*)(\.[^./]+)$/su.exec(argument) ?? [];
  return `${stem}-${random}${extension}`;
}

/** The name is made here, too long to be met by chance, and the first reply tells it (RFC 1123 4.1.2.9). */
export async function storeUnique(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  if (isPart(takePortion(control))) {
    control.send(reply('restartNotPossible', 'STOU always makes a new file.'));
    return;
  }
  const name = uniqueName(argument === '' ? 'file' : argument);
  return receive(control, session, name, {
    operation: 'store',
    opening: `FILE: ${name}`,
    plan: () => whole(control),
  });
}

/** RFC 3659 5.3 leaves an offset before APPE undefined; to append all the same puts the octets elsewhere than was asked. */
export async function append(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  if (isPart(takePortion(control))) {
    control.send(reply('restartNotPossible', 'APPE always writes at the end.'));
    return;
  }
  return receive(control, session, argument, {
    operation: 'append',
    plan: () => ({ mode: { kind: 'append' }, conversion: conversionOf(control) }),
  });
}

/** How the octets of an upload get into its file. */
interface Plan {
  readonly mode: WriteMode;
  readonly conversion?: OctetConversion | undefined;
  /** How many octets the client must send; absent: as many as it likes. */
  readonly octets?: number;
}

function whole(control: Control): Plan {
  const { keepPartialUploads } = control.options.site.fileHandling;
  return { mode: { kind: 'replace', keepsPartial: keepPartialUploads }, conversion: conversionOf(control) };
}

/** @param offset octets as the client sent them before @returns undefined after the client was told that it is not possible */
async function continuation(
  control: Control,
  session: AuthenticatedSession,
  path: string,
  offset: number,
): Promise<Plan | undefined> {
  if (!isText(control)) return { mode: { kind: 'at', offset }, conversion: conversionOf(control) };
  const file = await session.storage.openRead(path).catch((error: unknown) => {
    if (error instanceof StorageError && error.kind === 'not-found') return undefined;
    throw error;
  });
  try {
    const position = file && (await textPosition(control, file, offset));
    if (!file) control.send(shorterFile);
    return (
      position && {
        mode: { kind: 'at', offset: position.writeFrom },
        conversion: conversionOf(control, position.lines),
      }
    );
  } finally {
    await file?.close();
  }
}

/** draft-bryan-ftp-range-09 4.3: what lies outside the range stays as it is, so the client must send the range and no more. */
function rangePlan(control: Control, offset: number, end: number): Plan | undefined {
  if (!conversionOf(control)) return { mode: { kind: 'at', offset }, octets: end - offset };
  control.send(rangeNotPossible);
  return undefined;
}

interface Reception {
  readonly operation: 'store' | 'append';
  /** Text of the first reply. */
  readonly opening?: string;
  /** @returns undefined after the client was told that it is not possible */
  readonly plan: (path: string) => Promise<Plan | undefined> | Plan | undefined;
}

async function receive(
  control: Control,
  session: AuthenticatedSession,
  argument: string,
  { operation, opening: text = 'Send the file.', plan }: Reception,
): Promise<void> {
  const path = newNameArgument(control, argument);
  if (path === undefined || isObstructed(control)) return;
  const receiving = async () => {
    const planned = await plan(path);
    if (!planned) return;
    const opening = session.storage.openWrite(path, planned.mode, umaskOf(control));
    const upload = await opened(control, session, { operation, path }, opening);
    const endInPlace = planned.mode.kind === 'replace' ? undefined : await beginUpload(control, session, path);
    try {
      if (lacksDataConnection(control)) return;
      const result = await carryOut(control, { opening: text, direction: 'receiving' }, (connection, signal) =>
        moveUpload(control, connection, { ...planned, upload }, signal),
      );
      control.bytesReceived += result.bytes;
      const fileBytes = planned.conversion && upload.bytesWritten;
      const facts = { ...result.facts, fileBytes, keptAs: upload.keptAs };
      recordTransfer(control, session, { operation, path, ...result, facts });
    } finally {
      // Does nothing after a commit; on every other way out the old file stays.
      await upload.abort();
      endInPlace?.();
    }
  };
  await answeringFailures(control, receiving, ofNewName);
}

interface OpenUpload extends Plan {
  readonly upload: Upload;
}

/** The reply comes after the commit: 226 means that the file is there, whole and durable. */
async function moveUpload(
  control: Control,
  connection: DataConnection,
  { upload, conversion, octets }: OpenUpload,
  signal: AbortSignal,
) {
  let end: UploadEnd;
  try {
    end = await connection.receive(
      octets === undefined ? (chunk) => upload.write(chunk) : limitedTo(octets, upload),
      conversion,
    );
    if (octets !== undefined && upload.bytesWritten < octets) throw new TransferRefused('That is less than the range.');
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

function limitedTo(octets: number, upload: Upload): Upload['write'] {
  return async (chunk) => {
    if (chunk.length > octets - upload.bytesWritten) throw new TransferRefused('That is more than the range.');
    await upload.write(chunk);
  };
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
