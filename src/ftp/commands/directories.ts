/** CWD, CDUP, PWD, MKD, RMD and AVBL. */

import { StorageError } from '../../storage/storage.ts';
import { applyChange } from '../change-audit.ts';
import type { Control } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { answeringFailures, pathArgument } from '../file-access.ts';
import { reply } from '../reply.ts';
import { quoted } from './path-words.ts';
import { umaskOf } from './site/site-session.ts';

export async function changeDirectory(control: Control, argument: string, session: AuthenticatedSession) {
  const path = pathArgument(control, argument);
  if (path === undefined) return;
  await answeringFailures(control, async () => {
    const facts = await session.storage.stat(path);
    if (facts.type !== 'directory') throw new StorageError('not-a-directory', `${path}: cannot be a working directory`);
    control.settings.workingDirectory = path;
    control.send(reply('fileActionOk', `Working directory is ${quoted(path)}.`));
  });
}

export function changeToParent(control: Control, _argument: string, session: AuthenticatedSession) {
  return changeDirectory(control, '..', session);
}

export function printDirectory(control: Control): void {
  control.send(reply('pathName', `${quoted(control.settings.workingDirectory)} is the working directory.`));
}

export async function makeDirectory(control: Control, argument: string, session: AuthenticatedSession) {
  const path = pathArgument(control, argument);
  if (path === undefined) return;
  await applyChange(control, session, {
    operation: 'make-directory',
    path,
    apply: () => session.storage.makeDirectory(path, umaskOf(control)),
    done: reply('pathName', `${quoted(path)} made.`),
  });
}

export async function removeDirectory(control: Control, argument: string, session: AuthenticatedSession) {
  const path = pathArgument(control, argument);
  if (path === undefined) return;
  await applyChange(control, session, {
    operation: 'remove-directory',
    path,
    apply: () => session.storage.removeDirectory(path),
    done: reply('fileActionOk', 'Directory removed.'),
  });
}

/** What an account without privileges can still write there. */
export async function availableSpace(control: Control, argument: string, session: AuthenticatedSession) {
  const path = pathArgument(control, argument);
  if (path === undefined) return;
  await answeringFailures(control, async () => {
    control.send(reply('fileStatus', String(await session.storage.freeSpace(path))));
  });
}
