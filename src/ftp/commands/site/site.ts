/** SITE (RFC 959 4.1.3): the one table of its commands. HELP and FEAT are read from it, as from the table of all commands. */
import type { Denial } from '../../../denial.ts';
import { commandRefusal } from '../../command-filtering.ts';
import type { Subcommand } from '../../command-spec.ts';
import type { Control } from '../../control/control.ts';
import { recordRefusal } from '../../control/control-audit.ts';
import { withLocalDetails } from '../../control/local-details.ts';
import type { AuthenticatedSession } from '../../control/session.ts';
import { reply } from '../../reply.ts';
import { copyFile, copyFrom, copyTo } from './site-copy.ts';
import { changeMode, changeTimes, makeSymbolicLink } from './site-files.ts';
import { idleTime, umask, who } from './site-session.ts';

interface SiteCommand extends Subcommand {
  /** Default: always. */
  readonly isOffered?: (control: Control) => boolean;
  readonly run: (control: Control, argument: string, session: AuthenticatedSession) => Promise<void> | void;
}

type FileHandling = Control['options']['site']['fileHandling'];
const fileHandling = (control: Control): FileHandling => control.options.site.fileHandling;

export const siteCommands: readonly SiteCommand[] = [
  {
    verb: 'CHMOD',
    syntax: '<mode> <path>',
    help: 'Set permission bits, in octal.',
    isOffered: (control) => fileHandling(control).allowedModeBits !== 0,
    run: changeMode,
  },
  { verb: 'COPY', syntax: '<path> <path>', help: 'Copy a file; names with spaces in quotation marks.', run: copyFile },
  { verb: 'CPFR', syntax: '<path>', help: 'Name what to copy.', run: copyFrom },
  { verb: 'CPTO', syntax: '<path>', help: 'Copy it.', run: copyTo },
  { verb: 'HELP', syntax: '[<command>]', help: 'Explain a command of SITE.', run: siteHelp },
  { verb: 'IDLE', syntax: '[<seconds>]', help: 'Tell or set how long the session may be idle.', run: idleTime },
  {
    verb: 'SYMLINK',
    syntax: '<path> <path>',
    help: 'Make a link: first what it leads to, then its own name.',
    isOffered: (control) => fileHandling(control).allowSymbolicLinks,
    run: makeSymbolicLink,
  },
  { verb: 'UMASK', syntax: '[<mask>]', help: 'Tell or set what new files do without, in octal.', run: umask },
  {
    verb: 'UTIME',
    syntax: '<time> <path>',
    help: 'Set when a file was modified; or: <path> <access time> <modification time> <creation time> UTC.',
    run: changeTimes,
  },
  { verb: 'WHO', syntax: '', help: 'List the sessions of the same account.', run: who },
];

export async function site(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  const [, verb = '', rest = ''] = /^(\S*) ?(.*)$/su.exec(argument) ?? [];
  const command = find(control, verb);
  if (verb.toUpperCase() !== 'CPTO') control.settings.copyFrom = undefined;
  const denied = command && refusalOf(control, command);
  if (denied) {
    const reference = recordRefusal(control, denied);
    const answer = reply('notImplemented', `SITE ${command.verb} is not allowed here, reference ${reference}.`);
    control.send(withLocalDetails(control, denied, answer));
  } else if (!command) control.send(reply('syntaxError', 'SITE command not understood; SITE HELP lists them.'));
  else if (command.syntax === '' ? rest.trim() !== '' : rest === '' && !command.syntax.startsWith('[')) {
    control.send(reply('argumentError', `Syntax: SITE ${usageOf(command)}`));
  } else await command.run(control, rest, session);
}

/** A client learns by these lines what it may use. */
export function siteFeatures(control: Control): readonly string[] {
  return offered(control)
    .filter((command) => command.verb !== 'HELP' && !refusalOf(control, command))
    .map(({ verb }) => `SITE ${verb}`);
}

function siteHelp(control: Control, verb: string): void {
  const command = verb === '' ? undefined : find(control, verb);
  if (verb === '') {
    const allowed = offered(control).filter((one) => !refusalOf(control, one));
    const lines = allowed.map((one) => ` ${usageOf(one)}`);
    control.send(reply('help', 'Commands of SITE:', ...lines, 'SITE HELP <command> tells more.'));
  } else if (command) {
    control.send(reply('help', `SITE ${usageOf(command)}: ${command.help}`));
  } else control.send(reply('notImplemented', 'No such command of SITE.'));
}

/** SITE itself is allowed: what its commands are called begins with its name, which allows or denies them all. */
function refusalOf({ options }: Control, { verb }: SiteCommand): Denial | undefined {
  const { commandFiltering } = options.site;
  const isOwn = commandFiltering.commands.some(({ command }) => command === `SITE ${verb}`);
  return isOwn ? commandRefusal(commandFiltering, [`SITE ${verb}`]) : undefined;
}

function usageOf({ verb, syntax }: SiteCommand): string {
  return `${verb} ${syntax}`.trimEnd();
}

function find(control: Control, verb: string): SiteCommand | undefined {
  return offered(control).find((command) => command.verb === verb.toUpperCase());
}

function offered(control: Control): readonly SiteCommand[] {
  return siteCommands.filter(({ isOffered }) => isOffered?.(control) ?? true);
}
