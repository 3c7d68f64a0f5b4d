/** One run of `cardgate try-card`, with a spy between it and SoftHSM that counts what the card was asked. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cardgate } from '../../support/built-program.ts';
import type { ClientResult } from '../../support/clients/client-session.ts';
import { runClient } from '../../support/clients/run-client.ts';

export const softHsmModule = '/usr/lib/softhsm/libsofthsm2.so';
export const spyModule = '/usr/lib/x86_64-linux-gnu/pkcs11-spy.so';

export interface Trial extends ClientResult {
  readonly logins: number;
  readonly signatures: number;
}

export interface TrialRequest {
  readonly args: readonly string[];
  /** SoftHSM's configuration file. */
  readonly cards: string;
  /** Given on standard input. Default: none. */
  readonly pin?: string;
}

export async function tryCard({ args, cards, pin }: TrialRequest): Promise<Trial> {
  const folder = mkdtempSync(join(tmpdir(), 'cardgate-spy-'));
  const log = join(folder, 'spy.log');
  const env = { SOFTHSM2_CONF: cards, PKCS11SPY: softHsmModule, PKCS11SPY_OUTPUT: log };
  const source = pin === undefined ? [] : ['--pin-stdin'];
  const words = [...cardgate.slice(1), 'try-card', '--module', spyModule, ...source, ...args];
  try {
    const result = await runClient(cardgate[0], words, { env, input: `${pin ?? ''}\n` });
    return { ...result, ...spied(log) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Calls in the log of pkcs11-spy. */
export function spied(log: string): { readonly logins: number; readonly signatures: number } {
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  const count = (call: string) => (text.match(new RegExp(`: ${call}$`, 'gm')) ?? []).length;
  return { logins: count('C_Login'), signatures: count('C_Sign') };
}
