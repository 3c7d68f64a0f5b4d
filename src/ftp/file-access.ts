/** From a command's argument to a path the account may use, and from a storage failure to a reply that tells only its kind. */
import type { Permission } from '../authorization/access-rights.ts';
import { denial } from '../denial.ts';
import { StorageError, type StorageErrorKind } from '../storage/storage.ts';
import { recordRefusal } from './control-audit.ts';
import { type Reply, reply } from './reply.ts';
import type { AuthenticatedSession, Control } from './session.ts';
import { resolveVirtualPath } from './virtual-path.ts';

const failureReplies: Readonly<Record<Exclude<StorageErrorKind, 'fault'>, Reply>> = {
  'not-found': reply('fileUnavailable', 'No such file or directory.'),
  exists: reply('nameNotAllowed', 'That name exists already.'),
  'not-a-file': reply('fileUnavailable', 'Not a plain file.'),
  'not-a-directory': reply('fileUnavailable', 'Not a directory.'),
  'not-empty': reply('fileUnavailable', 'The directory is not empty.'),
  'no-space': reply('noSpace', 'No space left.'),
  forbidden: reply('fileUnavailable', 'Permission denied.'),
  'name-invalid': reply('nameNotAllowed', 'That name is not allowed.'),
  /** RFC 1123 4.1.3.4. */
  'beyond-end': reply('restartNotPossible', 'The file is shorter than that.'),
};

/** @returns the absolute virtual path, or undefined after the client was told why not */
export function permittedPath(
  control: Control,
  session: AuthenticatedSession,
  argument: string,
  permission: Permission,
): string | undefined {
  const path = resolveVirtualPath(control.settings.workingDirectory, argument);
  if (path === undefined) {
    control.send(failureReplies['name-invalid']);
    return undefined;
  }
  if (!session.login.accessRights.allows(permission, path)) {
    const facts = { permission, path };
    recordRefusal(control, denial('access-denied', 'The authorization rules do not allow it.', facts));
    control.send(failureReplies.forbidden);
    return undefined;
  }
  return path;
}

/** @returns undefined for a fault, which the caller must pass on so that it is logged */
export function storageReply(error: unknown): Reply | undefined {
  return error instanceof StorageError && error.kind !== 'fault' ? failureReplies[error.kind] : undefined;
}

/** Runs a storage operation; a failure the client may know of is answered, a fault goes on to the one catch of commands. */
export async function answeringFailures(control: Control, operation: () => Promise<void>): Promise<void> {
  try {
    await operation();
  } catch (error) {
    const answer = storageReply(error);
    if (!answer) throw error;
    if (answer === failureReplies.forbidden && error instanceof Error) {
      recordRefusal(control, denial('access-denied', `The storage does not allow it: ${error.message}.`));
    }
    control.send(answer);
  }
}
