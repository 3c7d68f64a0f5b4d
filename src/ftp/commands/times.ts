/** MDTM, MFMT and MFF: when a file was modified, told and set, and its mode (RFC 3659 3, draft-somers-ftp-mfxx-04). */
import { StorageError } from '../../storage/storage.ts';
import type { Control } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { answeringFailures, pathArgument } from '../file-access.ts';
import { formatTimeValue, parseTimeValue } from '../listing.ts';
import { reply } from '../reply.ts';
import { applyMode, applyTimes } from './site/site-files.ts';

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

/** @returns the line of FEAT */
export function modifiableFacts(control: Control): string {
  return `MFF ${modifiable(control).join('')}`;
}

function modifiable({ options }: Control): readonly string[] {
  return options.site.fileHandling.allowedModeBits === 0 ? ['Modify;'] : ['Modify;', 'UNIX.mode;'];
}

/** A list with a fact that cannot be set, or with a value that cannot be read, is refused as a whole. */
export async function modifyFacts(control: Control, argument: string, session: AuthenticatedSession) {
  const { facts, path } = factsAndPath.exec(argument)?.groups ?? {};
  const wanted = new Map(facts?.split(';').map((fact) => splitFact(fact)));
  wanted.delete('');
  const known = modifiable(control);
  if ([...wanted.keys()].some((name) => !known.some((fact) => fact.toLowerCase() === `${name};`))) {
    control.send(reply('parameterNotImplemented', `Facts that can be set are ${known.join(' ')}`));
    return;
  }
  const [time, mode] = [wanted.get('modify'), wanted.get('unix.mode')];
  const isValid = (time === undefined || parseTimeValue(time)) && (mode === undefined || /^0?[0-7]{3,4}$/u.test(mode));
  if (facts === undefined || path === undefined || !isValid) {
    control.send(reply('argumentError', 'Give facts such as Modify=YYYYMMDDHHMMSS; and one space before the path.'));
    return;
  }
  const modeFact = mode === undefined ? '' : `UNIX.mode=${mode};`;
  if (mode !== undefined) {
    const done = time === undefined ? reply('fileStatus', `${modeFact} ${path}`) : undefined;
    if (!(await applyMode(control, session, Number.parseInt(mode, 8), path, done))) return;
  }
  if (time !== undefined) await setModifiedTime(control, session, time, path, modeFact);
}

function splitFact(fact: string): [string, string] {
  const [name = '', value = ''] = fact.split('=');
  return [name.toLowerCase(), value];
}

/** The answer has the time as it was set, and the path as it was called. @param alsoSet facts that were set before */
async function setModifiedTime(
  control: Control,
  session: AuthenticatedSession,
  timeValue: string | undefined,
  called: string | undefined,
  alsoSet = '',
): Promise<void> {
  const time = parseTimeValue(timeValue ?? '');
  if (time === undefined || called === undefined) {
    control.send(reply('argumentError', 'A time is YYYYMMDDHHMMSS in UTC, and one space stands before the path.'));
    return;
  }
  const done = reply('fileStatus', `Modify=${formatTimeValue(time)};${alsoSet} ${called}`);
  await applyTimes(control, session, { modified: time }, called, done);
}
