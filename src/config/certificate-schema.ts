/** The settings of a site for client certificates: what is asked for, trusted and accepted, and how revocation is found out. */
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { clientCertificatePolicy } from '../ftp/tls/tls-settings.ts';
import { duration } from '../settings/duration.ts';
import { file, fingerprint } from '../settings/values.ts';

/** As URLs are compared with it: a name without port, wildcard and trailing dot, or an address without brackets. */
/** Decoded to how URLs spell it. */
const host = z
  .string()
  .regex(/^(?:[^\s/?#@:*[\]]{0,252}[^\s/?#@:*[\].]|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$/, {
    error: 'must be a host name or address alone',
  })
  .transform((text) => (isIPv6(text) ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text.toLowerCase()));
const objectIdentifier = z.string().regex(/^[0-2](\.\d{1,39}){1,30}$/, { error: 'must be a dotted object identifier' });

const validationFlag = z.enum([
  'NoRevocationCheck',
  'CertChainRevocationCheckCacheOnly',
  'CertChainCacheOnlyUrlRetrieval',
  'CertNoUsageCheck',
]);

const algorithms = z
  .strictObject({
    digests: z
      .array(z.enum(['sha1', 'sha256', 'sha384', 'sha512']))
      .min(1)
      .default(['sha256', 'sha384', 'sha512'])
      .describe('Hash functions accepted in signatures'),
    keyTypes: z
      .array(
        z.enum([
          'rsa',
          'ec',
          'ed25519',
          'ed448',
          'ml-dsa-44',
          'ml-dsa-65',
          'ml-dsa-87',
          'brainpoolP256r1',
          'brainpoolP384r1',
          'brainpoolP512r1',
        ]),
      )
      .min(1)
      .default(['rsa', 'ec', 'ed25519', 'ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'])
      .describe(
        'Kinds of keys accepted; ec: P-256, P-384 and P-521. The Brainpool curves (RFC 5639) count only where they are listed, and cards with them need TLS 1.3',
      ),
    minimumRsaBits: z.int().min(1024).max(16_384).default(2048).describe('Smallest RSA key accepted'),
  })
  .prefault({});

const ocsp = z
  .strictObject({
    responders: z
      .array(z.url({ protocol: /^https?$/ }))
      .max(10)
      .default([])
      .describe('Asked about certificates that name no responder'),
    responderCertificates: z
      .array(file)
      .max(20)
      .default([])
      .describe('PEM or DER files: responders believed about every certificate, whichever CA certified them'),
    nonce: z
      .enum(['off', 'send', 'require'])
      .default('off')
      .describe('Whether answers must be made for this very question'),
    maximumAge: duration('0s', '24d').prefault('7d').describe('Older answers are not believed, whatever they say'),
    certIdHash: z.enum(['sha1', 'sha256']).default('sha1').describe('Hash that names the issuer in questions'),
    httpMethod: z.enum(['getWhenShort', 'post']).default('getWhenShort').describe('How questions are sent'),
  })
  .prefault({});

const revocation = z
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
    unknownStatus: z
      .enum(['deny', 'allowWithinGrace'])
      .default('deny')
      .describe('What happens while no CRL and no responder says whether a certificate is revoked'),
    gracePeriod: duration('0s', '24d')
      .prefault('0s')
      .describe('With allowWithinGrace: how long after the end of the last good evidence'),
    totalRetrievalTimeout: duration('100ms', '2m')
      .prefault('20s')
      .describe('Time for all retrievals of one login together'),
    schemes: z
      .array(z.enum(['http', 'https', 'ldap', 'file']))
      .default(['http'])
      .describe('URL schemes that may be asked; file reads below retrieval.fileDirectories only'),
    privateAddresses: z
      .array(z.string().min(1).max(253))
      .max(100)
      .default([])
      .describe(
        'Hosts, addresses or prefixes that may be asked although they are private; listed addresses are anyway',
      ),
    ocsp,
  })
  .prefault({});

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
  validationFlags: z.array(validationFlag).default([]).describe('What validation leaves out, as in IIS'),
  revocationFreshnessTime: duration('0s', '24d')
    .prefault('0s')
    .describe(
      'Evidence whose thisUpdate is older is sought anew although still valid; 0s: it is used until its nextUpdate',
    ),
  revocationUrlRetrievalTimeout: duration('100ms', '1m').prefault('15s').describe('Time for one retrieval'),
  revocationRetrievalHosts: z
    .array(host)
    .max(100)
    .prefault([])
    .describe(
      'Hosts that may be asked for CRLs, OCSP answers and missing CA certificates; empty: nothing is retrieved',
    ),
  requiredExtendedKeyUsage: z
    .array(z.union([z.enum(['clientAuth', 'smartCardLogon', 'pkinitClientAuth', 'none']), objectIdentifier]))
    .max(20)
    .default(['clientAuth', 'smartCardLogon'])
    .describe(
      'The certificate must carry one of these extended key usages; none: one that names no usage passes too, if its CAs allow another listed one',
    ),
  acceptedPolicies: z
    .array(objectIdentifier)
    .max(100)
    .default([])
    .describe('The path must be valid for one of these certificate policies; empty: any'),
  forbiddenPolicies: z
    .array(objectIdentifier)
    .max(100)
    .default([])
    .describe('A certificate that asserts one of these is refused: card authentication keys, which need no PIN'),
  acceptedIssuers: z
    .array(fingerprint)
    .max(100)
    .default([])
    .describe('SHA-256 of the certificates of the CAs that may issue; empty: any below trustAnchors'),
  requireExplicitPolicy: z
    .boolean()
    .optional()
    .describe('Some policy must hold; when absent: if acceptedPolicies has any'),
  inhibitPolicyMapping: z.boolean().default(false).describe('Policies of other domains do not count'),
  inhibitAnyPolicy: z.boolean().default(false).describe('anyPolicy in a CA certificate stands for nothing'),
  algorithms,
  revocation,
});
