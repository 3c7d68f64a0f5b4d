/** Keeps the memory of this process out of core dumps. It does nothing about swap, debuggers and root: they see all memory. */
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
