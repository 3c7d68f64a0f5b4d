/** The settings of a validator with the defaults of the schema, and what a test changes in them. */
import { z } from 'zod';
import type { OcspOptions } from '../../src/pki/ocsp/ocsp-source.ts';
import { type PathSettings, pathSettings } from '../../src/pki/path/path-settings.ts';
import type { RevocationOptions } from '../../src/pki/revocation/revocation-policy.ts';
import { type RevocationSettings, revocationSettings } from '../../src/pki/revocation/revocation-settings.ts';
import type { Plain } from './settings.ts';

export function pathSettingsOf(changes: Partial<PathSettings> = {}): PathSettings {
  return z.object(pathSettings).parse(changes);
}

export interface OcspChanges
  extends Omit<Plain<RevocationSettings['revocation']['ocsp']>, 'responderCertificates'>,
    Pick<OcspOptions, 'files' | 'responderCertificates'> {}

/** Seconds without their unit. */
export interface RevocationChanges extends Pick<RevocationOptions, 'retrieval'> {
  readonly mode?: 'check' | 'cache-only' | 'none';
  readonly freshness?: number;
  readonly unknownStatus?:
    | { readonly kind: 'deny'; readonly grace?: number }
    | { readonly kind: 'allowWithinGrace'; readonly grace: number }
    | undefined;
  readonly methods?: RevocationSettings['revocation']['methods'];
  readonly certificates?: RevocationSettings['revocation']['certificates'];
  readonly ocsp?: OcspChanges | undefined;
}

const flags = { check: [], 'cache-only': ['CertChainRevocationCheckCacheOnly'], none: ['NoRevocationCheck'] } as const;

export function revocationBy(changes: RevocationChanges = {}): RevocationOptions {
  const { mode = 'check', freshness = 0, methods, certificates, retrieval } = changes;
  const { unknownStatus = { kind: 'deny' }, ocsp: { files, responderCertificates, ...ocsp } = {} } = changes;
  const { revocation } = revocationSettings.parse({});
  const settings = {
    validationFlags: flags[mode],
    revocationFreshnessTime: freshness,
    revocation: {
      ...revocation,
      unknownStatus: unknownStatus.kind,
      gracePeriod: unknownStatus.grace ?? 0,
      methods: methods ?? revocation.methods,
      certificates: certificates ?? revocation.certificates,
      ocsp: { ...revocation.ocsp, ...ocsp },
    },
  };
  return {
    settings: settings as unknown as RevocationSettings,
    ocspFiles: files,
    responderCertificates,
    retrieval,
  };
}
