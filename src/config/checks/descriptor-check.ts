/** Whether this process may open as many files and connections as the configuration lets people and directories cause. */
import { descriptorLimit } from '../../operations/descriptors.ts';
import type { Settings } from '../schema.ts';
import type { YamlSource } from '../yaml/yaml-source.ts';

/** Control connection, data connection or its listener, file, home. */
const perSession = 4;
/** Log, audit file, cached evidence, retrievals, and what Node.js has for itself. */
const ofProcess = 128;
/** Of a directory whose servers are found in the DNS. */
const assumedServers = 4;

/** Descriptors that the service may need at the same time. */
function neededDescriptors({ sites, directories }: Settings): number {
  const ofSites = sites.map(({ connections, bindings }) => connections.maxConnections * perSession + bindings.length);
  const ofDirectories = directories.map((directory) =>
    directory.type === 'file' ? 0 : directory.maxConnections * (directory.servers?.length ?? assumedServers),
  );
  return [...ofSites, ...ofDirectories].reduce((sum, count) => sum + count, ofProcess);
}

/** @param limit how many this process may open; undefined: not known */
export function checkDescriptors(source: YamlSource, settings: Settings, limit = descriptorLimit()): void {
  const needed = neededDescriptors(settings);
  if (limit === undefined || needed <= limit) return;
  source.warning(
    ['sites', 0, 'connections', 'maxConnections'],
    `all sites together may need ${needed} file descriptors, and this process may open ${limit}`,
    `Set LimitNOFILE=${needed} in the unit of the service (ulimit -n), or lower maxConnections of the sites.`,
  );
}
