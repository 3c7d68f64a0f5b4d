/** The files of one login on a site: its home with what is laid over it, each part by itself under the bounds of the site. */
import type { AccessRights } from '../authorization/access-rights.ts';
import type { Home } from '../authorization/home-directory.ts';
import { requestFilterOf } from '../authorization/request-filter.ts';
import type { FtpSettings } from '../ftp/server-settings.ts';
import { openBoundedStorage } from '../storage/bounded-storage.ts';
import type { FileOperations } from '../storage/file-operations.ts';
import { HomeLocation } from '../storage/home-location.ts';
import { type LocalStorageOptions, openLocalStorage } from '../storage/local-storage.ts';
import type { Storage } from '../storage/storage.ts';
import { openTreeStorage } from '../storage/tree/tree-storage.ts';
import { VirtualTree } from '../storage/tree/virtual-tree.ts';

/**
 * A virtual directory whose file system hangs keeps no client from the others.
 * @param rights asked anew at every operation
 * @throws StorageError when the home cannot be opened
 */
export function openSiteStorage(
  files: FileOperations,
  { homeDirectory, virtualDirectories = [] }: Home,
  rights: () => AccessRights,
  { fileHandling, directoryBrowse, requestFiltering }: FtpSettings,
): Promise<Storage> {
  const filter = requestFilterOf(requestFiltering);
  const tree = new VirtualTree(new HomeLocation(homeDirectory), virtualDirectories);
  return openTreeStorage({
    tree,
    open: ({ path, at }) =>
      openBoundedStorage(files, path, () =>
        openLocalStorage({ homeDirectory: path, part: { tree, at }, rights, filter, ...newModes(fileHandling) }),
      ),
    showsVirtualDirectories: directoryBrowse.showVirtualDirectories,
    filter,
  });
}

/** A mode that is set is meant as it is; what stands for an absent one leaves the umask of the service its say. */
export function newModes({
  fileMode,
  directoryMode,
}: FtpSettings['fileHandling']): Pick<LocalStorageOptions, 'fileMode' | 'directoryMode'> {
  return {
    ...(fileMode !== undefined && { fileMode: { bits: fileMode, isExact: true } }),
    ...(directoryMode !== undefined && { directoryMode: { bits: directoryMode, isExact: true } }),
  };
}
