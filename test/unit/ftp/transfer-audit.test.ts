/** The record of what an account does to a file. */
import { expect, it } from 'vitest';
import type { Control } from '../../../src/ftp/control/control.ts';
import type { AuthenticatedSession } from '../../../src/ftp/control/session.ts';
import { recordTransfer } from '../../../src/ftp/data/transfer-audit.ts';
import type { AuditRecord } from '../../../src/operations/audit.ts';
import { recordingTrail } from '../../support/recording-trail.ts';

it('names the connection, the account and what was done', () => {
  const records: AuditRecord[] = [];
  const control = {
    id: 'c-1',
    binding: '127.0.0.1:21 explicit',
    remoteAddress: '192.0.2.9',
    session: { state: 'secured' },
    options: { audit: recordingTrail((record) => void records.push(record)) },
  } as unknown as Control;
  const session = { login: { accountName: 'ada' } } as unknown as AuthenticatedSession;
  recordTransfer(control, session, { operation: 'delete', path: '/x', outcome: 'complete' });
  expect(records).toEqual([
    {
      event: 'transfer',
      connectionId: 'c-1',
      binding: '127.0.0.1:21 explicit',
      remoteAddress: '192.0.2.9',
      accountName: 'ada',
      operation: 'delete',
      path: '/x',
      outcome: 'complete',
    },
  ]);
});
