/** Asks the path engine about vectors that have neither CRLs nor policy settings: at a fixed time, for given purposes. */
import { unrecorded } from '../../src/explanation.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { defaultAlgorithmPolicy } from '../../src/pki/algorithms.ts';
import { Budget } from '../../src/pki/budget.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { IssuerPool } from '../../src/pki/issuer-pool.ts';
import { MalformedError } from '../../src/pki/malformed-error.ts';
import { oids } from '../../src/pki/oids.ts';
import { decidePath } from '../../src/pki/path-decision.ts';
import { RevocationPolicy } from '../../src/pki/revocation/revocation-policy.ts';
import { SignatureVerifier } from '../../src/pki/signature.ts';
import { SignatureChecks } from '../../src/pki/signature-checks.ts';

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
      revocation: new RevocationPolicy({ mode: 'none', freshnessSeconds: 0 }, [], clock, silentLogger),
    };
    const signatures = new SignatureChecks(new SignatureVerifier(defaultAlgorithmPolicy), new Budget(clock));
    const decision = await decidePath(question, { signatures, steps: unrecorded });
    return decision.outcome === 'accepted' ? 'accepted' : `${decision.denial.code}: ${decision.denial.detail}`;
  } catch (error) {
    if (error instanceof MalformedError) return `certificate-malformed: ${error.message}`;
    throw error;
  }
}
