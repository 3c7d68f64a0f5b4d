/** Compares lines of an audit trail with what the documentation says of them. */
import { auditRecords, commonAuditFields } from '../../src/operations/audit-fields.ts';

const always = ['time', 'event', 'version', 'run', 'sequence'];

/** @returns a sentence for every field that is not described, and for each of the frame that is missing */
export function auditLineFaults(line: object): readonly string[] {
  const event = 'event' in line ? String(line.event) : 'none';
  const kind = Object.entries(auditRecords).find(([name]) => name === event)?.[1];
  if (!kind) return [`the event ${event} is not described`];
  const unknown = Object.keys(line).filter((field) => !(field in commonAuditFields) && !(field in kind.fields));
  return [
    ...unknown.map((field) => `${event} has the field ${field}, which is not described`),
    ...always.filter((field) => !(field in line)).map((field) => `${event} lacks ${field}`),
  ];
}
