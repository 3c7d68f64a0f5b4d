/** QUIT, REIN, TYPE, MODE, STRU and OPTS: the settings of a session, and its end. */

import { type Control, messageValues, type TransferType, usualDeflateLevel } from '../control/control.ts';
import { mlstFacts } from '../listing.ts';
import { messageOf } from '../messages.ts';
import { messageLines, reply } from '../reply.ts';
import { selectDigest } from './digests.ts';

/** RFC 959 3.1.1. A alone is A N, which no file here tells from A T (RFC 1123 4.1.2.2); L 8 is I on machines with bytes of 8 bits. */
const types: ReadonlyMap<string, TransferType> = new Map([
  ['A', 'A'],
  ['A N', 'A'],
  ['A T', 'A'],
  ['I', 'I'],
  ['L 8', 'I'],
  ['L8', 'I'],
]);

export function quit(control: Control): void {
  control.end(
    'quit',
    reply('closing', ...messageOf(control.options.site.messages, 'exitMessage', messageValues(control))),
  );
}

/** RFC 4217 section 13 has TLS laid down behind the reply. The control channel of a site that demands TLS stays protected, as clients expect of it. */
export async function reinitialize(control: Control): Promise<void> {
  control.logOut('reinitialized', 'nothing');
  const { consentBanner = '' } = control.options.site.messages;
  const consent = consentBanner === '' ? [] : messageLines(consentBanner);
  control.send(reply('ready', ...consent, 'Ready for a new login.'));
  await control.layDownTls('nothing');
}

export function transferType(control: Control, argument: string): void {
  const type = types.get(argument.toUpperCase());
  if (type === undefined) {
    control.send(reply('parameterNotImplemented', 'Types are A, A N, A T, I and L 8.'));
    return;
  }
  control.settings.type = type;
  control.send(reply('ok', `Type is ${type}.`));
}

export function transferMode(control: Control, argument: string): void {
  const mode = argument.toUpperCase();
  if (mode === 'S' || (mode === 'Z' && isCompressionOffered(control))) {
    control.settings.mode = mode;
    control.send(reply('ok', `Mode is ${mode}.`));
  } else control.send(reply('parameterNotImplemented', 'That mode is not offered.'));
}

/** @returns the line of FEAT; undefined where the site does not offer it */
export function compressionFeature(control: Control): string | undefined {
  return isCompressionOffered(control) ? 'MODE Z' : undefined;
}

function isCompressionOffered(control: Control): boolean {
  return control.options.site.fileHandling.compression;
}

/** draft-preston-ftpext-deflate-04 3.4: pairs of a name and a value; without any, all are as at the beginning. */
function chooseCompression(control: Control, value: string): void {
  const [mode, ...pairs] = value.toUpperCase().split(/ +/u);
  let level = usualDeflateLevel;
  let isKnown = mode === 'Z' && pairs.length % 2 === 0 && isCompressionOffered(control);
  for (let place = 0; place < pairs.length; place += 2) {
    const [name, chosen = ''] = pairs.slice(place);
    if (name === 'LEVEL' && /^\d$/u.test(chosen)) level = Number(chosen);
    else if (name !== 'ENGINE' || chosen !== 'ZLIB') isKnown = false;
  }
  if (!isKnown) {
    control.send(reply('argumentError', 'Options of MODE Z are ENGINE ZLIB and LEVEL 0 to 9.'));
    return;
  }
  control.settings.deflateLevel = level;
  control.send(reply('ok', `MODE Z LEVEL set to ${level}.`));
}

export function transferStructure(control: Control, argument: string): void {
  const isFile = argument.toUpperCase() === 'F';
  control.send(isFile ? reply('ok', 'Structure is F.') : reply('parameterNotImplemented', 'The only structure is F.'));
}

/** RFC 2389 4 has 200, 451 and 501 for every option. */
export function option(control: Control, argument: string): void {
  const [name = '', ...rest] = argument.split(' ');
  const value = rest.join(' ').trim();
  switch (name.toUpperCase()) {
    case 'UTF8':
    case 'UTF-8':
      if (/^(?:on)?$/iu.test(value)) control.send(reply('ok', 'UTF-8 is on.'));
      else control.send(reply('argumentError', 'UTF-8 is always on.'));
      return;
    case 'MLST':
      chooseFacts(control, value);
      return;
    case 'MODE':
      chooseCompression(control, value);
      return;
    case 'HASH':
      selectDigest(control, value);
      return;
    default:
      control.send(reply('argumentError', 'No such option.'));
  }
}

/**
 * RFC 3659 7.9: facts that are not there are ignored, the answer names those that are on. What is no list turns nothing off; the last
 * semicolon is missed by clients.
 */
function chooseFacts(control: Control, value: string): void {
  const facts = value.toLowerCase().split(';');
  const last = facts.pop() ?? '';
  const isKnown = mlstFacts.some((fact) => fact.toLowerCase() === last);
  if (!(last === '' || isKnown) || !facts.every((fact) => /^\S+$/u.test(fact))) {
    control.send(reply('argumentError', 'Each fact has a semicolon behind it.'));
    return;
  }
  const wanted = new Set([...facts, last]);
  const chosen = mlstFacts.filter((fact) => wanted.has(fact.toLowerCase()));
  control.settings.mlstFacts = new Set(chosen);
  control.send(reply('ok', `MLST OPTS ${chosen.map((fact) => `${fact};`).join('')}`.trimEnd()));
}
