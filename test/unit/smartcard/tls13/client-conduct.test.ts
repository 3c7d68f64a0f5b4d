/** What the client itself sends and leaves undone, as a server sees it: updates of keys, alerts, and patience with a person. */
import { describe, expect, it } from 'vitest';
import { uint } from '../../../../src/smartcard/tls13/presentation-language.ts';
import { keyFileCredential } from '../../../support/key-file-credential.ts';
import type { ScriptedTlsServer } from '../../../support/scripted-tls-server.ts';
import { message } from '../../../support/tls-messages.ts';
import { play, protectedFlight, useScriptedServers } from './faulty-servers.ts';
import { clientTo, failureOf } from './tls-test-client.ts';

const pki = useScriptedServers();

const keyUpdate = (request: number) => message(24, uint(1, request));

/** Everything up to the server's Finished with a CertificateRequest in it, and what `more` adds, in one segment. */
const askingFlight = (more: (server: ScriptedTlsServer) => void = () => undefined) =>
  protectedFlight((server) =>
    server.together(() => {
      server.say(server.encryptedExtensions());
      server.say(server.certificateRequest());
      server.say(server.certificate());
      server.say(server.certificateVerify());
      server.say(server.finished());
      server.protectData();
      more(server);
    }),
  );

describe('keys are updated', () => {
  /** Resolves with what the client's updates asked for and with its data, once it has ended. */
  async function played(
    script: (server: ScriptedTlsServer, requests: number[]) => Promise<void>,
    recordsPerKey?: number,
  ) {
    const requests: number[] = [];
    const done = Promise.withResolvers<{ requests: readonly number[]; received: string }>();
    const run = await play(async (server) => {
      await server.properHandshake();
      await script(server, requests);
      await server.drain();
      done.resolve({ requests, received: server.received });
    });
    const client = clientTo(run.port, {
      toleratesTruncation: () => true,
      ...(recordsPerKey !== undefined && { recordsPerKey }),
    });
    client.resume();
    await client.handshake();
    return { client, outcome: done.promise };
  }

  it('when the server asks, and once for several requests that came together', async () => {
    const { client, outcome } = await played(async (server, requests) => {
      server.together(() => {
        for (const request of [1, 1, 1]) {
          server.record('handshake', keyUpdate(request));
          server.updateWriteKeys();
        }
        server.record('application_data', Buffer.from('data'));
      });
      requests.push(await server.readKeyUpdate());
      client.end('under new keys');
    });
    expect(await outcome).toEqual({ requests: [0], received: 'under new keys' });
  });

  it('before too many records were written', async () => {
    const { client, outcome } = await played(async (server, requests) => {
      for (let update = 0; update < 2; update += 1) requests.push(await server.readKeyUpdate());
    }, 2);
    for (const word of ['1', '2', '3', '4', '5']) await new Promise((resolve) => client.write(word, resolve));
    client.end();
    expect(await outcome).toEqual({ requests: [0, 0], received: '12345' });
  });

  it('before too many records were read, by asking the server', async () => {
    const { client, outcome } = await played(async (server, requests) => {
      server.record('application_data', Buffer.from('one'));
      server.record('application_data', Buffer.from('two'));
      requests.push(await server.readKeyUpdate());
      server.record('handshake', keyUpdate(0));
      server.updateWriteKeys();
      server.record('application_data', Buffer.from('three'));
      client.end();
    }, 2);
    expect(await outcome).toEqual({ requests: [1], received: '' });
  });

  it('no more after close_notify', async () => {
    const hasClosed = Promise.withResolvers<void>();
    const run = await play(async (server) => {
      await server.properHandshake();
      await hasClosed.promise;
      server.record('handshake', keyUpdate(1));
      server.updateWriteKeys();
      server.record('application_data', Buffer.from('data'));
      server.record('alert', Buffer.from([1, 0]));
      server.end();
    });
    const client = clientTo(run.port);
    await client.handshake();
    client.end(() => hasClosed.resolve());
    client.resume();
    expect(await run.alerts()).toEqual(['close_notify']);
  });
});

describe('the server is told', () => {
  it('of a client that is destroyed, by close_notify', async () => {
    const run = await play((server) => server.properHandshake());
    const client = clientTo(run.port);
    await client.handshake();
    client.destroy();
    expect(await run.alerts()).toEqual(['close_notify']);
  });

  it('of a person who gives up, by user_canceled and close_notify (RFC 8446 6.1)', async () => {
    const run = await play(askingFlight());
    const chooseCredential = () => Promise.reject(new Error('cancelled'));
    expect(await failureOf(clientTo(run.port, { chooseCredential }))).toMatchObject({ message: 'cancelled' });
    expect(await run.alerts()).toEqual(['user_canceled', 'close_notify']);
  });

  it('of a person who takes too long, likewise', async () => {
    const run = await play(askingFlight());
    const chooseCredential = () => new Promise<undefined>(() => undefined);
    const error = await failureOf(clientTo(run.port, { chooseCredential, handshakeTimeoutMs: 100 }));
    expect(error).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' });
    expect(await run.alerts()).toEqual(['user_canceled', 'close_notify']);
  });

  it('of a signature by another key, by internal_error', async () => {
    const run = await play(askingFlight());
    const [certified, other] = [pki().server, await pki().issuePerson({ name: 'eve' })];
    const credential = keyFileCredential(certified.chainPem, other.privateKeyPem);
    await failureOf(clientTo(run.port, { chooseCredential: async () => credential }));
    expect(await run.alerts()).toEqual(['internal_error']);
  });
});

describe('before the server is verified', () => {
  it('none of its data is let through', async () => {
    const run = await play(askingFlight((server) => server.record('application_data', Buffer.from('data'))));
    const client = clientTo(run.port, { verifyServer: () => Promise.reject(new Error('refused')) });
    let received = 0;
    client.on('data', (octets: Buffer) => {
      received += octets.length;
    });
    expect(await failureOf(client)).toMatchObject({ message: 'refused' });
    expect(received).toBe(0);
  });

  it('a hostile end of it is not heard, and after it no card is asked', async () => {
    const run = await play(askingFlight((server) => server.record('alert', Buffer.from([2, 49]))));
    let choices = 0;
    const chooseCredential = async () => {
      choices += 1;
      return undefined;
    };
    expect(await failureOf(clientTo(run.port, { chooseCredential }))).toMatchObject({ alert: 'access_denied' });
    expect(choices).toBe(0);
  });
});

describe('before the client has finished', () => {
  it('no ticket is taken, whose secret depends on that', async () => {
    const run = await play(askingFlight((server) => server.record('handshake', server.ticket())));
    const chooseCredential = () => new Promise<undefined>(() => undefined);
    const error = await failureOf(clientTo(run.port, { chooseCredential }));
    expect(error).toMatchObject({ code: 'ERR_TLS_UNEXPECTED_MESSAGE' });
  });
});
