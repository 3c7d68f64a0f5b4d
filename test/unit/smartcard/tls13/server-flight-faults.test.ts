/** What a server may not send between ServerHello and Finished (RFC 8446 4.3, 4.4), and how it may end there. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readCertificateBlocks } from '../../../../src/pki/encoding/pem.ts';
import { uint, vector } from '../../../../src/smartcard/tls13/presentation-language.ts';
import { extension, message, signatureAlgorithms } from '../../../support/tls-messages.ts';
import {
  afterCertificate,
  afterExtensions,
  type Fault,
  itAnswers,
  play,
  protectedFlight,
  useScriptedServers,
} from './faulty-servers.ts';
import { clientTo } from './tls-test-client.ts';

const pki = useScriptedServers();

const signedBy = (scheme: number, octets: Buffer) => message(15, uint(2, scheme), vector(2, octets));

const flightCases: readonly Fault[] = [
  [
    'Certificate before EncryptedExtensions',
    'unexpected_message',
    protectedFlight((server) => server.say(server.certificate())),
  ],
  ['Finished before any certificate', 'unexpected_message', afterExtensions((server) => server.say(server.finished()))],
  [
    'Finished before CertificateVerify',
    'unexpected_message',
    afterCertificate((server) => server.say(server.finished())),
  ],
  ['a second ServerHello', 'unexpected_message', protectedFlight((server) => server.say(server.hello()))],
  ['a ticket in the handshake', 'unexpected_message', afterExtensions((server) => server.say(server.ticket()))],
  [
    'a KeyUpdate in the handshake',
    'unexpected_message',
    afterExtensions((server) => server.say(message(24, uint(1, 0)))),
  ],
  [
    'a ClientHello',
    'unexpected_message',
    async (server) => {
      await server.readClientHello();
      server.say(message(1, Buffer.alloc(40)));
    },
  ],
  [
    'a message of no type',
    'unexpected_message',
    async (server) => {
      await server.readClientHello();
      server.say(message(99));
    },
  ],
  [
    'a message without end',
    'illegal_parameter',
    afterExtensions((server) => server.record('handshake', Buffer.from([11, 0xff, 0xff, 0xff]))),
  ],
  [
    'EncryptedExtensions with octets left over',
    'decode_error',
    protectedFlight((server) => server.say(message(8, vector(2), uint(1, 0)))),
  ],
  [
    'EncryptedExtensions with what was not offered',
    'unsupported_extension',
    protectedFlight((server) => server.say(server.encryptedExtensions(extension(16, vector(2))))),
  ],
  [
    'EncryptedExtensions with a key share',
    'illegal_parameter',
    protectedFlight((server) => server.say(server.encryptedExtensions(server.keyShare))),
  ],
  [
    'a server_name with a name',
    'decode_error',
    protectedFlight((server) => server.say(server.encryptedExtensions(extension(0, Buffer.from('localhost'))))),
  ],
  [
    'CertificateRequest with a context',
    'illegal_parameter',
    afterExtensions((server) => server.say(server.certificateRequest(Buffer.from('x')))),
  ],
  [
    'CertificateRequest without signature_algorithms',
    'missing_extension',
    afterExtensions((server) => server.say(server.certificateRequest(Buffer.alloc(0), [extension(0xfafa)]))),
  ],
  [
    'CertificateRequest with no algorithm',
    'decode_error',
    afterExtensions((server) => server.say(server.certificateRequest(Buffer.alloc(0), [signatureAlgorithms()]))),
  ],
  [
    'CertificateRequest with half an algorithm',
    'decode_error',
    afterExtensions((server) =>
      server.say(server.certificateRequest(Buffer.alloc(0), [extension(13, vector(2, uint(3, 0x040308)))])),
    ),
  ],
  [
    'CertificateRequest with a name that is cut short',
    'decode_error',
    afterExtensions((server) =>
      server.say(
        server.certificateRequest(Buffer.alloc(0), [
          signatureAlgorithms(0x0403),
          extension(47, vector(2, uint(3, 0x000530))),
        ]),
      ),
    ),
  ],
  [
    'CertificateRequest with a key share',
    'illegal_parameter',
    afterExtensions((server) =>
      server.say(server.certificateRequest(Buffer.alloc(0), [signatureAlgorithms(0x0403), server.keyShare])),
    ),
  ],
  [
    'two CertificateRequests',
    'unexpected_message',
    afterExtensions((server) => {
      server.say(server.certificateRequest());
      server.say(server.certificateRequest());
    }),
  ],
  ['no certificate', 'decode_error', afterExtensions((server) => server.say(server.certificate([])))],
  [
    'octets that are no certificate',
    'bad_certificate',
    afterExtensions((server) => server.say(server.certificate([Buffer.from('certificate')]))),
  ],
  [
    'a certificate in PEM',
    'bad_certificate',
    afterExtensions((server) => server.say(server.certificate([Buffer.from(pki().server.chainPem)]))),
  ],
  [
    'a certificate with an OCSP answer',
    'unsupported_extension',
    afterExtensions((server) => server.say(server.certificate(undefined, extension(5, uint(1, 1))))),
  ],
  [
    'Certificate with a context',
    'illegal_parameter',
    afterExtensions((server) => server.say(message(11, vector(1, uint(1, 1)), vector(3)))),
  ],
  [
    'a signature by another key',
    'decrypt_error',
    afterCertificate((server) =>
      server.say(server.certificateVerify(0x0403, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)),
    ),
  ],
  [
    'a signature that is garbage',
    'decrypt_error',
    afterCertificate((server) => server.say(signedBy(0x0403, Buffer.from('signature')))),
  ],
  ['an empty signature', 'decrypt_error', afterCertificate((server) => server.say(signedBy(0x0403, Buffer.alloc(0))))],
  [
    'a scheme of another curve',
    'illegal_parameter',
    afterCertificate((server) => server.say(server.certificateVerify(0x0503))),
  ],
  [
    'a scheme of another kind of key',
    'illegal_parameter',
    afterCertificate((server) => server.say(server.certificateVerify(0x0804))),
  ],
  [
    'a scheme for certificates alone',
    'illegal_parameter',
    afterCertificate((server) => server.say(server.certificateVerify(0x0401))),
  ],
  [
    'a scheme that was not offered',
    'illegal_parameter',
    afterCertificate((server) => server.say(server.certificateVerify(0x0203))),
  ],
  [
    'a signature over another handshake',
    'decrypt_error',
    afterExtensions((server) => {
      const early = server.certificateVerify();
      server.say(server.certificate());
      server.say(early);
    }),
  ],
  [
    'a wrong Finished',
    'decrypt_error',
    afterCertificate((server) => {
      server.say(server.certificateVerify());
      server.say(message(20, Buffer.alloc(32)));
    }),
  ],
  [
    'a Finished that is too short',
    'decode_error',
    afterCertificate((server) => {
      server.say(server.certificateVerify());
      server.say(message(20, Buffer.alloc(31)));
    }),
  ],
  [
    'a message after Finished in the same record',
    'unexpected_message',
    afterCertificate((server) => {
      server.say(server.certificateVerify());
      server.record('handshake', Buffer.concat([server.finished(), server.ticket()]));
    }),
  ],
  [
    'a message after ServerHello in the same record',
    'unexpected_message',
    async (server) => {
      await server.readClientHello();
      const first = server.hello();
      server.count(first);
      server.record('handshake', Buffer.concat([first, server.encryptedExtensions()]));
      server.protect();
    },
  ],
];

describe('its flight has', () => itAnswers(flightCases));

describe('the certificates that a server sent', () => {
  it('are all shown to the function that verifies', async () => {
    const run = await play((server) => server.properHandshake());
    const chains: (readonly Buffer[])[] = [];
    const client = clientTo(run.port, { verifyServer: (chain) => void chains.push(chain) });
    await client.handshake();
    expect(chains).toEqual([readCertificateBlocks(Buffer.from(pki().server.chainPem))]);
    client.destroy();
  });
});
