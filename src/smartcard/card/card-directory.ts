/**
 * A card directory and what everything in it is made from: the system's randomness and the present time, or a seed and a day
 * written down in it, from which the same cards can be made again after all the rest was thrown away.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { type Randomness, seededRandomness, systemRandomness } from '../authority/randomness.ts';
import { CardError } from './card-error.ts';

export interface CardDirectory {
  readonly path: string;
  readonly randomness: Randomness;
  /** What validity periods are reckoned from. */
  readonly validFrom: Date;
  /** The present: CRLs and revocations always carry it. */
  readonly now: Date;
}

const seedSchema = z.strictObject({ seed: z.string().min(1).max(1024), day: z.iso.date() });

export interface SeedRequest {
  /** Any text. A person who knows it can compute every PIN and key of the directory. */
  readonly seed: string;
  /** `YYYY-MM-DD`: validity begins at midnight UTC of this day. Default: today. */
  readonly day?: string;
}

const seedFile = (directory: string) => join(resolve(directory), 'seed.json');

/**
 * Opens a card directory, empty or not.
 * @param request writes a seed down; only before anything was made
 * @throws CardError when another seed, or none, was used there already
 */
export async function openCardDirectory(
  directory: string,
  clock: Clock,
  request?: SeedRequest,
): Promise<CardDirectory> {
  if (request !== undefined) await writeSeed(directory, clock, request);
  const path = resolve(directory);
  const now = clock.now();
  const file = seedFile(directory);
  if (!existsSync(file)) return { path, randomness: systemRandomness, validFrom: now, now };
  const written = seedSchema.safeParse(parsed(await readFile(file, 'utf8')));
  if (!written.success) {
    throw new CardError(`${file} holds no seed and day.`, 'Restore it, or make the card directory anew.');
  }
  const { seed, day } = written.data;
  return { path, randomness: seededRandomness(seed), validFrom: new Date(`${day}T00:05:00Z`), now };
}

async function writeSeed(directory: string, clock: Clock, { seed, day }: SeedRequest): Promise<void> {
  const file = seedFile(directory);
  const record = seedSchema.safeParse({ seed, day: day ?? clock.now().toISOString().slice(0, 10) });
  if (!record.success)
    throw new CardError('The seed or the day cannot be used.', 'Give a text, and a day as YYYY-MM-DD.');
  const text = `${JSON.stringify(record.data)}\n`;
  const before = existsSync(file) ? await readFile(file, 'utf8') : undefined;
  if (before === text) return;
  if (before !== undefined || existsSync(join(resolve(directory), 'ca'))) {
    throw new CardError(
      `The cards in ${directory} were made without this seed and day.`,
      'Choose an empty directory, or remove what is in it.',
    );
  }
  await mkdir(resolve(directory), { recursive: true });
  await writeFile(file, text, { mode: 0o600 });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
