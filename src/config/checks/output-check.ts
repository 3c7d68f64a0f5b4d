/** Whether the service could write where the configuration says, judged by who runs this process; nothing is written. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileReason } from '../yaml/file-reason.ts';

/**
 * `file` is appended to, and made when it is missing. `directory` is filled, and made with those above it when it is missing.
 * `socket` is made anew beside what may be there.
 */
export type Output = 'file' | 'directory' | 'socket';

export interface OutputProblem {
  readonly message: string;
  readonly remedy: string;
  /** No user can write to the file system, as far as this process sees it. */
  readonly isReadOnlySystem: boolean;
}

/** @param path absolute */
export function outputProblem(kind: Output, path: string): OutputProblem | undefined {
  try {
    return problemOf(kind, path);
  } catch (error) {
    return problem(path, error, `Let the user the service runs as reach ${dirname(path)}.`);
  }
}

function problemOf(kind: Output, path: string): OutputProblem | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  switch (kind) {
    case 'file':
      if (found?.isDirectory()) return problem(path, 'it is a directory', 'Name a file.');
      return found ? unwritable(path, path) : unwritableFolder(dirname(path), path);
    case 'directory':
      if (found && !found.isDirectory()) return problem(path, 'it is not a directory', 'Name a directory.');
      if (found && (found.mode & worldWritable) !== 0) {
        return problem(path, 'every user of this machine may write to it', `chmod o-w ${path}`);
      }
      return unwritableFolder(found ? path : nearestAncestor(path), path);
    case 'socket':
      return unwritableFolder(dirname(path), path);
  }
}

const worldWritable = 0o002;

/** Missing directories are made from there on. */
function nearestAncestor(path: string): string {
  const parent = dirname(path);
  return parent === path || statSync(parent, { throwIfNoEntry: false }) ? parent : nearestAncestor(parent);
}

/** Why nothing can be made in a folder, for what is to be written at `path`. */
export function unwritableFolder(folder: string, path: string): OutputProblem | undefined {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return problem(path, error, `Create ${folder}, writable for the user the service runs as.`);
  }
}

function unwritable(file: string, path: string): OutputProblem | undefined {
  try {
    accessSync(file, constants.W_OK);
    return undefined;
  } catch (error) {
    return problem(path, error, 'Give it to the user the service runs as.');
  }
}

/** @param cause the error of the file system, or a reason in words */
function problem(path: string, cause: unknown, remedy: string): OutputProblem {
  const reason = typeof cause === 'string' ? cause : fileReason(cause);
  const isReadOnlySystem = cause instanceof Error && 'code' in cause && cause.code === 'EROFS';
  return { message: `cannot write ${path}: ${reason}`, remedy, isReadOnlySystem };
}
