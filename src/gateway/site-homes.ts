/** Where the accounts of one site have their homes, as its settings say. */
import { findHomeDirectory, foreseeHomeDirectory, type HomeOutcome } from '../authorization/home-directory.ts';
import type { HomeOwner, UserIsolation } from '../authorization/user-isolation.ts';
import type { LoadedSite } from '../config/load.ts';
import { denial } from '../denial.ts';
import { errorMessage } from '../error-message.ts';
import type { Homes } from '../login/login-policy.ts';
import type { FileOperations } from '../storage/file-operations.ts';

/** @param files in turn with whose operations a home is looked for; absent: at once, without a deadline */
export function homesOf(site: LoadedSite, files?: FileOperations): Homes {
  const isolation = userIsolation(site);
  return {
    find: (owner) => (files ? findHomeInTurn(files, isolation, owner) : findHomeDirectory(isolation, owner)),
    foresee: (owner) => foreseeHomeDirectory(isolation, owner),
  };
}

/** It looks at the root and at the home together. */
const homeThreads = 2;

/** Accounts whose homes hang do not keep others from finding theirs. */
async function findHomeInTurn(files: FileOperations, isolation: UserIsolation, owner: HomeOwner): Promise<HomeOutcome> {
  const { root } = isolation;
  const { accountName, directory, homeDirectory } = owner;
  try {
    const caller = { home: `${root}: home of ${accountName} (${directory})`, overdue: 0 };
    const find = () => findHomeDirectory(isolation, owner);
    return await files.run(caller, 'find the home', find, { weight: homeThreads });
  } catch (error) {
    const facts = { accountName, homeDirectory, root };
    return { outcome: 'denied', denial: denial('home-unavailable', errorMessage(error), facts) };
  }
}

function userIsolation({ settings, physicalPath: root, virtualDirectories }: LoadedSite): UserIsolation {
  const { layout: wanted } = settings.userIsolation;
  // Namesakes in two directories must not share a home.
  const layout = wanted === 'account' && settings.directories.length > 1 ? 'directoryAndAccount' : wanted;
  const { enabled, userName } = settings.authentication.anonymousAuthentication;
  return {
    ...{ ...settings.userIsolation, root, layout, virtualDirectories },
    ...(enabled && { anonymousName: userName }),
  };
}
