/** From a site’s sslClientCertificates settings, in IIS’s words, to the options of the certificate validator. */
import type { Clock } from '../clock.ts';
import type { LoadedSite } from '../config/load.ts';
import type { SiteSettings } from '../config/site-schema.ts';
import type { Logger } from '../operations/log.ts';
import { oids } from '../pki/encoding/oids.ts';
import { defaultOcspOptions } from '../pki/ocsp/ocsp-source.ts';
import type { CertificateValidatorOptions } from '../pki/path/certificate-validator.ts';
import type { RetrievalPolicy } from '../pki/retrieval/retriever.ts';
import { negativeSeconds, type SharedEvidence } from './evidence.ts';

type CertificateSettings = SiteSettings['sslClientCertificates'];
type Revocation = CertificateValidatorOptions['revocation'];

const purposeOids: Readonly<Record<string, string>> = {
  clientAuth: oids.clientAuth,
  smartCardLogon: oids.smartCardLogon,
  pkinitClientAuth: oids.pkinitClientAuth,
};

export function validatorOptions(
  { trustAnchors, intermediates, crls, ocspResponders, settings }: LoadedSite,
  evidence: SharedEvidence,
  clock: Clock,
  logger: Logger,
): CertificateValidatorOptions {
  const certificates = settings.sslClientCertificates;
  const { validationFlags, requiredExtendedKeyUsage, requireExplicitPolicy } = certificates;
  const policy = retrievalPolicy(certificates, evidence.maximumCrlOctets);
  const retrieval = policy && {
    retriever: evidence.retriever,
    store: evidence.store,
    policy,
    totalTimeoutMilliseconds: certificates.revocation.totalRetrievalTimeout,
    negativeSeconds,
  };
  return {
    trustAnchors,
    intermediates,
    crls,
    requiredExtendedKeyUsage: validationFlags.includes('CertNoUsageCheck')
      ? []
      : requiredExtendedKeyUsage.map((purpose) => purposeOids[purpose] ?? purpose),
    acceptedPolicies: certificates.acceptedPolicies,
    forbiddenPolicies: certificates.forbiddenPolicies,
    acceptedIssuers: certificates.acceptedIssuers,
    inhibitPolicyMapping: certificates.inhibitPolicyMapping,
    inhibitAnyPolicy: certificates.inhibitAnyPolicy,
    ...(requireExplicitPolicy !== undefined && { requireExplicitPolicy }),
    algorithms: certificates.algorithms,
    revocation: {
      ...revocationOptions(certificates, ocspResponders),
      ...(retrieval && { retrieval: { ...retrieval, refresher: evidence.refresher } }),
    },
    ...(retrieval && {
      issuerRetrieval: {
        mode: validationFlags.includes('CertChainCacheOnlyUrlRetrieval') ? 'cache-only' : 'retrieve',
        ...retrieval,
      },
    }),
    clock,
    logger,
  };
}

function retrievalPolicy(certificates: CertificateSettings, maximumOctets: number): RetrievalPolicy | undefined {
  const { revocationRetrievalHosts, revocationUrlRetrievalTimeout, revocation } = certificates;
  if (revocationRetrievalHosts.length === 0) return undefined;
  return {
    allowedHosts: revocationRetrievalHosts,
    allowPrivateAddresses: revocation.privateAddresses.map((entry) => entry.toLowerCase()),
    schemes: revocation.schemes,
    maximumOctets,
    timeoutMilliseconds: revocationUrlRetrievalTimeout,
  };
}

function revocationOptions(
  { validationFlags, revocationFreshnessTime, revocation }: CertificateSettings,
  responderCertificates: LoadedSite['ocspResponders'],
): Revocation {
  const { methods, certificates, unknownStatus, gracePeriod, ocsp } = revocation;
  return {
    mode: revocationMode(validationFlags),
    methods,
    certificates,
    freshnessSeconds: revocationFreshnessTime / 1000,
    unknownStatus:
      unknownStatus === 'deny' ? { kind: 'deny' } : { kind: 'allowWithinGrace', graceSeconds: gracePeriod / 1000 },
    ocsp: {
      ...defaultOcspOptions,
      responders: ocsp.responders,
      responderCertificates,
      nonce: ocsp.nonce,
      certIdHash: ocsp.certIdHash,
      httpMethod: ocsp.httpMethod,
      maximumAgeSeconds: ocsp.maximumAge / 1000,
    },
  };
}

function revocationMode(flags: CertificateSettings['validationFlags']): Revocation['mode'] {
  if (flags.includes('NoRevocationCheck')) return 'none';
  return flags.includes('CertChainRevocationCheckCacheOnly') ? 'cache-only' : 'check';
}
