/** The dialogues that the repository has. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Dialogue, parseDialogue } from './dialogue.ts';

const folder = join(import.meta.dirname, '..', '..', 'protocol', 'dialogues');

export interface DialogueFile {
  /** Of the file. */
  readonly name: string;
  readonly dialogue: Dialogue;
}

/** In the order of their names. @throws SyntaxError with file and line */
export function dialogueFiles(): readonly DialogueFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => {
      try {
        return { name, dialogue: parseDialogue(readFileSync(join(folder, name), 'utf8')) };
      } catch (error) {
        throw error instanceof SyntaxError ? new SyntaxError(`${name}, ${error.message}`) : error;
      }
    });
}
