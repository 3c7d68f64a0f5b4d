/** Commands in a view of the system where every mount is read-only, and what a folder holds, so that any change is seen. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientResult } from './clients/client-session.ts';
import { runClient } from './clients/run-client.ts';

/** Mounts that the kernel lets no process remount, such as masked parts of /proc, stay as they are. */
const makeReadOnly = `
mount --make-rprivate / &&
findmnt -rno TARGET | while read -r target; do mount -o remount,bind,ro "$target" 2>/dev/null; done
if ( : > "$1/written" ) 2>/dev/null; then echo 'the view is not read-only' >&2; exit 99; fi
shift
exec "$@"`;

/** Whether this machine lets the tests make mount namespaces. */
export const hasReadOnlyViews = spawnSync('unshare', ['-m', 'mount', '--make-rprivate', '/']).status === 0;

/** @param folder the world; a view in which it could be written fails the test */
export function runReadOnly(folder: string, command: readonly string[]): Promise<ClientResult> {
  return runClient('unshare', ['-m', 'sh', '-c', makeReadOnly, 'sh', folder, ...command]);
}

/** One line for each entry below the folder: mode, owner, length, modification and change times to the nanosecond, content. */
export function listing(folder: string): readonly string[] {
  return ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })].sort().map((name) => {
    const path = join(folder, name);
    const facts = lstatSync(path, { bigint: true });
    const content = facts.isFile()
      ? createHash('sha256').update(readFileSync(path)).digest('hex')
      : facts.isSymbolicLink()
        ? readlinkSync(path)
        : '';
    return [name, facts.mode.toString(8), facts.uid, facts.gid, facts.size, facts.mtimeNs, facts.ctimeNs, content].join(
      ' ',
    );
  });
}
