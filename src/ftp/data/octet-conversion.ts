/**
 * What becomes of octets between a file and the data connection. Without a conversion they pass as they are, on the way that copies
 * nothing; each conversion is plain data, from which the two directions are built where the octets pass.
 */
import { deflated, InflatingIntake } from './deflate.ts';
import { type LinesFrom, LocalLines, NetworkLines } from './line-ends.ts';
import { transferTurns } from './transfer-turns.ts';

export interface OctetConversion {
  /** TYPE A: lines end in CRLF on the connection. */
  readonly lines?: LinesFrom | undefined;
  /** MODE Z: what goes over the connection is compressed, by this level of zlib. */
  readonly deflateLevel?: number | undefined;
}

/** @param blocks octets of a file; each is used before the next is asked for, so one buffer serves all */
export function converted(
  { lines, deflateLevel }: OctetConversion,
  blocks: AsyncIterable<Buffer>,
): AsyncIterable<Buffer> {
  const text = lines ? networkText(blocks, lines) : blocks;
  return deflateLevel === undefined ? text : deflated(text, deflateLevel);
}

async function* networkText(blocks: AsyncIterable<Buffer>, from: LinesFrom): AsyncGenerator<Buffer> {
  const lines = new NetworkLines(from);
  for await (const block of blocks) yield lines.convert(block);
}

export interface ConvertedIntake {
  /** Takes octets off the connection, which it may overwrite; they stay as they are until it settles. */
  write(octets: Buffer): Promise<void>;
  /** The connection has ended: writes what was held back. @throws when that cannot be the end */
  end(): Promise<void>;
  /** Nothing more comes, in whatever way the upload ended. */
  close(): void;
}

/** @param write takes octets of the file @param onInflated told of octets that came of compressed ones */
export function convertedIntake(
  { lines, deflateLevel }: OctetConversion,
  write: (octets: Buffer) => Promise<void>,
  onInflated: (count: number) => void,
): ConvertedIntake {
  const text = lines ? localText(lines, write) : undefined;
  if (deflateLevel === undefined) return text ?? { write, end: async () => undefined, close: () => undefined };
  const inflating = new InflatingIntake((octets) => {
    onInflated(octets.length);
    return text ? text.write(octets) : write(octets);
  });
  return {
    write: (octets) => inflating.write(octets),
    end: async () => {
      await inflating.end();
      await text?.end();
    },
    close: () => inflating.close(),
  };
}

function localText(from: LinesFrom, write: (octets: Buffer) => Promise<void>): ConvertedIntake {
  const lines = new LocalLines(from);
  const writeAll = async (parts: readonly Buffer[]) => {
    for (const part of parts) await write(part);
  };
  return {
    write: async (octets) => {
      await transferTurns.next(octets.length);
      await writeAll(lines.convert(octets));
    },
    end: () => writeAll(lines.end()),
    close: () => undefined,
  };
}
