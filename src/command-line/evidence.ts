/** What all sites share to find out about certificates: one retriever, one store of evidence, one refresher. */
import type { Clock } from '../clock.ts';
import type { Configuration } from '../config/load.ts';
import { readLdapUrl } from '../directory/ldap-url.ts';
import type { Logger } from '../operations/log.ts';
import { EvidenceRefresher } from '../pki/retrieval/evidence-refresher.ts';
import { EvidenceStore } from '../pki/retrieval/evidence-store.ts';
import type { Retriever } from '../pki/retrieval/retriever.ts';
import { UrlRetriever } from '../pki/retrieval/url-retriever.ts';

export interface SharedEvidence {
  readonly retriever: Retriever;
  readonly store: EvidenceStore;
  readonly refresher: EvidenceRefresher;
  /** Resolves when what was retrieved is kept. */
  stop(): Promise<void>;
}

/** A dead distribution point is not asked again by every login. */
export const negativeSeconds = 60;
const refreshConcurrency = 4;
/** OCSP answers are small and many. */
const maximumCacheFiles = 100_000;
const mebibyte = 1024 * 1024;

/** @param cache `read`: for explanations, which leave the cache directory as it is */
export function createSharedEvidence(
  { settings, retrieval }: Configuration,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  cache: 'kept' | 'read' = 'kept',
): SharedEvidence {
  const { maximumCacheMegabytes, maximumMemoryMegabytes } = settings.retrieval;
  const { cacheDirectory, certificateAuthorities, fileDirectories } = retrieval;
  const retriever = new UrlRetriever({
    negativeSeconds,
    fileDirectories,
    readLdapUrl,
    ...(certificateAuthorities.length > 0 && { certificateAuthorities }),
    clock,
    logger,
  });
  const directory = cacheDirectory !== undefined && {
    directory: {
      path: cacheDirectory,
      maximumOctets: maximumCacheMegabytes * mebibyte,
      maximumFiles: maximumCacheFiles,
      isReadOnly: cache === 'read',
    },
  };
  const store = new EvidenceStore({ memoryOctets: maximumMemoryMegabytes * mebibyte, ...directory, clock, logger });
  const refresher = new EvidenceRefresher({
    retriever,
    store,
    concurrency: refreshConcurrency,
    random: Math.random,
    clock,
  });
  return {
    retriever,
    store,
    refresher,
    stop: async () => {
      refresher.stop();
      await store.settled();
    },
  };
}
