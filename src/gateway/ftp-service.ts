/** `cardgate serve`: every site of a configuration, from its start to the end of its last transfer. */
import type { Configuration } from '../config/load.ts';
import { LoginGenerations } from '../login/login-generations.ts';
import { fileOperationsOf, sizeFileThreads } from './file-threads.ts';
import { createLogins, openSharedParts } from './logins.ts';
import { runUntilStopped } from './running-service.ts';
import { recheckSessions, renewSites, startSites } from './running-sites.ts';
import { UploadSweeper } from './upload-sweeper.ts';

/**
 * Must be called before anything of the process reads a file or a name without blocking.
 * @param file the configuration’s, for SIGHUP
 * @param say hears whole lines for the caller of the process
 * @returns whether the service did its work until it was told to stop
 */
export async function serveSites(
  file: string,
  configuration: Configuration,
  say: (text: string) => void,
): Promise<boolean> {
  sizeFileThreads(configuration.sites.length);
  const shared = openSharedParts(configuration);
  const { logger, clock } = shared;
  const parts = { ...shared, fileOperations: fileOperationsOf(configuration.sites, logger) };
  const create = (current: Configuration) => createLogins(current, parts);
  const logins = new LoginGenerations(create(configuration));
  const running = await startSites(configuration, logins, parts, say);
  if (!running) {
    await parts.close(logins);
    return false;
  }
  const stuck = () => running.reduce((sum, { files }) => sum + files.overdue, 0);
  const isFault = await runUntilStopped(
    {
      kind: 'serve',
      file,
      configuration,
      parts,
      logins,
      create,
      apply: (renewed) => renewSites(running, renewed, clock),
      // After a refused reload too: the administrator may have withdrawn a group, and the old configuration still decides.
      reopen: () => {
        for (const { siteLog } of running) void siteLog.reopen();
      },
      afterReload: () => recheckSessions(running, logger),
      facts: { sites: running.length, node: process.version },
      servers: [
        new UploadSweeper(running, clock, logger),
        ...running.flatMap(({ server, statuses }) => [server, statuses]),
      ],
      drained: () => {
        if (stuck() > 0) logger.error('stopped-with-file-operations-that-never-returned', { threads: stuck() });
      },
    },
    say,
  );
  for (const { hooks } of running) hooks.close();
  await Promise.all(running.map(({ siteLog }) => siteLog.close()));
  const isStuck = stuck() > 0;
  await parts.close(logins);
  // By force: a process that ends by itself first waits for its threads, and those for a file system that does not answer.
  if (isStuck) process.kill(process.pid, 'SIGKILL');
  return !isFault;
}
