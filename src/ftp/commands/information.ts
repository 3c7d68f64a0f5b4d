/** FEAT, HELP, STAT, SYST and NOOP. FEAT and HELP say what the command table says, nothing of their own. */
import { commandRefusal } from '../command-filtering.ts';
import { type CommandDescription, verbsOf } from '../command-spec.ts';
import type { Control } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { answeringFailures, nameNotAllowed } from '../file-access.ts';
import { type ListingLines, lineStyleOf, listingLines } from '../listing-lines.ts';
import { reply } from '../reply.ts';

const verbsPerLine = 8;
/** STAT answers over the control connection and in memory, so long directories are for LIST. */
const maximumStatusEntries = 500;

/** RFC 2389 section 3.2: one feature a line, one space before it. */
export function features(control: Control, commands: readonly CommandDescription[]): void {
  const lines = allowedOf(control, commands).flatMap(({ feature }) => {
    const own = (typeof feature === 'function' ? feature(control) : feature) ?? [];
    return [own].flat().map((line) => ` ${line}`);
  });
  control.send(reply('status', 'Features:', ...lines, 'End'));
}

/** What a site does not let clients send they are not told of. */
function allowedOf(control: Control, commands: readonly CommandDescription[]): readonly CommandDescription[] {
  const { commandFiltering } = control.options.site;
  return commands.filter((spec) => !commandRefusal(commandFiltering, verbsOf(spec)));
}

export function help(control: Control, argument: string, table: readonly CommandDescription[]): void {
  const commands = allowedOf(control, table);
  if (argument !== '') {
    const [name, below] = argument.toUpperCase().split(' ');
    const spec = commands.find(({ verb, alias }) => verb === name || alias === name);
    const sub = spec?.subcommands?.find(({ verb }) => verb === below);
    const words = spec && sub ? [spec.verb, sub.verb, sub.syntax] : [spec?.verb, spec?.syntax];
    const isKnown = spec !== undefined && (below === undefined || sub !== undefined);
    if (isKnown) control.send(reply('help', `${words.join(' ').trimEnd()}: ${(sub ?? spec).help} (${spec.rfc})`));
    else control.send(reply('notImplemented', 'No such command.'));
    return;
  }
  const lines: string[] = [];
  for (let start = 0; start < commands.length; start += verbsPerLine) {
    const verbs = commands.slice(start, start + verbsPerLine).map(({ verb }) => verb);
    lines.push(` ${verbs.join(' ')}`);
  }
  control.send(reply('help', 'Commands:', ...lines, 'HELP <command> tells more.'));
}

export function noOperation(control: Control): void {
  control.send(reply('ok', 'Nothing done.'));
}

/** RFC 959 4.1.3: clients read the listing format off this answer. */
export function system(control: Control): void {
  const { isUnix } = lineStyleOf(control.options.site.directoryBrowse);
  control.send(reply('systemType', isUnix ? 'UNIX Type: L8' : 'Windows_NT'));
}

export async function status(control: Control, argument: string): Promise<void> {
  const { session } = control;
  if (argument === '') control.send(reply('status', 'Status:', ...statusLines(control), 'End of status'));
  else if (session.state === 'authenticated') await statusOf(control, argument, session);
  else control.send(reply('notLoggedIn', 'Log in first.'));
}

function statusLines(control: Control): readonly string[] {
  const { session, data, settings } = control;
  const tls = session.state === 'plain' || control.isCleared ? undefined : session.tls;
  return [
    ` Control connection: ${tls ? tls.facts.protocol : 'not protected'}`,
    ` Data connections: ${data.protection === 'P' ? 'private' : 'clear'}`,
    ` Logged in: ${session.state === 'authenticated' ? session.login.accountName : 'no'}`,
    ` Type ${settings.type}, mode ${settings.mode}, structure F`,
    ` Transfer: ${control.isTransferring ? 'running' : 'none'}`,
    ` Sent ${control.bytesSent} octets, received ${control.bytesReceived}`,
  ];
}

async function statusOf(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  await answeringFailures(control, async () => {
    const listing = await listingLines(control, session, argument, 'long');
    if (!listing) control.send(nameNotAllowed);
    else {
      const name = listing.isOfDirectory ? 'directoryStatus' : 'fileStatus';
      control.send(reply(name, 'Listing:', ...(await firstOf(listing.lines)), 'End of listing'));
    }
  });
}

async function firstOf(listing: ListingLines): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const some of listing) {
    lines.push(...some.map((line) => ` ${line}`));
    if (lines.length > maximumStatusEntries) return [...lines.slice(0, maximumStatusEntries), ' And more; use LIST.'];
  }
  return lines;
}
