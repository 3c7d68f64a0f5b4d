/**
 * Directory entries as the client sees them: Unix `ls -l` lines for LIST and STAT, and RFC 3659 section 7 facts for MLST and
 * MLSD. It shows no names of real users or groups, and never lets a file name end a line.
 */
import type { DirectoryEntry, FileFacts, FileType } from '../storage/storage.ts';

/** Facts for FEAT and OPTS MLST, in the order in which they are sent. */
export const mlstFacts = ['type', 'size', 'modify', 'perm', 'unique', 'UNIX.mode', 'UNIX.uid', 'UNIX.gid'] as const;
type MlstFact = (typeof mlstFacts)[number];

/** Enabled until the client chooses; numbers of owners mean nothing to most of them. */
export const usualFacts: ReadonlySet<MlstFact> = new Set(['type', 'size', 'modify', 'perm', 'unique', 'UNIX.mode']);

/** What `ls` shows of an entry. */
export type ShownEntry = Pick<DirectoryEntry, 'name' | 'type' | 'facts' | 'target'>;

export interface FactsOptions {
  /** How the entry stands to the directory that MLSD lists: the directory itself (cdir) or the one above (pdir). */
  readonly relation?: 'cdir' | 'pdir';
  /** What follows the facts; default is the entry’s name. MLST gives the path here (RFC 3659 7.2). */
  readonly pathname?: string;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const permissionLetters = 'rwxrwxrwx';
/** Clients read these letters in the first column; an object of any other type is shown as a named pipe. */
const listTypes: Readonly<Record<FileType, string>> = { file: '-', directory: 'd', link: 'l', other: 'p' };
const nameMarks: Readonly<Record<FileType, string>> = { file: '', directory: '/', link: '@', other: '|' };
/** What a link’s target may hold in a fact’s value: RFC 3659 7.2 ends that at a semicolon, and the facts at a space. */
const factValue = /^[\w,.:!@#$%^&()\-+?/\\'"=~]+$/u;
/** LIST has a column for everything; these stand where nothing is known. */
const unknown = { mode: 0, linkCount: 1, size: 0, modifiedAt: new Date(0) } as const;
/** Half of a mean Gregorian year: POSIX `ls` shows the year instead of the time beyond that. */
const sixMonthsMilliseconds = (31_556_952 / 2) * 1000;

/** How lines of LIST look. */
export interface LineStyle {
  readonly isUnix: boolean;
  /** Of MS-DOS lines: four digits of the year. */
  readonly hasLongDate: boolean;
  /** Times in UTC; otherwise in the time zone of the process. */
  readonly isUtc: boolean;
}

const usualStyle: LineStyle = { isUnix: true, hasLongDate: false, isUtc: true };

/** One line without its CR LF. */
export function formatList(entry: ShownEntry, now: Date, style: LineStyle = usualStyle): string {
  return style.isUnix ? unixLine(entry, now, style) : dosLine(entry, style);
}

/** `02-29-26  03:15PM       <DIR>          name`. A link is a file of no length: what it leads to is not looked at. */
function dosLine({ name, type, facts }: ShownEntry, { hasLongDate, isUtc }: LineStyle): string {
  const { size, modifiedAt }: Pick<FileFacts, 'size' | 'modifiedAt'> = facts ?? unknown;
  const { year, month, day, hour, minute } = clockOf(representable(modifiedAt), isUtc);
  const two = (part: number) => String(part).padStart(2, '0');
  const date = `${two(month)}-${two(day)}-${hasLongDate ? year : two(year % 100)}`;
  const time = `${two(hour % 12 || 12)}:${two(minute)}${hour < 12 ? 'AM' : 'PM'}`;
  const kind = type === 'directory' ? '       <DIR>         ' : String(size).padStart(21);
  return `${date}  ${time}${kind} ${singleLine(name)}`;
}

/** The year replaces the time when older than six months or in the future. */
function unixLine({ name, type, facts, target }: ShownEntry, now: Date, { isUtc }: LineStyle): string {
  const { mode, linkCount, size, modifiedAt }: Pick<FileFacts, keyof typeof unknown> = facts ?? unknown;
  const columns = [
    `${listTypes[type]}${modeLetters(mode)}`,
    String(linkCount).padStart(3),
    'owner   ',
    'group   ',
    String(size).padStart(12),
    listDate(modifiedAt, now, isUtc),
    singleLine(name),
    ...(target === undefined ? [] : ['->', singleLine(target)]),
  ];
  return columns.join(' ');
}

/** What `ls -F` puts behind a name, and `ls -p` behind that of a directory. */
export function nameMark({ type, facts }: ShownEntry, shown: 'none' | 'directories' | 'all'): string {
  if (shown === 'none' || (shown === 'directories' && type !== 'directory')) return '';
  const isProgram = type === 'file' && ((facts?.mode ?? 0) & 0o111) !== 0;
  return isProgram ? '*' : nameMarks[type];
}

/** `fact=value;… pathname` with the enabled facts, without a CR LF (RFC 3659 7.2, the `entry` of the grammar). */
export function formatFacts(entry: DirectoryEntry, enabled: ReadonlySet<string>, options: FactsOptions = {}): string {
  let shown = '';
  for (const fact of mlstFacts) {
    const value = enabled.has(fact) ? factValues[fact](entry, options) : undefined;
    if (value !== undefined) shown += `${fact}=${value};`;
  }
  return `${shown} ${singleLine(options.pathname ?? entry.name)}`;
}

const factValues: Readonly<Record<MlstFact, (entry: DirectoryEntry, options: FactsOptions) => string | undefined>> = {
  type: (entry, { relation }) => relation ?? mlstType(entry),
  size: ({ facts }) => (facts?.type === 'file' ? String(facts.size) : undefined),
  modify: ({ facts }) => facts && formatTimeValue(facts.modifiedAt),
  perm: permFact,
  unique: ({ facts }) => facts?.unique,
  'UNIX.mode': ({ facts }) => facts && `0${(facts.mode & 0o777).toString(8).padStart(3, '0')}`,
  'UNIX.uid': ({ facts }) => facts && String(facts.owner),
  'UNIX.gid': ({ facts }) => facts && String(facts.group),
};

/** RFC 3659 2.3 `time-val`: YYYYMMDDHHMMSS in UTC. */
export function formatTimeValue(time: Date): string {
  return representable(time).toISOString().slice(0, 19).replace(/[-:T]/g, '');
}

/** @returns undefined for what is no time of RFC 3659 2.3: 14 digits of a day that there is, and a fraction of a second or none */
export function parseTimeValue(text: string): Date | undefined {
  const [, digits = '', fraction = ''] = /^(\d{14})(?:\.(\d+))?$/u.exec(text) ?? [];
  const iso = digits.replace(/^(.{4})(..)(..)(..)(..)(..)$/u, '$1-$2-$3T$4:$5:$6');
  const time = new Date(`${iso}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
  // Date takes the 30th of February for the 1st or 2nd of March.
  return !Number.isNaN(time.getTime()) && formatTimeValue(time) === digits ? time : undefined;
}

/** A name as it is sent: octet for octet, but LF and NUL, which no command can say, and CR, which many clients take for the end of a line. */
export function singleLine(name: string): string {
  return name.replace(/[\r\n\0]/gu, '?');
}

/** RFC 3659 7.5.1; anything special is an operating system’s own type, and a link’s target follows a colon. */
function mlstType({ type, target }: DirectoryEntry): string {
  return type === 'link' && target !== undefined && factValue.test(target)
    ? `${mlstTypes.link}:${target}`
    : mlstTypes[type];
}

const mlstTypes: Readonly<Record<FileType, string>> = {
  file: 'file',
  directory: 'dir',
  link: 'OS.unix=slink',
  other: 'OS.unix=special',
};

type Grant = (entry: DirectoryEntry) => boolean;
const reading: Grant = ({ access }) => access.read;
const writing: Grant = ({ access }) => access.write;
const moving: Grant = ({ access }) => access.move;
/** Neither the root nor a virtual directory can be deleted or renamed. */
const removing: Grant = ({ access, name, isVirtual }) => access.write && name !== '' && isVirtual !== true;
const unlinking: Grant = (entry) => removing(entry) && !entry.access.isFixed;

/** What the rights allow to do with the entry (RFC 3659 7.5.5). */
const grants: Readonly<Record<FileType, readonly (readonly [string, Grant])[]>> = {
  file: [
    ['a', writing],
    ['d', removing],
    ['f', moving],
    ['r', reading],
    ['w', writing],
  ],
  directory: [
    ['c', writing],
    ['d', removing],
    ['e', reading],
    ['f', moving],
    ['l', reading],
    ['m', writing],
    ['p', writing],
  ],
  link: [
    ['d', unlinking],
    ['f', moving],
  ],
  other: [
    ['d', removing],
    ['f', moving],
  ],
};

function permFact(entry: DirectoryEntry): string {
  let letters = '';
  for (const [letter, isGranted] of grants[entry.type]) if (isGranted(entry)) letters += letter;
  return letters;
}

function modeLetters(mode: number): string {
  let letters = '';
  for (let index = 0; index < permissionLetters.length; index += 1) {
    letters += mode & (0o400 >> index) ? permissionLetters[index] : '-';
  }
  return letters;
}

interface ClockParts {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

function clockOf(time: Date, isUtc: boolean): ClockParts {
  const shown = isUtc ? time : new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
  };
}

function listDate(modifiedAt: Date, now: Date, isUtc: boolean): string {
  const time = representable(modifiedAt);
  const age = now.getTime() - time.getTime();
  const { year, month, day, hour, minute } = clockOf(time, isUtc);
  const isRecent = age >= 0 && age < sixMonthsMilliseconds;
  const hours = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
  return `${months[month - 1]} ${String(day).padStart(2)} ${isRecent ? hours : String(year).padStart(5)}`;
}

/** A file system may hold times that four digits of a year cannot say; they become the nearest that can be said. */
function representable(time: Date): Date {
  const milliseconds = Number.isNaN(time.getTime()) ? 0 : time.getTime();
  return new Date(Math.min(Math.max(milliseconds, Date.UTC(1000, 0)), Date.UTC(9999, 11, 31, 23, 59, 59)));
}
