/** Digests of what files hold: which there are, by the names of the IANA registry "Hash Function Textual Names", and how each is computed. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { z } from 'zod';

/** Takes the octets of a file in order. */
export interface RunningDigest {
  update(octets: Buffer): void;
  /** @returns lower-case hexadecimal, once */
  end(): string;
}

const digests = {
  'SHA-512': () => hashed('sha512'),
  'SHA-256': () => hashed('sha256'),
  'SHA-1': () => hashed('sha1'),
  MD5: () => hashed('md5'),
  CRC32: checksummed,
} as const satisfies Record<string, () => RunningDigest>;

export type DigestAlgorithm = keyof typeof digests;

const algorithms = Object.keys(digests) as DigestAlgorithm[];

/** Part of fileHandling. */
export const digestSettings = {
  digestAlgorithms: z
    .array(z.enum(algorithms))
    .default(algorithms)
    .describe(
      'Digests of files that clients may ask for by HASH, XSHA512, XSHA256, XSHA1, XMD5, MD5 and XCRC; MD5 and CRC32 do not hold against an attacker; an empty list offers none',
    ),
};

/** @param name in any case @returns undefined when no offered algorithm has that name */
export function findDigest(name: string, offered: readonly DigestAlgorithm[]): DigestAlgorithm | undefined {
  return offered.find((algorithm) => algorithm === name.toUpperCase());
}

/** What HASH computes until the client says otherwise. The draft wants none by itself that is weaker than SHA-1. */
export function firstDigest(offered: readonly DigestAlgorithm[]): DigestAlgorithm | undefined {
  return findDigest('SHA-256', offered) ?? algorithms.find((algorithm) => offered.includes(algorithm));
}

export function startDigest(algorithm: DigestAlgorithm): RunningDigest {
  return digests[algorithm]();
}

function hashed(name: string): RunningDigest {
  const hash = createHash(name);
  return { update: (octets) => void hash.update(octets), end: () => hash.digest('hex') };
}

function checksummed(): RunningDigest {
  let checksum = 0;
  return {
    update: (octets) => {
      checksum = crc32(octets, checksum);
    },
    end: () => checksum.toString(16).padStart(8, '0'),
  };
}
