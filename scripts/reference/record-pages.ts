/** What refuses and what is written about it: denials, findings of card trials, audit records and lines of the log. */
import { type DenialEntry, denialTable } from '../../src/denial.ts';
import { auditRecords, commonAuditFields } from '../../src/operations/audit-fields.ts';
import { commonLogFields, logEvents } from '../../src/operations/log-events.ts';
import { trialFindings } from '../../src/smartcard/trial/trial-findings.ts';
import { code, page, sentence, table } from './markdown.ts';

/** @returns the page of the reasons for which the gateway refuses, by the stage at which they arise */
export function denialsPage(): string {
  const entries = Object.entries<DenialEntry>(denialTable);
  const stages = Map.groupBy(entries, ([, { stage }]) => stage);
  return page(
    '# Denials',
    'Every refusal has one of these codes. The code stands in the audit record, in the answer of the mapping service and in what ' +
      '`cardgate explain` prints. The FTP client gets the reply code, one sentence and a reference.',
    'Levels: `notice` happens every day; `warning` asks an administrator to mend something; `alert` may be an attack. ' +
      'The sub-status is the one that IIS FTP logs for the same cause.',
    ...[...stages].flatMap(([stage, inside]) => [
      `## Stage ${stage}`,
      table(
        ['code', 'reply', 'IIS sub-status', 'level', 'meaning', 'remedy'],
        inside.map(([name, { reply, subStatus, level, meaning, remedy }]) => [
          code(name),
          String(reply),
          subStatus === 0 ? '' : String(subStatus),
          level,
          meaning,
          remedy,
        ]),
      ),
    ]),
  );
}

/** @returns the page of what `cardgate try-card` finds */
export function findingsPage(): string {
  return page(
    '# Findings of try-card',
    '`cardgate try-card` ends with at most one finding that stands in the way. Findings about a single certificate stand at that certificate.',
    table(
      ['finding', 'meaning', 'remedy'],
      Object.entries(trialFindings).map(([name, { meaning, remedy }]) => [code(name), meaning, remedy]),
    ),
  );
}

const rows = (fields: Readonly<Record<string, string>>) =>
  Object.entries(fields).map(([field, meaning]) => [code(field), meaning]);

/** @returns the page of audit records and lines of the log */
export function recordsPage(): string {
  return page(
    '# Records',
    'The audit trail and the log are lines of JSON. What a peer chose stands in them as printable text only. Secrets are never in them. ' +
      'Fields that do not apply are absent.',
    '## Fields of every audit record',
    table(['field', 'meaning'], rows(commonAuditFields)),
    ...Object.entries(auditRecords).flatMap(([event, { when, fields }]) => [
      `## Audit record ${event}`,
      `Written when: ${sentence(when)}`,
      table(['field', 'meaning'], rows(fields)),
    ]),
    '## Fields of every line of the log',
    table(['field', 'meaning'], rows(commonLogFields)),
    ...Object.entries(logEvents).flatMap(([group, events]) => [
      `## Log: ${group.charAt(0).toLowerCase()}${group.slice(1)}`,
      table(
        ['event', 'when', 'fields'],
        Object.entries<{ readonly when: string; readonly holds?: string }>(events).map(
          ([event, { when, holds = '' }]) => [code(event), when, holds],
        ),
      ),
    ]),
  );
}
