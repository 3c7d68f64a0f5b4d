/** CLNT, CSID, LANG and HOST: what a client says of itself, in which language it is answered, and whom it wants to speak to. */
import { isIP } from 'node:net';
import { plainAddress } from '../../operations/network.ts';
import type { Control } from '../control/control.ts';
import { reply } from '../reply.ts';
import { isNamed, leavesOf } from '../tls/server-names.ts';

/** Characters kept of what a client calls itself. */
const maximumClientName = 100;

/** RFC 7151 3.2: a name, an IPv4 address, or an IPv6 address in brackets; never a port. */
const hostArgument = /^(?:\[(?<address>[\da-f:.]+)\]|(?<name>[a-z\d_]+(?:[.-][a-z\d_-]+)*\.?))$/iu;

/** In no standard; clients tell it where FEAT lists the command, and the record of the session has it. */
export function noteClient(control: Control, name: string): void {
  control.settings.clientName = name.slice(0, maximumClientName);
  control.send(reply('ok', 'Noted.'));
}

/** Without the version, of which a client has no need. */
export function identifyServer(control: Control, name: string): void {
  control.settings.clientName = name.slice(0, maximumClientName);
  control.send(reply('ok', 'Name=cardgate; CaseSensitive=1; DirSep=/;'));
}

/** RFC 2640 4.1: English is the default and the only language; a tag for one of its countries means it, too. */
export function chooseLanguage(control: Control, tag: string): void {
  if (!/^[a-z]{1,8}(?:-[a-z\d]{1,8})*$/iu.test(tag) && tag !== '') {
    control.send(reply('argumentError', 'Not a language tag.'));
  } else if (tag === '' || /^en(?:-|$)/iu.test(tag)) control.send(reply('ok', 'Replies are in English.'));
  else control.send(reply('parameterNotImplemented', 'Replies are in English only.'));
}

/**
 * RFC 7151 3: the site has the names that its certificate proves, and the address that the client is connected to. It names the site
 * for a login to come, so that one begun before it is over.
 */
export function chooseHost(control: Control, argument: string): void {
  const { address, name } = hostArgument.exec(argument)?.groups ?? {};
  const host = address ?? name ?? '';
  const isAddress = isIP(host) !== 0;
  if (host === '' || (address !== undefined && isIP(address) !== 6)) {
    control.send(
      reply('argumentError', 'A host is a name, an address, or an IPv6 address in brackets, without a port.'),
    );
  } else if (control.session.state === 'authenticated') {
    control.send(reply('badSequence', 'Logged in already; HOST comes before USER.'));
  } else if (isAddress ? isOwnAddress(control, host) : isOwnName(control, host)) {
    control.settings.claimedName = undefined;
    control.siteLog?.hostChosen(host);
    control.send(reply('ready', 'This is the host.'));
  } else control.send(reply('parameterNotImplemented', 'No such host here.'));
}

function isOwnAddress(control: Control, address: string): boolean {
  return (
    plainAddress(address) === control.localAddress ||
    leavesOf(control.options.identity).some((certificate) => certificate.checkIP(address) !== undefined)
  );
}

/** A name ends in a dot or not; it is the same. */
function isOwnName(control: Control, name: string): boolean {
  const host = name.replace(/\.$/u, '');
  return leavesOf(control.options.identity).some((certificate) => isNamed(certificate, host));
}
