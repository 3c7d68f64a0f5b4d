/**
 * Commands and replies of FTP (RFC 959 4.2) before there is a client: the greeting, AUTH TLS, and a polite QUIT. Replies are
 * bounded in length and time.
 */
import type { Duplex } from 'node:stream';
import { printable } from '../../operations/printable.ts';
import { finding, type TrialFinding } from './trial-findings.ts';

export interface FtpReply {
  readonly code: number;
  /** All lines, printable. */
  readonly text: string;
}

/** A trial that cannot go on, with what was found. */
export class TrialStop extends Error {
  override readonly name = 'TrialStop';
  readonly finding: TrialFinding;

  constructor(found: TrialFinding, cause?: unknown) {
    super(found.code, cause === undefined ? undefined : { cause });
    this.finding = found;
  }
}

const maximumReplyOctets = 16_384;

export class ControlDialogue {
  readonly #stream: Duplex;
  readonly #timeoutMilliseconds: number;
  #received = '';

  /** @param timeoutMilliseconds how long a reply may take */
  constructor(stream: Duplex, timeoutMilliseconds: number) {
    this.#stream = stream;
    this.#timeoutMilliseconds = timeoutMilliseconds;
  }

  /** Sends a command and waits for its reply. @throws TrialStop */
  command(text: string): Promise<FtpReply> {
    this.#stream.write(`${text}\r\n`);
    return this.reply('connection-timeout');
  }

  /**
   * The next reply. What came after it in the clear is forgotten: an attacker must not slip anything in before TLS (RFC 4217 15.2).
   * @param silence what it means when none comes
   * @throws TrialStop; the error of the stream
   */
  async reply(silence: 'connection-timeout' | 'greeting-missing'): Promise<FtpReply> {
    const stream = this.#stream;
    return new Promise((resolve, reject) => {
      const finish = (outcome: () => void) => {
        clearTimeout(timer);
        stream.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError);
        stream.pause();
        outcome();
      };
      const stop = (found: TrialFinding) => finish(() => reject(new TrialStop(found)));
      const timer = setTimeout(() => stop(finding(silence)), this.#timeoutMilliseconds);
      const onEnd = () => stop(finding('connection-lost'));
      const onError = (error: Error) => finish(() => reject(error));
      const onData = (chunk: Buffer) => {
        this.#received += chunk.toString('latin1');
        const reply = parseReply(this.#received);
        if (reply === 'incomplete' && this.#received.length <= maximumReplyOctets) return;
        this.#received = '';
        if (typeof reply === 'string') stop(finding('not-ftp'));
        else finish(() => resolve(reply));
      };
      stream.on('data', onData).once('end', onEnd).once('close', onEnd).once('error', onError);
      stream.resume();
    });
  }
}

/** RFC 959 4.2: `code SP text`, or `code-text` up to a line that begins with the same code and a space. */
function parseReply(received: string): FtpReply | 'incomplete' | 'malformed' {
  const first = /^(\d{3})([ -])/.exec(received);
  if (!first) return /^\d{0,3}$/.test(received) ? 'incomplete' : 'malformed';
  const [, code = '', separator] = first;
  const last = separator === ' ' ? /\r?\n/.exec(received) : new RegExp(`\\n${code} [^\\n]*\\n`).exec(received);
  if (!last) return 'incomplete';
  const text = received.slice(0, last.index + last[0].length).trimEnd();
  return { code: Number(code), text: printable(Buffer.from(text, 'latin1').toString('utf8').replace(/\r?\n/g, ' ')) };
}
