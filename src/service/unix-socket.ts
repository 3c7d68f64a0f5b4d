/**
 * Listening on a Unix socket whose file mode is its protection: from the first moment only those it admits can connect, and a
 * socket left by a process that died is replaced, but never one that still answers and never a file of another kind.
 */
import { chmod, chown, lstat, mkdtemp, rename, rm, rmdir } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';

/**
 * @param path absolute; the whole of it at most 100 octets (sun_path), its directory writable for the service only
 * @param mode such as 0o660: to connect takes the permission to write
 * @param gid group of the socket; absent: that of the process
 * @throws Error with the `code` of the system when something else is at `path` (EEXIST, EADDRINUSE), or it cannot be listened on
 */
export async function listenOnUnixSocket(
  server: Server,
  path: string,
  mode: number,
  gid: number | undefined,
): Promise<void> {
  await refuseWhatIsInUse(path);
  // Made where no other user can reach it, then given its mode, then moved to its place in one step.
  const directory = await mkdtemp(join(dirname(path), '.s'));
  const hidden = join(directory, 's');
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(hidden, () => {
        server.off('error', reject);
        resolve();
      });
    });
    if (gid !== undefined) await giveToGroup(hidden, gid);
    await chmod(hidden, mode);
    await rename(hidden, path);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(hidden, { force: true });
    await rmdir(directory);
  }
}

/** Before the mode: a change of the group may take bits away. */
async function giveToGroup(path: string, gid: number): Promise<void> {
  // the owner stays as it is: root needs no permission, and others cannot give a file away
  await chown(path, process.geteuid?.() ?? -1, gid);
}

/** @throws Error with code EEXIST when the file is not a socket, EADDRINUSE when a process answers there */
export async function refuseWhatIsInUse(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!found) return;
  if (!found.isSocket()) throw systemError('EEXIST', `${path} is there and is not a socket`);
  if (await answers(path)) throw systemError('EADDRINUSE', `${path} is in use by another process`);
}

/** With the code that the system gives to the same fault. */
function systemError(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
