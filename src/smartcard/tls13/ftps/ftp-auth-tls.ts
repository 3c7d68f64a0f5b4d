/** The two replies that come in the clear before AUTH TLS has its effect (RFC 4217 section 4): greeting and 234, and not one octet more. */
import type { Socket } from 'node:net';
import { FTPError } from 'basic-ftp';
import { CardError } from '../../card/card-error.ts';

/** A greeting may have several lines, but not any number of them. */
const maximumReplyLength = 16_384;
/** RFC 959 4.2: one line, or all from `123-` to the line that begins with `123 `. */
const completeReply = /^(\d{3})(?: [^\n]*|-[^\n]*\n(?:(?!\1 )[^\n]*\n)*\1 [^\n]*)\n/;

/**
 * Reads the greeting of the server on a fresh connection and has it await a TLS handshake.
 * @param timeoutMs for each reply; 0: no limit
 * @throws with the connection destroyed: FTPError for a refusal; CardError for what is no FTP server; the error of the connection
 */
export async function requestTls(socket: Socket, timeoutMs: number): Promise<void> {
  await expectReply(socket, timeoutMs, '220');
  socket.write('AUTH TLS\r\n');
  await expectReply(socket, timeoutMs, '234');
}

async function expectReply(socket: Socket, timeoutMs: number, wanted: string): Promise<void> {
  const reply = await readReply(socket, timeoutMs);
  if (reply.startsWith(wanted)) return;
  socket.destroy();
  throw new FTPError({ code: Number(reply.slice(0, 3)), message: reply });
}

function readReply(socket: Socket, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const settle = (outcome: () => void) => {
      socket.pause().setTimeout(0);
      socket.off('data', take).off('error', fail).off('end', end).off('timeout', expire);
      outcome();
    };
    const fail = (error: Error) => {
      socket.destroy();
      settle(() => reject(error));
    };
    const end = () => fail(noFtpServer('it ended the connection before it had replied'));
    const expire = () => fail(noFtpServer(`it did not reply within ${timeoutMs} ms`));
    const take = (octets: Buffer) => {
      received += octets.toString('latin1');
      const [reply] = completeReply.exec(received) ?? [];
      // What comes in the clear behind a reply could be meant to be taken for words of the protected server.
      if (reply !== undefined && reply.length < received.length)
        fail(noFtpServer('it sent more than one reply at once'));
      else if (reply !== undefined) settle(() => resolve(reply.trimEnd()));
      else if (received.length > maximumReplyLength) fail(noFtpServer('its reply does not end'));
    };
    socket.on('data', take).on('error', fail).on('end', end).on('timeout', expire).setTimeout(timeoutMs).resume();
  });
}

function noFtpServer(what: string): CardError {
  return new CardError(`The server does not behave as an FTP server: ${what}.`, 'Check address and port.');
}
