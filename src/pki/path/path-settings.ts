/** The settings of a site for the certificates that may log in, and for the paths above them (RFC 5280 6.1.1). */
import { z } from 'zod';
import type { Decoded } from '../../settings/decoded.ts';
import { fingerprint } from '../../settings/values.ts';
import { oids } from '../encoding/oids.ts';

export const dottedIdentifier = z
  .string()
  .regex(/^[0-2](\.\d{1,39}){1,30}$/, { error: 'must be a dotted object identifier' });

const purposes: Readonly<Record<string, string>> = {
  clientAuth: oids.clientAuth,
  smartCardLogon: oids.smartCardLogon,
  pkinitClientAuth: oids.pkinitClientAuth,
};

/** Decoded to a dotted object identifier, or `none`. */
export const keyPurpose = z
  .union([z.enum(['clientAuth', 'smartCardLogon', 'pkinitClientAuth', 'none']), dottedIdentifier])
  .transform((purpose) => purposes[purpose] ?? purpose);

export const pathSettings = {
  requiredExtendedKeyUsage: z
    .array(keyPurpose)
    .max(20)
    .prefault(['clientAuth', 'smartCardLogon'])
    .describe(
      'The certificate must carry one of these extended key usages; none: one that names no usage passes too, if its CAs allow another listed one',
    ),
  /** The user-initial-policy-set (RFC 5280 6.1.1 (c)). */
  acceptedPolicies: z
    .array(dottedIdentifier)
    .max(100)
    .default([])
    .describe('The path must be valid for one of these certificate policies; empty: any'),
  forbiddenPolicies: z
    .array(dottedIdentifier)
    .max(100)
    .default([])
    .describe('A certificate that asserts one of these is refused: card authentication keys, which need no PIN'),
  acceptedIssuers: z
    .array(fingerprint)
    .max(100)
    .default([])
    .describe('SHA-256 of the certificates of the CAs that may issue; empty: any below trustAnchors'),
  /** initial-explicit-policy (RFC 5280 6.1.1 (f)). */
  requireExplicitPolicy: z
    .boolean()
    .optional()
    .describe('Some policy must hold; when absent: if acceptedPolicies has any'),
  /** initial-policy-mapping-inhibit (RFC 5280 6.1.1 (e)). */
  inhibitPolicyMapping: z.boolean().default(false).describe('Policies of other domains do not count'),
  /** initial-any-policy-inhibit (RFC 5280 6.1.1 (g)). */
  inhibitAnyPolicy: z.boolean().default(false).describe('anyPolicy in a CA certificate stands for nothing'),
};

export type PathSettings = Decoded<typeof pathSettings>;
