import { describe, expect, it } from 'vitest';
import type { AccessRights, Permission } from '../../../src/authorization/access-rights.ts';
import { formatFacts, formatList, formatTimeValue, mlstFacts } from '../../../src/ftp/listing.ts';
import type { FileFacts } from '../../../src/storage/storage.ts';

const now = new Date('2026-11-22T16:00:00Z');
const file: FileFacts = {
  name: 'report.pdf',
  type: 'file',
  size: 1234,
  modifiedAt: new Date('2026-11-02T08:05:59.900Z'),
  mode: 0o640,
  linkCount: 1,
  unique: 'fd00g1a',
};
const directory: FileFacts = { ...file, name: 'docs', type: 'directory', size: 0, mode: 0o751, linkCount: 12 };
const special: FileFacts = { ...file, name: 'pipe', type: 'other', size: 0 };

const all = new Set<string>(mlstFacts);
const rights = (...granted: Permission[]): AccessRights => ({
  allows: (permission) => granted.includes(permission),
  hasRuleBelow: () => false,
});
const nothing = rights();

describe('formatList', () => {
  it.each([
    ['a file', file, '-rw-r-----   1 owner    group            1234 Nov  2 08:05 report.pdf'],
    ['a directory', directory, 'drwxr-x--x  12 owner    group               0 Nov  2 08:05 docs'],
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
    expect(formatList({ ...file, modifiedAt: new Date(modifiedAt) }, now)).toContain(` ${expected} report.pdf`);
  });

  it('never lets a name end the line', () => {
    expect(formatList({ ...file, name: 'a\r\n226 done\u0085' }, now)).toMatch(/ a\?\?226 done\?$/);
  });

  it('shows a time that is none as the epoch', () => {
    expect(formatList({ ...file, modifiedAt: new Date(Number.NaN) }, now)).toContain('Jan  1  1970');
  });
});

describe('formatFacts', () => {
  it('writes the facts of a file in the order of FEAT', () => {
    expect(formatFacts(file, all, { virtualPath: '/report.pdf', accessRights: rights('Read', 'Write') })).toBe(
      'type=file;size=1234;modify=20261102080559;perm=adfrw;unique=fd00g1a;UNIX.mode=0640; report.pdf',
    );
  });

  it('leaves size out for what is no file', () => {
    expect(formatFacts(directory, new Set(['type', 'size']), { virtualPath: '/docs', accessRights: nothing })).toBe(
      'type=dir; docs',
    );
    expect(formatFacts(special, new Set(['type', 'size']), { virtualPath: '/pipe', accessRights: nothing })).toBe(
      'type=OS.unix=special; pipe',
    );
  });

  it('sends a space and the name when no fact is enabled', () => {
    expect(formatFacts(file, new Set(), { virtualPath: '/report.pdf', accessRights: nothing })).toBe(' report.pdf');
  });

  it('says cdir for the listed directory, and the given pathname instead of the name', () => {
    const options = { virtualPath: '/docs', accessRights: nothing, relation: 'cdir', pathname: '/docs' } as const;
    expect(formatFacts(directory, new Set(['type']), options)).toBe('type=cdir; /docs');
  });

  it('never lets a pathname end the line', () => {
    const options = { virtualPath: '/x', accessRights: nothing, pathname: '/x\r\n250 End' };
    expect(formatFacts(file, new Set(), options)).toBe(' /x??250 End');
  });

  it.each<[string, FileFacts, string, Permission[], string]>([
    ['file, no right', file, '/f', [], ''],
    ['file, Read', file, '/f', ['Read'], 'r'],
    ['file, Write', file, '/f', ['Write'], 'adfw'],
    ['directory, Read', directory, '/docs', ['Read'], 'el'],
    ['directory, Write', directory, '/docs', ['Write'], 'cdfmp'],
    ['directory, both', directory, '/docs', ['Read', 'Write'], 'cdeflmp'],
    ['root, both: neither deleted nor renamed', directory, '/', ['Read', 'Write'], 'celmp'],
    ['special, both', special, '/pipe', ['Read', 'Write'], 'df'],
  ])('perm of a %s', (_rule, entry, virtualPath, granted, expected) => {
    const options = { virtualPath, accessRights: rights(...granted) };
    expect(formatFacts(entry, new Set(['perm']), options)).toBe(`perm=${expected}; ${entry.name}`);
  });
});

describe('formatTimeValue', () => {
  it('is UTC to the second', () => {
    expect(formatTimeValue(new Date('2026-01-02T03:04:05.999Z'))).toBe('20260102030405');
  });
});
