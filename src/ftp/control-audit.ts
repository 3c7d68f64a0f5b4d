/** The audit records that speak of a control connection as a whole: a refusal on it, and its end. */
import type { Denial } from '../denial.ts';
import { createReference } from '../operations/reference.ts';
import type { Control } from './session.ts';

/** @returns the reference the client may quote */
export function recordRefusal(control: Control, refusal: Denial): string {
  const reference = createReference();
  control.options.audit.write({ event: 'refusal', ...common(control), reference, denial: refusal });
  return reference;
}

export function recordSessionEnd(control: Control, reason: string): void {
  const durationMilliseconds = control.options.clock.now().getTime() - control.connectedAt.getTime();
  const { bytesSent, bytesReceived } = control;
  const counts = { bytesSent, bytesReceived, durationMilliseconds };
  control.options.audit.write({ event: 'session-end', ...common(control), reason, ...counts });
}

function common({ id, remoteAddress, session }: Control) {
  const account = session.state === 'authenticated' ? { accountName: session.login.accountName } : {};
  return { connectionId: id, remoteAddress, ...account };
}
