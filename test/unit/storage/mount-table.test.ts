/** Of which mounts a rule holds: those that hold a part of its directory, whatever they are called. */
import { describe, expect, it } from 'vitest';
import { mountsOfPartsOf, parseMounts } from '../../../src/storage/rules/mount-table.ts';

const line = (device: string, root: string, point: string) =>
  `36 35 ${device} ${root} ${point} rw,noatime master:1 - ext4 /dev/root rw`;
const tableOf = (...mounts: readonly (readonly [device: string, root: string, point: string])[]) =>
  parseMounts(mounts.map((mount) => line(...mount)).join('\n'));

describe('a mount of a part of a ruled directory', () => {
  const disk = ['8:1', '/', '/'] as const;
  it.each<[string, ReturnType<typeof tableOf>, readonly string[]]>([
    ['a directory below it', tableOf(disk, ['8:1', '/srv/home/secret/sub', '/srv/home/pub']), ['/srv/home/pub']],
    ['the directory itself', tableOf(disk, ['8:1', '/srv/home/secret', '/srv/home/pub']), ['/srv/home/pub']],
    ['a directory above it', tableOf(disk, ['8:1', '/srv/home', '/srv/home/pub']), []],
    ['a directory whose name begins like it', tableOf(disk, ['8:1', '/srv/home/secretly', '/srv/home/pub']), []],
    ['the same path of another file system', tableOf(disk, ['8:2', '/srv/home/secret/sub', '/srv/home/pub']), []],
    ['a mount outside the home', tableOf(disk, ['8:1', '/srv/home/secret/sub', '/srv/homes']), []],
    [
      'where the home is a file system of its own',
      tableOf(disk, ['8:2', '/', '/srv/home'], ['8:2', '/secret/sub', '/srv/home/pub']),
      ['/srv/home/pub'],
    ],
    [
      'where the home is a part of a file system',
      tableOf(disk, ['8:2', '/@homes', '/srv'], ['8:2', '/@homes/home/secret/sub', '/srv/home/pub']),
      ['/srv/home/pub'],
    ],
    [
      'where a later mount covers the file system that held the home',
      tableOf(disk, ['8:2', '/', '/srv'], ['8:3', '/x', '/srv'], ['8:3', '/x/home/secret/sub', '/srv/home/pub']),
      ['/srv/home/pub'],
    ],
    [
      'two of them',
      tableOf(disk, ['8:1', '/srv/home/secret/a', '/srv/home/1'], ['8:1', '/srv/home/secret/b', '/srv/home/2']),
      ['/srv/home/1', '/srv/home/2'],
    ],
    [
      'with a blank and a backslash in its path',
      tableOf(disk, ['8:1', '/srv/home/secret/a\\040b', '/srv/home/c\\134d']),
      ['/srv/home/c\\d'],
    ],
    [
      'where a mount that holds it less closely comes later in the table',
      tableOf(['8:2', '/', '/srv/home'], disk, ['8:2', '/secret/sub', '/srv/home/pub']),
      ['/srv/home/pub'],
    ],
    ['where no mount is known', [], []],
  ])('is found by what it holds: %s', (_rule, mounts, expected) => {
    expect(mountsOfPartsOf('/srv/home/secret', '/srv/home', mounts)).toEqual(expected);
  });
});

describe('a line of the table', () => {
  it.each(['', '36', '36 35', '36 35 8:1', '36 35 8:1 /root'])('with too few fields is left out: %j', (text) => {
    expect(parseMounts(`${text}\n${line('8:1', '/', '/')}`)).toEqual([{ device: '8:1', root: '/', point: '/' }]);
  });
});
