/** The settings of a site for revocation, in the words of IIS where IIS has the setting. */
import { z } from 'zod';
import type { Decoded } from '../../settings/decoded.ts';
import { duration, durationInSeconds } from '../../settings/duration.ts';
import { iis } from '../../settings/iis-name.ts';
import { ocsp } from '../ocsp/ocsp-settings.ts';
import { retrievalLimits } from '../retrieval/retrieval-settings.ts';

export const validationFlags = z
  .array(
    z.enum([
      /** A stolen card logs in although it was reported. */
      'NoRevocationCheck',
      /** By files and by what was retrieved before. */
      'CertChainRevocationCheckCacheOnly',
      'CertChainCacheOnlyUrlRetrieval',
      'CertNoUsageCheck',
    ]),
  )
  .default([])
  .describe('What validation leaves out, as in IIS')
  .meta(iis('ftpServer/security/sslClientCertificates@validationFlags'));

export const revocationFreshnessTime = durationInSeconds('0s', '24d')
  .prefault('0s')
  .describe(
    'Evidence whose thisUpdate is older is sought anew although still valid; 0s: it is used until its nextUpdate',
  )
  .meta(iis('ftpServer/security/sslClientCertificates@revocationFreshnessTime'));

export const revocation = z
  .strictObject({
    methods: z
      .array(z.enum(['ocsp', 'crl']))
      .min(1)
      .max(2)
      .default(['ocsp', 'crl'])
      .describe('Asked in this order until one gives a definite answer; what is at hand and says revoked comes first'),
    certificates: z
      .enum(['chain', 'endCertificate'])
      .default('chain')
      .describe('chain: every certificate but the trust anchor; endCertificate: revoked CAs go unnoticed'),
    /**
     * `allowWithinGrace`: it passes if authentic evidence for exactly this certificate was good and ended no longer ago than gracePeriod;
     * records say `good-within-grace`. An attacker who can keep the evidence from arriving keeps a revoked card alive for so long.
     */
    unknownStatus: z
      .enum(['deny', 'allowWithinGrace'])
      .default('deny')
      .describe('What happens while no CRL and no responder says whether a certificate is revoked'),
    gracePeriod: durationInSeconds('0s', '24d')
      .prefault('0s')
      .describe('With allowWithinGrace: how long after the end of the last good evidence'),
    totalRetrievalTimeout: duration('100ms', '2m')
      .prefault('20s')
      .describe('Time for all retrievals of one login together'),
    ...retrievalLimits,
    ocsp,
  })
  .prefault({});

export const revocationSettings = z.strictObject({ validationFlags, revocationFreshnessTime, revocation });

export type RevocationSettings = Decoded<typeof revocationSettings>;
