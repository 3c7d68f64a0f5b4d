/** Which folder of this host stands for a path of Windows. An administrator says so; nothing is guessed, and nothing looked at. */
import { echo } from '../resolution/echo.ts';
import type { VirtualFolder } from '../resolution/ftp-sites.ts';
import { type FolderMap, placeholder } from './import-options.ts';
import type { SettingValue, SiteDraft } from './site-draft.ts';

const subject = 'site/application/virtualDirectory@physicalPath';

export function carryFolders(draft: SiteDraft): void {
  const [root, ...others] = draft.site.folders;
  draft.set('physicalPath', carryRoot(draft, root));
  const below = others.flatMap((folder, index) => carryDirectory(draft, folder, index + 1));
  if (below.length > 0) {
    draft.set('virtualDirectories', below);
    const isShown = draft.site.ftp.below('directoryBrowse').flags('showFlags').includes('DisplayVirtualDirectories');
    if (!isShown) draft.set('directoryBrowse.showVirtualDirectories', false);
  }
  for (const { element } of draft.site.folders) {
    const path = element.attributes.get('path');
    draft.findings.account(path ? [path] : []);
    tellAccount(draft, element);
  }
  const applications = draft.site.element.elements.filter(({ name }) => name === 'application');
  draft.findings.account(applications.flatMap(({ attributes }) => attributes.get('path') ?? []));
}

/** @returns the virtual directory of a path below the root; none for a path that no client can name */
function carryDirectory(draft: SiteDraft, folder: VirtualFolder, number: number): readonly SettingValue[] {
  const { virtualPath, physicalPath, element } = folder;
  const attribute = element.attributes.get('physicalPath');
  const value = { value: physicalPath, attribute };
  if (hasDots(virtualPath) || /\p{Cc}/u.test(virtualPath)) {
    const message = `${echo(virtualPath)} is no path that a client can name`;
    draft.note('needsDecision', element.place, { subject, message, remedy: 'Choose another path.' });
    return [];
  }
  const mapped = hasDots(physicalPath) ? undefined : hostFolder(physicalPath, draft.options.folders);
  if (mapped !== undefined) {
    draft.tell('different', value, { subject, message: `${echo(virtualPath)} is ${echo(mapped)} on this host` });
    return [{ path: virtualPath, physicalPath: mapped }];
  }
  const message = `${echo(virtualPath)} shows ${echo(physicalPath)}, ${pathProblem(physicalPath) ?? kindOf(physicalPath)}`;
  const remedy = `Name the folder of this host: --map '${safeArgument(physicalPath)}=/srv/other'.`;
  draft.tell('needsDecision', value, { subject, message, remedy });
  return [{ path: virtualPath, physicalPath: `${placeholder}/folder-${number}` }];
}

/** @returns the folder of the site */
function carryRoot(draft: SiteDraft, { physicalPath, element }: VirtualFolder): string {
  const attribute = element.attributes.get('physicalPath');
  const value = { value: physicalPath, attribute };
  const mapped = hostFolder(physicalPath, draft.options.folders);
  const problem = pathProblem(physicalPath);
  if (mapped !== undefined && !hasDots(physicalPath)) {
    draft.tell('different', value, { subject, message: `${echo(physicalPath)} is ${echo(mapped)} on this host` });
    return mapped;
  }
  const message = `${echo(physicalPath)} is ${problem ?? kindOf(physicalPath)}`;
  const remedy = `Name the folder of this host: --map '${safeArgument(physicalPath)}=/srv/files'.`;
  if (attribute) draft.tell('needsDecision', value, { subject, message, remedy });
  else draft.note('needsDecision', element.place, { subject, message: 'the site has no folder', remedy });
  return `${placeholder}/folder`;
}

/** What no mapping can mend. */
function pathProblem(path: string): string | undefined {
  if (hasDots(path)) return 'not plain: it has . or .. in it';
  if (/^(?:[A-Za-z]:[\\/]|[\\/]{2}|%[^%]+%)/.test(path)) return undefined;
  return 'relative, and IIS refuses that when it runs';
}

function hasDots(path: string): boolean {
  return /(?:^|[\\/])\.\.?(?:[\\/]|$)/.test(path);
}

function kindOf(path: string): string {
  const [, variable] = /^%([^%]+)%/.exec(path) ?? [];
  if (variable !== undefined) {
    const usual = usualValues[variable.toLowerCase()];
    return usual === undefined
      ? `below the variable ${echo(variable)}, whose value the file does not have`
      : `below the variable ${echo(variable)}, which is ${usual} as a rule`;
  }
  return plainPath(path).startsWith('\\\\') ? 'a share, which this host has to mount' : 'a path of Windows';
}

const usualValues: Readonly<Record<string, string>> = {
  systemdrive: 'C:',
  systemroot: 'C:\\Windows',
  windir: 'C:\\Windows',
  programfiles: 'C:\\Program Files',
  programdata: 'C:\\ProgramData',
};

/** @returns the folder that the longest mapping gives, undefined without one */
export function hostFolder(path: string, maps: readonly FolderMap[]): string | undefined {
  const wanted = plainPath(path);
  const fitting = maps
    .map(({ from, to }) => ({ from: plainPath(from), to }))
    .filter(({ from }) => from !== '' && isBelow(wanted, from))
    .sort((one, other) => other.from.length - one.from.length)[0];
  if (!fitting) return undefined;
  const rest = wanted.slice(fitting.from.length).replaceAll('\\', '/').replace(/^\//, '');
  const target = fitting.to.replace(/(?<=.)\/+$/, '');
  return rest === '' ? target : `${target}/${rest}`;
}

/** Backslashes only, none at the end, and a share without the form `\\?\UNC\`. */
function plainPath(path: string): string {
  return path
    .replaceAll('/', '\\')
    .replace(/^\\\\\?\\UNC\\/i, '\\\\')
    .replace(/^\\\\\?\\/, '')
    .replace(/\\+$/, '');
}

function isBelow(path: string, above: string): boolean {
  const [inner, outer] = [path.toLowerCase(), above.toLowerCase()];
  return inner === outer || inner.startsWith(`${outer}\\`);
}

/** A fixed account that IIS opened the folder with. */
function tellAccount(draft: SiteDraft, element: VirtualFolder['element']): void {
  for (const name of ['userName', 'logonMethod', 'allowSubDirConfig']) {
    const attribute = element.attributes.get(name);
    if (!attribute) continue;
    const finding = { subject: `site/application/virtualDirectory@${name}` };
    const value = { value: undefined, attribute };
    if (name === 'userName' && attribute.value !== '') {
      const message = `${echo(attribute.value)} opened the folder; here the user of the service does, and rules decide`;
      draft.tell('different', value, { ...finding, message });
    } else draft.tell('withoutEffect', value, { ...finding, message: 'files belong to the user of the service' });
  }
}

function safeArgument(path: string): string {
  return echo(path).slice(1, -1).replaceAll("'", '’');
}
