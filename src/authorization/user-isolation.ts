/** The settings that say which directory an account is confined to. */
import { z } from 'zod';
import type { Decoded } from '../settings/decoded.ts';
import { iis } from '../settings/iis-name.ts';
import type { VirtualDirectory } from './virtual-directories.ts';

/** The modes of IIS’s `userIsolation` that make sense here; `DirectoryAttribute` is its `ActiveDirectory`, for any directory. */
export const userIsolation = z
  .strictObject({
    mode: z
      .enum([
        'None',
        'StartInUsersDirectory',
        'IsolateRootDirectoryOnly',
        'IsolateAllDirectories',
        'Template',
        'DirectoryAttribute',
      ])
      .default('IsolateAllDirectories')
      .describe(
        'None: all share physicalPath; StartInUsersDirectory: the same, and each begins in the directory of the account if there is one; IsolateRootDirectoryOnly: the home is the directory of the account, and every virtual directory is in it; IsolateAllDirectories: only virtual directories below the directory of the account are; Template: as template says; DirectoryAttribute: home as the directory says',
      )
      .meta(iis('ftpServer/userIsolation@mode')),
    /**
     * `account` is `directoryAndAccount` where the site has several directories, whose namesakes must not share a home. `iis` takes a tree
     * over as Windows left it: letter case is that of the disk, and of DOMAIN the NetBIOS name or, if only that is there, the DNS name.
     */
    layout: z
      .enum(['account', 'iis'])
      .default('account')
      .describe(
        'Directory of the account below physicalPath. account: its name, below the name of its directory where the site has several; iis: DOMAIN/name for an account of Active Directory, LocalUser/name for others',
      ),
    /**
     * `{directory}`: its name as configured; `{domain}`: DNS domain; `{id}`: what never changes, objectGUID or entryUUID. An account
     * that lacks one has no home, and a template without {accountName} and {id} gives several accounts one home.
     */
    template: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe(
        'Home below physicalPath, of {accountName}, {directory}, {domain} and {id}, such as {domain}/{accountName}',
      ),
    /**
     * The first that fits counts, without regard to case, to slash or backslash, or to one at its end. The backslashes of what it fits
     * become slashes.
     */
    replacePrefixes: z
      .array(
        z.strictObject({
          from: z.string().min(1).max(1024).describe('Beginning of the directory’s value, such as \\\\fs1\\ftp'),
          to: z.string().min(1).max(1024).describe('Host path that stands for it'),
        }),
      )
      .max(100)
      .default([])
      .describe('With DirectoryAttribute: what stands for paths of another system'),
    createHome: z.boolean().default(false).describe('Make the home directory at the first login'),
  })
  .prefault({});

type IsolationMode = UserIsolation['mode'];

interface IsolationProperties {
  /** All accounts work in the physicalPath itself. */
  readonly sharesRoot: boolean;
  /** The directory of an account is found by its name. */
  readonly followsLayout: boolean;
  /** Every virtual directory of the site is laid over every home; otherwise those below the directory of the account are. */
  readonly sharesVirtualDirectories: boolean;
}

export const isolationModes: Readonly<Record<IsolationMode, IsolationProperties>> = {
  None: { sharesRoot: true, followsLayout: false, sharesVirtualDirectories: true },
  StartInUsersDirectory: { sharesRoot: true, followsLayout: true, sharesVirtualDirectories: true },
  IsolateRootDirectoryOnly: { sharesRoot: false, followsLayout: true, sharesVirtualDirectories: true },
  IsolateAllDirectories: { sharesRoot: false, followsLayout: true, sharesVirtualDirectories: false },
  Template: { sharesRoot: false, followsLayout: false, sharesVirtualDirectories: false },
  DirectoryAttribute: { sharesRoot: false, followsLayout: false, sharesVirtualDirectories: false },
};

/** The homes of one site. */
export interface UserIsolation extends Omit<Decoded<typeof userIsolation>, 'layout'> {
  /** Absolute host path of an existing directory; no home lies outside it, but where a virtual directory is the home. */
  readonly root: string;
  /**
   * `account`: `<root>/<accountName>`, for a site with one directory: namesakes in two directories share a home.
   * `directoryAndAccount`: `<root>/<directory>/<accountName>`. `iis`: `<root>/<domain or LocalUser>/<accountName>`.
   */
  readonly layout: 'account' | 'directoryAndAccount' | 'iis';
  readonly virtualDirectories?: readonly VirtualDirectory[];
  /** What anonymous clients are called; absent where there are none. */
  readonly anonymousName?: string | undefined;
}

/** The facts of the mapped account that decide where its home is. */
export interface HomeOwner {
  readonly accountName: string;
  /** Name of the directory that holds the account, as configured. */
  readonly directory: string;
  /** The account’s homeDirectory attribute, as stored. */
  readonly homeDirectory?: string | undefined;
  /** DNS name of its domain, where the directory is Active Directory. */
  readonly domain?: string | undefined;
  /** NetBIOS name of that domain. */
  readonly netbiosDomain?: string | undefined;
  /** Stable and unique within the directory. */
  readonly id?: string;
  /** All clients without an account have one home. Default false. */
  readonly isAnonymous?: boolean;
}
