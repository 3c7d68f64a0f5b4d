/** What an OCSP answer of a test is judged in, by a login of the present that has nothing else. */
import { defaultAlgorithmPolicy } from '../../../../src/pki/certificate/algorithms.ts';
import { SignatureVerifier } from '../../../../src/pki/certificate/signature.ts';
import type { checkOcspResponse } from '../../../../src/pki/ocsp/ocsp-check.ts';
import { Budget } from '../../../../src/pki/path/budget.ts';
import type { IssuerPool } from '../../../../src/pki/path/issuer-pool.ts';
import { SignatureChecks } from '../../../../src/pki/path/signature-checks.ts';
import { seconds } from '../../../../src/settings/units.ts';
import { now } from '../../../support/handmade-certificates.ts';

export type OcspContext = Parameters<typeof checkOcspResponse>[2];

export function ocspContext(pool: IssuerPool, setting: Partial<OcspContext> = {}): OcspContext {
  return {
    pool,
    signatures: new SignatureChecks(new SignatureVerifier(defaultAlgorithmPolicy), new Budget({ now: () => now })),
    time: now,
    delegateProblem: async () => 'no CRL',
    isDelegateRevoked: async () => false,
    limits: { clockSkew: seconds(60), maximumAge: seconds(7 * 86_400) },
    freshness: seconds(0),
    grace: seconds(0),
    ...setting,
  };
}
