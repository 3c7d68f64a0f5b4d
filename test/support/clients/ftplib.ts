/** Python's ftplib with a key in a file. It never resumes TLS sessions, so each data connection is a full handshake. */
import { fileURLToPath } from 'node:url';
import { python } from '../python.ts';
import type { ClientResult, ClientSession } from './client-session.ts';
import { runClient } from './run-client.ts';

const script = fileURLToPath(new URL('ftplib-client.py', import.meta.url));

export function ftplib(session: ClientSession): Promise<ClientResult> {
  const { timeoutMs, ...rest } = session;
  if (rest.identity.kind === 'card') {
    throw new TypeError('Python cannot use a card');
  }
  return runClient(python, [script], {
    input: JSON.stringify(rest),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}
