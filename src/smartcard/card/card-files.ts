/** What of a card lies in files beside its token: certificates and chains for programs that want files, PIN and PUK for trials. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export interface CardFiles {
  readonly folder: string;
  /** Holds the PIN when it was generated here; mode 0600. */
  readonly pinFile: string;
  /** Holds the PUK, which is the token's SO PIN; mode 0600. */
  readonly pukFile: string;
  /** What the card was made from, for its renewal. */
  readonly recordFile: string;
}

export function cardFiles(directory: string, name: string): CardFiles {
  const folder = join(resolve(directory), 'cards', name);
  return {
    folder,
    pinFile: join(folder, 'pin'),
    pukFile: join(folder, 'puk'),
    recordFile: join(folder, 'card.json'),
  };
}

/** @param position from 0; the first certificate of a card has the plain names */
export function certificateFiles({ folder }: CardFiles, slot: string, position: number) {
  const prefix = position === 0 ? '' : `${slot.toLowerCase()}-`;
  return {
    certificateFile: join(folder, `${prefix}certificate.pem`),
    chainFile: join(folder, `${prefix}chain.pem`),
  };
}

/** No line break: programs that take a PIN from a file may take all of it. */
export async function writeSecret(file: string, secret: string): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, secret, { mode: 0o600, flag: 'wx' });
}

export async function makeFolder({ folder }: CardFiles): Promise<void> {
  await mkdir(folder, { recursive: true });
}
