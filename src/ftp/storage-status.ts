/** What the site log says of a storage operation that failed, in the words of Windows. */
import type { WindowsStatus } from '../operations/site-log/windows-status.ts';
import type { StorageErrorKind } from '../storage/storage.ts';

/** Sub-status 1: an authorization rule; 2: the file system denies it; 3: the file system reports an error; 13: neither file nor directory. */
const statuses: Readonly<Record<StorageErrorKind, WindowsStatus>> = {
  /** ERROR_FILE_NOT_FOUND. */
  'not-found': { win32: 2, subStatus: 3 },
  /** ERROR_ALREADY_EXISTS. */
  exists: { win32: 183, subStatus: 3 },
  /** ERROR_ACCESS_DENIED, as Windows has it for a directory that is opened as a file. */
  'not-a-file': { win32: 5, subStatus: 13 },
  /** ERROR_DIRECTORY. */
  'not-a-directory': { win32: 267, subStatus: 13 },
  /** ERROR_DIR_NOT_EMPTY. */
  'not-empty': { win32: 145, subStatus: 3 },
  /** ERROR_DISK_FULL. */
  'no-space': { win32: 112, subStatus: 3 },
  denied: { win32: 5, subStatus: 1 },
  ruled: { win32: 5, subStatus: 1 },
  outside: { win32: 5, subStatus: 1 },
  forbidden: { win32: 5, subStatus: 2 },
  /** What request filtering refuses; the denial of each tells its sub-status. */
  hidden: { win32: 5, subStatus: 8 },
  filtered: { win32: 5, subStatus: 11 },
  /** ERROR_FILE_TOO_LARGE. */
  'too-large': { win32: 223, subStatus: 39 },
  /** ERROR_NOT_SAME_DEVICE. */
  'other-file-system': { win32: 17, subStatus: 3 },
  /** ERROR_INVALID_NAME. */
  'name-invalid': { win32: 123, subStatus: 3 },
  /** ERROR_HANDLE_EOF. */
  'beyond-end': { win32: 38, subStatus: 3 },
  /** ERROR_IMPLEMENTATION_LIMIT. */
  'too-many': { win32: 1292, subStatus: 3 },
  /** ERROR_WRITE_FAULT. */
  'not-durable': { win32: 29, subStatus: 3 },
  /** ERROR_SHARING_VIOLATION. */
  'in-use': { win32: 32, subStatus: 3 },
  changed: { win32: 32, subStatus: 3 },
  'hook-refused': { win32: 5, subStatus: 34 },
  'hook-unavailable': { win32: 121, subStatus: 34 },
  /** ERROR_SEM_TIMEOUT. */
  unresponsive: { win32: 121, subStatus: 3 },
  /** ERROR_GEN_FAILURE. */
  fault: { win32: 31, subStatus: 3 },
};

export function statusOfStorage(kind: StorageErrorKind): WindowsStatus {
  return statuses[kind];
}
