import { createECDH } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { cipherSuiteOf } from '../../../../src/smartcard/tls13/cipher-suites.ts';
import { extensionTypes } from '../../../../src/smartcard/tls13/handshake/extensions.ts';
import { uint, vector } from '../../../../src/smartcard/tls13/presentation-language.ts';
import { ServerSpeaksOnlyTls12 } from '../../../../src/smartcard/tls13/tls-error.ts';
import type { Tls13Session } from '../../../../src/smartcard/tls13/tls13-session.ts';
import type { ScriptedTlsServer } from '../../../support/scripted-tls-server.ts';
import { extension, supportedVersion } from '../../../support/tls-messages.ts';
import {
  afterHandshake,
  type Fault,
  hello,
  itAnswers,
  keyShare,
  play,
  retry,
  secp384r1,
  useScriptedServers,
  x25519,
} from './faulty-servers.ts';
import { believeAnybody, type ClientChanges, clientTo, failureOf } from './tls-test-client.ts';

useScriptedServers();

/** X9.62 4.3.6: OpenSSL takes it, RFC 8446 4.2.8.2 does not. */
function hybridPoint(): Buffer {
  const point = createECDH('prime256v1').generateKeys();
  point[0] = 6 | (point.readUInt8(64) & 1);
  return point;
}

const helloCases: readonly Fault[] = [
  ['another session id', 'illegal_parameter', hello(() => ({ sessionId: Buffer.alloc(32) }))],
  ['no session id', 'illegal_parameter', hello(() => ({ sessionId: Buffer.alloc(0) }))],
  ['a session id that is too long', 'decode_error', hello(() => ({ sessionId: Buffer.alloc(33) }))],
  ['a suite that was not offered', 'illegal_parameter', hello(() => ({ suite: 0x1304 }))],
  ['compression', 'illegal_parameter', hello(() => ({ compression: 1 }))],
  ['legacy_version TLS 1.3', 'illegal_parameter', hello(() => ({ legacyVersion: 0x0304 }))],
  [
    'supported_versions TLS 1.2',
    'illegal_parameter',
    hello(({ keyShare: share }) => ({ extensions: [extension(43, uint(2, 0x0303)), share] })),
  ],
  [
    'supported_versions of one octet',
    'illegal_parameter',
    hello(({ keyShare: share }) => ({ extensions: [extension(43, uint(1, 3)), share] })),
  ],
  ['no key share', 'missing_extension', hello(() => ({ extensions: [supportedVersion] }))],
  [
    'a key share of a group without a share',
    'illegal_parameter',
    hello(() => ({ extensions: [supportedVersion, keyShare(secp384r1, Buffer.alloc(97, 4))] })),
  ],
  [
    'an x25519 share that is too short',
    'illegal_parameter',
    hello(() => ({ extensions: [supportedVersion, keyShare(x25519, Buffer.alloc(31, 9))] })),
  ],
  [
    'an x25519 share of small order',
    'illegal_parameter',
    hello(() => ({ extensions: [supportedVersion, keyShare(x25519, Buffer.alloc(32))] })),
  ],
  [
    'a secp256r1 share off the curve',
    'illegal_parameter',
    hello(() => ({ extensions: [supportedVersion, keyShare(0x0017, Buffer.alloc(65, 4))] })),
  ],
  [
    'a compressed secp256r1 share',
    'illegal_parameter',
    hello(() => ({ extensions: [supportedVersion, keyShare(0x0017, Buffer.alloc(33, 2))] })),
  ],
  [
    'a secp256r1 share in hybrid form',
    'illegal_parameter',
    hello(() => ({ extensions: [supportedVersion, keyShare(0x0017, hybridPoint())] })),
  ],
  [
    'a key share with octets left over',
    'decode_error',
    hello(({ keyShare: share }) => ({ extensions: [supportedVersion, extension(51, share.subarray(4), uint(1, 0))] })),
  ],
  ['an extension that was not offered', 'unsupported_extension', hello(() => ({ more: [extension(16, vector(2))] }))],
  ['an unknown extension', 'unsupported_extension', hello(() => ({ more: [extension(0xfafa)] }))],
  ['a resumption that was not offered', 'unsupported_extension', hello(() => ({ more: [extension(41, uint(2, 0))] }))],
  [
    'an extension of another message',
    'illegal_parameter',
    hello(() => ({ more: [extension(10, vector(2, uint(2, x25519)))] })),
  ],
  ['an extension twice', 'illegal_parameter', hello(() => ({ more: [supportedVersion] }))],
  ['the end of its extensions missing', 'decode_error', hello(() => ({ more: [Buffer.from([0, 43, 0])] }))],
  [
    'the sentinel of a downgrade to TLS 1.2',
    'illegal_parameter',
    hello(() => ({ random: Buffer.concat([Buffer.alloc(24), Buffer.from('DOWNGRD\x01', 'latin1')]), extensions: [] })),
  ],
  [
    'the sentinel of a downgrade below TLS 1.2',
    'illegal_parameter',
    hello(() => ({
      legacyVersion: 0x0302,
      random: Buffer.concat([Buffer.alloc(24), Buffer.from('DOWNGRD\x00', 'latin1')]),
      extensions: [],
    })),
  ],
];

describe('its ServerHello has', () => itAnswers(helloCases));

const retryCases: readonly Fault[] = [
  [
    'that changes nothing',
    'illegal_parameter',
    async (server) => {
      await server.readClientHello();
      server.say(retry(server));
    },
  ],
  [
    'for a group whose share is there',
    'illegal_parameter',
    async (server) => {
      await server.readClientHello();
      server.say(retry(server, keyShare(x25519)));
    },
  ],
  [
    'for a group that was not offered',
    'illegal_parameter',
    async (server) => {
      await server.readClientHello();
      server.say(retry(server, keyShare(0x001e)));
    },
  ],
  [
    'with an empty cookie',
    'decode_error',
    async (server) => {
      await server.readClientHello();
      server.say(retry(server, extension(44, vector(2))));
    },
  ],
  [
    'after another',
    'unexpected_message',
    async (server) => {
      await server.readClientHello();
      server.say(retry(server, keyShare(secp384r1)));
      await server.readClientHello();
      server.say(retry(server, extension(44, vector(2, Buffer.from('cookie')))));
    },
  ],
  [
    'and then a ServerHello of another suite',
    'illegal_parameter',
    async (server) => {
      await server.readClientHello();
      server.say(retry(server, extension(44, vector(2, Buffer.from('cookie')))));
      await server.readClientHello();
      server.say(server.hello({ suite: 0x1303 }));
    },
  ],
  [
    'and then a share of another group',
    'illegal_parameter',
    async (server) => {
      await server.readClientHello();
      server.say(retry(server, keyShare(secp384r1)));
      await server.readClientHello();
      server.say(server.hello());
    },
  ],
];

describe('it sends a HelloRetryRequest', () => itAnswers(retryCases));

describe('a server that chose TLS 1.2 without being made to', () => {
  it('is told apart', async () => {
    const run = await play(hello(() => ({ extensions: [extension(0xff01, vector(1))], suite: 0xc02f })));
    expect(await failureOf(clientTo(run.port))).toBeInstanceOf(ServerSpeaksOnlyTls12);
    expect(await run.alerts()).toEqual(['protocol_version']);
  });
});

describe('a resumption', () => {
  async function sessionOf(changes: ClientChanges): Promise<Tls13Session> {
    const run = await play(afterHandshake((server) => server.record('handshake', server.ticket())));
    const client = clientTo(run.port, changes);
    const session = await new Promise<Tls13Session>((resolve) => client.once('session', resolve));
    client.destroy();
    return session;
  }

  it.each([
    [
      'of a second identity where one was offered',
      'illegal_parameter',
      hello(() => ({ more: [extension(41, uint(2, 1))] })),
    ],
    [
      'under a suite of another hash',
      'illegal_parameter',
      hello(() => ({ suite: 0x1302, more: [extension(41, uint(2, 0))] })),
    ],
    [
      'without a key share',
      'illegal_parameter',
      hello(() => ({ extensions: [supportedVersion, extension(41, uint(2, 0))] })),
    ],
    [
      'by a server that does not know the session',
      'bad_record_mac',
      async (server: ScriptedTlsServer) => {
        await server.readClientHello();
        server.say(server.hello({ more: [extension(41, uint(2, 0))] }));
        server.protect();
        server.say(server.encryptedExtensions());
      },
    ],
  ] as Fault[])('%s: %s', async (_name, alert, script) => {
    const verifyServer = believeAnybody;
    const session = await sessionOf({ verifyServer });
    const run = await play(script);
    const error = await failureOf(clientTo(run.port, { session, verifyServer }));
    expect(error).toMatchObject({ code: `ERR_TLS_${alert.toUpperCase()}`, alert });
  });

  it('is not offered again after a retry with a suite of another hash (RFC 8446 4.1.4)', async () => {
    const verifyServer = believeAnybody;
    const session = { ...(await sessionOf({ verifyServer })), suite: cipherSuiteOf(0x1302)! };
    const offers: boolean[] = [];
    const run = await play(async (server) => {
      await server.readClientHello();
      offers.push(server.offeredExtensions.includes(extensionTypes.pre_shared_key));
      server.say(retry(server, keyShare(secp384r1)));
      await server.readClientHello();
      offers.push(server.offeredExtensions.includes(extensionTypes.pre_shared_key));
      server.end();
    });
    await failureOf(clientTo(run.port, { session, verifyServer }));
    expect(offers).toEqual([true, false]);
  });
});
