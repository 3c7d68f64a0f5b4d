/** The audit records that speak of a control connection as a whole: a refusal on it, and its end. */
import { millisecondsSince } from '../clock.ts';
import type { Denial } from '../denial.ts';
import { createReference } from '../operations/reference.ts';
import type { Control } from './session.ts';

/** @returns the reference the client may quote */
export function recordRefusal(control: Control, refusal: Denial): string {
  const reference = createReference();
  control.options.audit.write({ event: 'refusal', ...commonFacts(control), reference, denial: refusal });
  return reference;
}

export function recordSessionEnd(control: Control, reason: string): void {
  const durationMilliseconds = millisecondsSince(control.connectedAt, control.options.timer);
  const { bytesSent, bytesReceived } = control;
  const counts = { bytesSent, bytesReceived, durationMilliseconds };
  control.options.audit.write({ event: 'session-end', ...commonFacts(control), reason, ...counts });
}

/** What every record of a connection says of it. */
export function commonFacts({ id, binding, remoteAddress, session }: Control) {
  const account = session.state === 'authenticated' ? { accountName: session.login.accountName } : {};
  return { binding, connectionId: id, remoteAddress, ...account };
}
