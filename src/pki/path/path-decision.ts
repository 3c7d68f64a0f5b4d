/**
 * Decides on one end entity: goes through its candidate paths until one is valid and not revoked, or returns the most telling
 * of their refusals. One budget covers the whole search.
 */
import { type Denial, denial } from '../../denial.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { certificateFacts } from '../certificate/certificate-facts.ts';
import type { IssuerSource } from '../retrieval/issuer-source.ts';
import type { RevocationPolicy } from '../revocation/revocation-policy.ts';
import { BudgetExceededError } from './budget.ts';
import { moreTelling } from './denial-rank.ts';
import { endEntityFault } from './end-entity-checks.ts';
import type { IssuerPool } from './issuer-pool.ts';
import { certificationPaths } from './path-builder.ts';
import { type CertificationPath, type PathInputs, type PathTools, validatePath } from './path-validator.ts';
import type { RevocationEvidence } from './validated-certificate.ts';

interface PathQuestion {
  readonly endEntity: Certificate;
  readonly pool: IssuerPool;
  readonly inputs: PathInputs;
  readonly revocation: RevocationPolicy;
  /** Absent: only the pool is looked into. */
  readonly issuers?: IssuerSource | undefined;
}

/** What the search through one pool came to. */
interface Found {
  readonly decision: PathDecision;
  /** Whether another issuer could have led further: no path was found, or a branch ended for want of one. */
  readonly wantsIssuer: boolean;
}

export type PathDecision =
  | {
      readonly outcome: 'accepted';
      readonly path: CertificationPath;
      readonly userConstrainedPolicySet: ReadonlySet<string>;
      readonly evidence: readonly RevocationEvidence[];
    }
  | { readonly outcome: 'refused'; readonly denial: Denial };

/**
 * Looks at the end entity first, then for paths in the pool, and then with issuers that are retrieved.
 * @returns a refusal when no path is valid, with the most telling denial
 */
export async function decidePath(question: PathQuestion, tools: PathTools): Promise<PathDecision> {
  const { endEntity, issuers, pool } = question;
  const fault = ownFault(question, tools);
  if (fault) return refused(fault);
  const { decision, wantsIssuer } = await searchPool(question, tools);
  if (decision.outcome === 'accepted' || !wantsIssuer || !issuers) return decision;
  const extended = await issuers.extend(endEntity, { pool, budget: tools.signatures.budget, steps: tools.steps });
  if (extended === pool) return decision;
  const { decision: second } = await searchPool({ ...question, pool: extended }, tools);
  if (second.outcome === 'accepted') issuers.confirm(second.path.certificates);
  return second;
}

/** Told as a step and a denial of its own, before any search: no candidate path could say anything better. */
function ownFault({ endEntity, inputs }: PathQuestion, { signatures, steps }: PathTools): Denial | undefined {
  const fault = endEntityFault(endEntity, inputs, signatures.verifier);
  if (!fault) return undefined;
  const { check, citation, code, detail } = fault;
  const facts = certificateFacts(endEntity);
  steps.record({ stage: 'certificate', check, verdict: 'failed', citation, facts: { ...facts, detail } });
  return denial(code, detail, facts);
}

async function searchPool({ endEntity, pool, inputs, revocation }: PathQuestion, tools: PathTools): Promise<Found> {
  const { signatures, steps } = tools;
  const { time } = inputs;
  let refusal: Denial | undefined;
  let isPathFound = false;
  let isIssuerMissing = false;
  const onRefusal = (found: Denial) => {
    const { detail } = found;
    steps.record({
      stage: 'certificate',
      check: 'path building',
      verdict: 'noted',
      facts: { ...found.facts, detail },
    });
    isIssuerMissing ||= found.code === 'path-not-found';
    refusal = moreTelling(refusal, found);
  };
  try {
    for (const path of certificationPaths(endEntity, { pool, signatures, time, onRefusal })) {
      isPathFound = true;
      const result = validatePath(path, inputs, tools);
      if (result.outcome === 'invalid') {
        refusal = moreTelling(refusal, result.denial);
        continue;
      }
      const status = await revocation.check(path, { pool, signatures, time, steps });
      if (status.outcome === 'not-revoked') {
        const { userConstrainedPolicySet } = result;
        const { evidence } = status;
        return { decision: { outcome: 'accepted', path, userConstrainedPolicySet, evidence }, wantsIssuer: false };
      }
      // On another path the certificate is the same, and revoked as well, even if that path lacks the evidence.
      if (status.denial.code === 'certificate-revoked' && status.denial.facts['sha256'] === endEntity.sha256)
        return { decision: refused(status.denial), wantsIssuer: false };
      refusal = moreTelling(refusal, status.denial);
    }
  } catch (error) {
    if (!(error instanceof BudgetExceededError)) throw error;
    return { decision: refused(givenUp(endEntity, error.message, refusal)), wantsIssuer: false };
  }
  const decision = refused(
    refusal ?? denial('path-not-found', 'No path leads to a trust anchor.', certificateFacts(endEntity)),
  );
  return { decision, wantsIssuer: !isPathFound || isIssuerMissing };
}

/** @param before the most telling refusal of a path met until then, without which the operator sees the limit only */
function givenUp(endEntity: Certificate, limit: string, before: Denial | undefined): Denial {
  const found = before && `Before that, the best path was refused (${before.code}): ${before.detail}`;
  const detail = [`The search was given up: ${limit}.`, ...(found ? [found] : [])].join(' ');
  const facts = {
    ...certificateFacts(endEntity),
    ...(before && { before: before.code, beforeSubject: before.facts['subject'] }),
  };
  return denial('path-budget-exceeded', detail, facts);
}

function refused(refusal: Denial): PathDecision {
  return { outcome: 'refused', denial: refusal };
}
