/** What all sites share to find out about certificates: one retriever, one store of evidence, one refresher. */

import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Configuration } from '../config/load.ts';
import { readLdapUrl } from '../directory/ldap-url.ts';
import type { Logger } from '../operations/log.ts';
import { EvidenceRefresher } from '../pki/retrieval/evidence-refresher.ts';
import { EvidenceStore } from '../pki/retrieval/evidence-store.ts';
import type { HttpProxy } from '../pki/retrieval/http-exchange.ts';
import type { Retriever } from '../pki/retrieval/retriever.ts';
import { UrlRetriever } from '../pki/retrieval/url-retriever.ts';
import { milliseconds, type Octets, octets, seconds } from '../settings/units.ts';

export interface SharedEvidence {
  readonly retriever: Retriever;
  readonly store: EvidenceStore;
  readonly refresher: EvidenceRefresher;
  /** The largest CRL that is retrieved. */
  readonly maximumCrlSize: Octets;
  /**
   * Asks anew for all evidence that logins used lately, and lets what failed be asked again at once: an administrator knows of a
   * revocation, or that the servers are back. Resolves when all came or after some seconds, whatever is under way still. Never rejects.
   */
  renew(): Promise<void>;
  /** Resolves when what was retrieved is kept. */
  stop(): Promise<void>;
}

/** A dead distribution point is not asked again by every login, and the first login after its return waits no longer than this. */
export const retryAfter = seconds(10);
/** Sessions are rechecked after a renewal, and must not wait for a server that does not answer. */
const renewalTime = milliseconds(5_000);
const refreshConcurrency = 4;
/** OCSP answers are small and many. */
const maximumCacheFiles = 100_000;

/** @param cache `read`: for explanations, which leave the cache directory as it is */
export function createSharedEvidence(
  { settings, retrieval }: Configuration,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  cache: 'kept' | 'read' = 'kept',
): SharedEvidence {
  const { maximumCacheMegabytes, maximumMemoryMegabytes, maximumCrlMegabytes, refreshInterval, proxy } =
    settings.retrieval;
  const { cacheDirectory, certificateAuthorities, fileDirectories } = retrieval;
  const retriever = new UrlRetriever({
    retryAfter,
    fileDirectories,
    readLdapUrl,
    proxy: proxy && proxyOf(proxy),
    ...(certificateAuthorities.length > 0 && { certificateAuthorities }),
    clock,
    logger,
  });
  const directory = cacheDirectory !== undefined && {
    directory: {
      path: cacheDirectory,
      maximumSize: maximumCacheMegabytes,
      maximumFiles: maximumCacheFiles,
      isReadOnly: cache === 'read',
    },
  };
  const store = new EvidenceStore({ memory: maximumMemoryMegabytes, ...directory, clock, logger });
  const refresher = new EvidenceRefresher({
    retriever,
    store,
    interval: refreshInterval,
    concurrency: refreshConcurrency,
    random: Math.random,
    clock,
  });
  return {
    retriever,
    store,
    refresher,
    // What is new stands beside what is proved until it is proved itself, and an index beside both.
    maximumCrlSize: octets(Math.floor(Math.min(maximumCrlMegabytes, maximumMemoryMegabytes / 3))),
    renew: async () => {
      retriever.forgetFailures();
      const renewal = refresher.renew().then((found) => logger.info('evidence-renewed', { ...found }));
      const waiting = new AbortController();
      const { signal } = waiting;
      await Promise.race([renewal, wait(renewalTime, undefined, { ref: false, signal })]);
      waiting.abort();
    },
    stop: async () => {
      refresher.stop();
      await store.settled();
    },
  };
}

function proxyOf({ url, except }: NonNullable<Configuration['settings']['retrieval']['proxy']>): HttpProxy {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, port: Number(port || 80), except };
}
