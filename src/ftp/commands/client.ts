/** CLNT, CSID, LANG and HOST: what a client says of itself, in which language it is answered, and whom it wants to speak to. */
import { isIP } from 'node:net';
import { denial } from '../../denial.ts';
import { plainAddress } from '../../operations/network.ts';
import type { Control } from '../control/control.ts';
import type { Entered } from '../control/host-naming.ts';
import { reply } from '../reply.ts';
import type { FtpServerOptions } from '../server-options.ts';
import { isNamed, leavesOf } from '../tls/server-names.ts';
import type { TlsIdentity } from '../tls/tls-settings.ts';

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
 * RFC 7151 3: a site has the names of its bindings and those that its certificate proves, and the address that the client is connected to.
 * It names the site for a login to come, so that one begun before it is over.
 */
export async function chooseHost(control: Control, argument: string): Promise<void> {
  const { address, name } = hostArgument.exec(argument)?.groups ?? {};
  const host = address ?? name ?? '';
  if (host === '' || (address !== undefined && isIP(address) !== 6)) {
    control.send(
      reply('argumentError', 'A host is a name, an address, or an IPv6 address in brackets, without a port.'),
    );
  } else if (control.session.state === 'authenticated') {
    control.send(reply('badSequence', 'Logged in already; HOST comes before USER.'));
  } else {
    const entered = await comesTo(control, host);
    if (entered === 'refused') control.send(reply('parameterNotImplemented', 'No such host here.'));
    if (entered !== 'entered') return;
    control.settings.claimedName = undefined;
    control.siteLog?.hostChosen(host);
    control.send(reply('ready', 'This is the host.'));
  }
}

async function comesTo(control: Control, host: string): Promise<Entered> {
  const isOf = ({ identity }: FtpServerOptions) =>
    isIP(host) === 0 ? isNameOf(identity, host) : isAddressOf(identity, host, control.localAddress);
  if (control.choice) return control.choice.byHost(host, isOf);
  return isOf(control.options) ? 'entered' : 'refused';
}

function isAddressOf(identity: TlsIdentity, address: string, localAddress: string): boolean {
  return (
    plainAddress(address) === localAddress ||
    leavesOf(identity).some((certificate) => certificate.checkIP(address) !== undefined)
  );
}

/** A name ends in a dot or not; it is the same. */
function isNameOf(identity: TlsIdentity, name: string): boolean {
  const host = name.replace(/\.$/u, '');
  return leavesOf(identity).some((certificate) => isNamed(certificate, host));
}

/** Of IIS: the host, and the name of the account there. No account of Windows has the sign between them. */
const nameAtHost = /^(?<host>[^|]+)\|(?<name>[^|]+)$/u;

/** USER where sites share an address and port: a login in the clear settles the site, and one at another host is refused. */
export function atItsSite(
  user: (control: Control, name: string) => Promise<void>,
): (control: Control, argument: string) => Promise<void> {
  return async (control, argument) => {
    const { choice, session, options } = control;
    const waitsForTls = session.state === 'plain' && options.site.ssl.controlChannelPolicy !== 'SslAllow';
    if (!choice || waitsForTls || control.isCleared) return user(control, argument);
    const { host, name = argument } = nameAtHost.exec(argument)?.groups ?? {};
    const entered = host === undefined ? 'entered' : await comesTo(control, host);
    if (entered === 'refused') choice.refuseLogin(denial('host-unknown', `USER named a host that is not served.`));
    else if (entered === 'entered' && (await choice.byLogin())) await user(control, name);
  };
}
