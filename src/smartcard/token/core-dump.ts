/**
 * Keeps the memory of this process out of core dumps, and secrets out of its registers, which are in every core dump. It does
 * nothing about swap, debuggers and root: they see all memory.
 */
import { writeFileSync } from 'node:fs';

/** core(5): which kinds of memory mappings a core dump holds; 0: none. Children inherit it. */
const filterFile = '/proc/self/coredump_filter';

/**
 * To be called before a secret enters the process; calling it again does no harm.
 * @returns false where the system has no such filter (only Linux has) or does not let it be set
 */
export function keepMemoryOutOfCoreDumps(): boolean {
  try {
    writeFileSync(filterFile, '0');
    return true;
  } catch {
    return false;
  }
}

/** memcpy of the C library goes other ways, through other registers, for other lengths; what is longer goes as the longest does. */
const longestCopy = 65_536;

/**
 * To be called after a secret was copied, on the same thread. Copying goes through vector registers, and those that the next
 * copies happen not to need keep what went through them last; so octets that tell nothing are copied in every length. A core dump
 * of a crashed trial had the PIN in its registers without this; test/e2e/command-line/try-card-secrecy.test.ts looks into such dumps.
 */
export function overwriteRegisters(): void {
  const destination = Buffer.alloc(longestCopy);
  for (let length = 8; length <= longestCopy; length *= 2) {
    for (const octets of [length, length + length / 4, length + length / 2, length + (3 * length) / 4]) {
      if (octets > longestCopy) break;
      const text = Buffer.alloc(octets, '0').toString('utf8');
      destination.write(text, 'latin1');
      Buffer.from(text, 'utf8').copy(destination);
    }
  }
}
