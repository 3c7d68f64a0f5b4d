import { describe, expect, it } from 'vitest';
import { formatFacts, formatList, formatTimeValue, mlstFacts, parseTimeValue } from '../../../src/ftp/listing.ts';
import type { DirectoryEntry, EntryAccess, FileFacts, FileType } from '../../../src/storage/storage.ts';

const now = new Date('2026-11-22T16:00:00Z');
const nothing: EntryAccess = { read: false, write: false, move: false, isFixed: false };
const everything: EntryAccess = { read: true, write: true, move: true, isFixed: false };

function entryOf(type: FileType, name: string, changes: Partial<FileFacts> = {}): DirectoryEntry {
  const modifiedAt = new Date('2026-11-02T08:05:59.900Z');
  const facts = {
    name,
    type,
    size: 0,
    modifiedAt,
    mode: 0o640,
    linkCount: 1,
    owner: 1000,
    group: 100,
    unique: 'fd00g1a',
    ...changes,
  };
  return { name, type, access: everything, facts };
}

const file = entryOf('file', 'report.pdf', { size: 1234 });
const directory = entryOf('directory', 'docs', { mode: 0o751, linkCount: 12 });
const special = entryOf('other', 'pipe');
const link: DirectoryEntry = { ...entryOf('link', 'latest', { mode: 0o777 }), target: 'docs/2026' };
const bare: DirectoryEntry = { name: 'mount', type: 'directory', access: nothing };

const all = new Set<string>(mlstFacts);

describe('formatList', () => {
  it.each([
    ['a file', file, '-rw-r-----   1 owner    group            1234 Nov  2 08:05 report.pdf'],
    ['a directory', directory, 'drwxr-x--x  12 owner    group               0 Nov  2 08:05 docs'],
    ['a link and what it says', link, 'lrwxrwxrwx   1 owner    group               0 Nov  2 08:05 latest -> docs/2026'],
    ['what cannot be looked at', bare, 'd---------   1 owner    group               0 Jan  1  1970 mount'],
    ['something special', special, 'prw-r-----   1 owner    group               0 Nov  2 08:05 pipe'],
  ])('%s', (_rule, entry, line) => {
    expect(formatList(entry, now)).toBe(line);
  });

  it.each([
    ['this very moment shows the time', '2026-11-22T16:00:00Z', 'Nov 22 16:00'],
    ['a second in the future shows the year', '2026-11-22T16:00:01Z', 'Nov 22  2026'],
    ['just within six months shows the time', '2026-05-24T01:05:25Z', 'May 24 01:05'],
    ['six months and more shows the year', '2026-05-24T01:05:24Z', 'May 24  2026'],
    ['a time beyond year 9999 is shown as the last one', '+010000-01-01T00:00:00Z', 'Dec 31  9999'],
  ])('%s', (_rule, modifiedAt, expected) => {
    expect(formatList(entryOf('file', 'report.pdf', { modifiedAt: new Date(modifiedAt) }), now)).toContain(
      ` ${expected} report.pdf`,
    );
  });

  it('never lets a name or what a link says end the line, and sends all other octets as they are', () => {
    const forged = { ...link, name: 'a\r\n226 done\u0085\x1b\udcff', target: 'x\ny' };
    expect(formatList(forged, now)).toMatch(/ a\?\?226 done\u0085\x1b\udcff -> x\?y$/);
  });

  it('shows an invalid time as the epoch', () => {
    expect(formatList(entryOf('file', 'x', { modifiedAt: new Date(Number.NaN) }), now)).toContain('Jan  1  1970');
  });
});

describe('formatFacts', () => {
  it('writes the facts of a file in the order of FEAT', () => {
    expect(formatFacts(file, all)).toBe(
      'type=file;size=1234;modify=20261102080559;perm=adfrw;unique=fd00g1a;UNIX.mode=0640;UNIX.uid=1000;UNIX.gid=100; report.pdf',
    );
  });

  it('leaves size out for what is no file', () => {
    expect(formatFacts(directory, new Set(['type', 'size']))).toBe('type=dir; docs');
    expect(formatFacts(special, new Set(['type', 'size']))).toBe('type=OS.unix=special; pipe');
  });

  it('gives type and perm alone of what cannot be looked at or may not be read', () => {
    expect(formatFacts(bare, all)).toBe('type=dir;perm=; mount');
  });

  it.each([
    ['says what a link says', 'docs/2026', 'OS.unix=slink:docs/2026'],
    ['does not where it leads out of the home', undefined, 'OS.unix=slink'],
    ['does not where a space ends the facts', 'my docs', 'OS.unix=slink'],
    ['does not where a semicolon ends the value', 'a;size=1', 'OS.unix=slink'],
  ])('%s', (_rule, target, expected) => {
    const { target: _, ...plain } = link;
    const entry = target === undefined ? plain : { ...plain, target };
    expect(formatFacts(entry, new Set(['type']))).toBe(`type=${expected}; latest`);
  });

  it('sends a space and the name when no fact is enabled', () => {
    expect(formatFacts(file, new Set())).toBe(' report.pdf');
  });

  it('says cdir for the listed directory, and the given pathname instead of the name', () => {
    const options = { relation: 'cdir', pathname: '/docs' } as const;
    expect(formatFacts(directory, new Set(['type']), options)).toBe('type=cdir; /docs');
  });

  it('never lets a pathname end the line', () => {
    const options = { pathname: '/x\r\n250 End' };
    expect(formatFacts(file, new Set(), options)).toBe(' /x??250 End');
  });

  it.each<[string, DirectoryEntry, Partial<EntryAccess>, string]>([
    ['file, no right', file, {}, ''],
    ['file, Read', file, { read: true }, 'r'],
    ['file, Write', file, { write: true }, 'adw'],
    ['directory, Read', directory, { read: true }, 'el'],
    ['directory, Write', directory, { write: true }, 'cdmp'],
    ['directory, both', directory, everything, 'cdeflmp'],
    ['directory that a rule is for', directory, { read: true, write: true }, 'cdelmp'],
    ['root, both: neither deleted nor renamed', { ...directory, name: '' }, { read: true, write: true }, 'celmp'],
    ['link, both', link, everything, 'df'],
    ['special, both', special, everything, 'df'],
  ])('perm of a %s', (_rule, entry, access, expected) => {
    const shown = { ...entry, access: { ...nothing, ...access } };
    expect(formatFacts(shown, new Set(['perm']))).toBe(`perm=${expected}; ${entry.name}`);
  });
});

describe('formatTimeValue', () => {
  it('is UTC to the second', () => {
    expect(formatTimeValue(new Date('2026-01-02T03:04:05.999Z'))).toBe('20260102030405');
  });
});

describe('parseTimeValue', () => {
  it.each([
    ['20260102030405', '2026-01-02T03:04:05.000Z'],
    ['20260102030405.5', '2026-01-02T03:04:05.500Z'],
    ['20260102030405.123987', '2026-01-02T03:04:05.123Z'],
    ['20240229235959', '2024-02-29T23:59:59.000Z'],
    ['19691231235959', '1969-12-31T23:59:59.000Z'],
  ])('reads %s', (text, expected) => {
    expect(parseTimeValue(text)?.toISOString()).toBe(expected);
  });

  it.each([
    ['no digits', ''],
    ['13 digits', '2026010203040'],
    ['15 digits', '202601020304050'],
    ['a point without a fraction', '20260102030405.'],
    ['a fraction of other signs', '20260102030405.5Z'],
    ['the 30th of February', '20260230000000'],
    ['the 29th of February of another year', '20260229000000'],
    ['the month 13', '20261301000000'],
    ['the hour 24', '20260102240000'],
    ['the minute 60', '20260102036000'],
    ['a leap second, which no file has', '20161231235960'],
    ['a sign in front', '-2026010203040'],
    ['digits of another script', '２０２６０１０２０３０４０５'],
  ])('takes no %s', (_what, text) => {
    expect(parseTimeValue(text)).toBeUndefined();
  });
});
