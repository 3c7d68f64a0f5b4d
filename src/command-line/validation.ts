/** From a site’s sslClientCertificates settings, in IIS’s words, to the options of the certificate validator. */
import type { Clock } from '../clock.ts';
import type { LoadedSite } from '../config/load.ts';
import type { Logger } from '../operations/log.ts';
import type { CertificateValidatorOptions } from '../pki/certificate-validator.ts';
import { oids } from '../pki/oids.ts';
import { EvidenceStore } from '../pki/retrieval/evidence-store.ts';
import { UrlRetriever } from '../pki/retrieval/url-retriever.ts';

type Revocation = CertificateValidatorOptions['revocation'];

const purposeOids: Readonly<Record<string, string>> = {
  clientAuth: oids.clientAuth,
  smartCardLogon: oids.smartCardLogon,
  pkinitClientAuth: oids.pkinitClientAuth,
};

/** Largest CRL that is retrieved, and memory for all of them: the CRLs of a large PKI are some tens of megabytes. */
const maximumCrlOctets = 32 * 1024 * 1024;
const evidenceMemoryOctets = 256 * 1024 * 1024;
/** A dead distribution point is not asked again by every login. */
const negativeSeconds = 60;

export function validatorOptions(site: LoadedSite, clock: Clock, logger: Logger): CertificateValidatorOptions {
  const { trustAnchors, intermediates, crls, settings } = site;
  const { validationFlags, requiredExtendedKeyUsage, acceptedPolicies } = settings.sslClientCertificates;
  return {
    trustAnchors,
    intermediates,
    crls,
    requiredExtendedKeyUsage: validationFlags.includes('CertNoUsageCheck')
      ? []
      : requiredExtendedKeyUsage.map((purpose) => purposeOids[purpose] ?? purpose),
    acceptedPolicies,
    revocation: revocationOptions(site, clock, logger),
    clock,
    logger,
  };
}

function revocationOptions({ settings }: LoadedSite, clock: Clock, logger: Logger): Revocation {
  const { validationFlags, revocationFreshnessTime, revocationUrlRetrievalTimeout, revocationRetrievalHosts } =
    settings.sslClientCertificates;
  const freshnessSeconds = revocationFreshnessTime / 1000;
  if (validationFlags.includes('NoRevocationCheck')) return { mode: 'none', freshnessSeconds };
  const allowedHosts = revocationRetrievalHosts.map((host) => host.toLowerCase());
  return {
    mode: validationFlags.includes('CertChainRevocationCheckCacheOnly') ? 'cache-only' : 'check',
    freshnessSeconds,
    ...(allowedHosts.length > 0 && {
      retrieval: {
        retriever: new UrlRetriever({ negativeSeconds, clock, logger }),
        store: new EvidenceStore({ memoryOctets: evidenceMemoryOctets, clock, logger }),
        policy: {
          allowedHosts,
          allowPrivateAddresses: allowedHosts,
          schemes: ['http'],
          maximumOctets: maximumCrlOctets,
          timeoutMilliseconds: revocationUrlRetrievalTimeout,
        },
        // The path has several CRLs; all of them together may take no more than two slow ones.
        totalTimeoutMilliseconds: 2 * revocationUrlRetrievalTimeout,
        negativeSeconds,
      },
    }),
  };
}
