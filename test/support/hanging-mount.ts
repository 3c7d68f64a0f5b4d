/** A file system that never answers, for tests of what the gateway does meanwhile. Needs root and FUSE. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { python } from './python.ts';

export const canHang = process.getuid?.() === 0 && existsSync('/dev/fuse');

export interface HangingMount {
  /** Ends the file system; every call that hangs fails now. */
  end(): Promise<void>;
}

/** @param directory host path of an existing empty directory */
export async function hangingMount(directory: string): Promise<HangingMount> {
  const child = spawn(python, [join(import.meta.dirname, 'hanging-mount.py'), directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited.then(() => Promise.reject(new Error('nothing was mounted')))]);
  return {
    end: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
