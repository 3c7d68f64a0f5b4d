/** OpenSC's spy between a program and the module of a card: it writes down what the card is asked. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const spyModule = '/usr/lib/x86_64-linux-gnu/pkcs11-spy.so';

/** What the card was asked. */
export interface Spied {
  readonly logins: number;
  readonly signatures: number;
}

/** @param module of the card @param log file */
export function spyEnvironment(module: string, log: string): Readonly<Record<string, string>> {
  return { PKCS11SPY: module, PKCS11SPY_OUTPUT: log };
}

/** Calls in the log of the spy. */
export function spied(log: string): Spied {
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  const count = (call: string) => (text.match(new RegExp(`: ${call}$`, 'gm')) ?? []).length;
  return { logins: count('C_Login'), signatures: count('C_Sign') };
}

export interface Pkcs11Spy {
  readonly environment: Readonly<Record<string, string>>;
  /** So far. */
  signatures(): number;
  remove(): Promise<void>;
}

/** With a log of its own. @param module of the card */
export async function pkcs11Spy(module: string): Promise<Pkcs11Spy> {
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-spy-'));
  const log = join(folder, 'spy.log');
  return {
    environment: spyEnvironment(module, log),
    signatures: () => spied(log).signatures,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
