/** What only a disk that is full, or a process without the rights of root, can show. */
import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTemporaryHome, type TemporaryHome } from './temporary-home.ts';

let place: TemporaryHome;
const script = (name: string) => join(import.meta.dirname, name);
const run = (command: string, ...words: string[]) => {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8', timeout: 15_000 });
  return { status, stdout, stderr };
};

beforeEach(async () => {
  place = await createTemporaryHome();
});
afterEach(() => place.remove());

/** A mount namespace of its own: nothing but the child sees what it mounts, and that ends with the child. */
const namespace = ['--user', '--map-root-user', '--mount'];
const mountFuse = 'mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 none';

/** @param steps shell commands: $1 is the home, $2 Node; what the last one prints is the result */
const runMounted = (home: string, steps: readonly string[], ...words: readonly string[]): unknown => {
  const shell = ['sh', '-ec', steps.join('\n'), 'sh', home, process.execPath, ...words];
  const { stdout, stderr } = run('unshare', ...namespace, ...shell);
  return JSON.parse(stdout || JSON.stringify({ stderr }));
};

const canMountFuse = () =>
  run('unshare', ...namespace, 'sh', '-ec', `exec 3<>/dev/fuse; ${mountFuse} /mnt`).status === 0;

describe('a file system that folds letter case', () => {
  it('lets no spelling pass a rule that denies, and one bad entry hides no other', ({ skip }) => {
    if (!canMountFuse()) skip('this machine does not let the tests mount over FUSE');
    const server = join(import.meta.dirname, '../../support/folding-file-system.ts');
    const steps = [
      'exec 3<>/dev/fuse',
      `${mountFuse} "$1"`,
      '"$2" "$3" >&2 & exec 3<&-',
      '"$2" "$4" "$1"; umount "$1"; wait',
    ];
    expect(runMounted(place.home, steps, server, script('folding-home.ts'))).toEqual({
      outcomes: {
        'read /PRIVATE/s.txt': 'denied',
        'list /Private': 'denied',
        'list /pRIVATE': 'denied',
        'store /PRIVATE/new': 'denied',
        'move /PRIVATE': 'denied',
        'move a.txt into /PrivatE': 'denied',
        'make /ÖPEN/LATER': 'denied',
        'store /Öpen/Later': 'denied',
        'move a.txt to /öpen/LATER': 'denied',
        'make /Öpen/other': 'done',
        'look at /Öpen/OTHER': 'done',
        'an Allow reaches other letters': 'done',
        'an Allow reaches nothing beside': 'denied',
        'read where no rule is': 'done',
        'read what a virtual directory covers': 'not-found',
        'move what a virtual directory covers': 'not-found',
      },
      listed: 304,
      inOpen: ['other'],
      broken: { name: 'broken', type: 'other' },
      whole: { type: 'file', size: 5 },
    });
  });
});

describe('mounts in a home', () => {
  it('a dead one hides nothing else, another file system is named, a second mount passes no rule', ({ skip }) => {
    if (!canMountFuse()) skip('this machine does not let the tests mount over FUSE');
    const steps = [
      'cd "$1"',
      'mkdir -p dead other secret/sub/deep secretly again part beside directory',
      'touch file secret/f secret/sub/g secret/sub/deep/h secretly/g "one file"',
      'mount -t tmpfs none other',
      'mount --bind secret again',
      'mount --bind secret/sub part',
      'mount --bind secret/f "one file"',
      'mount --bind secretly beside',
      `exec 3<>/dev/fuse; ${mountFuse} "$1/dead"; exec 3<&-`,
      '"$2" "$3" "$1"',
    ];
    expect(runMounted(place.home, steps, script('mounted-home.ts'))).toEqual({
      outcomes: {
        'list the dead mount': 'fault',
        'list what holds it': 'done',
        'move a file to another file system': 'other-file-system',
        'move a directory there': 'other-file-system',
        'replace there': 'other-file-system',
        'read a denied directory by its second mount': 'denied',
        'read a directory of a denied one by its second mount': 'denied',
        'look for what is missing there': 'denied',
        'read below it': 'denied',
        'read a file of a denied directory by its mount': 'denied',
        'read a directory that is mounted beside it': 'done',
        'move a mounted directory that a rule is for': 'denied',
      },
      names: ['again', 'beside', 'dead', 'directory', 'file', 'one file', 'other', 'part', 'secret', 'secretly'],
      dead: { name: 'dead', type: 'directory', access: { read: true, write: true, move: false, isFixed: true } },
      other: [],
    });
  });
});

describe('a full disk', () => {
  it('stops an upload with no-space and leaves the old file whole', ({ skip }) => {
    if (run('unshare', ...namespace, 'true').status !== 0)
      skip('this machine does not let the tests mount a small file system');
    const mountAndRun = 'mount -t tmpfs -o size=256k none "$1" && exec "$2" "$3" "$1"';
    const words = ['sh', '-c', mountAndRun, 'sh', place.home, process.execPath, script('full-disk.ts')];
    const { stdout, stderr } = run('unshare', ...namespace, ...words);
    const result: unknown = JSON.parse(stdout || JSON.stringify({ stderr }));
    expect(result).toMatchObject({
      kind: 'no-space',
      afterAbort: { text: 'old contents', names: ['old.txt'] },
      later: 'there is room again',
    });
    expect(result).toHaveProperty('bytesWritten', expect.any(Number));
  });
});

describe('a process without the rights of root', () => {
  it('is told forbidden, and may drop files where it may not look', async () => {
    const { home } = place;
    await writeFile(join(home, 'secret'), 's');
    await writeFile(join(home, 'read-only'), 'r');
    for (const name of ['drop', 'names-only', 'fixed', 'fixed/inner']) await mkdir(join(home, name));
    await writeFile(join(home, 'names-only/a'), '');
    const modes = { secret: 0, 'read-only': 0o444, drop: 0o300, 'names-only': 0o400, fixed: 0o500 };
    for (const [name, mode] of Object.entries(modes)) {
      const path = join(home, name);
      await chmod(path, mode);
      if (process.getuid?.() === 0) await chown(path, 65_534, 65_534);
    }
    if (process.getuid?.() === 0) await chown(home, 65_534, 65_534);
    await chmod(dirname(home), 0o755);

    const { stdout, stderr } = run(process.execPath, script('unprivileged.ts'), home);
    expect(JSON.parse(stdout || JSON.stringify({ stderr }))).toEqual({
      'read a file without the right to read': 'forbidden',
      'replace a file without the right to write': 'forbidden',
      'append to a file without the right to write': 'forbidden',
      'list a directory without the right to read': 'forbidden',
      'list a directory without the right to search': 'done',
      'stat in a directory without the right to search': 'forbidden',
      'upload into a directory without the right to write': 'forbidden',
      'remove from a directory without the right to write': 'forbidden',
      'upload into a directory that may only be written': 'done',
      'read by name what was uploaded there': 'done',
    });
    for (const name of Object.keys(modes)) await chmod(join(home, name), 0o700);
  });
});
