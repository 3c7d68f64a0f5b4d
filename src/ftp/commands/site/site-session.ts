/** SITE UMASK, IDLE and WHO: what a session may set and know of itself. */
import { millisecondsSince } from '../../../clock.ts';
import { milliseconds } from '../../../settings/units.ts';
import type { Control } from '../../control/control.ts';
import type { AuthenticatedSession } from '../../control/session.ts';
import { reply } from '../../reply.ts';

/** Seconds: a session that ends while its user types helps none. */
const shortestIdleTime = 30;
/** Lines of WHO. */
const maximumSessions = 100;

/** @returns the bits that what this session makes does without */
export function umaskOf({ settings, options }: Control): number {
  return settings.umask ?? options.site.fileHandling.umask;
}

/** It takes bits away from what the site gives new files, and can add none. */
export function umask(control: Control, argument: string): void {
  const text = (bits: number) => bits.toString(8).padStart(3, '0');
  if (argument === '') control.send(reply('ok', `The umask is ${text(umaskOf(control))}.`));
  else if (!/^0?[0-7]{1,3}$/u.test(argument)) control.send(reply('argumentError', 'A umask has three octal digits.'));
  else {
    const former = umaskOf(control);
    control.settings.umask = Number.parseInt(argument, 8);
    control.send(reply('ok', `The umask is ${text(control.settings.umask)} (was ${text(former)}).`));
  }
}

/** Within controlChannelTimeout, which is the longest that the site allows. */
export function idleTime(control: Control, argument: string): void {
  const longest = Math.floor(control.options.site.connections.controlChannelTimeout / 1000);
  const shortest = Math.min(shortestIdleTime, longest);
  const wanted = /^\d{1,9}$/u.test(argument) ? Number(argument) : Number.NaN;
  if (argument === '') {
    const now = Math.floor(control.idleTime / 1000);
    control.send(reply('ok', `The session may be idle for ${now} seconds; at most ${longest}.`));
  } else if (!(wanted >= shortest && wanted <= longest)) {
    control.send(reply('argumentError', `The time must be between ${shortest} and ${longest} seconds.`));
  } else {
    control.idleTime = milliseconds(wanted * 1000);
    control.send(reply('ok', `The session may be idle for ${wanted} seconds.`));
  }
}

/** Those of the same account: who else is logged in is no concern of a client. */
export function who(control: Control, _argument: string, { login }: AuthenticatedSession): void {
  const lines: string[] = [];
  for (const { session, remoteAddress, connectedAt, isTransferring, options } of control.peers) {
    const isOwn =
      session.state === 'authenticated' &&
      session.login.accountName === login.accountName &&
      session.login.directory === login.directory;
    if (!isOwn || lines.length === maximumSessions) continue;
    const seconds = Math.floor(millisecondsSince(connectedAt, options.timer) / 1000);
    const state = isTransferring ? ', transferring' : '';
    lines.push(` ${login.accountName} from ${remoteAddress}, connected for ${seconds} seconds${state}`);
  }
  control.send(reply('status', 'Sessions of this account:', ...lines, 'End'));
}
