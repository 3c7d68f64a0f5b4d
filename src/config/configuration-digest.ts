/**
 * The configuration’s SHA-256: over every octet that takes part, so that two gateways with the same digest decide alike. An
 * administrator can recompute it, because it is the SHA-256 of a list in the format of sha256sum(1).
 */
import { createHash, scryptSync } from 'node:crypto';
import { basename, dirname, relative, resolve } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { SettingPath } from '../schema-faults/setting-path.ts';

/** One line of the list. */
export interface DigestedFile {
  /** Relative to the folder of the configuration file where it lies below it, absolute otherwise. */
  readonly name: string;
  /** A password is guessed faster than a key, so that its digest is a slow one. */
  readonly method: 'sha256' | 'scrypt';
  /** Lower-case hexadecimal, 32 octets. */
  readonly digest: string;
  /** That name the file; none: it is the configuration itself. */
  readonly settings: readonly SettingPath[];
}

/** 32 MiB and some 100 ms for each guess (RFC 7914). */
const scryptCost = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const digestLength = 32;

export class ConfigurationDigest {
  readonly #folder: string;
  readonly #files = new Map<string, DigestedFile>();

  /** @param configurationFile @param content its octets */
  constructor(configurationFile: string, content: Buffer) {
    this.#folder = dirname(resolve(configurationFile));
    this.add(resolve(this.#folder, basename(configurationFile)), content);
  }

  /** @param path absolute @param kind a password wins over what else the same file may be named as */
  add(path: string, content: Buffer, setting?: SettingPath, kind: 'material' | 'password' = 'material'): void {
    const name = this.#nameOf(path);
    const known = this.#files.get(name);
    const settings = [...(known?.settings ?? []), ...(setting ? [setting] : [])];
    const method = kind === 'password' || known?.method === 'scrypt' ? 'scrypt' : 'sha256';
    const digest = method === 'scrypt' ? slow(content, name) : sha256(content);
    this.#files.set(name, { name, method, digest, settings });
  }

  /** By name, in the order of their octets. */
  files(): readonly DigestedFile[] {
    return [...this.#files.values()].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  }

  /** SHA-256 of the lines `<digest>  <name>` in that order, lower-case hexadecimal. */
  sha256(): string {
    return sha256(
      Buffer.from(
        this.files()
          .map(({ digest, name }) => `${digest}  ${name}\n`)
          .join(''),
      ),
    );
  }

  #nameOf(path: string): string {
    const below = relative(this.#folder, path);
    return below.startsWith('..') ? path : below;
  }
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** A reload serves no session while it computes, so the digest of a password that stayed is not computed again. */
const slowDigests = new LRUCache<string, string>({ max: 64 });

function slow(content: Buffer, name: string): string {
  const key = `${sha256(content)} ${name}`;
  const known = slowDigests.get(key);
  if (known !== undefined) return known;
  const digest = scryptSync(content, `cardgate configuration\n${name}`, digestLength, scryptCost).toString('hex');
  slowDigests.set(key, digest);
  return digest;
}
