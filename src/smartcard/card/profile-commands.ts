/** `cardgate card profiles`: what cards can be made without writing a profile of one's own. */
import type { CardCommandResult } from './card-commands.ts';
import { profileNames, readCardProfile } from './card-profile-file.ts';

export async function listProfilesCommand(): Promise<CardCommandResult> {
  const names = await profileNames();
  const json = await Promise.all(
    names.map(async (name) => {
      const { description, certificates } = await readCardProfile(name);
      return { name, description, slots: certificates.map(({ slot, key }) => ({ slot, key })) };
    }),
  );
  const text = json.map(({ name, description }) => `${name.padEnd(24)} ${description}\n`).join('');
  return { text, json };
}
