/** The settings of retrieval: what a site allows, and what all sites share. */
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import type { Decoded } from '../../settings/decoded.ts';
import { duration } from '../../settings/duration.ts';
import { iis } from '../../settings/iis-name.ts';
import type { Octets } from '../../settings/units.ts';
import { file, megabytes } from '../../settings/values.ts';
import type { RetrievalPolicy } from './retriever.ts';

/** A name without port, wildcard and trailing dot, or an address without brackets; decoded to how URLs spell it. */
const hostFault = { error: 'must be a host name or address alone' };
const host = z
  .string()
  .regex(/^(?:[^\s/?#@:*[\]]{0,252}[^\s/?#@:*[\].]|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$/, { ...hostFault, abort: true })
  // The letters of an IPv6 address and the digits of a port look alike.
  .refine((text) => !text.includes(':') || isIPv6(text), hostFault)
  .transform((text) => (isIPv6(text) ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text.toLowerCase()));

const lowerCase = (text: string) => text.toLowerCase();

/** Of a site, part of sslClientCertificates. */
export const retrievalSettings = {
  revocationUrlRetrievalTimeout: duration('100ms', '1m')
    .prefault('15s')
    .describe('Time for one retrieval')
    .meta(iis('ftpServer/security/sslClientCertificates@revocationUrlRetrievalTimeout')),
  revocationRetrievalHosts: z
    .array(host)
    .max(100)
    .prefault([])
    .describe(
      'Hosts that may be asked for CRLs, OCSP answers and missing CA certificates; empty: nothing is retrieved',
    ),
};

/** Of a site, part of its revocation section. */
export const retrievalLimits = {
  schemes: z
    .array(z.enum(['http', 'https', 'ldap', 'file']))
    .default(['http'])
    .describe('URL schemes that may be asked; file reads below retrieval.fileDirectories only'),
  privateAddresses: z
    .array(z.string().min(1).max(253).transform(lowerCase))
    .max(100)
    .prefault([])
    .describe('Hosts, addresses or prefixes that may be asked although they are private; listed addresses are anyway'),
};

type SiteRetrieval = Decoded<typeof retrievalSettings> & { readonly revocation: Decoded<typeof retrievalLimits> };

/** @returns undefined where nothing is retrieved */
export function retrievalPolicyOf(settings: SiteRetrieval, maximumSize: Octets): RetrievalPolicy | undefined {
  const { revocationRetrievalHosts, revocationUrlRetrievalTimeout, revocation } = settings;
  if (revocationRetrievalHosts.length === 0) return undefined;
  return {
    allowedHosts: revocationRetrievalHosts,
    allowPrivateAddresses: revocation.privateAddresses,
    schemes: revocation.schemes,
    maximumSize,
    timeout: revocationUrlRetrievalTimeout,
  };
}

/** For all sites. */
export const retrieval = z
  .strictObject({
    cacheDirectory: z
      .string()
      .min(1)
      .optional()
      .describe('Directory for evidence that outlives the process; made with mode 0700; memory only when absent'),
    maximumCacheMegabytes: megabytes(1, 100_000).prefault(512).describe('Size of that directory'),
    maximumMemoryMegabytes: megabytes(1, 100_000).prefault(1024).describe('Memory for evidence, at most'),
    maximumCrlMegabytes: megabytes(1, 2_000)
      .prefault(256)
      .describe('Largest CRL that is retrieved; never more than a third of maximumMemoryMegabytes'),
    proxy: z
      .strictObject({
        url: z
          .url({ protocol: /^http$/, error: 'must be the URL of an HTTP proxy, such as http://proxy.example:3128' })
          .describe('HTTP proxy that http and https URLs are retrieved through; ldap and file are not'),
        except: z
          .array(z.string().min(1).max(253).transform(lowerCase))
          .max(100)
          .prefault([])
          .describe('Hosts asked without the proxy; .example.com stands for all below'),
      })
      .optional(),
    refreshInterval: duration('1m', '7d')
      .prefault('1h')
      .describe('How often CRLs in use are asked for anew while they are valid; SIGHUP does so at once'),
    certificateAuthorities: z
      .array(file)
      .max(100)
      .default([])
      .describe('PEM files: CAs of https servers that are asked; empty: the public ones'),
    fileDirectories: z.array(file).max(20).default([]).describe('Directories that file: URLs may read below'),
  })
  .prefault({})
  .describe('How CRLs, OCSP answers and CA certificates are retrieved and kept, for all sites');
