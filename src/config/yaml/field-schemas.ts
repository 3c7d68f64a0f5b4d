/** Schemas of single values that several sections of the configuration have in common. */
import { z } from 'zod';

/** A path, relative to the file it stands in. */
export const file = z.string().min(1).max(4096);

/** Decoded to lower-case hexadecimal without colons. */
export const fingerprint = z
  .string()
  .regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, { error: 'must be a SHA-256 fingerprint: 64 hexadecimal digits' })
  .transform((text) => text.replaceAll(':', '').toLowerCase());
