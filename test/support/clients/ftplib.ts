/** Python's ftplib with a key in a file. It never resumes TLS sessions, so each data connection is a full handshake. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ClientResult, ClientSession } from './client-session.ts';
import { runClient } from './run-client.ts';

const script = fileURLToPath(new URL('ftplib-client.py', import.meta.url));
const systemPython = '/usr/bin/python3';

export function ftplib(session: ClientSession): Promise<ClientResult> {
  const { timeoutMs, ...rest } = session;
  if (rest.identity.kind === 'card') {
    throw new TypeError('Python cannot use a card');
  }
  return runClient(existsSync(systemPython) ? systemPython : 'python3', [script], {
    input: JSON.stringify(rest),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}
