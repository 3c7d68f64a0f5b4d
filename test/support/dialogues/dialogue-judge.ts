/** Whether a server differs from a dialogue where the dialogue says so, and nowhere else. */
import { type DialogueCase, isExpected } from './dialogue.ts';
import type { Finding } from './dialogue-player.ts';

/** @returns what is not as the dialogue has it, with the number of the line; empty: all is */
export function faultsOf({ steps }: DialogueCase, server: string, findings: readonly Finding[]): readonly string[] {
  return steps.filter(isExpected).flatMap((expected) => {
    const finding = findings.find((one) => one.expected === expected);
    const listed = expected.differences.find((difference) => difference.server === server);
    if (listed?.found === 'any') return [];
    if (!finding) {
      return listed ? [`line ${listed.line}: ${server} does not differ there (${listed.found})`] : [];
    }
    if (listed?.found === finding.found) return [];
    const where = listed ? `line ${listed.line}: not as listed` : `line ${expected.line}: not as expected`;
    return [`${where}: ${server} ${finding.found}: ${finding.details}`];
  });
}
