/** A trial for people: a line for each step as it is taken, and at the end what it comes to and what to do. */

import { paint } from '../../explanation/text.ts';
import { isDoubt, type TrialFinding, trialFindings } from '../../smartcard/trial/trial-findings.ts';
import { stepNames, type TrialStep } from '../../smartcard/trial/trial-steps.ts';

const marks = { ok: 'ok', no: 'NO', skipped: 'skipped' } as const;
const colours = { ok: 32, no: 31, skipped: 33 } as const;
const markWidth = 8;
const nameWidth = 20;
const indent = ' '.repeat(markWidth + 1);

/** Whole lines. */
export function stepText({ step, verdict, text, details, findings }: TrialStep, colour: boolean): string {
  const mark = paint(marks[verdict].padEnd(markWidth), colours[verdict], colour);
  const lines = [
    `${mark} ${stepNames[step].padEnd(nameWidth)} ${text}`,
    ...details.map((detail) => `${indent}  ${detail}`),
    ...findings.map((found) => `${indent}  ${isDoubt(found) ? '? ' : '! '}${findingText(found)}`),
  ];
  return `${lines.join('\n')}\n`;
}

const headlines = {
  trial: ['IT WORKS: the card logs in and files come back as they went.', 'IT DOES NOT WORK'],
  'read-only trial': ['IT WORKS: the card logs in and reads; nothing was uploaded.', 'IT DOES NOT WORK'],
  list: ['As far as the cards tell, a certificate can log in.', 'NO CERTIFICATE HERE CAN LOG IN'],
} as const;

/** Whole lines: the outcome, and the remedy of everything that stood in the way. */
export function diagnosisText(
  steps: readonly TrialStep[],
  { isList, isSuccess }: { readonly isList: boolean; readonly isSuccess: boolean },
  colour: boolean,
): string {
  const isReadOnly = steps.some(({ step, verdict }) => step === 'upload' && verdict === 'skipped');
  const [good, bad] = headlines[isList ? 'list' : isReadOnly ? 'read-only trial' : 'trial'];
  const verdict = isSuccess ? paint(good, 32, colour) : paint(bad, 31, colour);
  const decisive = decisiveFindings(steps, isSuccess);
  const remedies = decisive.flatMap((found) => [
    `  ${findingText(found)}`,
    `    ${paint('->', 1, colour)} ${trialFindings[found.code].remedy}`,
  ]);
  return `${['', verdict, ...remedies].join('\n')}\n`;
}

/** What the trial failed on, or what remains to be said of one that worked: the findings of its last steps, each once. */
export function decisiveFindings(steps: readonly TrialStep[], isSuccess: boolean): readonly TrialFinding[] {
  const failed = steps.filter(({ verdict }) => verdict === 'no');
  // A certificate that the trial does not use is no obstacle, unless no other was left.
  const isUnsuitable = failed.every(
    ({ step, findings }) => step === 'certificate' || findings.some(({ code }) => code === 'certificate-unsuitable'),
  );
  const relevant = isSuccess
    ? steps.filter(({ step }) => step !== 'certificate' && step !== 'modules')
    : failed.filter(({ step }) => step !== 'certificate' || isUnsuitable);
  const seen = new Set<string>();
  return relevant.flatMap(({ findings }) => findings).filter(({ code }) => !seen.has(code) && seen.add(code));
}

function findingText({ code, detail }: TrialFinding): string {
  const { meaning } = trialFindings[code];
  return detail === undefined || detail.startsWith(meaning) ? (detail ?? meaning) : `${meaning} ${detail}`;
}
