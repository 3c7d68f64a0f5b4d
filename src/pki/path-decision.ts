/**
 * Decides on one end entity: goes through its candidate paths until one is valid and not revoked, or returns the most telling
 * of their refusals. One budget covers the whole search.
 */
import { type Denial, denial } from '../denial.ts';
import { BudgetExceededError } from './budget.ts';
import type { Certificate } from './certificate.ts';
import { certificateFacts } from './certificate-facts.ts';
import { moreTelling } from './denial-rank.ts';
import type { IssuerPool } from './issuer-pool.ts';
import { certificationPaths } from './path-builder.ts';
import { type CertificationPath, type PathInputs, type PathTools, validatePath } from './path-validator.ts';
import type { RevocationPolicy } from './revocation/revocation-policy.ts';
import type { RevocationEvidence } from './validated-certificate.ts';

interface PathQuestion {
  readonly endEntity: Certificate;
  readonly pool: IssuerPool;
  readonly inputs: PathInputs;
  readonly revocation: RevocationPolicy;
}

export type PathDecision =
  | {
      readonly outcome: 'accepted';
      readonly path: CertificationPath;
      readonly userConstrainedPolicySet: ReadonlySet<string>;
      readonly evidence: readonly RevocationEvidence[];
    }
  | { readonly outcome: 'refused'; readonly denial: Denial };

export async function decidePath(question: PathQuestion, tools: PathTools): Promise<PathDecision> {
  let refusal: Denial | undefined;
  try {
    const { endEntity, pool, inputs, revocation } = question;
    const { time } = inputs;
    const onRefusal = (found: Denial) => {
      const { detail } = found;
      tools.steps.record({
        stage: 'certificate',
        check: 'path building',
        verdict: 'noted',
        facts: { ...found.facts, detail },
      });
      refusal = moreTelling(refusal, found);
    };
    for (const path of certificationPaths(endEntity, { pool, signatures: tools.signatures, time, onRefusal })) {
      const result = validatePath(path, inputs, tools);
      if (result.outcome === 'invalid') {
        refusal = moreTelling(refusal, result.denial);
        continue;
      }
      const status = await revocation.check(path, { pool, signatures: tools.signatures, time, steps: tools.steps });
      if (status.outcome === 'not-revoked')
        return {
          outcome: 'accepted',
          path,
          userConstrainedPolicySet: result.userConstrainedPolicySet,
          evidence: status.evidence,
        };
      refusal = moreTelling(refusal, status.denial);
    }
  } catch (error) {
    if (!(error instanceof BudgetExceededError)) throw error;
    const facts = { ...certificateFacts(question.endEntity), before: refusal?.detail };
    return refused(denial('path-budget-exceeded', `The search was given up: ${error.message}.`, facts));
  }
  return refused(
    refusal ?? denial('path-not-found', 'No path leads to a trust anchor.', certificateFacts(question.endEntity)),
  );
}

function refused(refusal: Denial): PathDecision {
  return { outcome: 'refused', denial: refusal };
}
