/** Lines of LIST in the styles that showFlags chooses. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directoryBrowse } from '../../../src/ftp/directory-browse.ts';
import { formatList } from '../../../src/ftp/listing.ts';
import { lineStyleOf } from '../../../src/ftp/listing-lines.ts';
import type { FileType } from '../../../src/storage/storage.ts';

const facts = { name: 'n', size: 1234, mode: 0o644, linkCount: 1, owner: 0, group: 0, unique: 'u' };
const now = new Date('2026-09-20T00:00:00Z');
const line = (flags: readonly string[], type: FileType, modifiedAt: string, size = 1234) => {
  const shown = { name: 'a name', type, facts: { ...facts, type, size, modifiedAt: new Date(modifiedAt) } };
  return formatList(shown, now, lineStyleOf(directoryBrowse.parse({ showFlags: flags })));
};

let zone: string | undefined;
beforeAll(() => {
  zone = process.env['TZ'];
  process.env['TZ'] = 'America/New_York';
});
afterAll(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

describe('a line of LIST', () => {
  it.each<[string, readonly string[], FileType, string, string]>([
    ['of MS-DOS', ['UseGmtTime'], 'file', '2026-09-18T15:05:00Z', '09-18-26  03:05PM                 1234 a name'],
    [
      'of MS-DOS, of a directory',
      ['UseGmtTime'],
      'directory',
      '2026-09-18T00:30:00Z',
      '09-18-26  12:30AM       <DIR>          a name',
    ],
    [
      'of MS-DOS, at noon',
      ['UseGmtTime'],
      'file',
      '2026-09-18T12:00:00Z',
      '09-18-26  12:00PM                 1234 a name',
    ],
    [
      'of MS-DOS, with four digits of the year',
      ['UseGmtTime', 'LongDate'],
      'file',
      '2005-01-02T11:59:00Z',
      '01-02-2005  11:59AM                 1234 a name',
    ],
    ['of MS-DOS, in local time', [], 'file', '2026-01-01T03:00:00Z', '12-31-25  10:00PM                 1234 a name'],
    [
      'of MS-DOS, in local time of summer',
      [],
      'file',
      '2026-07-01T03:00:00Z',
      '06-30-26  11:00PM                 1234 a name',
    ],
    [
      'of UNIX',
      ['StyleUnix', 'UseGmtTime'],
      'file',
      '2026-09-18T15:05:00Z',
      '-rw-r--r--   1 owner    group            1234 Sep 18 15:05 a name',
    ],
    [
      'of UNIX, in local time',
      ['StyleUnix'],
      'file',
      '2026-09-18T03:05:00Z',
      '-rw-r--r--   1 owner    group            1234 Sep 17 23:05 a name',
    ],
    [
      'of UNIX, of another year',
      ['StyleUnix', 'LongDate', 'UseGmtTime'],
      'file',
      '2005-01-02T11:59:00Z',
      '-rw-r--r--   1 owner    group            1234 Jan  2  2005 a name',
    ],
  ])('is one %s', (_what, flags, type, modifiedAt, expected) => {
    expect(line(flags, type, modifiedAt)).toBe(expected);
  });

  it('is one of UNIX, in UTC, where the site says nothing', () => {
    expect(directoryBrowse.parse({}).showFlags).toEqual(['StyleUnix', 'UseGmtTime']);
  });
});
