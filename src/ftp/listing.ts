/**
 * Directory entries as the client sees them: Unix `ls -l` lines for LIST and STAT, and RFC 3659 section 7 facts for MLST and
 * MLSD. It shows no names of real users or groups, and never lets a file name end a line.
 */
import type { AccessRights } from '../authorization/access-rights.ts';
import type { FileFacts } from '../storage/storage.ts';

/** Facts for FEAT and OPTS MLST, in the order in which they are sent; all are enabled until the client chooses. */
export const mlstFacts = ['type', 'size', 'modify', 'perm', 'unique', 'UNIX.mode'] as const;
type MlstFact = (typeof mlstFacts)[number];

export interface FactsOptions {
  /** Absolute virtual path of the entry; rights are asked for it. */
  readonly virtualPath: string;
  readonly accessRights: AccessRights;
  /** How the entry stands to the directory that MLSD lists: the directory itself (cdir) or the one above (pdir). */
  readonly relation?: 'cdir' | 'pdir';
  /** What follows the facts; default is the entry’s name. MLST gives the path here (RFC 3659 7.2). */
  readonly pathname?: string;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const permissionLetters = 'rwxrwxrwx';
/** Clients read these letters in the first column; one that is no file and no directory is shown as a named pipe. */
const listTypes = { file: '-', directory: 'd', other: 'p' } as const;
/** RFC 3659 7.5.1; anything special is an operating system’s own type. */
const mlstTypes = { file: 'file', directory: 'dir', other: 'OS.unix=special' } as const;
/** Half of a mean Gregorian year: POSIX `ls` shows the year instead of the time beyond that. */
const sixMonthsMilliseconds = (31_556_952 / 2) * 1000;

/** One line without its CR LF. Times are UTC; the year replaces the time when older than six months or in the future. */
export function formatList(entry: FileFacts, now: Date): string {
  const columns = [
    `${listTypes[entry.type]}${modeLetters(entry.mode)}`,
    String(entry.linkCount).padStart(3),
    'owner   ',
    'group   ',
    String(entry.size).padStart(12),
    listDate(entry.modifiedAt, now),
    singleLine(entry.name),
  ];
  return columns.join(' ');
}

/** `fact=value;… pathname` with the enabled facts, without a CR LF (RFC 3659 7.2, the `entry` of the grammar). */
export function formatFacts(entry: FileFacts, enabled: ReadonlySet<string>, options: FactsOptions): string {
  const values: Readonly<Record<MlstFact, string | undefined>> = {
    type: options.relation ?? mlstTypes[entry.type],
    size: entry.type === 'file' ? String(entry.size) : undefined,
    modify: formatTimeValue(entry.modifiedAt),
    perm: permFact(entry, options),
    unique: entry.unique,
    'UNIX.mode': `0${(entry.mode & 0o777).toString(8).padStart(3, '0')}`,
  };
  const facts = mlstFacts
    .filter((fact) => enabled.has(fact) && values[fact] !== undefined)
    .map((fact) => `${fact}=${values[fact]};`);
  return `${facts.join('')} ${singleLine(options.pathname ?? entry.name)}`;
}

/** RFC 3659 2.3 `time-val`: YYYYMMDDHHMMSS in UTC. */
export function formatTimeValue(time: Date): string {
  return representable(time).toISOString().slice(0, 19).replace(/[-:T]/g, '');
}

/** What the rights allow to do with the entry (RFC 3659 7.5.5); the root can be neither deleted nor renamed. */
function permFact(entry: FileFacts, options: FactsOptions): string {
  const { accessRights, virtualPath } = options;
  const read = accessRights.allows('Read', virtualPath);
  const write = accessRights.allows('Write', virtualPath);
  const changeable = write && virtualPath !== '/';
  const granted: Readonly<Record<FileFacts['type'], Readonly<Record<string, boolean>>>> = {
    file: { a: write, d: write, f: write, r: read, w: write },
    directory: { c: write, d: changeable, e: read, f: changeable, l: read, m: write, p: write },
    other: { d: changeable, f: changeable },
  };
  return Object.entries(granted[entry.type])
    .filter(([, isGranted]) => isGranted)
    .map(([letter]) => letter)
    .join('');
}

function modeLetters(mode: number): string {
  return Array.from(permissionLetters, (letter, index) => (mode & (0o400 >> index) ? letter : '-')).join('');
}

function listDate(modifiedAt: Date, now: Date): string {
  const time = representable(modifiedAt);
  const age = now.getTime() - time.getTime();
  const day = `${months[time.getUTCMonth()]} ${String(time.getUTCDate()).padStart(2)}`;
  const isRecent = age >= 0 && age < sixMonthsMilliseconds;
  return `${day} ${isRecent ? time.toISOString().slice(11, 16) : String(time.getUTCFullYear()).padStart(5)}`;
}

/** A file system may hold times that four digits of a year cannot say; they become the nearest that can be said. */
function representable(time: Date): Date {
  const milliseconds = Number.isNaN(time.getTime()) ? 0 : time.getTime();
  return new Date(Math.min(Math.max(milliseconds, Date.UTC(1000, 0)), Date.UTC(9999, 11, 31, 23, 59, 59)));
}

function singleLine(name: string): string {
  return name.replace(/\p{Cc}/gu, '?');
}
