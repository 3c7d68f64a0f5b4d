/** One login of a scenario with curl, as its expectation says, and what came of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { LoginAttempt } from '../../src/operations/audit.ts';
import { type Card, certificateIn, findCard } from '../../src/smartcard/card/card.ts';
import type { Expectation } from '../../src/smartcard/scenario/scenario.ts';
import { type ClientResult, type ClientSession, cardIdentity } from './clients/client-session.ts';
import { curl } from './clients/curl.ts';
import type { RunningScenario } from './scenario-world.ts';

export interface ScenarioLogin {
  readonly result: ClientResult;
  /** The audit record of this login. */
  readonly record: LoginAttempt | undefined;
  /** Whether what was sent came back the same. */
  readonly sameFile: () => boolean;
}

export interface ScenarioLoginOptions {
  /** A file to send, and a folder for what comes back. */
  readonly original: string;
  readonly scratch: string;
  /** Where the card is, when not in SoftHSM. */
  readonly through?: (card: Card, slot: string) => Pick<ClientSession, 'identity' | 'env'>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Logs in with the card and, if let in, moves a file there and back. */
export async function attemptLogin(
  running: RunningScenario,
  { card: name, slot, user }: Expectation,
  { original, scratch, through = inSoftHsm, env }: ScenarioLoginOptions,
): Promise<ScenarioLogin> {
  const card = await findCard(running.world.cards, name);
  const place = through(card, slot ?? card.slot);
  const before = running.logins(user).length;
  const copy = join(scratch, `copy-${name}-${user}`);
  const result = await curl({
    port: running.port,
    user,
    rootFile: running.rootFile,
    tls: '1.3',
    steps: [
      { do: 'upload', local: original, remote: 'file.bin' },
      { do: 'download', remote: 'file.bin', local: copy },
    ],
    identity: place.identity,
    env: { ...place.env, ...env },
  });
  await expect.poll(() => running.logins(user).length, { message: result.stderr }).toBeGreaterThan(before);
  return {
    result,
    record: running.logins(user).at(-1),
    sameFile: () => readFileSync(copy).equals(readFileSync(original)),
  };
}

function inSoftHsm(card: Card, slot: string): Pick<ClientSession, 'identity'> {
  return { identity: cardIdentity({ ...card, ...certificateIn(card, slot) }) };
}

/** That the login came out as the scenario says. */
export function expectOutcome({ outcome }: Expectation, { result, record, sameFile }: ScenarioLogin): void {
  if ('granted' in outcome) {
    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    expect(record).toMatchObject({ outcome: 'granted', account: { name: outcome.granted } });
    expect(sameFile()).toBe(true);
  } else {
    expect(result.exitCode).not.toBe(0);
    expect(result.stderr).toContain('530');
    expect(record).toMatchObject({ outcome: 'denied', denial: { code: outcome.denied } });
  }
}
