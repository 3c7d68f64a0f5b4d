/** The audit record of whatever an account does to a file or directory. */
import type { Transfer } from '../../operations/audit.ts';
import type { Control } from '../control/control.ts';
import { commonFacts } from '../control/control-audit.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { type Reply, reply } from '../reply.ts';

/** What differs from one record of a connection to the next. */
type TransferFacts = Omit<Transfer, keyof ReturnType<typeof commonFacts> | 'event' | 'accountName'>;

const unrecordable: Reply = reply('localError', 'Not possible at the moment; try again later.');

/** @returns what a client hears that wants to read or change a file while there is hardly room to keep the record of it */
export function recordObstacle({ options: { audit } }: Control): Reply | undefined {
  return audit.transferObstacle === undefined ? undefined : unrecordable;
}

/** @param facts octets moved and times in milliseconds, as the record names them */
export function recordTransfer(control: Control, session: AuthenticatedSession, facts: TransferFacts): void {
  control.options.audit.write({
    event: 'transfer',
    ...commonFacts(control),
    accountName: session.login.accountName,
    ...facts,
  });
}
