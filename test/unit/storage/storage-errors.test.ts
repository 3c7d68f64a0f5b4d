/** What the operating system reports, in the words of the storage port: the one table, and what is in none. */
import { describe, expect, it, vi } from 'vitest';
import { StorageError } from '../../../src/storage/storage.ts';
import { errnoOf, toStorageError, translated } from '../../../src/storage/storage-errors.ts';

const noticed = vi.hoisted((): unknown[] => []);
vi.mock('../../../src/operations/descriptor-shortage.ts', () => ({
  noticeShortage: (error: unknown, subject: string) => void noticed.push([error, subject]),
}));

const systemError = (code: unknown) => Object.assign(new Error(`${code}: what libuv says`), { code });

describe('an error of the operating system', () => {
  it.each([
    ['ENOENT', 'not-found'],
    ['EEXIST', 'exists'],
    ['EISDIR', 'not-a-file'],
    ['ENXIO', 'not-a-file'],
    ['ENOTDIR', 'not-a-directory'],
    ['ENOTEMPTY', 'not-empty'],
    ['ENOSPC', 'no-space'],
    ['EDQUOT', 'no-space'],
    ['EFBIG', 'no-space'],
    ['EACCES', 'forbidden'],
    ['EPERM', 'forbidden'],
    ['EROFS', 'forbidden'],
    ['EBUSY', 'forbidden'],
    ['ETXTBSY', 'forbidden'],
    ['EXDEV', 'other-file-system'],
    ['ELOOP', 'not-found'],
    ['ENAMETOOLONG', 'name-invalid'],
    ['EILSEQ', 'name-invalid'],
    ['EINVAL', 'name-invalid'],
    ['EIO', 'fault'],
    ['EMFILE', 'fault'],
    ['constructor', 'fault'],
  ])('%s is %s', (code, kind) => {
    const cause = systemError(code);
    expect(toStorageError(cause, 'read /a')).toMatchObject({ kind, message: `read /a: ${code}`, cause });
  });

  it('is looked at for a shortage of descriptors, with what was tried', () => {
    const cause = systemError('EMFILE');
    toStorageError(cause, 'read /a');
    expect(noticed.at(-1)).toEqual([cause, 'read /a']);
  });

  it.each<[string, unknown, string | undefined]>([
    ['of a system call', systemError('EIO'), 'EIO'],
    ['with a number', systemError(5), undefined],
    ['without a name', new Error('broken'), undefined],
    ['that is no error', { code: 'EIO' }, undefined],
    ['that is a text', 'EIO', undefined],
    ['that is nothing', undefined, undefined],
  ])('%s has its name, or none', (_what, error, name) => {
    expect(errnoOf(error)).toBe(name);
  });
});

describe('anything else', () => {
  it('is a fault, but what is a storage error already stays as it is', () => {
    const original = new StorageError('exists', 'known');
    const before = noticed.length;
    expect(toStorageError(original, 'read /a')).toBe(original);
    expect(noticed).toHaveLength(before);
    expect(toStorageError('text', 'read /a')).toMatchObject({ kind: 'fault', message: 'read /a: text' });
  });

  it('is what an operation may end in, or its result', async () => {
    expect(await translated('read /a', async () => 7)).toBe(7);
    const failing = translated('read /a', () => Promise.reject(systemError('ENOENT')));
    await expect(failing).rejects.toMatchObject({ name: 'StorageError', kind: 'not-found', facts: {} });
  });
});
