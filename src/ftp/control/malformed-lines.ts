/** What a client is told of lines that are not commands: too long, or with control characters or octets that are not text. */

import { type Reply, reply } from '../reply.ts';
import type { CommandLine } from './line-reader.ts';

/** Malformed lines after which the client is no FTP client. */
const maximumMalformedLines = 3;

export class MalformedLines {
  #count = 0;

  /** @param maxCommandLine octets @returns `isLast`: the connection is to end with this answer */
  answerTo(
    kind: Exclude<CommandLine['kind'], 'line'>,
    maxCommandLine: number,
  ): { readonly answer: Reply; readonly isLast: boolean } {
    this.#count += 1;
    if (this.#count >= maximumMalformedLines) {
      return { answer: reply('unavailable', 'Too many malformed lines.'), isLast: true };
    }
    const tooLong = reply('syntaxError', `Line longer than ${maxCommandLine} octets.`);
    const answer = kind === 'too-long' ? tooLong : reply('argumentError', 'Control characters, or not UTF-8.');
    return { answer, isLast: false };
  }
}
