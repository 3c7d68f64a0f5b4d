/**
 * Computes the digest of a file for a client that may read it, as RETR does: with the same rights, and recorded as reading it. It takes
 * its turns among all transfers, and ABOR or the end of the connection gives it up.
 */
import { millisecondsSince } from '../../clock.ts';
import { errorMessage } from '../../error-message.ts';
import type { Transfer } from '../../operations/audit.ts';
import type { ReadableFile } from '../../storage/storage.ts';
import type { Control } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { type DigestAlgorithm, startDigest } from '../data/digest.ts';
import { fileBlocks } from '../data/file-blocks.ts';
import { sendingSlab } from '../data/octet-slabs.ts';
import { recordTransfer } from '../data/transfer-audit.ts';
import { type ReplyName, reply } from '../reply.ts';

/** The draft has 5 to 10 seconds. Clients wait for 15 and more; some take no reply of several lines, so that a short work has none. */
const millisecondsBetweenLines = 10_000;

/** draft-bryan-ftpext-hash-02 3: lines of the reply to come, so that a client does not take the connection for dead. */
export class DigestProgress {
  readonly #control: Control;
  readonly #answer: ReplyName;
  #saidAt: number;

  /** @param answer that of the command, once for all its files */
  constructor(control: Control, answer: ReplyName) {
    this.#control = control;
    this.#answer = answer;
    this.#saidAt = control.options.timer();
  }

  /** @param done octets of the file @param all octets that are to be read */
  tell(algorithm: DigestAlgorithm, done: number, all: number): void {
    const { timer } = this.#control.options;
    if (millisecondsSince(this.#saidAt, timer) < millisecondsBetweenLines) return;
    this.#saidAt = timer();
    this.#control.beginReply(reply(this.#answer, `${algorithm} of ${done} of ${all} octets so far.`));
  }
}

export interface OctetsToDigest {
  readonly file: ReadableFile;
  /** Virtual path. */
  readonly path: string;
  /** Octets from the first to before the last. */
  readonly start: number;
  readonly end: number;
  readonly progress: DigestProgress;
}

/**
 * @returns lower-case hexadecimal; undefined when it was given up, and the client has been told so
 * @throws StorageError what reading throws; it is recorded
 */
export async function digestOf(
  control: Control,
  session: AuthenticatedSession,
  algorithm: DigestAlgorithm,
  { file, path, start, end, progress }: OctetsToDigest,
): Promise<string | undefined> {
  const digest = startDigest(algorithm);
  const facts = { algorithm, ...(start > 0 || end < file.facts.size ? { start, end } : {}) };
  let bytes = 0;
  const record = (outcome: Transfer['outcome'], reason?: string) =>
    recordTransfer(control, session, { operation: 'digest', path, outcome, bytes, facts: { ...facts, reason } });
  return control.runTransfer(async (signal) => {
    try {
      for await (const block of fileBlocks({ readInto: file.readInto, start, end }, sendingSlab)) {
        if (signal.aborted) break;
        digest.update(block);
        bytes += block.length;
        progress.tell(algorithm, bytes, end - start);
      }
    } catch (error) {
      record('failed', errorMessage(error));
      throw error;
    }
    if (signal.aborted) {
      record('aborted');
      control.send(reply('transferAborted', 'Given up.'));
      return undefined;
    }
    record('complete');
    return digest.end();
  });
}
