/** The one bridge from what the operating system reports to what the storage port may throw. */
import type { FilteredKind, RequestFilter } from '../authorization/request-filter.ts';
import { noticeShortage } from '../operations/descriptor-shortage.ts';
import { FilteredError, StorageError, type StorageErrorKind } from './storage.ts';

/** errno names of open(2), rename(2), link(2), write(2) and their kin; anything that is not here is a fault. */
const kinds: Readonly<Record<string, StorageErrorKind>> = {
  ENOENT: 'not-found',
  EEXIST: 'exists',
  EISDIR: 'not-a-file',
  /** A FIFO without a reader, or a device without a driver. */
  ENXIO: 'not-a-file',
  ENOTDIR: 'not-a-directory',
  ENOTEMPTY: 'not-empty',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  /** Beyond what the file system can hold in one file. */
  EFBIG: 'no-space',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  EROFS: 'forbidden',
  /** A knot of links leads to nothing. */
  ELOOP: 'not-found',
  EBUSY: 'forbidden',
  ETXTBSY: 'forbidden',
  /** Another file system is mounted inside the home. */
  EXDEV: 'other-file-system',
  ENAMETOOLONG: 'name-invalid',
  EILSEQ: 'name-invalid',
  /** rename(2) of a directory into itself, or a character the file system does not take. */
  EINVAL: 'name-invalid',
};

/** The errno name of a failed system call, such as `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** @param subject the operation and its virtual path, for the log */
export function toStorageError(error: unknown, subject: string): StorageError {
  if (error instanceof StorageError) return error;
  noticeShortage(error, subject);
  const errno = errnoOf(error) ?? '';
  const kind = Object.hasOwn(kinds, errno) ? kinds[errno] : undefined;
  return new StorageError(kind ?? 'fault', `${subject}: ${errno || String(error)}`, { cause: error });
}

/** Runs an operation and lets nothing but `StorageError` out of it. */
export async function translated<T>(subject: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw toStorageError(error, subject);
  }
}

/** Looks at no disk. @param asked the path that led to this one, for the record @throws FilteredError */
export function requirePath(filter: RequestFilter, path: string, kind: FilteredKind, asked = path): void {
  const refusal = filter.refusal(path, kind);
  if (!refusal) return;
  const facts = { ...refusal.facts, path: asked, ...(asked !== path && { object: path }) };
  throw new FilteredError(refusal.code === 'hidden-segment' ? 'hidden' : 'filtered', { ...refusal, facts });
}
