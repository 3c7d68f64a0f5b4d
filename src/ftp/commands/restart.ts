/** REST and RANG: what of a file the next transfer is about. */
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

/** draft-bryan-ftp-range-09 3: both ends are inclusive, and `1 0` is the whole file again. Whether it can be done, the next command tells. */
export function range(control: Control, argument: string): void {
  const [start, last, ...others] = argument.split(' ').map(octetCount);
  control.settings.portion = wholeFile;
  if (start === 1 && last === 0 && others.length === 0) {
    control.send(reply('moreNeeded', 'The next transfer is about the whole file.'));
  } else if (start === undefined || last === undefined || others.length > 0 || start > last) {
    control.send(reply('argumentError', 'A range is a start and an end that does not lie before it.'));
  } else {
    control.settings.portion = { offset: start, end: last + 1 };
    control.send(reply('moreNeeded', `Restarting at ${start}. End byte range at ${last}.`));
  }
}

/** REST and RANG are for the next transfer command only, whatever becomes of it (RFC 3659 5.3). */
export function takePortion(control: Control): Portion {
  const { portion } = control.settings;
  control.settings.portion = wholeFile;
  return portion;
}

export function isPart({ offset, end }: Portion): boolean {
  return offset !== 0 || end !== undefined;
}

function octetCount(text: string): number | undefined {
  const count = /^\d{1,16}$/u.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(count) ? count : undefined;
}
