/** The audit record of whatever an account does to a file or directory. */
import type { Transfer } from '../operations/audit.ts';
import type { AuthenticatedSession, Control } from './session.ts';

/** What differs from one record of a connection to the next. */
type TransferFacts = Omit<Transfer, 'event' | 'connectionId' | 'remoteAddress' | 'accountName'>;

export function recordTransfer(control: Control, session: AuthenticatedSession, facts: TransferFacts): void {
  control.options.audit.write({
    event: 'transfer',
    connectionId: control.id,
    remoteAddress: control.remoteAddress,
    accountName: session.login.accountName,
    ...facts,
  });
}
