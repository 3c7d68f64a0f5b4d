/** How many file threads the process has, and who may occupy them. libuv takes the number when the first of them is needed. */
import type { LoadedSite } from '../config/load.ts';
import type { Logger } from '../operations/log.ts';
import { FileOperations } from '../storage/file-operations.ts';

/** For each site: three times what Node has for all, and no more memory than a few hundred kilobytes. */
const threadsPerSite = 12;
/** For the audit file, the log, the names of servers, cached evidence: no site ever occupies these. */
const reservedThreads = 16;

/** Must be called before anything of the process reads a file or a name without blocking. */
export function sizeFileThreads(siteCount: number): void {
  const wanted = Number(process.env['UV_THREADPOOL_SIZE'] ?? 0) || 0;
  process.env['UV_THREADPOOL_SIZE'] = String(Math.max(wanted, reservedThreads + siteCount * threadsPerSite));
}

/** Of each site by its name; they outlive reloads, since a thread that hangs does. */
export function fileOperationsOf(sites: readonly LoadedSite[], logger: Logger): ReadonlyMap<string, FileOperations> {
  return new Map(
    sites.map(({ settings }) => [
      settings.name,
      new FileOperations(fileOperationLimits(settings), (home, state, subject) => {
        const details = { site: settings.name, home, operation: subject };
        if (state === 'unresponsive') logger.error('file-system-unresponsive', details);
        else logger.info('file-system-answers-again', details);
      }),
    ]),
  );
}

export function fileOperationLimits({ fileHandling }: LoadedSite['settings']) {
  return { threads: threadsPerSite, operationTimeout: fileHandling.operationTimeout };
}
