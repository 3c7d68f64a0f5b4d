/** What the validator of a site is made of: its settings as they were decoded, the files they name, and what all sites share. */
import type { Clock } from '../clock.ts';
import type { LoadedSite } from '../config/load.ts';
import type { Logger } from '../operations/log.ts';
import type { CertificateValidatorOptions } from '../pki/path/certificate-validator.ts';
import { retrievalPolicyOf } from '../pki/retrieval/retrieval-settings.ts';
import { SiteEvidence } from '../pki/retrieval/site-evidence.ts';
import { retryAfter, type SharedEvidence } from './evidence.ts';

export function validatorOptions(
  { trustAnchors, intermediates, crls, ocspResponders, settings: { sslClientCertificates: settings } }: LoadedSite,
  evidence: SharedEvidence,
  clock: Clock,
  logger: Logger,
): CertificateValidatorOptions {
  const { validationFlags, revocation } = settings;
  const { retriever, store, refresher, maximumCrlSize } = evidence;
  const policy = retrievalPolicyOf(settings, maximumCrlSize);
  const retrieval = policy && {
    retriever,
    store: new SiteEvidence(store, policy),
    policy,
    totalTimeout: revocation.totalRetrievalTimeout,
    retryAfter,
  };
  const isCacheOnly = validationFlags.includes('CertChainCacheOnlyUrlRetrieval');
  return {
    trustAnchors,
    intermediates,
    crls,
    settings: validationFlags.includes('CertNoUsageCheck') ? { ...settings, requiredExtendedKeyUsage: [] } : settings,
    algorithms: settings.algorithms,
    revocation: {
      settings,
      responderCertificates: ocspResponders,
      retrieval: retrieval && { ...retrieval, refresher },
    },
    issuerRetrieval: retrieval && { ...retrieval, mode: isCacheOnly ? 'cache-only' : 'retrieve' },
    clock,
    logger,
  };
}
