/** An audit trail that hands its records to a test. */
import { type AuditRecord, type AuditTrail, unrecordedTrail } from '../../src/operations/audit.ts';

export function recordingTrail(write: (record: AuditRecord) => void): AuditTrail {
  return { ...unrecordedTrail, write };
}
