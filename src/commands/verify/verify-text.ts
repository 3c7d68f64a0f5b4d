/** What `cardgate verify` found, for people: every check of every certificate, then the path with its policies and evidence. */

import { denialLines, paint, stepsLines } from '../../explanation/text.ts';
import { printable } from '../../operations/printable.ts';
import { describeOid } from '../../pki/encoding/oids.ts';
import { formatRfc4514 } from '../../pki/names/distinguished-name.ts';
import type { RevocationEvidence, ValidatedCertificate } from '../../pki/path/validated-certificate.ts';
import { ageSeconds, citationOf, type Verification } from './verify-validation.ts';

export function verificationText(verification: Verification, colour: boolean): string {
  const lines = stepsLines(verification.steps, colour);
  const verdict =
    verification.outcome === 'valid'
      ? validLines(verification.certificate, verification.at, colour)
      : refusedLines(verification, colour);
  const leftOut = verification.leftOut.map(
    ({ file, reason }) => `  left out: ${printable(file)}, which cannot be read: ${printable(reason)}`,
  );
  return [...lines, '', ...verdict, ...leftOut, ''].join('\n');
}

function refusedLines(verification: Extract<Verification, { outcome: 'refused' }>, colour: boolean): string[] {
  const rule = citationOf(verification);
  return [
    ...denialLines('refused', verification.denial, colour),
    ...(rule === undefined ? [] : [`  rule:     ${rule}`]),
    `  time:     ${verification.at.toISOString()}`,
  ];
}

function validLines(
  { path, trustAnchor, policies, evidence }: ValidatedCertificate,
  at: Date,
  colour: boolean,
): string[] {
  const names = [...path.map(({ subject }) => formatRfc4514(subject)), `${trustAnchor.name} (trust anchor)`];
  const granted = policies === 'any-policy' ? 'any policy' : policies.map(describeOid).join(', ') || 'none';
  return [
    paint('VALID', 32, colour),
    `  path:     ${names.map(printable).join(' <- ')}`,
    `  policies: ${granted}`,
    ...evidence.map((found, index) => `  status:   ${printable(names[index] ?? '')}: ${evidenceText(found, at)}`),
    `  time:     ${at.toISOString()}`,
  ];
}

function evidenceText(evidence: RevocationEvidence, at: Date): string {
  const { status, method, source, thisUpdate, nextUpdate, responder } = evidence;
  if (status === 'not-checked') return 'not checked';
  const by = responder === undefined ? '' : ` of ${printable(responder)}`;
  const age = thisUpdate ? `, ${ageText(ageSeconds(evidence, at) ?? 0)} old (${thisUpdate.toISOString()})` : '';
  const next = nextUpdate ? `, next update ${nextUpdate.toISOString()}` : '';
  return `${status} by ${method.toUpperCase()}${by} ${printable(source)}${age}${next}`;
}

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const;

function ageText(seconds: number): string {
  const [unit, size] = units.find(([, length]) => seconds >= length) ?? ['s', 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}
