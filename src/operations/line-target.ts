/** Where the lines of the log and of the audit trail go in the end: a file, or a standard stream of the process. */

export interface LineTarget {
  /** For messages. */
  readonly name: string;
  /**
   * @returns how many octets were written; the caller gives the others again
   * @throws while nothing can be written; TargetGone when nothing ever can again
   */
  write(octets: Buffer): Promise<number>;
  /** Log rotation moved the file away: from now on lines go to the path as it is now. Never rejects. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** The reader of a standard stream is gone; it does not come back. */
export class TargetGone extends Error {
  override readonly name = 'TargetGone';
}
