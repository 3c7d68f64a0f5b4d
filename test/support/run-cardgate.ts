/** Runs the cardgate command to its end, as a person would. */
import type { ClientResult } from './clients/client-session.ts';
import { runClient } from './clients/run-client.ts';
import { cardgate } from './login-world.ts';

export function runCardgate(args: readonly string[], input = ''): Promise<ClientResult> {
  const [program, main] = cardgate;
  return runClient(program, [main, ...args], { input });
}
