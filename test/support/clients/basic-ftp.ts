/** basic-ftp on Node's own TLS, in a child process: with a card through the OpenSSL engine, or with a key in a file. */
import { fileURLToPath } from 'node:url';
import type { ClientResult, ClientSession } from './client-session.ts';
import { runClient } from './run-client.ts';

const script = fileURLToPath(new URL('basic-ftp-client.ts', import.meta.url));

export function basicFtp(session: ClientSession): Promise<ClientResult> {
  const { timeoutMs, ...rest } = session;
  return runClient(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    input: JSON.stringify(rest),
    ...(rest.identity.kind === 'card' && rest.identity.card.environment ? { env: rest.identity.card.environment } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}
