/** REST: what of a file the next transfer is about. */
import { type Control, type Portion, wholeFile } from '../control/control.ts';
import { reply } from '../reply.ts';

export function restart(control: Control, argument: string): void {
  const offset = octetCount(argument);
  if (offset === undefined) {
    control.send(reply('argumentError', 'Not an offset.'));
    return;
  }
  control.settings.portion = { offset };
  control.send(reply('moreNeeded', `The next transfer starts at ${offset}.`));
}

/** REST is for the next transfer command only, whatever becomes of it (RFC 3659 5.3). */
export function takePortion(control: Control): Portion {
  const { portion } = control.settings;
  control.settings.portion = wholeFile;
  return portion;
}

function octetCount(text: string): number | undefined {
  const count = /^\d{1,16}$/u.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(count) ? count : undefined;
}
