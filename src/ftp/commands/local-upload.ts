/** An upload of octets that are on the server already, for COMB and SITE COPY. ABOR and the end of the connection give it up. */
import { errorMessage } from '../../error-message.ts';
import type { Transfer } from '../../operations/audit.ts';
import type { ReadableFile, Upload } from '../../storage/storage.ts';
import type { Control } from '../control/control.ts';
import { fileBlocks } from '../data/file-blocks.ts';
import { sendingSlab } from '../data/octet-slabs.ts';
import { reply } from '../reply.ts';

export interface LocalUpload {
  readonly upload: Upload;
  /** Writes everything. */
  readonly fill: (signal: AbortSignal) => Promise<void>;
  /** @param reason why it is not complete */
  readonly record: (outcome: Transfer['outcome'], reason?: string) => void;
}

/**
 * @param onComplete is called before another command runs
 * @returns whether the target is on the disk; if it was given up, the client has been told so
 * @throws StorageError; it is recorded
 */
export function completeLocally(
  control: Control,
  { upload, fill, record }: LocalUpload,
  onComplete: () => void = () => undefined,
): Promise<boolean> {
  return control.runTransfer(async (signal) => {
    try {
      await fill(signal);
      await upload.commit(signal);
    } catch (error) {
      // Before the reply: who hears it finds the folder as it was.
      await upload.abort();
      record(signal.aborted ? 'aborted' : 'failed', errorMessage(error));
      if (!signal.aborted) throw error;
      control.send(reply('transferAborted', 'Given up.'));
      return false;
    }
    record('complete');
    onComplete();
    return true;
  });
}

/** Writes the whole of a file behind what was written before. @throws what reading and writing throw, and when it is given up */
export async function writeFileInto(upload: Upload, { readInto, facts }: ReadableFile, signal: AbortSignal) {
  for await (const block of fileBlocks({ readInto, start: 0, end: facts.size }, sendingSlab)) {
    signal.throwIfAborted();
    await upload.write(block);
  }
}
