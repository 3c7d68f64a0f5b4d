/** PASV and EPSV: where the next data connection is made. */
import { isIPv4 } from 'node:net';
import type { Control } from '../control/control.ts';
import { type Reply, reply } from '../reply.ts';

export async function passive(control: Control): Promise<void> {
  if (control.settings.extendedPassiveOnly) {
    control.send(reply('badSequence', 'EPSV ALL was sent.'));
    return;
  }
  const address = control.options.site.firewallSupport.externalIp4Address ?? control.localAddress;
  if (!isIPv4(address)) {
    control.send(reply('noDataConnection', 'This is IPv6; use EPSV.'));
    return;
  }
  await listening(control, (port) => {
    const numbers = [...address.split('.'), port >> 8, port & 0xff].join(',');
    return reply('passive', `Entering Passive Mode (${numbers})`);
  });
}

/** RFC 2428 section 3; 522 here speaks of address families. */
export async function extendedPassive(control: Control, argument: string): Promise<void> {
  const family = isIPv4(control.localAddress) ? '1' : '2';
  if (argument.toUpperCase() === 'ALL') {
    control.settings.extendedPassiveOnly = true;
    control.send(reply('ok', 'Only EPSV from now on.'));
    return;
  }
  if (argument !== '' && argument !== family) {
    control.send(reply('dataConnectionRefused', `Network protocol not supported, use (${family})`));
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
