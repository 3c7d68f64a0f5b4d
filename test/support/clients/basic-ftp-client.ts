/** basic-ftp in a process of its own, since an OpenSSL engine stays for the life of a process: one session as JSON on standard input. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'basic-ftp';
import { tlsClientIdentity } from '../../../src/smartcard/token/tls-client-identity.ts';
import type { ClientIdentity, ClientPause, ClientSession } from './client-session.ts';

const replyTimeoutMs = 15_000;

function identityOptions(identity: ClientIdentity) {
  switch (identity.kind) {
    case 'none':
      return {};
    case 'files':
      return { cert: readFileSync(identity.certificateFile), key: readFileSync(identity.keyFile) };
    case 'card':
      return tlsClientIdentity({
        uri: identity.card.uri,
        module: identity.card.module,
        ...(identity.card.softHsmConfiguration !== undefined && {
          softHsmConfiguration: identity.card.softHsmConfiguration,
        }),
        pin: identity.pin,
        certificateChain: readFileSync(identity.card.chainFile, 'utf8'),
      });
  }
}

async function pause({ file }: ClientPause): Promise<void> {
  writeFileSync(`${file}.reached`, '');
  while (!existsSync(file)) await delay(10);
}

/** A file with a pause in its middle. */
function halves(path: string, at: ClientPause): Readable {
  const content = readFileSync(path);
  const middle = Math.ceil(content.length / 2);
  return Readable.from(
    (async function* () {
      yield content.subarray(0, middle);
      await pause(at);
      yield content.subarray(middle);
    })(),
  );
}

async function run(session: ClientSession): Promise<void> {
  const { host = 'localhost' } = session;
  const version = session.tls === '1.2' ? 'TLSv1.2' : 'TLSv1.3';
  const client = new Client(replyTimeoutMs);
  client.ftp.verbose = process.env['CLIENT_VERBOSE'] === '1';
  try {
    await client.access({
      host,
      port: session.port,
      user: session.user,
      password: session.password ?? 'none',
      secure: session.implicit ? 'implicit' : true,
      secureOptions: {
        ca: readFileSync(session.rootFile),
        minVersion: session.offersOlderTls ? 'TLSv1.2' : version,
        maxVersion: version,
        // An address is no name for SNI (RFC 6066 3); Node then takes it from `host`.
        ...(isIP(host) === 0 && { servername: host }),
        ...identityOptions(session.identity),
      },
    });
    if (session.pauseAfterLogin) await pause(session.pauseAfterLogin);
    for (const step of session.steps) {
      if (step.do === 'list') {
        for (const { name, size } of await client.list(step.path)) {
          console.log(`${size} ${name}`);
        }
      } else if (step.do === 'upload') {
        await client.uploadFrom(step.pause ? halves(step.local, step.pause) : step.local, step.remote);
      } else {
        await client.downloadTo(step.local, step.remote);
      }
    }
  } finally {
    client.close();
  }
}

run(JSON.parse(readFileSync(0, 'utf8'))).catch((error: NodeJS.ErrnoException) => {
  console.error(`${error.code ?? ''} ${error.message}`);
  process.exitCode = 1;
});
