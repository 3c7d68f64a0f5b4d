/** Where the PIN of a card comes from: a file or standard input; never the command line or the environment, which other processes can see. */
import { readFile } from 'node:fs/promises';
import { CardError } from '../card/card-error.ts';
import { keepMemoryOutOfCoreDumps } from './core-dump.ts';

export type PinSource =
  | { readonly from: 'file'; readonly path: string }
  | { readonly from: 'input'; readonly stream: AsyncIterable<Buffer | string> };

/** SoftHSM takes 4 to 255 octets. */
const minimumOctets = 4;
const maximumOctets = 255;
/** SP 800-73-4 part 2: a PIV card takes a PIN of 6 to 8 digits, and a PUK of 8. */
export const pinDigits = 8;

async function firstLine(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += chunk.toString();
    if (text.includes('\n') || text.length > maximumOctets) {
      break;
    }
  }
  return text;
}

async function readSource(source: PinSource): Promise<string> {
  switch (source.from) {
    case 'file':
      return readFile(source.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        throw new CardError(
          `The PIN file ${source.path} cannot be read: ${error.code ?? error.message}.`,
          'Check the path and its permissions.',
        );
      });
    case 'input':
      return firstLine(source.stream);
  }
}

/** Throws CardError, without the PIN in it, when SoftHSM does not take it. */
export function checkPin(pin: string): string {
  const octets = Buffer.byteLength(pin);
  if (octets < minimumOctets || octets > maximumOctets || /\p{Cc}/u.test(pin)) {
    throw new CardError(
      'The PIN is empty, too short, too long, or has control characters in it.',
      `Choose a PIN of ${minimumOctets} to ${maximumOctets} printable characters.`,
    );
  }
  return pin;
}

/** The first line of the source, without its line break. From then on core dumps hold no memory of this process. */
export async function readPin(source: PinSource): Promise<string> {
  keepMemoryOutOfCoreDumps();
  const [line = ''] = (await readSource(source)).split(/\r?\n/, 1);
  return checkPin(line);
}
