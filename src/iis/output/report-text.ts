/** The report of an import, line by line: what was carried over, what is different, what needs a decision, what cannot be had. */
import { printable, printablePath } from '../../operations/printable.ts';
import type { ImportResult } from '../import-iis.ts';
import { type Finding, type FindingOutcome, findingOutcomes } from '../resolution/findings.ts';

export const outcomeWords: Readonly<Record<FindingOutcome, string>> = {
  carriedOver: 'carried over',
  different: 'different',
  needsDecision: 'needs a decision',
  cannotBeHad: 'cannot be had',
  notUnderstood: 'not understood',
  withoutEffect: 'without effect',
};

/** @returns lines with their line ends */
export function reportText({ findings, sites }: Pick<ImportResult, 'findings' | 'sites'>): string {
  const counts = findingOutcomes.map((outcome) => {
    const count = findings.filter((finding) => finding.outcome === outcome).length;
    return `${count} ${outcomeWords[outcome]}`;
  });
  const lines = [
    ...findings.flatMap(findingLines),
    ...sites.flatMap(({ name, written, reasons }) => [
      `site "${printable(name)}": ${written}`,
      ...reasons.map((reason) => `    ${printable(reason)}`),
    ]),
    counts.join(', '),
  ];
  return `${lines.join('\n')}\n`;
}

function findingLines({ outcome, place, sites, subject, message, remedy }: Finding): readonly string[] {
  const where = place ? `${printablePath(place.file)}:${place.line}:${place.column}: ` : '';
  const whose = sites.length === 0 ? '' : `${sites.map((name) => printable(name)).join(', ')}: `;
  return [
    `${where}${outcomeWords[outcome]}: ${whose}${subject}: ${message}`,
    ...(remedy === undefined ? [] : [`    ${remedy}`]),
  ];
}
