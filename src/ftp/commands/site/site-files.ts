/** SITE CHMOD, UTIME and SYMLINK: changes to files, each within what the site allows, and recorded. */
import { denial } from '../../../denial.ts';
import { applyChange } from '../../change-audit.ts';
import type { Control } from '../../control/control.ts';
import { recordRefusal } from '../../control/control-audit.ts';
import type { AuthenticatedSession } from '../../control/session.ts';
import { pathArgument } from '../../file-access.ts';
import { parseTimeValue } from '../../listing.ts';
import { type Reply, reply } from '../../reply.ts';
import { twoPaths } from './two-paths.ts';

const modeAndPath = /^(?<mode>0?[0-7]{3,4}) (?<path>.+)$/su;
/** With seconds or without. */
const timeAndPath = /^(?<time>\d{12}(?:\d\d)?) (?<path>.+)$/su;
/** The third is the time of creation, which the file system keeps for itself. */
const pathAndTimes = /^(?<path>.+) (?<accessed>\d{12}(?:\d\d)?) (?<modified>\d{12}(?:\d\d)?) \d{12}(?:\d\d)? UTC$/isu;

export async function changeMode(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  const { mode, path } = modeAndPath.exec(argument)?.groups ?? {};
  if (mode === undefined || path === undefined) {
    control.send(
      reply('argumentError', 'A mode has three or four octal digits, and one space stands before the path.'),
    );
    return;
  }
  await applyMode(control, session, Number.parseInt(mode, 8), path, reply('ok', `Mode is ${modeText(mode)}.`));
}

/**
 * @param called path in the words of the client
 * @param done undefined: another change follows, and the client hears of both together
 * @returns whether it was done; otherwise the client was told
 */
export async function applyMode(
  control: Control,
  session: AuthenticatedSession,
  bits: number,
  called: string,
  done: Reply | undefined,
): Promise<boolean> {
  const path = pathArgument(control, called);
  if (path === undefined) return false;
  const { allowedModeBits } = control.options.site.fileHandling;
  const mode = modeText(bits.toString(8));
  if ((bits & ~allowedModeBits) !== 0) {
    const allowed = modeText(allowedModeBits.toString(8));
    const detail = `The client asked for mode ${mode}; fileHandling.allowedModeBits is ${allowed}.`;
    const reference = recordRefusal(control, denial('mode-not-allowed', detail, { path, mode, allowed }));
    control.send(reply('fileUnavailable', `Such a mode is not allowed here, reference ${reference}.`));
    return false;
  }
  return await applyChange(control, session, {
    operation: 'set-mode',
    path,
    facts: { mode },
    apply: () => session.storage.setMode(path, bits),
    done,
  });
}

function modeText(octal: string): string {
  return octal.replace(/^0+(?=.)/u, '').padStart(4, '0');
}

export async function changeTimes(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  const three = pathAndTimes.exec(argument)?.groups;
  const one = timeAndPath.exec(argument)?.groups;
  const modified = timeOf(three?.['modified'] ?? one?.['time']);
  const accessed = three && timeOf(three['accessed']);
  const called = three?.['path'] ?? one?.['path'];
  if (modified === undefined || called === undefined || (three && accessed === undefined)) {
    control.send(reply('argumentError', 'Give YYYYMMDDhhmm[ss] in UTC and a path, or a path, three times and UTC.'));
    return;
  }
  await applyTimes(control, session, { modified, accessed }, called, reply('ok', 'The time is set.'));
}

/** @param called path in the words of the client */
export async function applyTimes(
  control: Control,
  session: AuthenticatedSession,
  { modified, accessed }: { readonly modified: Date; readonly accessed?: Date | undefined },
  called: string,
  done: Reply,
): Promise<void> {
  const path = pathArgument(control, called);
  if (path === undefined) return;
  await applyChange(control, session, {
    operation: 'set-modified-time',
    path,
    facts: { modifiedAt: modified.toISOString(), accessedAt: accessed?.toISOString() },
    apply: () => session.storage.setModifiedTime(path, modified, accessed),
    done,
  });
}

function timeOf(digits = ''): Date | undefined {
  return parseTimeValue(digits.padEnd(14, '0'));
}

export async function makeSymbolicLink(control: Control, argument: string, session: AuthenticatedSession) {
  const paths = twoPaths(control, argument);
  if (!paths) return;
  const [target, path] = paths;
  await applyChange(control, session, {
    operation: 'make-link',
    path,
    target,
    apply: () => session.storage.makeLink(path, target),
    done: reply('ok', 'The link is made.'),
  });
}
