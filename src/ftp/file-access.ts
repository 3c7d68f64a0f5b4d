/** From a command's argument to a path in the home, and from a storage failure to a reply that tells only its kind. */
import { type Denial, type DenialCode, denial } from '../denial.ts';
import { FilteredError, StorageError, type StorageErrorKind } from '../storage/storage.ts';
import type { Control } from './control/control.ts';
import { recordRefusal } from './control/control-audit.ts';
import { withLocalDetails } from './control/local-details.ts';
import { type Reply, reply } from './reply.ts';
import { resolveVirtualPath } from './virtual-path.ts';

const notFound = reply('fileUnavailable', 'No such file or directory.');
export const nameNotAllowed = reply('fileUnavailable', 'That name is not allowed.');
const permissionDenied = reply('fileUnavailable', 'Permission denied.');

const failureReplies: Readonly<Record<Exclude<StorageErrorKind, 'fault'>, Reply>> = {
  'not-found': notFound,
  /** In the same words: a link must not tell whether something is there outside the home. */
  outside: notFound,
  exists: reply('fileUnavailable', 'That name exists already.'),
  'not-a-file': reply('fileUnavailable', 'Not a plain file.'),
  'not-a-directory': reply('fileUnavailable', 'Not a directory.'),
  'not-empty': reply('fileUnavailable', 'The directory is not empty.'),
  'no-space': reply('noSpace', 'No space left.'),
  denied: permissionDenied,
  forbidden: permissionDenied,
  ruled: reply(
    'fileUnavailable',
    'An authorization rule or a virtual directory is for it, or for something in it; it stays where it is.',
  ),
  /** In the same words as what is not there. */
  hidden: notFound,
  filtered: nameNotAllowed,
  'too-large': reply('allocationExceeded', 'The file is longer than this site takes.'),
  'other-file-system': reply('fileUnavailable', 'The new name lies on another file system; copy the file instead.'),
  'name-invalid': nameNotAllowed,
  'too-many': reply('localError', 'The listing takes too long; ask for less of it.'),
  'not-durable': reply('localError', 'The file is whole and in place, but a power failure may undo that.'),
  'in-use': reply('fileBusy', 'An upload writes into that file.'),
  'hook-refused': permissionDenied,
  'hook-unavailable': reply('localError', 'Not possible at the moment; try again later.'),
  changed: reply('fileBusy', 'The file changed meanwhile.'),
  unresponsive: reply('localError', 'The file system does not answer.'),
  /** RFC 1123 4.1.3.4. */
  'beyond-end': reply('restartNotPossible', 'The file is shorter than that.'),
};

/** What an auditor hears of; the client’s mistakes are not among it. */
const refusals: Readonly<Partial<Record<StorageErrorKind, readonly [code: DenialCode, reason: string]>>> = {
  denied: ['access-denied', 'The authorization rules do not allow it.'],
  forbidden: ['file-permission-denied', 'The file system does not allow it.'],
  outside: ['access-denied', 'A link leads out of the home.'],
  'hook-refused': ['refused-by-hook', 'A hook of the site refused it.'],
  'hook-unavailable': ['hook-unavailable', 'A hook of the site gave no answer.'],
  ruled: ['access-denied', 'An authorization rule or a virtual directory is for it, or for something in it.'],
};

/** @returns the absolute virtual path, or undefined after the client was told that nothing can be called so */
export function pathArgument(control: Control, argument: string): string | undefined {
  return pathOr(nameNotAllowed, control, argument);
}

/** As `pathArgument`, for commands that give a file its name. */
export function newNameArgument(control: Control, argument: string): string | undefined {
  return pathOr(reply('nameNotAllowed', ...nameNotAllowed.lines), control, argument);
}

function pathOr(refusal: Reply, control: Control, argument: string): string | undefined {
  const path = resolveVirtualPath(control.settings.workingDirectory, argument);
  if (path === undefined) control.send(refusal);
  else control.siteLog?.concerned(path);
  return path;
}

/**
 * What a client hears of a name that it gives to a file. RFC 959 5.4 has 553 for that, and 550 for all other commands: clients make a
 * directory that may be there, and take 550 for that.
 */
export function ofNewName(answer: Reply, { kind }: StorageError): Reply {
  return kind === 'exists' || kind === 'name-invalid' || kind === 'filtered'
    ? reply('nameNotAllowed', ...answer.lines)
    : answer;
}

/** @returns undefined for a fault, which the caller must pass on so that it is logged */
export function storageReply(error: unknown): Reply | undefined {
  return error instanceof StorageError && error.kind !== 'fault' ? failureReplies[error.kind] : undefined;
}

/**
 * Runs a storage operation; a failure the client may know of is answered, a fault goes on to the one catch of commands.
 * @param adapt makes of an answer what the standard of the command has; default: the answer as it is
 */
export async function answeringFailures(
  control: Control,
  operation: () => Promise<void>,
  adapt: (answer: Reply, error: StorageError) => Reply = (answer) => answer,
): Promise<void> {
  try {
    await operation();
  } catch (error) {
    const answer = storageReply(error);
    if (!answer || !(error instanceof StorageError)) throw error;
    control.siteLog?.failed(error.kind);
    const refusal = storageDenial(error);
    if (refusal) recordRefusal(control, refusal);
    recordIfUnresponsive(control, error);
    const adapted = adapt(answer, error);
    control.send(refusal ? withLocalDetails(control, refusal, adapted) : adapted);
  }
}

/** What rules, filters, the file system or a hook refuse. */
export function storageDenial(error: StorageError): Denial | undefined {
  if (error instanceof FilteredError) return error.denial;
  const { kind, message, facts } = error;
  const [code, reason] = refusals[kind] ?? [];
  if (code === undefined || reason === undefined) return undefined;
  return denial(code, reason, { ...facts, ...(kind !== 'denied' && { reason: message }) });
}

/** Each operation that was given up has its record: what became of it is not known. */
export function recordIfUnresponsive(control: Control, { kind, message }: StorageError): void {
  if (kind === 'unresponsive') recordRefusal(control, denial('file-system-unresponsive', `${message}.`));
}
