/** The way to a server up to where TLS begins: the connection and, for explicit FTPS, greeting and AUTH TLS (RFC 4217 4). */
import { connect, type Socket } from 'node:net';
import { printable } from '../../operations/printable.ts';
import { ControlDialogue, TrialStop } from './control-dialogue.ts';
import { findingOfFailure } from './failure-findings.ts';
import { formatServerAddress, type ServerAddress } from './server-address.ts';
import { finding } from './trial-findings.ts';
import type { TrialRecorder } from './trial-steps.ts';

/**
 * @param timeoutMilliseconds for the connection, and for each reply
 * @param recorder absent: this way was gone before, and need not be told again
 * @returns a connected socket whose next octets are those of TLS
 * @throws TrialEnded, or TrialStop without a recorder
 */
export async function reachServer(
  address: ServerAddress,
  timeoutMilliseconds: number,
  recorder?: TrialRecorder,
): Promise<Socket> {
  const where = printable(formatServerAddress(address));
  const stop = (step: 'connection' | 'greeting', text: string, error: unknown) => {
    const found = findingOfFailure(error, 'connect');
    return recorder?.ended(step, text, found) ?? new TrialStop(found, error);
  };
  const socket = await connected(address, timeoutMilliseconds).catch((error: unknown) => {
    throw stop('connection', where, error);
  });
  recorder?.ok('connection', where);
  if (address.tls === 'implicit') return socket;
  try {
    await askForTls(socket, timeoutMilliseconds, recorder);
    return socket;
  } catch (error) {
    socket.destroy();
    throw stop('greeting', 'FTP did not come as far as TLS', error);
  }
}

async function askForTls(socket: Socket, timeoutMilliseconds: number, recorder?: TrialRecorder): Promise<void> {
  const control = new ControlDialogue(socket, timeoutMilliseconds);
  const greeting = await control.reply('greeting-missing');
  if (greeting.code !== 220)
    throw new TrialStop(finding(greeting.code === 421 ? 'service-closed' : 'not-ftp', greeting.text));
  recorder?.ok('greeting', greeting.text);
  const { code, text } = await control.command('AUTH TLS');
  if (code !== 234) throw new TrialStop(finding('tls-not-offered', text));
}

function connected({ host, port }: ServerAddress, timeoutMilliseconds: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const late = new TrialStop(finding('connection-timeout'));
    const timer = setTimeout(() => socket.destroy(late), timeoutMilliseconds);
    socket
      .once('connect', () => {
        clearTimeout(timer);
        // Later readers hear of errors; one that comes in between must not end the process.
        socket.off('error', reject).on('error', () => undefined);
        resolve(socket);
      })
      .once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
  });
}
