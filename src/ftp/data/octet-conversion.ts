/**
 * What becomes of octets between a file and the data connection. Without a conversion they pass as they are, on the way that copies
 * nothing; each conversion is plain data, from which the two directions are built where the octets pass.
 */
import { type LinesFrom, LocalLines, NetworkLines } from './line-ends.ts';
import { transferTurns } from './transfer-turns.ts';

export interface OctetConversion {
  /** TYPE A: lines end in CRLF on the connection. */
  readonly lines: LinesFrom;
}

/** @param blocks octets of a file; each is used before the next is asked for, so one buffer serves all */
export async function* converted({ lines }: OctetConversion, blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const text = new NetworkLines(lines);
  for await (const block of blocks) yield text.convert(block);
}

export interface ConvertedIntake {
  /** Takes octets off the connection, which it may overwrite. */
  readonly write: (octets: Buffer) => Promise<void>;
  /** The connection has ended: writes what was held back. @throws when that cannot be the end */
  readonly end: () => Promise<void>;
}

/** @param write takes octets of the file */
export function convertedIntake({ lines }: OctetConversion, write: (octets: Buffer) => Promise<void>): ConvertedIntake {
  const text = new LocalLines(lines);
  const writeAll = async (parts: readonly Buffer[]) => {
    for (const part of parts) await write(part);
  };
  return {
    write: async (octets) => {
      await transferTurns.next(octets.length);
      await writeAll(text.convert(octets));
    },
    end: () => writeAll(text.end()),
  };
}
