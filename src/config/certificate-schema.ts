/** The settings of a site for client certificates: what is asked for, trusted and accepted, and how revocation is found out. */
import { z } from 'zod';
import { clientCertificatePolicy } from '../ftp/tls/tls-settings.ts';
import { algorithms } from '../pki/certificate/algorithms.ts';
import { pathSettings } from '../pki/path/path-settings.ts';
import { retrievalSettings } from '../pki/retrieval/retrieval-settings.ts';
import { revocation, revocationFreshnessTime, validationFlags } from '../pki/revocation/revocation-settings.ts';
import { file } from '../settings/values.ts';

export const sslClientCertificates = z.strictObject({
  clientCertificatePolicy,
  trustAnchors: z
    .array(file)
    .min(1)
    .max(100)
    .describe('PEM or DER files: the CAs whose certificates may log in, and no others'),
  intermediates: z
    .array(file)
    .max(1_000)
    .default([])
    .describe('PEM or DER files: CA certificates that help to build paths'),
  crlFiles: z.array(file).max(1_000).default([]).describe('PEM or DER files: certificate revocation lists'),
  validationFlags,
  revocationFreshnessTime,
  ...retrievalSettings,
  ...pathSettings,
  algorithms,
  revocation,
});
