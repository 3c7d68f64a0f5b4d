/** Where a home lies on the host, and which of its names an absolute host path means. */
import { realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { decodeOctets, hostPath } from './octet-text.ts';
import { StorageError } from './storage.ts';

export class HomeLocation {
  /** Absolute host path without links. */
  readonly path: string;
  readonly #inside: string;

  /** @param path absolute host path without links */
  constructor(path: string) {
    this.path = path;
    this.#inside = path.endsWith('/') ? path : `${path}/`;
  }

  /** @throws system errors */
  static async of(homeDirectory: string): Promise<HomeLocation> {
    return new HomeLocation(await realHostPath(homeDirectory));
  }

  /** The virtual path of a host path without links; undefined when it lies outside. */
  virtualPath(host: string): string | undefined {
    if (host === this.path) return '/';
    return host.startsWith(this.#inside) ? `/${host.slice(this.#inside.length)}` : undefined;
  }

  /** @param virtualPath absolute, normalised */
  hostPath(virtualPath: string): string {
    return `${this.#inside}${virtualPath.slice(1)}`;
  }

  /**
   * Names below the home that the target of a link leads through. One that does not begin with the home’s own path may still
   * mean it, through a link above the home; only the kernel knows.
   * @throws StorageError `outside`
   */
  async segmentsOf(target: string): Promise<string[]> {
    const inside = this.virtualPath(target) ?? this.virtualPath(await nameInRealDirectory(target));
    if (inside === undefined) throw leadsOut(target);
    return namesOf(inside);
  }
}

/** Without what means nothing: empty names and dots. */
export function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

async function nameInRealDirectory(host: string): Promise<string> {
  const { dir, base } = posix.parse(host);
  try {
    return posix.join(await realHostPath(dir), base);
  } catch (error) {
    throw leadsOut(host, error);
  }
}

async function realHostPath(path: string): Promise<string> {
  return decodeOctets(await realpath(hostPath(path), { encoding: 'buffer' }));
}

function leadsOut(target: string, cause?: unknown): StorageError {
  return new StorageError('outside', `a link leads out of the home to ${target}`, { cause });
}
