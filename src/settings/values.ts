/** Schemas of single values that several sections of the configuration have in common. */
import { z } from 'zod';
import { plainAddress } from '../operations/network.ts';
import { mebibytes, octets } from './units.ts';

/** A path, relative to the file it stands in. */
export const file = z.string().min(1).max(4096);

/** Decoded to lower-case hexadecimal without colons. */
export const fingerprint = z
  .string()
  .regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, { error: 'must be a SHA-256 fingerprint: 64 hexadecimal digits' })
  .transform((text) => text.replaceAll(':', '').toLowerCase());

/** Decoded to its one spelling, so that addresses can be compared as texts. */
export const address = z.union([z.ipv4(), z.ipv6()]).transform(plainAddress);

export const count = (least: number, most: number) => z.int().min(least).max(most);

/** TCP; 0 is a free one. */
export const port = count(0, 65_535);

/** How many octets something may have. */
export const size = (least: number, most: number) => count(least, most).transform(octets);

export const megabytes = (least: number, most: number) => count(least, most).transform(mebibytes);
