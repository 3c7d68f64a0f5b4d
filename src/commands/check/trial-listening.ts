/** Tries whether the sockets of a configuration could listen, and leaves nothing: a port is given back at once, a socket file never made. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Configuration } from '../../config/load.ts';
import type { ConfigurationFault } from '../../config/yaml/fault.ts';
import { failedBinding, listenerFault, listenFault } from '../../gateway/listen-fault.ts';
import { refuseWhatIsInUse } from '../../service/unix-socket.ts';

/** One after another. */
export async function listeningFaults(configuration: Configuration): Promise<readonly ConfigurationFault[]> {
  const found: ConfigurationFault[] = [];
  for (const [index, { bindings }] of configuration.settings.sites.entries()) {
    for (const { address, port } of bindings) {
      const error = await portError(address, port);
      if (error === undefined) continue;
      found.push(asArranged(listenFault(configuration, failedBinding(configuration, index, error), error), error));
    }
  }
  for (const [index, listener] of configuration.listeners.entries()) {
    const error =
      'socket' in listener
        ? await socketError(listener.socket, listener.gid)
        : await portError(listener.address, listener.port);
    if (error !== undefined) found.push(asArranged(listenerFault(configuration, index, error), error));
  }
  return found;
}

/** What is no fault where the service manager arranges it: the service runs already, or gets a capability or a folder only there. */
const arranged: Readonly<Record<string, string>> = {
  EADDRINUSE: ' (right if it is this service)',
  EACCES: ' (right if the service gets the permission from its manager)',
  ENOENT: ' (right if the manager of the service makes it)',
};

function asArranged(fault: ConfigurationFault, error: unknown): ConfigurationFault {
  const note = arranged[codeOf(error)];
  return note === undefined ? fault : { ...fault, severity: 'warning', message: `${fault.message}${note}` };
}

function portError(host: string, port: number): Promise<unknown> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

/** @param gid group that the socket is to be given to */
async function socketError(path: string, gid: number | undefined): Promise<unknown> {
  try {
    await access(dirname(path), constants.W_OK | constants.X_OK);
    await refuseWhatIsInUse(path);
  } catch (error) {
    return error;
  }
  return gid === undefined || mayGiveTo(gid) ? undefined : { code: 'EPERM' };
}

/** chown(2): root, or an owner who is a member of the group. */
function mayGiveTo(gid: number): boolean {
  return process.geteuid?.() === 0 || process.getegid?.() === gid || (process.getgroups?.() ?? []).includes(gid);
}

function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}
