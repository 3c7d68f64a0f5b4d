/** Removes what uploads of killed processes left in the files of each site: when the service starts, and every hour. */
import type { Clock } from '../clock.ts';
import type { Logger } from '../operations/log.ts';
import { forEver } from '../storage/file-operations.ts';
import { sweepUploads } from '../storage/sweep.ts';
import type { RunningSite } from './running-sites.ts';

/** No transfer may stall for longer (the longest dataChannelTimeout), so what is older belongs to a process that died. */
const leftoverAge = 3_600_000;
const sweepInterval = 3_600_000;

export class UploadSweeper {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #swept = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(sites: readonly RunningSite[], clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    const sweepAll = () => {
      for (const one of sites) void this.#sweep(one);
    };
    sweepAll();
    this.#timer = setInterval(sweepAll, sweepInterval).unref();
  }

  /** Does not wait for a sweep under way, since a file system may never answer it. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
  }

  async #sweep(one: RunningSite): Promise<void> {
    const { physicalPath, virtualDirectories } = one.site;
    const roots = [physicalPath, ...virtualDirectories.map((virtual) => virtual.physicalPath)];
    await Promise.all(roots.map((root) => this.#sweepFolder(one, root)));
  }

  /** One that hangs takes a thread of its site; the next takes another. */
  async #sweepFolder(one: RunningSite, root: string): Promise<void> {
    const folder = `${one.site.settings.name}: ${root}`;
    if (this.#swept.has(folder)) return;
    this.#swept.add(folder);
    const writtenBefore = new Date(this.#clock.now().getTime() - leftoverAge);
    try {
      const work = () => sweepUploads({ root, writtenBefore });
      const swept = await one.files.run({ home: root, overdue: 0 }, 'sweep', work, { deadline: forEver });
      const { removed, skipped, isComplete } = swept;
      if (removed > 0 || !isComplete) {
        this.#logger.info('upload-leftovers-removed', { root, removed, skipped, isComplete });
      }
    } catch (error) {
      this.#logger.warn('upload-leftovers-not-removed', { root, error });
    } finally {
      this.#swept.delete(folder);
    }
  }
}
