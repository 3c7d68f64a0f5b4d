/** Where a home, or a virtual directory laid over it, lies on the host, and which of its names an absolute host path means. */
import { realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { namesOf, segmentsOf } from './names.ts';
import { decodeOctets, hostPath } from './octet-text.ts';
import { StorageError } from './storage.ts';

export class HomeLocation {
  /** Absolute host path without links. */
  readonly path: string;
  /** Virtual path that leads to it: `/` for a home. */
  readonly at: string;
  readonly #inside: string;
  /** What a virtual path below it begins with. */
  readonly #prefix: string;

  /**
   * @param path absolute host path without links
   * @param at absolute and normalised virtual path
   */
  constructor(path: string, at = '/') {
    this.path = path;
    this.at = at;
    this.#inside = path.endsWith('/') ? path : `${path}/`;
    this.#prefix = at === '/' ? '/' : `${at}/`;
  }

  /** @throws system errors */
  static async of(homeDirectory: string, at?: string): Promise<HomeLocation> {
    return new HomeLocation(await realHostPath(homeDirectory), at);
  }

  /** The virtual path of a host path without links; undefined when it lies outside. */
  virtualPath(host: string): string | undefined {
    if (host === this.path) return this.at;
    return host.startsWith(this.#inside) ? `${this.#prefix}${host.slice(this.#inside.length)}` : undefined;
  }

  /** @param virtualPath absolute, normalised, and leading into it */
  hostPath(virtualPath: string): string {
    return `${this.#inside}${virtualPath.slice(this.#prefix.length)}`;
  }

  /** The virtual path of names below it. */
  pathOf(names: readonly string[]): string {
    return names.length === 0 ? this.at : `${this.#prefix}${names.join('/')}`;
  }

  /**
   * Names below it.
   * @param virtualPath absolute, normalised, and leading into it
   * @throws StorageError `name-invalid`
   */
  names(virtualPath: string): readonly string[] {
    return segmentsOf(virtualPath).slice(namesOf(this.at).length);
  }

  /** Whether a virtual path is its own or leads below it. */
  holds(virtualPath: string): boolean {
    return virtualPath === this.at || virtualPath.startsWith(this.#prefix);
  }

  /**
   * Names below the home that the target of a link leads through. One that does not begin with the home’s own path may still
   * mean it, through a link above the home; only the kernel knows.
   * @throws StorageError `outside`
   */
  async segmentsOf(target: string): Promise<string[]> {
    const inside = this.virtualPath(target) ?? this.virtualPath(await nameInRealDirectory(target));
    if (inside === undefined) throw leadsOut(target);
    return namesOf(inside.slice(this.#prefix.length));
  }
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
