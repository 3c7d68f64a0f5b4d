import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { uint, vector } from '../../../../src/smartcard/tls13/presentation-language.ts';
import type { ScriptedTlsServer } from '../../../support/scripted-tls-server.ts';
import { extension, signatureAlgorithms } from '../../../support/tls-messages.ts';
import {
  afterExtensions,
  afterHandshake,
  plaintextRecord,
  play,
  protectedFlight,
  type Script,
  useScriptedServers,
  x25519,
} from './faulty-servers.ts';
import { clientOver, clientTo, failureOf, readAll } from './tls-test-client.ts';

useScriptedServers();

describe('a server that ends', () => {
  it.each([
    ['at once', (server: ScriptedTlsServer) => server.end()],
    ['after its ServerHello', protectedFlight((server) => server.end())],
    [
      'in the middle of a message',
      afterExtensions((server) => {
        server.record('handshake', server.certificate().subarray(0, 100));
        server.end();
      }),
    ],
    [
      'in the middle of a record',
      afterExtensions((server) => {
        server.raw(plaintextRecord(23, Buffer.alloc(10), 1000));
        server.end();
      }),
    ],
    [
      'with close_notify',
      afterExtensions((server) => {
        server.record('alert', Buffer.from([1, 0]));
        server.end();
      }),
    ],
  ] as [string, Script][])('%s, during the handshake', async (_name, script) => {
    const run = await play(script);
    expect(await failureOf(clientTo(run.port))).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_CUT' });
  });

  const cut = afterHandshake((server) => {
    server.record('application_data', Buffer.from('half'));
    server.end();
  });

  it('without close_notify has sent a part only', async () => {
    const run = await play(cut);
    expect(await failureOf(clientTo(run.port))).toMatchObject({ code: 'ERR_TLS_TRUNCATED' });
  });

  it('without close_notify may be believed by a client that says so', async () => {
    const client = clientTo((await play(cut)).port, { toleratesTruncation: () => true });
    expect((await readAll(client)).toString()).toBe('half');
    expect(client.truncated).toBe(true);
  });

  it('with close_notify has sent everything, and what follows is not read', async () => {
    const hasEnded = Promise.withResolvers<void>();
    const run = await play(
      afterHandshake(async (server) => {
        server.record('application_data', Buffer.from('whole'));
        server.record('alert', Buffer.from([1, 0]));
        server.record('application_data', Buffer.from('in the same turn'));
        await hasEnded.promise;
        server.record('application_data', Buffer.from('later'));
        server.end();
      }),
    );
    const tcp = connect(run.port, '127.0.0.1');
    const hasHeardAll = once(tcp, 'end');
    const client = clientOver(tcp);
    const errors: Error[] = [];
    client.on('error', (error) => errors.push(error));
    expect((await readAll(client)).toString()).toBe('whole');
    hasEnded.resolve();
    await hasHeardAll;
    client.end();
    await expect.poll(() => client.closed).toBe(true);
    expect([errors, client.truncated]).toEqual([[], false]);
  });
});

describe('what is allowed', () => {
  const allowed: readonly [string, Script][] = [
    [
      'data before the client has finished (RFC 8446 4.4.4)',
      async (server) => {
        await server.properFlight();
        server.record('application_data', Buffer.from('data'));
        await server.readClientFinished();
      },
    ],
    [
      'records that are padded',
      afterHandshake((server) => {
        server.inner(Buffer.concat([Buffer.from('data'), Buffer.from([23]), Buffer.alloc(100)]));
        server.record('application_data', Buffer.alloc(0));
      }),
    ],
    [
      'unknown extensions of CertificateRequest',
      protectedFlight(async (server) => {
        server.say(server.encryptedExtensions(extension(0), extension(10, vector(2, uint(2, x25519)))));
        server.say(
          server.certificateRequest(Buffer.alloc(0), [
            signatureAlgorithms(0x0403),
            extension(0xfafa, Buffer.from('x')),
          ]),
        );
        server.say(server.certificate());
        server.say(server.certificateVerify());
        server.say(server.finished());
        server.protectData();
        server.record('application_data', Buffer.from('data'));
        await server.readClientFinished();
      }),
    ],
    [
      'messages in single octets and several in a record',
      protectedFlight(async (server) => {
        const first = server.encryptedExtensions();
        server.count(first);
        const second = server.certificate();
        server.count(second);
        for (const octet of first) server.record('handshake', Buffer.from([octet]));
        const third = server.certificateVerify();
        server.count(third);
        server.record('handshake', Buffer.concat([second, third]));
        server.say(server.finished());
        server.protectData();
        server.record('application_data', Buffer.from('data'));
        await server.readClientFinished();
      }),
    ],
    [
      'change_cipher_spec for middleboxes',
      async (server) => {
        await server.readClientHello();
        server.say(server.hello());
        server.raw(plaintextRecord(20, Buffer.from([1])));
        server.protect();
        for (const next of ['encryptedExtensions', 'certificate', 'certificateVerify', 'finished'] as const)
          server.say(server[next]());
        server.protectData();
        server.record('application_data', Buffer.from('data'));
        await server.readClientFinished();
      },
    ],
    [
      'tickets that may not be kept',
      afterHandshake((server) => {
        server.record('handshake', server.ticket(0));
        server.record('application_data', Buffer.from('data'));
      }),
    ],
    [
      'tickets that do not fit into a ClientHello',
      afterHandshake((server) => {
        const ticket = server.ticket(60, Buffer.alloc(40_000));
        for (let start = 0; start < ticket.length; start += 16_000)
          server.record('handshake', ticket.subarray(start, start + 16_000));
        server.record('application_data', Buffer.from('data'));
      }),
    ],
  ];
  it.each(allowed)('%s', async (_name, script) => {
    const run = await play(script);
    const client = clientTo(run.port);
    const [data] = await Promise.race([readFirst(client), failureOf(client).then((error) => Promise.reject(error))]);
    expect(data!.toString()).toBe('data');
    expect(client.sessions).toEqual([]);
    client.destroy();
  });

  function readFirst(client: ReturnType<typeof clientTo>): Promise<Buffer[]> {
    return new Promise((resolve) => client.once('data', (octets: Buffer) => resolve([octets])));
  }
});
