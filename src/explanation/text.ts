/** The steps of a decision as text for people: one line a step, colour only on a terminal. */
import { type Denial, denialEntry } from '../denial.ts';
import type { Resolution } from '../login/site-login.ts';
import { printable } from '../operations/printable.ts';
import type { Facts, FactValue, RecordedStep, Step } from './steps.ts';
import { comparisonNames, identityFacts, stageTitles } from './words.ts';

const marks = { passed: '✓', failed: '✗', skipped: '–', noted: '·' } as const;
const colours = { passed: 32, failed: 31, skipped: 33, noted: 36 } as const;

export function explanationText(
  steps: readonly RecordedStep[],
  verdict: Resolution['verdict'],
  colour: boolean,
): string {
  return [...stepsLines(steps, colour), '', ...verdictLines(verdict, colour), ''].join('\n');
}

/** The steps alone, one line of output each. */
export function stepsLines(steps: readonly RecordedStep[], colour: boolean): string[] {
  const lines: string[] = [];
  let stage: Step['stage'] | undefined;
  let certificate: FactValue | undefined;
  for (const step of steps) {
    if (step.stage !== stage) {
      lines.push('', paint(stageTitles[step.stage], 1, colour));
      certificate = undefined;
    }
    stage = step.stage;
    const { sha256 } = step.facts ?? {};
    if (sha256 !== undefined && sha256 !== certificate) lines.push(certificateLine(step.facts ?? {}, colour));
    certificate = sha256 ?? certificate;
    lines.push(...stepLines(step, colour));
  }
  return lines;
}

function certificateLine({ subject = '', serialNumber = '', sha256 = '' }: Facts, colour: boolean): string {
  return paint(`  ${factText(subject)} (serial ${factText(serialNumber)}, SHA-256 ${factText(sha256)})`, 4, colour);
}

function stepLines(step: RecordedStep, colour: boolean): string[] {
  const citation = step.citation ? paint(`  [${step.citation}]`, 2, colour) : '';
  const time = step.atMilliseconds === undefined ? '' : paint(`  ${step.atMilliseconds.toFixed(1)} ms`, 2, colour);
  const head = `    ${paint(marks[step.verdict], colours[step.verdict], colour)} ${printable(step.check)}${citation}${time}`;
  return [head, ...factLines(step.facts ?? {}, '        ')];
}

function factLines(facts: Facts, indent: string): string[] {
  if (facts['whatDiffers'] !== undefined) return comparisonLines(facts, indent);
  return Object.entries(facts).flatMap(([name, value]) =>
    value === undefined || (identityFacts.has(name) && 'sha256' in facts)
      ? []
      : [`${indent}${name}: ${factText(value)}`],
  );
}

/** Values stand one below the other, so that the eye finds where they part. */
function comparisonLines(facts: Facts, indent: string): string[] {
  return [...comparisonNames].flatMap(([name, words]) => {
    const value = facts[name];
    return value === undefined ? [] : [`${indent}${`${words}:`.padEnd(21)}${factText(value)}`];
  });
}

function factText(value: FactValue): string {
  if (typeof value === 'object') return value.length === 0 ? '(none)' : value.map(printable).join(' | ');
  return printable(String(value));
}

function verdictLines(verdict: Resolution['verdict'], colour: boolean): string[] {
  switch (verdict.outcome) {
    case 'granted': {
      const { accountName, directory, homeDirectory } = verdict.login;
      return [
        paint('GRANTED', 32, colour),
        `  account:  ${printable(accountName)} (directory ${directory})`,
        `  home:     ${printable(homeDirectory)}`,
      ];
    }
    default:
      return denialLines(verdict.outcome, verdict.denial, colour);
  }
}

export function denialLines(outcome: string, { code, detail, facts }: Denial, colour: boolean): string[] {
  const { meaning, remedy } = denialEntry(code);
  return [
    `${paint(outcome.toUpperCase(), 31, colour)}: ${code}`,
    `  meaning:  ${meaning}`,
    `  detail:   ${printable(detail)}`,
    `  remedy:   ${remedy}`,
    ...factLines(facts, '  '),
  ];
}

export function paint(text: string, code: number, colour: boolean): string {
  return colour ? `\u001b[${code}m${text}\u001b[0m` : text;
}
