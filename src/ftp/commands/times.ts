/** MDTM, MFMT and MFF: when a file was modified, told and set (RFC 3659 3, draft-somers-ftp-mfxx-04). */
import { StorageError } from '../../storage/storage.ts';
import { applyChange } from '../change-audit.ts';
import type { Control } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { answeringFailures, pathArgument } from '../file-access.ts';
import { formatTimeValue, parseTimeValue } from '../listing.ts';
import { reply } from '../reply.ts';

/** A time and a path behind one space. */
const timeAndPath = /^(?<time>\d{14}(?:\.\d+)?) (?<path>.+)$/su;
/** Facts, each with its semicolon, and a path behind one space, as MLST has them. */
const factsAndPath = /^(?<facts>(?:[^;= ]+=[^; ]*;)+) (?<path>.+)$/su;

/**
 * Older clients set the time by MDTM with a time before the path. RFC 3659 has a path there and nothing else, so a file of that whole name
 * comes first.
 */
export async function modificationTime(control: Control, argument: string, session: AuthenticatedSession) {
  const path = pathArgument(control, argument);
  if (path === undefined) return;
  const { time, path: called } = timeAndPath.exec(argument)?.groups ?? {};
  await answeringFailures(control, async () => {
    const facts = await session.storage.stat(path).catch((error: unknown) => {
      const isMissing = error instanceof StorageError && error.kind === 'not-found';
      if (!isMissing || time === undefined) throw error;
      return undefined;
    });
    if (facts) control.send(reply('fileStatus', formatTimeValue(facts.modifiedAt)));
    else await setModifiedTime(control, session, time, called);
  });
}

export async function modifyModificationTime(control: Control, argument: string, session: AuthenticatedSession) {
  const { time, path } = timeAndPath.exec(argument)?.groups ?? {};
  await setModifiedTime(control, session, time, path);
}

/** Only the time can be set, so a list with any other fact is refused as a whole. */
export async function modifyFacts(control: Control, argument: string, session: AuthenticatedSession) {
  const { facts, path } = factsAndPath.exec(argument)?.groups ?? {};
  const [, time] = /^modify=([^;]*);$/iu.exec(facts ?? '') ?? [];
  if (facts !== undefined && time === undefined) {
    control.send(reply('parameterNotImplemented', 'The only fact that can be set is Modify.'));
    return;
  }
  await setModifiedTime(control, session, time, path);
}

/** The answer has the time as it was set, and the path as it was called. */
async function setModifiedTime(
  control: Control,
  session: AuthenticatedSession,
  timeValue: string | undefined,
  called: string | undefined,
): Promise<void> {
  const time = parseTimeValue(timeValue ?? '');
  if (time === undefined || called === undefined) {
    control.send(reply('argumentError', 'A time is YYYYMMDDHHMMSS in UTC, and one space stands before the path.'));
    return;
  }
  const path = pathArgument(control, called);
  if (path === undefined) return;
  await applyChange(control, session, {
    operation: 'set-modified-time',
    path,
    facts: { modifiedAt: time.toISOString() },
    apply: () => session.storage.setModifiedTime(path, time),
    done: reply('fileStatus', `Modify=${formatTimeValue(time)}; ${called}`),
  });
}
