/** One run of `cardgate try-card`, with a spy between it and SoftHSM that counts what the card was asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cardgate } from '../../support/built-program.ts';
import type { ClientResult } from '../../support/clients/client-session.ts';
import { runClient } from '../../support/clients/run-client.ts';
import { type Spied, spied, spyEnvironment, spyModule } from '../../support/pkcs11-spy.ts';
import { type CommandResult, runInProcess } from '../../support/run-in-process.ts';

export const softHsmModule = '/usr/lib/softhsm/libsofthsm2.so';

export interface TrialRequest {
  readonly args: readonly string[];
  /** SoftHSM's configuration file. */
  readonly cards: string;
  /** Given on standard input. Default: none. */
  readonly pin?: string;
}

/** In a process of its own. */
export async function tryCard(request: TrialRequest): Promise<ClientResult & Spied> {
  const folder = mkdtempSync(join(tmpdir(), 'cardgate-spy-'));
  const log = join(folder, 'spy.log');
  try {
    const [program, ...words] = [...cardgate, ...wordsOf(request)];
    const result = await runClient(program, words, { env: environment(request, log), input: inputOf(request) });
    return { ...result, ...spied(log) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Trials in the process of the test, one after another: the spy keeps the log that it opened first. */
export class TrialsInProcess {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cardgate-spy-'));

  async run(request: TrialRequest): Promise<CommandResult & Spied> {
    const log = join(this.#folder, 'spy.log');
    const before = spied(log);
    Object.assign(process.env, environment(request, log));
    const result = await runInProcess(wordsOf(request), inputOf(request));
    const { logins, signatures } = spied(log);
    return { ...result, logins: logins - before.logins, signatures: signatures - before.signatures };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

const wordsOf = ({ args, pin }: TrialRequest) => [
  'try-card',
  '--module',
  spyModule,
  ...(pin === undefined ? [] : ['--pin-stdin']),
  ...args,
];
const inputOf = ({ pin = '' }: TrialRequest) => `${pin}\n`;
const environment = ({ cards }: TrialRequest, log: string) => ({
  SOFTHSM2_CONF: cards,
  ...spyEnvironment(softHsmModule, log),
});
