/** What tests with cards need of the machine. Where it is missing they are skipped, and the reason is told; never silently. */
import { spawnSync } from 'node:child_process';
import { errorMessage } from '../../src/error-message.ts';
import { findReaderInstallation } from '../../src/smartcard/reader/reader-installation.ts';
import { loadPkcs11Library } from '../../src/smartcard/token/pkcs11-module.ts';
import { findSoftHsmModule } from '../../src/smartcard/token/softhsm.ts';
import { findEngineDirectory } from '../../src/smartcard/token/tls-client-identity.ts';

export interface CardNeeds {
  readonly programs?: readonly string[];
  /** The OpenSSL engine of libp11. Default: no. */
  readonly engine?: boolean;
  /** pcscd with the virtual reader, and OpenSC. Default: no. */
  readonly reader?: boolean;
}

/** Why there can be no such tests on this machine, as one sentence; undefined when there can. */
async function obstacle({ programs = [], engine, reader }: CardNeeds): Promise<string | undefined> {
  try {
    findSoftHsmModule();
    loadPkcs11Library();
    if (engine) findEngineDirectory();
    if (reader) await findReaderInstallation();
  } catch (error) {
    return errorMessage(error);
  }
  const missing = programs.find((program) => spawnSync(program, ['--version']).error !== undefined);
  return missing === undefined ? undefined : `The program ${missing} is not installed.`;
}

export interface CardTests {
  /** For `describe.skipIf` and `it.skipIf`. */
  readonly skip: boolean;
  /** The title, with the reason where the tests are skipped. */
  readonly title: string;
  /** The reason alone, in brackets; empty where nothing is skipped. */
  readonly note: string;
}

/** Says on the console and in the title that tests are skipped and why. */
export async function cardTests(title: string, needs: CardNeeds): Promise<CardTests> {
  const reason = await obstacle(needs);
  if (reason === undefined) return { skip: false, title, note: '' };
  console.warn(`SKIPPED: ${title}: ${reason}`);
  const note = ` (skipped: ${reason})`;
  return { skip: true, title: `${title}${note}`, note };
}
