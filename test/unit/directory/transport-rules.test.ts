/** Rules of connections to servers that nothing else shows: whom they believe, what they take, and which passwords leave this machine. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { openTransport, parseServer } from '../../../src/directory/connection/ldap-transport.ts';
import { negotiateStartTls } from '../../../src/directory/connection/start-tls.ts';
import type { DirectoryAccount } from '../../../src/directory/directory.ts';
import { createPasswordCheck } from '../../../src/directory/password-check.ts';
import { ServiceConnection } from '../../../src/service/service-connection.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

const servers: Server[] = [];
async function listening<T extends Server>(server: T): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

let pki: TestPki;
let other: TestPki;
beforeAll(async () => {
  [pki, other] = await Promise.all([createTestPki(), createTestPki({ organization: 'Other' })]);
});
afterAll(async () => {
  await Promise.all([pki?.remove(), other?.remove()]);
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) server.close();
});

describe('NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment', () => {
  const stranger = () =>
    listening(
      createTlsServer({ cert: other.server.chainPem, key: other.server.privateKeyPem }, (socket) => {
        socket.on('error', () => undefined);
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}');
      }),
    );

  it('does not let a directory server of another CA be believed', async () => {
    const port = await stranger();
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const options = { certificateAuthorities: [readFileSync(pki.files.root, 'utf8')] };
    await expect(openTransport(parseServer(`ldaps://127.0.0.1:${port}`), options, 5000)).rejects.toThrow();
  });

  it('does not let a mapping service of another CA be believed', async () => {
    const port = await stranger();
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const connection = new ServiceConnection(
      { url: `https://127.0.0.1:${port}` },
      {
        certificateChain: pki.server.chainPem,
        privateKey: pki.server.privateKeyPem,
        certificateAuthorities: [readFileSync(pki.files.root, 'utf8')],
      },
      { connectTimeout: milliseconds(2000), maximumConnections: 1, clock: systemClock },
    );
    await expect(connection.post('/v1/resolve', '{}', milliseconds(5000))).rejects.toThrow();
    connection.close();
  });
});

describe('the answer to StartTLS', () => {
  const agreed = Buffer.from('300c02010178070a010004000400', 'hex');
  const negotiate = async (answer: Buffer) => {
    const port = await listening(createServer((socket) => void socket.on('error', () => undefined).write(answer)));
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return negotiateStartTls(socket).finally(() => socket.destroy());
  };

  it('that agrees is taken', async () => {
    await expect(negotiate(agreed)).resolves.toBeUndefined();
  });

  it.each(['00', '30', '300c02010264070a010004000400'])('with %s in clear behind it is refused', async (more) => {
    await expect(negotiate(Buffer.concat([agreed, Buffer.from(more, 'hex')]))).rejects.toThrow(/more in clear behind/);
  });
});

describe('a password', () => {
  const asked = vi.fn(async () => {
    throw new Error('a connection was opened');
  });
  const check = createPasswordCheck(
    { openUnbound: asked, operationTimeout: 1000 } as unknown as Parameters<typeof createPasswordCheck>[0],
    { askPolicy: false, denialOf: () => undefined },
    {},
  );
  const account = (distinguishedName: string) => ({ distinguishedName }) as DirectoryAccount;

  it.each([
    ['that is empty (an unauthenticated bind, RFC 4513 5.1.2)', 'uid=ada', ''],
    ['of 1025 octets', 'uid=ada', 'x'.repeat(1025)],
    ['for no name (an anonymous bind)', '', 'secret'],
    ['for the name of a SASL mechanism', 'EXTERNAL', 'secret'],
  ])('%s reaches no server', async (_what, name, password) => {
    expect(await check(account(name), password)).toMatchObject({ outcome: 'refused' });
    expect(asked).not.toHaveBeenCalled();
  });
});
