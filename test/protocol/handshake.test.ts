/** What one handshake proves: the certificates as sent, and nothing out of a session that was only resumed. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { peekClientHello, type ReceivedClientHello } from '../../src/ftp/tls/client-hello.ts';
import { SessionSecurity } from '../../src/ftp/tls/secure-context.ts';
import { SessionKin } from '../../src/ftp/tls/session-tickets.ts';
import { completeHandshake, type Handshake } from '../../src/ftp/tls/tls-upgrade.ts';
import { milliseconds } from '../../src/settings/units.ts';
import { createCertificateAuthority } from '../../src/smartcard/authority/certificate-authority.ts';
import { generateSoftwareKey } from '../../src/smartcard/authority/software-key.ts';
import type { TlsIdentity } from '../support/control-client.ts';
import { ftpSettings } from '../support/ftp-settings.ts';
import { createIdentities, derOf, type TestIdentities } from '../support/protocol-site.ts';
import { OpenSockets } from '../support/socket-pairs.ts';

let identities: TestIdentities;
const open = new OpenSockets();
const sockets: (Socket | TLSSocket)[] = [];

beforeAll(async () => {
  identities = await createIdentities();
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  open.destroy();
});

function security(caNames: readonly string[] = []): SessionSecurity {
  return new SessionSecurity({ identity: { ...identities.server, caNames }, site: ftpSettings() }, new SessionKin());
}

async function connected(identity: TlsIdentity & { readonly ecdhCurve?: string }) {
  const { client: socket, raw } = await open.tcpPair();
  const client = connect({ socket, rejectUnauthorized: false, ...identity });
  client.on('error', () => undefined);
  return { client, raw };
}

/** One handshake; resolves with what the server learnt and with the session the client keeps. */
async function handshake(context: SessionSecurity, identity: TlsIdentity, wrap: 'control' | 'data' = 'control') {
  const { client, raw } = await connected(identity);
  const session = once(client, 'session') as Promise<[Buffer]>;
  const socket =
    wrap === 'control' ? context.wrapControl(raw) : context.wrapData(raw, await helloOf(raw), 'sending').tls;
  sockets.push(client, socket);
  const outcome = await completeHandshake(socket, milliseconds(5000));
  if (outcome.outcome === 'failed') throw new Error(outcome.reason);
  socket.write('flight after the tickets');
  return { proof: outcome.handshake satisfies Handshake, session: identity.session ?? (await session)[0] };
}

async function helloOf(raw: Socket): Promise<ReceivedClientHello> {
  const hello = await peekClientHello(raw, milliseconds(5000));
  if (typeof hello === 'string') throw new Error(hello);
  return hello;
}

// OpenSSL has ML-KEM from 3.5 on.
const hasMlKem = Number.parseFloat(process.versions.openssl ?? '0') >= 3.5;

it.runIf(hasMlKem)('agrees on a key that a quantum computer does not find, where both sides can', async () => {
  const agreed = [];
  for (const ecdhCurve of ['X25519MLKEM768:X25519', 'X25519']) {
    const { raw, client } = await connected({ ...identities.ada, minVersion: 'TLSv1.3', ecdhCurve });
    sockets.push(client, security().wrapControl(raw));
    await once(client, 'secureConnect');
    agreed.push((client.getEphemeralKeyInfo() as { name?: string }).name);
  }
  expect(agreed).toEqual(['X25519MLKEM768', 'X25519']);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  describe(`completeHandshake, ${version}`, () => {
    const pinned = { minVersion: version, maxVersion: version };

    it('a resumed handshake yields no peer certificates, though the session holds the end entity', async () => {
      const context = security();
      const first = await handshake(context, { ...identities.ada, ...pinned });
      expect(first.proof).toMatchObject({ resumed: false, facts: { protocol: version } });
      expect(first.proof.peerCertificates).toEqual([derOf(identities.ada.cert)]);
      const second = await handshake(context, { ...pinned, session: first.session }, 'data');
      expect(second.proof).toMatchObject({ resumed: true, peerCertificates: [] });
      expect(second.proof.endEntity).toEqual(derOf(identities.ada.cert));
    });

    it('a control connection resumes nothing, not even a session of its own', async () => {
      const context = security();
      const first = await handshake(context, { ...identities.ada, ...pinned });
      const second = await handshake(context, { ...pinned, session: first.session });
      expect(second.proof).toMatchObject({ resumed: false, peerCertificates: [] });
    });

    it('a session of another context is not resumed', async () => {
      const first = await handshake(security(), { ...identities.ada, ...pinned });
      const second = await handshake(security(), { ...pinned, session: first.session }, 'data');
      expect(second.proof).toEqual(expect.objectContaining({ resumed: false, peerCertificates: [] }));
      expect(second.proof.endEntity).toBeUndefined();
    });

    it('the intermediates come along, end entity first', async () => {
      const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 60_000) };
      const root = await createCertificateAuthority({ subject: 'Root', keyType: 'P-256', validity });
      const issuing = await createCertificateAuthority({
        subject: 'Issuing',
        keyType: 'P-256',
        validity,
        parent: root,
      });
      const publicKey = await generateSoftwareKey('P-256');
      const issued = await issuing.issue({ subject: 'Eve', publicKey, ...validity });
      const key = publicKey.export({ format: 'pem', type: 'pkcs8' }).toString();
      const cert = `${issued.pem}\n${issuing.certificatePem}`;
      const { proof } = await handshake(security(), { cert, key, ...pinned });
      expect(proof.peerCertificates).toEqual([issued.der, issuing.certificateDer]);
    });
  });
}

describe('a client that gives up during the handshake', () => {
  const clientHello = Buffer.from('16030100c8010000c40303', 'hex');
  it.each([
    ['ends without a word', Buffer.alloc(0)],
    ['ends in the middle of its ClientHello', clientHello],
  ])('%s is noticed at once, not at the deadline', async (_rule, octets) => {
    const { client, raw } = await open.tcpPair();
    client.end(octets);
    const socket = security().wrapControl(raw);
    sockets.push(socket);
    expect(await completeHandshake(socket, milliseconds(300_000))).toEqual({
      outcome: 'failed',
      reason: 'the peer closed the connection during the handshake',
    });
  });
});
