/** web.config files that an administrator gives, and the paths of sites whose folders they lie in: as the administrator says, or by their folders. */
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { type ConfigElement, childrenOf } from './reading/config-element.ts';
import { readConfig } from './reading/config-reader.ts';
import { InputFault } from './reading/input-fault.ts';
import { echo } from './resolution/echo.ts';
import type { FtpSite, VirtualFolder } from './resolution/ftp-sites.ts';
import type { IisConfiguration, PlacedWebConfig } from './resolution/iis-configuration.ts';
import { isAtOrBelow, type LocationPath, readLocationPath } from './resolution/location-path.ts';
import { hostFolder } from './translation/folders.ts';
import type { FolderMap, GivenWebConfig } from './translation/import-options.ts';

type SitePath = Extract<LocationPath, { at: 'site' }>;

/**
 * A file whose folder several paths show, holds for each of them.
 * @throws InputFault for a file that belongs to no path, or to a path that has one already
 */
export function placeWebConfigs(
  files: readonly GivenWebConfig[],
  sites: readonly FtpSite[],
  folders: readonly FolderMap[],
): readonly PlacedWebConfig[] {
  const taken = new Map<string, string>();
  return files.flatMap((given) => {
    const root = readConfig(given.file, given.octets, 'web.config');
    const paths = given.location === undefined ? pathsOfFolder(given, sites, folders) : [givenPath(given, sites)];
    return paths.map((path) => {
      const key = JSON.stringify([path.site, path.virtualPath]).toLowerCase();
      const before = taken.get(key);
      if (before !== undefined) {
        const message = `belongs to ${locationText(path)}, and so does ${echo(before)}`;
        refuse(given, message, 'A folder has one web.config. Name the one that the server reads.');
      }
      taken.set(key, given.file);
      return { root, path };
    });
  });
}

/** That of `SITE/virtual/path=FILE`. */
function givenPath(given: GivenWebConfig, sites: readonly FtpSite[]): SitePath {
  const written = given.location ?? '';
  const path = readLocationPath(written);
  if (path.at === 'server' || path.isOdd) {
    const message = `is given for ${echo(written)}, which is no site or path below one`;
    refuse(given, message, 'Write SITE=web.config or SITE/virtual/path=web.config.');
  }
  const site = sites.find(({ name }) => name.toLowerCase() === path.site.toLowerCase());
  if (!site) refuse(given, `is given for ${echo(path.site)}, and no FTP site has that name`, knownSites(sites));
  return { ...path, site: site.name };
}

function pathsOfFolder(
  given: GivenWebConfig,
  sites: readonly FtpSite[],
  maps: readonly FolderMap[],
): readonly [SitePath, ...SitePath[]] {
  const folder = dirname(resolve(given.file));
  const paths = sites.flatMap((site) => site.folders.flatMap((one) => pathIn(site, one, folder, maps) ?? []));
  const [first, ...rest] = paths;
  if (!first) {
    const remedy = `Name its path: SITE/virtual/path=${given.file}. Or name the folders of the sites on this host with --map. ${knownSites(sites)}`;
    refuse(given, 'lies in no folder of an FTP site', remedy);
  }
  return [first, ...rest];
}

/** @returns the path that shows a folder of this host through this folder of the site; undefined where none does */
function pathIn(
  { name, folders }: FtpSite,
  { virtualPath, physicalPath }: VirtualFolder,
  folder: string,
  maps: readonly FolderMap[],
): SitePath | undefined {
  const mapped = hostFolder(physicalPath, maps);
  if (mapped === undefined) return undefined;
  const below = relative(resolve(mapped), folder);
  if (isAbsolute(below) || below.split(sep)[0] === '..') return undefined;
  const path = join(virtualPath, below.split(sep).join('/')).replace(/(?<=.)\/$/, '');
  // Another folder of the site may stand before it.
  const isHidden = folders.some((other) => {
    return other.virtualPath.length > virtualPath.length && isAtOrBelow(path, other.virtualPath);
  });
  return isHidden ? undefined : { at: 'site', site: name, virtualPath: path, isOdd: false };
}

/** What keeps a site from being written because nothing says whether FTP reads a web.config there. */
export function stopWhereUnknown(
  configuration: IisConfiguration,
  files: readonly PlacedWebConfig[],
  sites: readonly FtpSite[],
  applicationHost: ConfigElement,
): void {
  for (const { root, path } of files) {
    const site = sites.find(({ name }) => name === path.site);
    const holds = [root, ...childrenOf(root, 'location')].some((one) => childrenOf(one, 'system.ftpServer').length > 0);
    if (!site || !holds) continue;
    const message = unknownBecause(site, path, applicationHost);
    if (message === undefined) continue;
    configuration.problem(site.name, root, {
      subject: locationText(path),
      message,
      remedy: 'Put what it says into a location of applicationHost.config if it is in force, and leave the file out.',
      isSecurity: true,
      isUnknownName: false,
    });
  }
}

function unknownBecause(site: FtpSite, { virtualPath }: SitePath, applicationHost: ConfigElement): string | undefined {
  const mode = site.ftp.below('userIsolation').text('mode');
  if (virtualPath !== '/' && ['IsolateRootDirectoryOnly', 'ActiveDirectory', 'Custom'].includes(mode))
    return `people of the site see paths below their homes (${mode}), and no page of IIS says which web.config FTP reads there`;
  const folder = site.folders
    .filter((one) => isAtOrBelow(virtualPath, one.virtualPath))
    .reduce((one, other) => (other.virtualPath.length > one.virtualPath.length ? other : one), site.folders[0]);
  const isRoot = folder.virtualPath.toLowerCase() === virtualPath.toLowerCase();
  if (isRoot || !keepsToItsFolder(site, folder, applicationHost)) return undefined;
  return 'allowSubDirConfig is false for its virtual directory, and no page of IIS says whether FTP then reads a web.config in a folder below';
}

/** Defaults may stand at each level above the virtual directory. */
function keepsToItsFolder({ element: site }: FtpSite, folder: VirtualFolder, applicationHost: ConfigElement): boolean {
  const application = childrenOf(site, 'application').filter(({ elements }) => elements.includes(folder.element));
  const sites = childrenOf(applicationHost, 'system.applicationHost').flatMap((host) => childrenOf(host, 'sites'));
  const levels = [...application, site, ...sites];
  const defaults = levels.flatMap((level) => {
    const ofApplications = childrenOf(level, 'applicationDefaults');
    return [level, ...ofApplications].flatMap((one) => childrenOf(one, 'virtualDirectoryDefaults'));
  });
  const [nearest] = [folder.element, ...defaults].flatMap(
    ({ attributes }) => attributes.get('allowSubDirConfig') ?? [],
  );
  return nearest !== undefined && nearest.value.toLowerCase() !== 'true';
}

function locationText({ site, virtualPath }: SitePath): string {
  return echo(virtualPath === '/' ? site : `${site}${virtualPath}`);
}

function knownSites(sites: readonly FtpSite[]): string {
  if (sites.length === 0) return 'applicationHost.config has no FTP site.';
  return `The FTP sites are ${sites.map(({ name }) => echo(name)).join(', ')}.`;
}

function refuse({ file }: GivenWebConfig, message: string, remedy: string): never {
  throw new InputFault({ file, line: 1, column: 1, isOfWebConfig: true }, message, remedy);
}
