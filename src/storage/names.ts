/** Virtual paths as names, and which names nothing may have. */
import { StorageError } from './storage.ts';
import { isUploadName } from './upload-name.ts';

/**
 * Names below the root.
 * @param virtualPath absolute and normalised
 * @throws StorageError `name-invalid`
 */
export function segmentsOf(virtualPath: string): readonly string[] {
  if (virtualPath === '/') return [];
  const [first, ...segments] = virtualPath.split('/');
  const isNormalised = first === '' && segments.every((segment) => !['', '.', '..'].includes(segment));
  if (!isNormalised || virtualPath.includes('\0') || segments.some(isUploadName)) throw invalidName(virtualPath);
  return segments;
}

/** Without what means nothing: empty names and dots. */
export function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** The directory that holds the name at the end of a virtual path. */
export function parentOf(virtualPath: string): string {
  return virtualPath.slice(0, Math.max(virtualPath.lastIndexOf('/'), 1));
}

export function lastNameOf(virtualPath: string): string {
  return virtualPath.slice(virtualPath.lastIndexOf('/') + 1);
}

export function invalidName(virtualPath: string): StorageError {
  return new StorageError('name-invalid', `${virtualPath}: not a name for a file`);
}
