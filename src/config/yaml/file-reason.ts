/** Why a file could not be used, in words. */
import { errorMessage } from '../../error-message.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ELOOP: 'too many links',
  ENAMETOOLONG: 'the name is too long',
  EROFS: 'the file system is read-only',
};

export function fileReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? errorMessage(error);
}
