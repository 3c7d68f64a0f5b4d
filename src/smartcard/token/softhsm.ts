/**
 * SoftHSM as the reader that the harness's cards are in: its configuration file, its token directory and its module. One
 * configuration at a time per process, since SoftHSM reads it from the environment when it is initialized.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import type { PKCS11 } from 'pkcs11js';
import { CardError } from '../card/card-error.ts';
import { replaceFile } from '../card/replace-file.ts';
import { loadPkcs11Library, type Pkcs11Library, returnValueName } from './pkcs11-module.ts';

/** Where Debian, Fedora, Arch, a build from source and Homebrew put the module. */
const modulePaths = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm2.so',
  '/usr/lib/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
];

/** Throws CardError when SoftHSM is not installed. */
export function findSoftHsmModule(candidates: readonly string[] = modulePaths): string {
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new CardError(
      `SoftHSM is not installed: none of ${candidates.join(', ')} exists.`,
      'Run ./scripts/setup demo, or "apt-get install softhsm2".',
    );
  }
  return path;
}

export interface SoftHsm {
  readonly configurationFile: string;
  readonly tokenDirectory: string;
}

export function softHsmIn(directory: string): SoftHsm {
  const root = resolve(directory);
  return { configurationFile: join(root, 'softhsm2.conf'), tokenDirectory: join(root, 'tokens') };
}

/**
 * Makes the token directory (mode 0700) and writes the configuration file as a whole: a process that reads a part of it works on the
 * tokens of the machine.
 */
export async function prepareSoftHsm(directory: string): Promise<SoftHsm> {
  const softHsm = softHsmIn(directory);
  if (/[\n\r#]/.test(softHsm.tokenDirectory)) {
    throw new CardError(
      'SoftHSM cannot read a path with a line break or "#".',
      'Choose another directory for the cards.',
    );
  }
  await mkdir(softHsm.tokenDirectory, { recursive: true, mode: 0o700 });
  const lines = [`directories.tokendir = ${softHsm.tokenDirectory}`, 'objectstore.backend = file', 'log.level = ERROR'];
  await replaceFile(softHsm.configurationFile, `${lines.join('\n')}\n`);
  return softHsm;
}

/** An initialized Cryptoki: the binding's constants and its calls. */
export interface Cryptoki {
  readonly library: Pkcs11Library;
  readonly pkcs11: PKCS11;
}

let loaded: Cryptoki | undefined;
let last: Promise<unknown> = Promise.resolve();

function loadModule(): Cryptoki {
  if (loaded === undefined) {
    const library = loadPkcs11Library();
    const pkcs11 = new library.PKCS11();
    pkcs11.load(findSoftHsmModule());
    loaded = { library, pkcs11 };
  }
  return loaded;
}

function initialize({ pkcs11 }: Cryptoki): void {
  try {
    pkcs11.C_Initialize();
  } catch (error) {
    if (returnValueName(error) === 'CKR_CRYPTOKI_ALREADY_INITIALIZED') {
      throw new CardError(
        'Another part of this process uses SoftHSM already, perhaps with other tokens.',
        'Work on cards in a process that has not opened a TLS connection with a card.',
        error,
      );
    }
    throw error;
  }
}

/** Each login writes the files of its token, which takes a moment. */
const maximumReadings = 20;
const readAgainMilliseconds = 25;

/**
 * SoftHSM reads the files of tokens when it is initialized, and does not wait for another process that is writing one: that token
 * is missing then, or cannot be read. One whose making was cut short is missing for ever, and the others are used without it.
 */
async function untilEveryTokenIsSeen(cryptoki: Cryptoki, { tokenDirectory }: SoftHsm): Promise<void> {
  for (let reading = 1; reading < maximumReadings; reading += 1) {
    const made = (await readdir(tokenDirectory).catch(() => [])).length;
    if (tokensSeen(cryptoki) >= made) return;
    cryptoki.pkcs11.C_Finalize();
    try {
      await delay(readAgainMilliseconds * (0.5 + Math.random()));
    } finally {
      initialize(cryptoki);
    }
  }
}

/** Slots with a token that is more than a place for one, in their order. */
export function initializedSlots({ library, pkcs11 }: Cryptoki) {
  return pkcs11
    .C_GetSlotList(true)
    .map((slot) => ({ slot, information: pkcs11.C_GetTokenInfo(slot) }))
    .filter(({ information }) => (information.flags & library.CKF_TOKEN_INITIALIZED) !== 0);
}

function tokensSeen(cryptoki: Cryptoki): number {
  try {
    return initializedSlots(cryptoki).length;
  } catch (error) {
    if (returnValueName(error) === 'CKR_GENERAL_ERROR') return 0;
    throw error;
  }
}

async function run<T>(softHsm: SoftHsm, work: (cryptoki: Cryptoki) => T | Promise<T>): Promise<T> {
  if (!isMainThread) {
    throw new Error('SoftHSM reads its configuration from the environment, which a worker thread cannot change');
  }
  const cryptoki = loadModule();
  process.env['SOFTHSM2_CONF'] = softHsm.configurationFile;
  initialize(cryptoki);
  try {
    await untilEveryTokenIsSeen(cryptoki, softHsm);
    return await work(cryptoki);
  } finally {
    cryptoki.pkcs11.C_Finalize();
  }
}

/** Runs `work` with SoftHSM initialized on these tokens, one caller after another, and finalizes it afterwards. Not reentrant. */
export function withSoftHsm<T>(softHsm: SoftHsm, work: (cryptoki: Cryptoki) => T | Promise<T>): Promise<T> {
  const result = last.then(() => run(softHsm, work));
  last = result.catch(() => undefined);
  return result;
}
