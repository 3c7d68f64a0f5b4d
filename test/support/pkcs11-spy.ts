/** OpenSC's spy between a program and the module of a card: it writes down what the card is asked. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const module = '/usr/lib/x86_64-linux-gnu/pkcs11-spy.so';

export interface Pkcs11Spy {
  readonly module: string;
  readonly environment: Readonly<Record<string, string>>;
  /** So far. */
  signatures(): number;
  remove(): Promise<void>;
}

/** @param spiedOn the module of the card */
export async function pkcs11Spy(spiedOn: string): Promise<Pkcs11Spy> {
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-spy-'));
  const log = join(folder, 'spy.log');
  return {
    module,
    environment: { PKCS11SPY: spiedOn, PKCS11SPY_OUTPUT: log },
    signatures: () => (existsSync(log) ? (readFileSync(log, 'latin1').match(/^\d+: C_Sign$/gmu)?.length ?? 0) : 0),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
