/** Runs a change to the file system that moves no data, answers it, and writes its audit record whether it succeeds or not. */
import { errorMessage } from '../error-message.ts';
import type { Facts } from '../explanation/steps.ts';
import type { Transfer } from '../operations/audit.ts';
import type { Control } from './control/control.ts';
import type { AuthenticatedSession } from './control/session.ts';
import { recordObstacle, recordTransfer } from './data/transfer-audit.ts';
import { answeringFailures, ofNewName } from './file-access.ts';
import type { Reply } from './reply.ts';

export interface Change {
  readonly operation: Extract<
    Transfer['operation'],
    'delete' | 'rename' | 'make-directory' | 'remove-directory' | 'set-modified-time' | 'set-mode' | 'make-link'
  >;
  readonly path: string;
  readonly target?: string;
  /** For the record. */
  readonly facts?: Facts;
  readonly apply: () => Promise<void>;
  /** Absent: the client hears of it with the change that follows. */
  readonly done: Reply | undefined;
}

/** Those that give a file or link its name. */
const naming: ReadonlySet<Change['operation']> = new Set(['rename', 'make-link']);

/** @returns whether it was done; otherwise the client was told */
export async function applyChange(control: Control, session: AuthenticatedSession, change: Change): Promise<boolean> {
  const { operation, path, target, facts } = change;
  const obstacle = recordObstacle(control);
  if (obstacle) {
    control.send(obstacle);
    return false;
  }
  let outcome: Pick<Transfer, 'outcome' | 'facts'> = { outcome: 'failed', facts };
  try {
    const applied = async () => {
      await change.apply().catch((error: unknown) => {
        outcome = { outcome: 'failed', facts: { ...facts, reason: errorMessage(error) } };
        throw error;
      });
      outcome = { outcome: 'complete', facts };
      if (change.done) control.send(change.done);
    };
    await answeringFailures(control, applied, naming.has(operation) ? ofNewName : undefined);
  } finally {
    recordTransfer(control, session, { operation, path, target, ...outcome });
  }
  return outcome.outcome === 'complete';
}
