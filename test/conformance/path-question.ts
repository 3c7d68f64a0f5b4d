/** Asks the path engine about vectors that have neither CRLs nor policy settings: at a fixed time, for given purposes. */

import { unrecorded } from '../../src/explanation/steps.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { defaultAlgorithmPolicy } from '../../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../../src/pki/certificate/certificate.ts';
import { SignatureVerifier } from '../../src/pki/certificate/signature.ts';
import { MalformedError } from '../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../src/pki/encoding/oids.ts';
import { Budget } from '../../src/pki/path/budget.ts';
import { IssuerPool } from '../../src/pki/path/issuer-pool.ts';
import { decidePath } from '../../src/pki/path/path-decision.ts';
import { SignatureChecks } from '../../src/pki/path/signature-checks.ts';
import { RevocationPolicy } from '../../src/pki/revocation/revocation-policy.ts';
import { revocationBy } from '../support/validation-settings.ts';

export interface Chain {
  /** Base 64 of DER, end entity apart. */
  readonly endEntity: string;
  readonly intermediates: readonly string[];
  readonly trustAnchors: readonly string[];
  readonly purposes: readonly string[];
  readonly time: Date;
}

/** `accepted`, or the code and detail of the refusal. */
export async function verdictOf(chain: Chain): Promise<string> {
  const clock = { now: () => chain.time };
  const parse = (base64: string) => parseCertificate(Buffer.from(base64, 'base64'));
  try {
    const question = {
      endEntity: parse(chain.endEntity),
      pool: new IssuerPool(chain.trustAnchors.map(parse), chain.intermediates.map(parse)),
      inputs: {
        time: chain.time,
        userInitialPolicySet: new Set([oids.anyPolicy]),
        initialExplicitPolicy: false,
        initialPolicyMappingInhibit: false,
        initialAnyPolicyInhibit: false,
        purposes: chain.purposes,
        endEntityKeyUsage: 'digitalSignature' as const,
      },
      revocation: new RevocationPolicy(revocationBy({ mode: 'none' }), [], clock, silentLogger),
    };
    const signatures = new SignatureChecks(new SignatureVerifier(defaultAlgorithmPolicy), new Budget(clock));
    const decision = await decidePath(question, { signatures, steps: unrecorded });
    return decision.outcome === 'accepted' ? 'accepted' : `${decision.denial.code}: ${decision.denial.detail}`;
  } catch (error) {
    if (error instanceof MalformedError) return `certificate-malformed: ${error.message}`;
    throw error;
  }
}
