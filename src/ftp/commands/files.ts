/** SIZE, DELE, RNFR and RNTO. */

import { StorageError } from '../../storage/storage.ts';
import { applyChange } from '../change-audit.ts';
import type { Control } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { answeringFailures, newNameArgument, pathArgument } from '../file-access.ts';
import { reply } from '../reply.ts';
import { isText } from './conversions.ts';
import { answerTextSize } from './text-files.ts';

/** RFC 3659 4: the octets that RETR sends under the type there is. Answered under TYPE A too: .NET asks before any TYPE. */
export async function fileSize(control: Control, argument: string, session: AuthenticatedSession) {
  const path = pathArgument(control, argument);
  if (path === undefined) return;
  await answeringFailures(control, async () => {
    const facts = await session.storage.stat(path);
    if (facts.type !== 'file') throw new StorageError('not-a-file', `${path}: has no size`);
    if (isText(control)) await answerTextSize(control, session, path);
    else control.send(reply('fileStatus', String(facts.size)));
  });
}

export async function deleteFile(control: Control, argument: string, session: AuthenticatedSession) {
  const path = pathArgument(control, argument);
  if (path === undefined) return;
  await applyChange(control, session, {
    operation: 'delete',
    path,
    apply: () => session.storage.removeFile(path),
    done: reply('fileActionOk', 'Deleted.'),
  });
}

export async function renameFrom(control: Control, argument: string, session: AuthenticatedSession) {
  const path = pathArgument(control, argument);
  if (path === undefined) return;
  await answeringFailures(control, async () => {
    await session.storage.requireMovable(path);
    control.settings.renameFrom = path;
    control.send(reply('moreNeeded', 'RNTO next.'));
  });
}

export async function renameTo(control: Control, argument: string, session: AuthenticatedSession) {
  const from = control.settings.renameFrom;
  control.settings.renameFrom = undefined;
  if (from === undefined) {
    control.send(reply('badSequence', 'RNFR first.'));
    return;
  }
  const target = newNameArgument(control, argument);
  if (target === undefined) return;
  await applyChange(control, session, {
    operation: 'rename',
    path: from,
    target,
    apply: () => session.storage.rename(from, target, control.options.site.fileHandling.allowReplaceOnRename),
    done: reply('fileActionOk', 'Renamed.'),
  });
}
