import { describe, expect, it } from 'vitest';
import { uint } from '../../../../src/smartcard/tls13/presentation-language.ts';
import { ServerSpeaksOnlyTls12, TlsError } from '../../../../src/smartcard/tls13/tls-error.ts';
import type { ScriptedTlsServer } from '../../../support/scripted-tls-server.ts';
import { message } from '../../../support/tls-messages.ts';
import {
  afterExtensions,
  afterHandshake,
  type Fault,
  itAnswers,
  plaintextRecord,
  play,
  protectedFlight,
  type Script,
  useScriptedServers,
} from './faulty-servers.ts';
import { clientTo, failureOf } from './tls-test-client.ts';

useScriptedServers();

const recordCases: readonly Fault[] = [
  [
    'that is no TLS',
    'unexpected_message',
    async (server) => {
      await server.readClientHello();
      server.raw(Buffer.from('220 ready\r\n'));
    },
  ],
  [
    'with application data before any key',
    'unexpected_message',
    async (server) => {
      await server.readClientHello();
      server.raw(plaintextRecord(23, Buffer.from('early')));
    },
  ],
  [
    'of 2^14+1 octets in the clear',
    'record_overflow',
    async (server) => {
      await server.readClientHello();
      server.raw(plaintextRecord(22, Buffer.alloc(0), 2 ** 14 + 1));
    },
  ],
  [
    'of 2^14+257 octets under protection',
    'record_overflow',
    afterExtensions((server) => server.raw(plaintextRecord(23, Buffer.alloc(0), 2 ** 14 + 257))),
  ],
  [
    'that holds 2^14+1 octets',
    'record_overflow',
    afterHandshake((server) => server.record('application_data', Buffer.alloc(2 ** 14 + 1))),
  ],
  [
    'with a wrong tag',
    'bad_record_mac',
    afterExtensions((server) => server.raw(plaintextRecord(23, Buffer.alloc(40)))),
  ],
  [
    'that is shorter than its tag',
    'bad_record_mac',
    afterExtensions((server) => server.raw(plaintextRecord(23, Buffer.alloc(16)))),
  ],
  [
    'in the clear under protection',
    'unexpected_message',
    afterExtensions((server) => server.raw(plaintextRecord(22, message(20, Buffer.alloc(32))))),
  ],
  ['with no type inside', 'unexpected_message', afterExtensions((server) => server.inner(Buffer.alloc(20)))],
  [
    'of an unknown type inside',
    'unexpected_message',
    afterExtensions((server) => server.inner(Buffer.from([1, 2, 3, 24]))),
  ],
  [
    'of change_cipher_spec inside, after the handshake',
    'unexpected_message',
    afterHandshake((server) => server.inner(Buffer.from([1, 20]))),
  ],
  [
    'of five octets under protection',
    'bad_record_mac',
    afterExtensions((server) => server.raw(plaintextRecord(23, Buffer.alloc(5)))),
  ],
  [
    'of change_cipher_spec inside',
    'unexpected_message',
    afterExtensions((server) => server.inner(Buffer.from([1, 20]))),
  ],
  [
    'with an empty handshake fragment inside',
    'unexpected_message',
    afterExtensions((server) => server.record('handshake', Buffer.alloc(0))),
  ],
  [
    'padded beyond 2^14+1 octets',
    'record_overflow',
    afterHandshake((server) =>
      server.inner(Buffer.concat([Buffer.from('data'), Buffer.from([23]), Buffer.alloc(2 ** 14)])),
    ),
  ],
  [
    'with an empty handshake fragment',
    'unexpected_message',
    async (server) => {
      await server.readClientHello();
      server.raw(plaintextRecord(22, Buffer.alloc(0)));
    },
  ],
  [
    'with application data between the fragments of a message',
    'unexpected_message',
    afterHandshake((server) => {
      server.record('handshake', server.ticket().subarray(0, 10));
      server.record('application_data', Buffer.from('data'));
    }),
  ],
  [
    'with application data before Finished',
    'unexpected_message',
    afterExtensions((server) => server.record('application_data', Buffer.from('data'))),
  ],
  [
    'of change_cipher_spec with another octet',
    'unexpected_message',
    async (server) => {
      await server.readClientHello();
      server.raw(plaintextRecord(20, Buffer.from([2])));
    },
  ],
  [
    'of change_cipher_spec after Finished',
    'unexpected_message',
    afterHandshake((server) => server.raw(plaintextRecord(20, Buffer.from([1])))),
  ],
  [
    'of change_cipher_spec five times',
    'unexpected_message',
    async (server) => {
      await server.readClientHello();
      for (let count = 0; count < 5; count += 1) server.raw(plaintextRecord(20, Buffer.from([1])));
    },
  ],
  ['with an alert of one octet', 'decode_error', afterHandshake((server) => server.record('alert', Buffer.from([2])))],
  [
    'with half an alert and another',
    'decode_error',
    afterHandshake((server) => server.record('alert', Buffer.from([1, 0, 1, 0]))),
  ],
];

describe('it sends a record', () => itAnswers(recordCases));

const repeated = (count: number, send: (server: ScriptedTlsServer) => void): Script =>
  afterHandshake((server) => {
    for (let index = 0; index < count; index += 1) send(server);
  });

const laterCases: readonly Fault[] = [
  ['tickets without end', 'unexpected_message', repeated(200, (server) => server.record('handshake', server.ticket()))],
  [
    'empty records without end',
    'unexpected_message',
    repeated(200, (server) => server.record('application_data', Buffer.alloc(0))),
  ],
  [
    'user_canceled without end',
    'unexpected_message',
    repeated(200, (server) => server.record('alert', Buffer.from([1, 90]))),
  ],
  [
    'tickets without end in one record',
    'unexpected_message',
    afterHandshake((server) =>
      server.record('handshake', Buffer.concat(Array.from({ length: 40 }, () => server.ticket()))),
    ),
  ],
  [
    'a CertificateRequest',
    'unexpected_message',
    afterHandshake((server) => server.record('handshake', server.certificateRequest())),
  ],
  [
    'another Finished',
    'unexpected_message',
    afterHandshake((server) => server.record('handshake', message(20, Buffer.alloc(32)))),
  ],
  [
    'a KeyUpdate that asks for 2',
    'illegal_parameter',
    afterHandshake((server) => server.record('handshake', message(24, uint(1, 2)))),
  ],
  [
    'a KeyUpdate of two octets',
    'decode_error',
    afterHandshake((server) => server.record('handshake', message(24, uint(2, 0)))),
  ],
  [
    'a message after KeyUpdate in the same record',
    'unexpected_message',
    afterHandshake((server) => server.record('handshake', Buffer.concat([message(24, uint(1, 0)), server.ticket()]))),
  ],
  [
    'data under old keys after a KeyUpdate',
    'bad_record_mac',
    afterHandshake((server) => {
      server.record('handshake', message(24, uint(1, 0)));
      server.record('application_data', Buffer.from('data'));
    }),
  ],
  [
    'a ticket without a ticket',
    'decode_error',
    afterHandshake((server) => server.record('handshake', server.ticket(60, Buffer.alloc(0)))),
  ],
  [
    'a ticket with octets left over',
    'decode_error',
    afterHandshake((server) => server.record('handshake', message(4, server.ticket().subarray(4), uint(1, 0)))),
  ],
];

describe('after the handshake it sends', () => itAnswers(laterCases));

describe('an alert of the server', () => {
  it.each([
    [42, 'bad_certificate'],
    [44, 'certificate_revoked'],
    [48, 'unknown_ca'],
    [80, 'internal_error'],
    [116, 'certificate_required'],
    [200, 'alert_200'],
  ])('%i is told as %s, whatever its level', async (code, name) => {
    for (const level of [1, 2]) {
      const run = await play(afterHandshake((server) => server.record('alert', Buffer.from([level, code]))));
      const error = await failureOf(clientTo(run.port));
      expect(error).toBeInstanceOf(TlsError);
      expect(error).toMatchObject({ code: `ERR_TLS_ALERT_${name.toUpperCase()}`, alert: name });
      expect(await run.alerts()).toEqual([]);
    }
  });

  it.each([
    ['protocol_version', 70],
    ['handshake_failure', 40],
  ])('%s in answer to the ClientHello is how older servers answer', async (_name, code) => {
    const run = await play(async (server) => {
      await server.readClientHello();
      server.record('alert', Buffer.from([2, code]));
    });
    expect(await failureOf(clientTo(run.port))).toBeInstanceOf(ServerSpeaksOnlyTls12);
    expect(await run.alerts()).toEqual([]);
  });

  it('handshake_failure after its ServerHello is no sign of an older server', async () => {
    const run = await play(afterExtensions((server) => server.record('alert', Buffer.from([2, 40]))));
    expect(await failureOf(clientTo(run.port))).toMatchObject({ code: 'ERR_TLS_ALERT_HANDSHAKE_FAILURE' });
  });

  it('while the card signs ends the wait', async () => {
    const run = await play(
      protectedFlight(async (server) => {
        server.say(server.encryptedExtensions());
        server.say(server.certificateRequest());
        server.say(server.certificate());
        server.say(server.certificateVerify());
        server.say(server.finished());
        server.protectData();
        server.record('alert', Buffer.from([2, 49]));
      }),
    );
    const chooseCredential = () => new Promise<undefined>(() => undefined);
    expect(await failureOf(clientTo(run.port, { chooseCredential }))).toMatchObject({ alert: 'access_denied' });
  });
});
