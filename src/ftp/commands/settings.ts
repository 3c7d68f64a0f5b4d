/** QUIT, REIN, TYPE, MODE, STRU and OPTS: the settings of a session, and its end. */

import type { Control, TransferType } from '../control/control.ts';
import { mlstFacts } from '../listing.ts';
import { messageLines, reply } from '../reply.ts';
import { selectDigest } from './digests.ts';

/** RFC 959 3.1.1. ASCII without format effectors is what A alone says; L 8 is I on machines with bytes of 8 bits. */
const types: ReadonlyMap<string, TransferType> = new Map([
  ['A', 'A'],
  ['A N', 'A'],
  ['I', 'I'],
  ['L 8', 'I'],
  ['L8', 'I'],
]);

export function quit(control: Control): void {
  control.end('quit', reply('closing', ...messageLines(control.options.site.messages.exitMessage)));
}

/** RFC 4217 section 11 has TLS laid down here. The control channel of a site that demands TLS stays protected, as clients expect of it. */
export function reinitialize(control: Control): void {
  control.logOut('reinitialized', 'nothing');
  control.send(reply('ready', 'Ready for a new login.'));
}

export function transferType(control: Control, argument: string): void {
  const type = types.get(argument.toUpperCase());
  if (type === undefined) {
    control.send(reply('parameterNotImplemented', 'Types are A, A N, I and L 8.'));
    return;
  }
  control.settings.type = type;
  control.send(reply('ok', `Type is ${type}.`));
}

export function transferMode(control: Control, argument: string): void {
  const isStream = argument.toUpperCase() === 'S';
  control.send(isStream ? reply('ok', 'Mode is S.') : reply('parameterNotImplemented', 'The only mode is S.'));
}

export function transferStructure(control: Control, argument: string): void {
  const isFile = argument.toUpperCase() === 'F';
  control.send(isFile ? reply('ok', 'Structure is F.') : reply('parameterNotImplemented', 'The only structure is F.'));
}

export function option(control: Control, argument: string): void {
  const [name = '', ...rest] = argument.split(' ');
  const value = rest.join(' ').trim();
  switch (name.toUpperCase()) {
    case 'UTF8':
    case 'UTF-8':
      if (/^(?:on)?$/iu.test(value)) control.send(reply('ok', 'UTF-8 is on.'));
      else control.send(reply('parameterNotImplemented', 'UTF-8 is always on.'));
      return;
    case 'MLST':
      chooseFacts(control, value);
      return;
    case 'HASH':
      selectDigest(control, value);
      return;
    default:
      control.send(reply('argumentError', 'No such option.'));
  }
}

/** RFC 3659 7.9: facts that are not there are ignored, the answer names those that are on. */
function chooseFacts(control: Control, value: string): void {
  const wanted = new Set(value.toLowerCase().split(';'));
  const chosen = mlstFacts.filter((fact) => wanted.has(fact.toLowerCase()));
  control.settings.mlstFacts = new Set(chosen);
  control.send(reply('ok', `MLST OPTS ${chosen.map((fact) => `${fact};`).join('')}`.trimEnd()));
}
