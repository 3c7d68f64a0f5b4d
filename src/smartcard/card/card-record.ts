/** What a card was made from, written down beside it so that its certificates can be renewed. Holds no secret. */
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { defined } from '../../settings/defined.ts';
import { type KeyType, keyTypeTable } from '../authority/key-type.ts';
import { CardError } from './card-error.ts';
import { cardFiles } from './card-files.ts';
import { type CardProfile, cardProfileSchema } from './card-profile.ts';
import type { Person } from './person.ts';

export interface CardRecord {
  readonly profile: CardProfile;
  readonly person: Person;
  readonly keyType?: KeyType | undefined;
  readonly policies: readonly string[];
  readonly validityDays: number;
  /** How often the certificates were renewed. */
  readonly generation: number;
}

function isKeyType(value: unknown): value is KeyType {
  return typeof value === 'string' && Object.hasOwn(keyTypeTable, value);
}

const text = z.string().max(256).optional();
const schema = z.strictObject({
  profile: cardProfileSchema,
  person: z.strictObject({
    commonName: text,
    userPrincipalName: text,
    sid: text,
    mail: text,
    edipi: text,
    organization: text,
  }),
  keyType: z.custom<KeyType>(isKeyType).optional(),
  policies: z.array(z.string()),
  validityDays: z.number(),
  generation: z.number().int().min(0),
});

export async function writeCardRecord(directory: string, name: string, record: CardRecord): Promise<void> {
  await writeFile(cardFiles(directory, name).recordFile, `${JSON.stringify(record, undefined, 2)}\n`);
}

/** @throws CardError when the card has no record, as one that another program made */
export async function readCardRecord(directory: string, name: string): Promise<CardRecord> {
  const { recordFile } = cardFiles(directory, name);
  try {
    const { person, keyType, ...rest } = schema.parse(JSON.parse(await readFile(recordFile, 'utf8')));
    return { ...rest, person: defined(person), keyType };
  } catch (error) {
    throw new CardError(
      `It is not known what the card "${name}" was made from (${recordFile}).`,
      'Make a new card.',
      error,
    );
  }
}
