/** From a line to the row of the command table, and through the guards the row demands to its handler. */
import { commandRefusal } from './command-filtering.ts';
import { type CommandSpec, verbsOf } from './command-spec.ts';
import { commandTable } from './command-table.ts';
import { refuseClearLogin } from './commands/login.ts';
import type { Control } from './control/control.ts';
import { logFault, recordRefusal } from './control/control-audit.ts';
import { withLocalDetails } from './control/local-details.ts';
import { reply } from './reply.ts';

/** Known, and not offered: the reply differs from that to a typing error (RFC 959 4.2.1). */
export const notOffered: ReadonlyMap<string, string> = new Map([
  ['MFCT', 'The time of creation is the file system’s own; it cannot be set.'],
  ...['CPSV', 'SSCN'].map(
    (verb) => [verb, 'Data connections go to the client itself, which is the TLS client.'] as const,
  ),
  ...['LPRT', 'LPSV'].map((verb) => [verb, 'Use EPRT or EPSV.'] as const),
  ...['ADAT', 'CONF', 'ENC', 'MIC', 'PRET', 'SMNT'].map((verb) => [verb, 'Command not offered.'] as const),
]);

const byVerb: ReadonlyMap<string, CommandSpec> = new Map(
  commandTable.flatMap((spec) => verbsOf(spec).map((verb) => [verb, spec])),
);

export interface ParsedCommand {
  readonly verb: string;
  readonly argument: string;
}

/** Exactly one space ends the verb; what follows belongs to the argument (RFC 2640 3.1). */
export function parseCommand(line: string): ParsedCommand {
  const space = line.indexOf(' ');
  if (space < 0) return { verb: line.toUpperCase(), argument: '' };
  return { verb: line.slice(0, space).toUpperCase(), argument: line.slice(space + 1) };
}

export function findCommand(verb: string): CommandSpec | undefined {
  return byVerb.get(verb);
}

/** Octets that are not text belong to names of files only: no other command can use them. */
export function isSayable({ verb, argument }: ParsedCommand): boolean {
  return isPlain(verb) && (isPlain(argument) || byVerb.get(verb)?.syntax.includes('<path>') === true);
}

function isPlain(text: string): boolean {
  return text.isWellFormed() && !/[\u0000-\u001f\u007f]/u.test(text);
}

/** The one catch of every command: a fault is logged in full, the client gets a reference. Never rejects. */
export async function answerCommand(control: Control, command: ParsedCommand): Promise<void> {
  const answer = async () => {
    try {
      await runFtpCommand(control, command);
    } catch (error) {
      const reference = logFault(control, command.verb, error);
      control.send(reply('localError', `Action not taken, reference ${reference}.`));
    }
  };
  await (control.siteLog ? control.siteLog.command(command, answer) : answer());
}

/** Runs one parsed command behind the guards its row demands. */
async function runFtpCommand(control: Control, { verb, argument }: ParsedCommand): Promise<void> {
  const spec = findCommand(verb);
  // RFC 959 4.1.3: whatever comes between the two ends a rename.
  if (spec?.verb !== 'RNTO') control.settings.renameFrom = undefined;
  if (spec?.verb !== 'SITE') control.settings.copyFrom = undefined;
  if (!spec) {
    const refusal = notOffered.get(verb);
    control.send(refusal ? reply('notImplemented', refusal) : reply('syntaxError', 'Command not understood.'));
    return;
  }
  const denied = commandRefusal(control.options.site.commandFiltering, [verb, ...verbsOf(spec)]);
  if (denied) {
    const reference = recordRefusal(control, denied);
    const answer = reply('notImplemented', `${verb} is not allowed here, reference ${reference}.`);
    control.send(withLocalDetails(control, denied, answer));
    return;
  }
  const { session } = control;
  if (session.state === 'plain' && control.options.site.ssl.controlChannelPolicy !== 'SslAllow' && !spec.inClear) {
    refuseClearLogin(control);
  } else if (!acceptsArgument(spec.syntax, argument)) {
    control.send(reply('argumentError', `Syntax: ${`${spec.verb} ${spec.syntax}`.trimEnd()}`));
  } else if (spec.requires === 'nothing') {
    await spec.run(control, argument);
  } else if (session.state === 'authenticated') {
    await spec.run(control, argument, session);
  } else {
    control.send(reply('notLoggedIn', 'Log in first.'));
  }
}

function acceptsArgument(syntax: string, argument: string): boolean {
  if (syntax === '') return argument.trim() === '';
  return syntax.startsWith('[') || argument !== '';
}
