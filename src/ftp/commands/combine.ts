/**
 * COMB: files that were sent in parts become one. The target gets its new content whole or not at all, behind what it had; the parts are
 * removed when it is on the disk, each only if it is still what was read.
 */
import { errorMessage } from '../../error-message.ts';
import type { Transfer } from '../../operations/audit.ts';
import { type FileFacts, StorageError, type Upload } from '../../storage/storage.ts';
import type { Control } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { recordObstacle, recordTransfer } from '../data/transfer-audit.ts';
import { answeringFailures, pathArgument } from '../file-access.ts';
import { reply } from '../reply.ts';
import { completeLocally, writeFileInto } from './local-upload.ts';
import { pathWords } from './path-words.ts';
import { umaskOf } from './site/site-session.ts';

/** Of one command. */
const maximumParts = 128;

interface Part {
  readonly path: string;
  /** As it was before anything was read. */
  readonly facts: FileFacts;
}

export async function combine(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  const called = pathWords(argument) ?? [];
  if (called.length < 2 || called.length > maximumParts + 1) {
    control.send(reply('argumentError', `Give a target and 1 to ${maximumParts} parts, each in quotation marks.`));
    return;
  }
  const paths: string[] = [];
  for (const name of called) {
    const path = pathArgument(control, name);
    if (path === undefined) return;
    paths.push(path);
  }
  const obstacle = recordObstacle(control);
  if (obstacle) control.send(obstacle);
  else await answeringFailures(control, () => combineInto(control, session, paths));
}

async function combineInto(
  control: Control,
  session: AuthenticatedSession,
  [target = '', ...paths]: readonly string[],
): Promise<void> {
  const parts: Part[] = [];
  for (const path of paths) parts.push({ path, facts: await removableFile(session, path) });
  const former = await session.storage.stat(target).catch(unlessMissing);
  const objects = [...parts.map(({ facts }) => facts.unique), ...(former ? [former.unique] : [])];
  if (new Set(objects).size < objects.length) {
    control.send(reply('argumentError', 'Each file may be named once.'));
    return;
  }
  const sources = former ? [{ path: target, facts: former }, ...parts] : parts;
  const upload = await session.storage.openWrite(target, { kind: 'replace' }, umaskOf(control));
  try {
    if (!(await written(control, session, { target, sources, upload, parts: paths }))) return;
  } finally {
    await upload.abort();
  }
  await removeParts(control, session, parts);
}

/** What RETR may read and DELE may remove. @throws StorageError */
async function removableFile({ storage }: AuthenticatedSession, path: string): Promise<FileFacts> {
  await storage.requireMovable(path);
  const facts = await storage.stat(path);
  if (facts.type !== 'file') throw new StorageError('not-a-file', `${path}: not a regular file`);
  return facts;
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof StorageError && error.kind === 'not-found')) throw error;
}

interface Combination {
  readonly target: string;
  readonly upload: Upload;
  readonly sources: readonly Part[];
  /** Paths, for the record. */
  readonly parts: readonly string[];
}

/** @returns whether the target is on the disk; if it was given up, the client has been told so @throws StorageError; it is recorded */
function written(
  control: Control,
  session: AuthenticatedSession,
  { target, upload, sources, parts }: Combination,
): Promise<boolean> {
  const record = (outcome: Transfer['outcome'], reason?: string) => {
    const facts = { parts, reason };
    recordTransfer(control, session, {
      operation: 'combine',
      path: target,
      outcome,
      bytes: upload.bytesWritten,
      facts,
    });
  };
  const fill = async (signal: AbortSignal) => {
    for (const source of sources) await append(session, upload, source, signal);
  };
  return completeLocally(control, { upload, fill, record });
}

async function append(session: AuthenticatedSession, upload: Upload, { path, facts }: Part, signal: AbortSignal) {
  const file = await session.storage.openRead(path);
  try {
    if (hasChanged(facts, file.facts))
      throw new StorageError('changed', `${path}: no longer the file that was looked at`);
    await writeFileInto(upload, file, signal);
  } finally {
    await file.close();
  }
}

/** What another session sent under the name of a part meanwhile is not removed. */
async function removeParts(control: Control, session: AuthenticatedSession, parts: readonly Part[]): Promise<void> {
  const left: string[] = [];
  for (const { path, facts } of parts) {
    let reason: string | undefined;
    try {
      if (hasChanged(facts, await session.storage.stat(path))) reason = 'the file changed while it was combined';
      else await session.storage.removeFile(path);
    } catch (error) {
      reason = errorMessage(error);
    }
    if (reason !== undefined) left.push(path);
    const outcome = reason === undefined ? 'complete' : 'failed';
    recordTransfer(control, session, { operation: 'delete', path, outcome, facts: { reason } });
  }
  if (left.length === 0) control.send(reply('fileActionOk', 'Combined.'));
  else control.send(reply('localError', 'The files are combined, but not every part could be removed.'));
}

function hasChanged(before: FileFacts, now: FileFacts): boolean {
  const isSame = before.unique === now.unique && before.size === now.size;
  return !isSame || before.modifiedAt.getTime() !== now.modifiedAt.getTime();
}
