/** The audit records that speak of a control connection as a whole: a refusal on it, and its end. */
import { millisecondsSince } from '../../clock.ts';
import type { Denial } from '../../denial.ts';
import { noticeShortage, tellShortage } from '../../operations/descriptor-shortage.ts';
import { createReference } from '../../operations/reference.ts';
import type { Control } from './control.ts';

/** @returns the reference the client may quote */
export function recordRefusal(control: Control, refusal: Denial): string {
  const reference = createReference();
  if (refusal.code === 'descriptors-exhausted') tellShortage(String(refusal.facts?.['errno']), 'data connection');
  control.siteLog?.refused(refusal.code);
  control.options.audit.write({ event: 'refusal', ...commonFacts(control), reference, denial: refusal });
  return reference;
}

/** A fault that no reply describes is logged in full; a lack of descriptors, which all commands meet at once, is summed up. @returns the reference the client may quote */
export function logFault(control: Control, verb: string, error: unknown): string {
  const reference = createReference();
  control.log[noticeShortage(error, verb) ? 'debug' : 'error']('command-failed', { reference, verb, error });
  return reference;
}

export function recordSessionEnd(control: Control, reason: string): void {
  const durationMilliseconds = millisecondsSince(control.connectedAt, control.options.timer);
  const { bytesSent, bytesReceived, settings } = control;
  const counts = { bytesSent, bytesReceived, durationMilliseconds, clientName: settings.clientName };
  control.options.audit.write({ event: 'session-end', ...commonFacts(control), reason, ...counts });
}

/** What every record of a connection says of it. */
export function commonFacts({ id, binding, remoteAddress, proxyAddress, session }: Control) {
  const account = session.state === 'authenticated' ? { accountName: session.login.accountName } : {};
  return { binding, connectionId: id, remoteAddress, proxyAddress, ...account };
}
