/** PASV, EPSV, PORT and EPRT: where the next data connection is made, and by whom. */
import { isIPv4 } from 'node:net';
import { type Denial, denial, denialEntry } from '../../denial.ts';
import type { Control } from '../control/control.ts';
import { recordRefusal } from '../control/control-audit.ts';
import {
  isSameProtocol,
  judgeTarget,
  type ParsedTarget,
  parseExtendedPort,
  parsePort,
} from '../data-ports/active-target.ts';
import { externalAddressFor } from '../data-ports/external-address.ts';
import { type Reply, reply } from '../reply.ts';

const onlyExtendedPassive = reply('badSequence', 'EPSV ALL was sent.');

export async function passive(control: Control): Promise<void> {
  if (control.settings.extendedPassiveOnly) {
    control.send(onlyExtendedPassive);
    return;
  }
  // Whatever the settings say: an address of IPv4 is of no use to a client that came by IPv6.
  if (!isIPv4(control.localAddress)) {
    control.send(reply('noDataConnection', 'This is IPv6; use EPSV.'));
    return;
  }
  const address = await toldAddress(control);
  if (address === undefined) {
    const detail = 'A host name of firewallSupport.externalAddresses has no address.';
    const refusal = denial('external-address-unknown', detail, { remoteAddress: control.remoteAddress });
    refuse(control, refusal, 'The address of the server is not known at the moment; use EPSV');
    return;
  }
  // It may have ended while a name was looked up, and then takes no listener down any more.
  if (control.isEnding) return;
  await listening(control, (port) => {
    const numbers = [...address.split('.'), port >> 8, port & 0xff].join(',');
    return reply('passive', `Entering Passive Mode (${numbers})`);
  });
}

async function toldAddress(control: Control): Promise<string | undefined> {
  const { site, externalNames } = control.options;
  const external = externalAddressFor(site.firewallSupport, control.remoteAddress);
  switch (external.kind) {
    case 'local':
      return control.localAddress;
    case 'address':
      return external.address;
    case 'name':
      return externalNames.addressOf(external.name);
  }
}

/** RFC 2428 section 3; 522 here speaks of address families. */
export async function extendedPassive(control: Control, argument: string): Promise<void> {
  const protocol = protocolOf(control);
  if (argument.toUpperCase() === 'ALL') {
    control.settings.extendedPassiveOnly = true;
    control.send(reply('ok', 'Only EPSV from now on.'));
    return;
  }
  if (argument !== '' && argument !== protocol) {
    const isNumber = /^\d{1,5}$/u.test(argument);
    control.send(isNumber ? otherProtocol(control) : reply('argumentError', 'Syntax: EPSV [1|2|ALL]'));
    return;
  }
  await listening(control, (port) => reply('extendedPassive', `Entering Extended Passive Mode (|||${port}|)`));
}

async function listening(control: Control, answer: (port: number) => Reply): Promise<void> {
  const listened = await control.data.listen();
  if (listened.outcome === 'listening') control.send(answer(listened.port));
  else if (listened.outcome === 'none') control.send(reply('noDataConnection', 'Given up.'));
  else {
    const text =
      listened.denial.code === 'passive-ports-exhausted' ? 'No passive port is free' : 'No port can be opened';
    control.send(reply('noDataConnection', `${text}, reference ${listened.reference}.`));
  }
}

export function clientPort(control: Control, argument: string): void {
  // PORT has no room for an address of IPv6.
  const other = reply('parameterNotImplemented', 'This is IPv6; use EPRT.');
  aim(control, parsePort(argument), 'Syntax: PORT h1,h2,h3,h4,p1,p2', other);
}

/** RFC 2428 section 2; 522 here speaks of address families. */
export function extendedClientPort(control: Control, argument: string): void {
  aim(control, parseExtendedPort(argument), 'Syntax: EPRT |protocol|address|port|', otherProtocol(control));
}

/** @param malformed, other what a client hears whose argument cannot be read, or names an address that is not of this IP version */
function aim(control: Control, parsed: ParsedTarget, malformed: string, other: Reply): void {
  if (control.settings.extendedPassiveOnly) {
    control.send(onlyExtendedPassive);
  } else if (!control.options.site.firewallSupport.activeMode) {
    const refusal = denial('active-mode-off', 'The client asked for active mode; firewallSupport.activeMode is false.');
    refuse(control, refusal, 'Active mode is off (firewallSupport.activeMode); use PASV or EPSV');
  } else if (parsed.outcome === 'malformed') {
    control.send(reply('argumentError', malformed));
  } else if (parsed.outcome === 'other-protocol' || !isSameProtocol(parsed.target.address, control.remoteAddress)) {
    control.send(other);
  } else {
    const refusal = judgeTarget(parsed.target, control.remoteAddress);
    if (refusal) {
      refuse(control, refusal, 'Only your own address and ports from 1024 on');
      return;
    }
    control.data.aim(parsed.target.port);
    control.send(reply('ok', 'The next transfer connects to this port.'));
  }
}

function refuse(control: Control, refusal: Denial, text: string): void {
  const reference = recordRefusal(control, refusal);
  control.send({ code: denialEntry(refusal.code).reply, lines: [`${text}, reference ${reference}.`] });
}

/** RFC 2428 2: that of the control connection, since data connections go between the same two addresses. */
function protocolOf({ localAddress }: Control): '1' | '2' {
  return isIPv4(localAddress) ? '1' : '2';
}

function otherProtocol(control: Control): Reply {
  return reply('dataConnectionRefused', `Network protocol not supported, use (${protocolOf(control)})`);
}
