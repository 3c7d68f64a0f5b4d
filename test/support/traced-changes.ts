/** What a command asks the kernel to change, by strace: attempts that fail and are passed over in silence are seen too. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientResult } from './clients/client-session.ts';
import { runClient } from './clients/run-client.ts';

const opening = ['open', 'openat', 'openat2', 'creat'];
const changing = [
  ...['mkdir', 'mkdirat', 'mknod', 'mknodat', 'link', 'linkat', 'symlink', 'symlinkat'],
  ...['rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'rmdir', 'truncate', 'ftruncate', 'fallocate'],
  ...['chmod', 'fchmod', 'fchmodat', 'fchmodat2', 'chown', 'fchown', 'lchown', 'fchownat'],
  ...['utime', 'utimes', 'futimesat', 'utimensat', 'setxattr', 'lsetxattr', 'fsetxattr'],
];

/** A call that not every kernel or strace knows is left out there. */
const filter = `trace=${[...opening, ...changing].map((call) => `?${call}`).join(',')}`;

export const canTrace = spawnSync('strace', ['-qq', '-e', filter, 'true']).status === 0;

/** Opened for writing by the runtime and the C library, and no file. */
const noFiles = /"\/dev\/(?:null|tty|urandom)"/u;

function isChange(line: string): boolean {
  if (noFiles.test(line)) return false;
  const call = /(?:^|\s)(\w+)\(/u.exec(line)?.[1] ?? '';
  return changing.includes(call) || (opening.includes(call) && /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|^creat/u.test(line));
}

/** @returns also each call, of the command and all its threads and children, that changes something or is an attempt to */
export async function runTraced(
  command: readonly string[],
): Promise<ClientResult & { readonly changes: readonly string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-trace-'));
  try {
    const file = join(folder, 'calls');
    // What Node compiled for one start is kept for the next by the tests, not by the program.
    const words = [
      '-u',
      'NODE_COMPILE_CACHE',
      'strace',
      '-f',
      '-qq',
      '-s',
      '400',
      '-e',
      filter,
      '-o',
      file,
      ...command,
    ];
    const result = await runClient('env', words);
    return { ...result, changes: (await readFile(file, 'utf8')).split('\n').filter(isChange) };
  } finally {
    await rm(folder, { recursive: true });
  }
}
