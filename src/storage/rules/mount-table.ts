/**
 * What is mounted where, as proc_pid_mountinfo(5) tells it. A directory may be mounted a second time inside a home; what stands
 * above it in its own file system is then on no way that leads to it, and only this table knows.
 */
import { readFile } from 'node:fs/promises';
import { decodeOctets } from '../octet-text.ts';

export interface Mount {
  /** Major and minor number of the file system. */
  readonly device: string;
  /** What is mounted: its path in the file system. */
  readonly root: string;
  /** Where: a host path. */
  readonly point: string;
}

/** @returns in the order of the kernel: of two at one point the later is on top. @throws system errors */
export async function readMounts(): Promise<readonly Mount[]> {
  return parseMounts(decodeOctets(await readFile('/proc/self/mountinfo')));
}

/** @param table text of mountinfo; a line with too few fields is left out */
export function parseMounts(table: string): readonly Mount[] {
  return table.split('\n').flatMap((line) => {
    const [, , device, root, point] = line.split(' ');
    if (device === undefined || root === undefined || point === undefined) return [];
    return [{ device, root: unescaped(root), point: unescaped(point) }];
  });
}

/** @returns host paths of the mounts in the home whose own file system holds them below the directory of this host path */
export function mountsOfPartsOf(directory: string, home: string, mounts: readonly Mount[]): readonly string[] {
  const holder = mounts.reduce<Mount | undefined>((best, mount) => {
    const isNearer = isWithin(directory, mount.point) && mount.point.length >= (best?.point.length ?? 0);
    return isNearer ? mount : best;
  }, undefined);
  if (!holder) return [];
  const place = `${withSlash(holder.root)}${directory.slice(withSlash(holder.point).length)}`;
  return mounts
    .filter(({ device, root, point }) => device === holder.device && isWithin(root, place) && isWithin(point, home))
    .map(({ point }) => point);
}

/** Of host paths without links and dots. A directory is within itself. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(withSlash(directory));
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

/** The kernel writes blanks, line feeds and backslashes of names as three octal digits. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_escape, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
