/**
 * Sizes and offsets under TYPE A. Both count octets as they go over the data connection (RFC 3659 4 and 5), so the file must be read to
 * know them: up to a bound, since a client could otherwise have terabytes read for a reply of one line.
 */
import type { ReadableFile } from '../../storage/storage.ts';
import type { Control } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { fileBlocks } from '../data/file-blocks.ts';
import { TextMeasure, type TextPosition } from '../data/line-ends.ts';
import { sendingSlab } from '../data/octet-slabs.ts';
import { reply } from '../reply.ts';

/** Octets of a file that are read to know a size or an offset: half a second of work, in turns with all transfers. */
const maximumMeasured = 256 * 1024 * 1024;

export const shorterFile = reply('restartNotPossible', 'The file is shorter than that.');

export async function answerTextSize(control: Control, session: AuthenticatedSession, path: string): Promise<void> {
  const file = await session.storage.openRead(path);
  try {
    if (file.facts.size > maximumMeasured) {
      control.send(reply('fileUnavailable', 'The file is too large to count its lines; ask under TYPE I.'));
      return;
    }
    const measure = new TextMeasure();
    if (await measured(control, file, measure)) control.send(reply('fileStatus', String(measure.onConnection)));
  } finally {
    await file.close();
  }
}

/**
 * Where a transfer starts that a client restarts under TYPE A.
 * @param offset octets on the connection
 * @returns undefined after the client was told that it is not possible
 */
export async function textPosition(
  control: Control,
  file: ReadableFile,
  offset: number,
): Promise<TextPosition | undefined> {
  if (Math.min(offset, file.facts.size) > maximumMeasured) {
    control.send(reply('restartNotPossible', 'That is too far into a text; restart under TYPE I.'));
    return undefined;
  }
  const measure = new TextMeasure(offset);
  if (!(await measured(control, file, measure))) return undefined;
  if (!measure.position) control.send(shorterFile);
  return measure.position;
}

/** @returns whether it was not given up; if it was, the client has been told so */
function measured(control: Control, file: ReadableFile, measure: TextMeasure): Promise<boolean> {
  return control.runTransfer(async (signal) => {
    const blocks = fileBlocks({ readInto: file.readInto, start: 0, end: file.facts.size }, sendingSlab);
    for await (const block of blocks) {
      const isMoreWanted = measure.read(block);
      if (signal.aborted) {
        control.send(reply('transferAborted', 'Given up.'));
        return false;
      }
      if (!isMoreWanted) break;
    }
    return true;
  });
}
