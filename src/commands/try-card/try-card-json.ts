/** A trial for programs: every step with its findings, and what each finding means. */
import { isDoubt, type TrialFinding, trialFindings } from '../../smartcard/trial/trial-findings.ts';
import type { TrialStep } from '../../smartcard/trial/trial-steps.ts';
import { decisiveFindings } from './try-card-text.ts';

export function trialJson(steps: readonly TrialStep[], isSuccess: boolean): unknown {
  return {
    works: isSuccess,
    diagnosis: decisiveFindings(steps, isSuccess).map(findingJson),
    steps: steps.map(({ findings, ...step }) => ({ ...step, findings: findings.map(findingJson) })),
  };
}

function findingJson(found: TrialFinding) {
  const { meaning, remedy } = trialFindings[found.code];
  return { ...found, isDoubt: isDoubt(found), meaning, remedy };
}
