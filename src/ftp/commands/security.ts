/** AUTH, PBSZ, PROT and CCC (RFC 4217, RFC 2228). They change how channels are protected, never who is logged in. */

import type { Control } from '../control/control.ts';
import { reply } from '../reply.ts';

/** curl tries SSL first; TLS-C and TLS-P are older names that also say how data connections begin (RFC 4217 section 17). */
const mechanisms: ReadonlyMap<string, 'C' | 'P'> = new Map([
  ['TLS', 'C'],
  ['TLS-C', 'C'],
  ['SSL', 'C'],
  ['TLS-P', 'P'],
]);

export async function auth(control: Control, argument: string): Promise<void> {
  const protectionLevel = mechanisms.get(argument.toUpperCase());
  if (control.session.state !== 'plain' || control.data.proof) {
    control.send(reply('badSequence', 'TLS is on already.'));
  } else if (protectionLevel === undefined) {
    control.send(reply('parameterNotImplemented', 'Use AUTH TLS.'));
  } else {
    await control.startTls();
    if (protectionLevel === 'P' && control.options.site.ssl.dataChannelPolicy !== 'SslDeny')
      control.data.protection = 'P';
  }
}

/** RFC 2228 3: a number of 32 bits. */
const largestBuffer = 0xffff_ffff;

const afterClearing = 'The control channel was cleared by CCC.';

/** RFC 4217 section 9: TLS needs no buffer size; whatever the client names, the answer is 0. */
export function bufferSize(control: Control, argument: string): void {
  if (!control.data.proof || control.isCleared) {
    control.send(reply('badSequence', control.isCleared ? afterClearing : 'AUTH TLS first.'));
  } else if (!/^\d{1,10}$/u.test(argument) || Number(argument) > largestBuffer) {
    control.send(reply('argumentError', 'Not a number of 32 bits.'));
  } else {
    control.settings.bufferSizeAgreed = true;
    control.send(reply('ok', 'PBSZ=0'));
  }
}

export function protection(control: Control, argument: string): void {
  const level = argument.toUpperCase();
  const { dataChannelPolicy } = control.options.site.ssl;
  if (control.isCleared) control.send(reply('badSequence', afterClearing));
  else if (!control.settings.bufferSizeAgreed) {
    control.send(reply('badSequence', control.data.proof ? 'PBSZ first.' : 'AUTH TLS first.'));
  } else if (level === 'S' || level === 'E') {
    control.send(reply('protectionNotSupported', 'TLS gives C and P only.'));
  } else if (level !== 'C' && level !== 'P') {
    control.send(reply('parameterNotImplemented', 'Use PROT P.'));
  } else if (level === 'C' && dataChannelPolicy === 'SslRequire') {
    control.send(reply('refusedByPolicy', 'Data connections must be protected here; use PROT P.'));
  } else if (level === 'P' && dataChannelPolicy === 'SslDeny') {
    control.send(reply('refusedByPolicy', 'Data connections are never protected here; use PROT C.'));
  } else {
    control.data.protection = level;
    control.send(reply('ok', level === 'P' ? 'Data connections are private.' : 'Data connections are clear.'));
  }
}

/** RFC 4217 12.3: where the site protects names and passwords only, firewalls may read the rest. Data connections stay as they are. */
export async function clearCommandChannel(control: Control): Promise<void> {
  if (!control.data.proof || control.isCleared) {
    control.send(reply('commandNotProtected', 'The control channel is not protected.'));
  } else if (!control.mayLayDownTls) {
    control.send(reply('refusedByPolicy', 'The control channel stays protected.'));
  } else if (control.session.state !== 'authenticated') {
    control.send(reply('badSequence', 'Log in first.'));
  } else {
    control.send(reply('ok', 'The control channel is clear from now on.'));
    await control.layDownTls('login');
  }
}
