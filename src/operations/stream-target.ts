/** Standard output or error as the target of lines. One write at a time: what a slow reader has not taken stays with the caller. */
import { fstatSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { errorMessage } from '../error-message.ts';
import { type LineTarget, TargetGone } from './line-target.ts';

const writeFile = promisify(write);

/**
 * @returns a target whose `write` resolves when the reader took the octets
 * @throws TargetGone out of `write`, when the reader has closed its end
 */
export function streamTarget(stream: 'stdout' | 'stderr'): LineTarget {
  const { fd } = process[stream];
  // Node gives up a stream into a file for good at the first error, as of a disk that is full for a while.
  const isFile = isPlainFile(fd);
  return {
    name: stream === 'stdout' ? 'standard output' : 'standard error',
    write: async (octets) => {
      if (isFile) return (await writeFile(fd, octets)).bytesWritten;
      await writeToStream(process[stream], octets);
      return octets.length;
    },
    reopen: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

function writeToStream(stream: NodeJS.WriteStream, octets: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new TargetGone('the stream is closed'));
    stream.once('close', onClose);
    stream.write(octets, (error) => {
      stream.off('close', onClose);
      if (!error) resolve();
      else reject(new TargetGone(errorMessage(error)));
    });
  });
}

function isPlainFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false;
  }
}
