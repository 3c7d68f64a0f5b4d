/** ALLO and ABOR. */
import type { Control } from '../control/control.ts';
import { reply } from '../reply.ts';

export function allocate(control: Control, argument: string): void {
  const isRead = /^\d+(?: R \d+)?$/iu.test(argument);
  if (isRead) control.send(reply('superfluous', 'No storage allocation is necessary.'));
  else control.send(reply('argumentError', 'Not a number of octets.'));
}

/** RFC 959 4.1.3: first the transfer gets its 426, then ABOR its 226. */
export async function abort(control: Control): Promise<void> {
  const hadTransfer = await control.abortTransfer();
  if (!hadTransfer) control.data.close('the client sent ABOR');
  control.send(reply('transferComplete', hadTransfer ? 'Transfer given up.' : 'There was no transfer.'));
}
