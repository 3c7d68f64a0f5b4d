/**
 * SITE COPY, CPFR and CPTO: a file copied on the server, read and written as RETR and STOR do it, with the same rights. ABOR and the end of
 * the connection give it up, and the old file stays then.
 */
import { millisecondsSince } from '../../../clock.ts';
import type { Transfer } from '../../../operations/audit.ts';
import type { ReadableFile, Upload } from '../../../storage/storage.ts';
import type { Control } from '../../control/control.ts';
import type { AuthenticatedSession } from '../../control/session.ts';
import { recordObstacle, recordTransfer } from '../../data/transfer-audit.ts';
import { answeringFailures, pathArgument } from '../../file-access.ts';
import { type Reply, reply } from '../../reply.ts';
import { completeLocally, writeFileInto } from '../local-upload.ts';
import { opened, openedToRead } from '../transfer-opening.ts';
import { umaskOf } from './site-session.ts';
import { twoPaths } from './two-paths.ts';

export async function copyFile(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  const paths = twoPaths(control, argument);
  if (paths) await copy(control, session, ...paths, reply('ok', 'Copied.'));
}

/** It must be a file that may be read, as for RNFR. */
export async function copyFrom(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  const path = pathArgument(control, argument);
  if (path === undefined) return;
  await answeringFailures(control, async () => {
    await (await session.storage.openRead(path)).close();
    control.settings.copyFrom = path;
    control.send(reply('moreNeeded', 'SITE CPTO next.'));
  });
}

export async function copyTo(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  const from = control.settings.copyFrom;
  control.settings.copyFrom = undefined;
  if (from === undefined) {
    control.send(reply('badSequence', 'SITE CPFR first.'));
    return;
  }
  const to = pathArgument(control, argument);
  if (to !== undefined) await copy(control, session, from, to, reply('fileActionOk', 'Copied.'));
}

async function copy(control: Control, session: AuthenticatedSession, path: string, target: string, done: Reply) {
  const obstacle = recordObstacle(control);
  if (obstacle) {
    control.send(obstacle);
    return;
  }
  const { storage } = session;
  const transfer = { operation: 'copy', path, target } as const;
  await answeringFailures(control, async () => {
    const file = await openedToRead(control, session, transfer);
    try {
      const opening = storage.openWrite(target, { kind: 'replace' }, umaskOf(control));
      const upload = await opened(control, session, transfer, opening);
      try {
        await move(control, session, { ...transfer, file, upload, done });
      } finally {
        await upload.abort();
      }
    } finally {
      await file.close();
    }
  });
}

interface Copy extends Pick<Transfer, 'operation' | 'path' | 'target'> {
  readonly file: ReadableFile;
  readonly upload: Upload;
  readonly done: Reply;
}

async function move(control: Control, session: AuthenticatedSession, { file, upload, done, ...transfer }: Copy) {
  const { timer } = control.options;
  const startedAt = timer();
  const record = (outcome: Transfer['outcome'], reason?: string) => {
    const bytes = upload.bytesWritten;
    const durationMilliseconds = millisecondsSince(startedAt, timer);
    recordTransfer(control, session, { ...transfer, outcome, bytes, durationMilliseconds, facts: { reason } });
  };
  const fill = (signal: AbortSignal) => writeFileInto(upload, file, signal);
  await completeLocally(control, { upload, fill, record }, () => control.send(done));
}
