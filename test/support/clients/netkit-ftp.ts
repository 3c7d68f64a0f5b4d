/** ftp-ssl of netkit, in active mode as it is by itself, with a key in a file. Its TLS version comes from the configuration of OpenSSL. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientResult, ClientSession, ClientStep } from './client-session.ts';
import { runClient } from './run-client.ts';

const commandOf = (step: ClientStep): string => {
  switch (step.do) {
    case 'list':
      return `ls ${step.path}`;
    case 'upload':
      return `put ${step.local} ${step.remote}`;
    case 'download':
      return `get ${step.remote} ${step.local}`;
  }
};

export async function netkitFtp(session: ClientSession): Promise<ClientResult> {
  const { identity, tls, user, password = 'none', rootFile, port } = session;
  if (identity.kind === 'card') throw new TypeError('ftp-ssl cannot use a card');
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-netkit-'));
  const configuration = join(folder, 'openssl.cnf');
  const version = `TLSv${tls}`;
  const lines = ['openssl_conf = a', '[a]', 'ssl_conf = b', '[b]', 'system_default = c', '[c]'];
  await writeFile(configuration, [...lines, `MinProtocol = ${version}`, `MaxProtocol = ${version}`, ''].join('\n'));
  const files =
    identity.kind === 'files' ? ['-z', `cert=${identity.certificateFile}`, '-z', `key=${identity.keyFile}`] : [];
  const script = [`user ${user} ${password}`, 'binary', ...session.steps.map(commandOf), 'quit', ''].join('\n');
  const arguments_ = ['-4', '-invg', '-z', 'secure', '-z', `cacert=${rootFile}`, '-z', 'verify=1', ...files];
  try {
    const result = await runClient('ftp-ssl', [...arguments_, 'localhost', String(port)], {
      input: script,
      env: { OPENSSL_CONF: configuration, HOME: folder },
      ...(session.timeoutMs === undefined ? {} : { timeoutMs: session.timeoutMs }),
    });
    // It ends with 0 whatever happened; a reply that refuses is what tells.
    return { ...result, exitCode: /^[45]\d\d[ -]/mu.test(result.stdout) ? 1 : result.exitCode };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
