/**
 * StartTLS by hand (RFC 4511 4.14): one constant request in clear, one bounded answer, then nothing in clear ever again.
 * It refuses bytes that arrive in clear behind the answer, because under TLS they pass for words of the server.
 */
import type { Socket } from 'node:net';

/** LDAPMessage 1 with the ExtendedRequest 1.3.6.1.4.1.1466.20037. */
const startTlsRequest = Buffer.concat([
  Buffer.from([0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16]),
  Buffer.from('1.3.6.1.4.1.1466.20037', 'latin1'),
]);
/** The answer carries a result code and a short text; AD's longest is below 200 octets. */
const longestAnswer = 4096;

/**
 * Resolves when the server agreed; the caller begins TLS on the socket at once. The caller also watches the deadline and
 * destroys the socket when it is over, which rejects this.
 */
export function negotiateStartTls(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const settle = (error?: Error) => {
      socket.off('data', onData).off('error', settle).off('close', onClose);
      socket.pause();
      if (error) reject(error);
      else resolve();
    };
    const onClose = () => settle(new Error('the server closed the connection before it answered StartTLS'));
    const onData = (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      const verdict = judgeAnswer(answer);
      if (verdict === 'agreed') settle();
      else if (verdict !== 'incomplete') settle(new Error(verdict));
    };
    socket.on('data', onData).on('error', settle).on('close', onClose);
    socket.write(startTlsRequest);
  });
}

/** @returns `agreed`, `incomplete`, or a sentence that says why not */
function judgeAnswer(answer: Buffer): 'agreed' | 'incomplete' | string {
  const message = readElement(answer, 0);
  if (message === 'incomplete') return answer.length > longestAnswer ? 'the answer to StartTLS is too long' : message;
  if (message === 'malformed' || message.tag !== 0x30) return 'the answer to StartTLS is not an LDAP message';
  if (message.end !== answer.length) return 'the server sent more in clear behind its answer to StartTLS';
  const id = readElement(answer, message.start);
  const response = typeof id === 'object' && id.tag === 0x02 ? readElement(answer, id.end) : 'malformed';
  if (typeof response !== 'object' || response.tag !== 0x78) return 'the answer to StartTLS is not an ExtendedResponse';
  const code = readElement(answer, response.start);
  if (typeof code !== 'object' || code.tag !== 0x0a || code.end - code.start !== 1) {
    return 'the answer to StartTLS holds no result code';
  }
  const resultCode = answer[code.start] ?? -1;
  return resultCode === 0 ? 'agreed' : `the server refuses StartTLS with result code ${resultCode}`;
}

interface Element {
  readonly tag: number;
  /** Offset of the content. */
  readonly start: number;
  readonly end: number;
}

/** One BER element with a definite length (RFC 4511 5.1). */
export function readElement(bytes: Buffer, offset: number): Element | 'incomplete' | 'malformed' {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) return 'incomplete';
  const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthOctets > 4) return 'malformed';
  const start = offset + 2 + lengthOctets;
  if (bytes.length < start) return 'incomplete';
  const length = lengthOctets === 0 ? first : bytes.readUIntBE(offset + 2, lengthOctets);
  return bytes.length < start + length ? 'incomplete' : { tag, start, end: start + length };
}
