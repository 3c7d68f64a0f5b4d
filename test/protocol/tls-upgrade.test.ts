/** From clear to TLS on the control connection: nothing crosses the line, and nothing that goes wrong leaves a half-open session. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCertificatePem } from '../../src/pki/encoding/pem.ts';
import { ControlClient, openTcp } from '../support/control-client.ts';
import {
  ca,
  caUsage,
  commonName,
  type Issued,
  intermediate,
  issue,
  type Keys,
  person,
} from '../support/handmade-certificates.ts';
import { createIdentities, type ProtocolSite, startSite, type TestIdentities } from '../support/protocol-site.ts';

let identities: TestIdentities;
let site: ProtocolSite;
/** For clients that stall. Honest handshakes go to the other site: on a busy machine they may take as long. */
let impatient: ProtocolSite;
beforeAll(async () => {
  identities = await createIdentities();
  site = await startSite(identities);
  impatient = await startSite(identities, { connections: { handshakeTimeout: 300 } });
});
afterAll(() => Promise.all([site.close(), impatient.close()]));

describe('AUTH', () => {
  it('drops what was pipelined behind it in the clear, and runs none of it', async () => {
    const client = await site.connect();
    await client.secure(identities.ada, 'USER ada\r\nMKD /injected\r\nNOOP\r\nPW');
    const before = site.requests.length;
    expect((await client.command('PWD')).code).toBe(530);
    expect(site.requests).toHaveLength(before);
    expect((await client.command('USER ada')).code).toBe(230);
    expect((await client.command('CWD /injected')).code).toBe(550);
    client.destroy();
  });

  for (const mechanism of ['TLS', 'tls', 'SSL', 'TLS-C', 'TLS-P']) {
    it(`accepts ${mechanism}`, async () => {
      const client = await site.connect();
      expect((await client.command(`AUTH ${mechanism}`)).code).toBe(234);
      await client.startTls(identities.ada);
      expect((await client.command('NOOP')).code).toBe(200);
      client.destroy();
    });
  }

  it('refuses an unknown mechanism with 504 and a second AUTH with 503', async () => {
    const client = await site.connect();
    expect((await client.command('AUTH KERBEROS_V4')).code).toBe(504);
    await client.secure(identities.ada);
    expect((await client.command('AUTH TLS')).code).toBe(503);
    client.destroy();
  });

  it('resets what was set before it (RFC 4217 section 4)', async () => {
    const client = await site.connect();
    await client.command('OPTS MLST type;');
    await client.secure(identities.ada);
    expect((await client.command('FEAT')).text).toContain('size*;');
    client.destroy();
  });

  it('cuts a handshake that stalls, and records it', async () => {
    const client = await impatient.connect();
    await client.command('AUTH TLS');
    await client.gone();
    const record = await impatient.record(
      (entry) => entry.event === 'refusal' && entry.denial.code === 'tls-handshake-failed',
    );
    expect(record).toMatchObject({ denial: { detail: expect.stringContaining('300 ms') } });
  });

  it('cuts a handshake of garbage', async () => {
    const client = await site.connect();
    await client.command('AUTH TLS');
    client.write('this is not a ClientHello at all\r\n');
    await client.gone();
  });
});

describe('TLS on the control connection', () => {
  it('ends with close_notify', async () => {
    const client = await site.connect();
    await client.secure(identities.ada);
    const ended = once(client.tls, 'end');
    expect((await client.command('QUIT')).code).toBe(221);
    await ended;
    await client.gone();
  });

  it('refuses renegotiation', async () => {
    const client = await site.connect();
    await client.secure({ ...identities.ada, maxVersion: 'TLSv1.2' });
    const outcome = new Promise<Error | null>((resolve) => {
      client.tls.renegotiate({}, (error) => resolve(error));
      client.tls.once('error', (error) => resolve(error));
      client.tls.once('close', () => resolve(new Error('closed')));
    });
    expect(await outcome).toBeInstanceOf(Error);
    client.destroy();
  });

  it('CCC is refused: 534 under TLS, 533 without', async () => {
    const client = await site.connect();
    expect((await client.command('CCC')).code).toBe(533);
    await client.secure(identities.ada);
    expect((await client.command('CCC')).code).toBe(534);
    client.destroy();
  });
});

describe('the certificates of the client', () => {
  const keyOf = ({ privateKey }: Keys) => privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const identityOf = (...chain: readonly [Issued, ...Issued[]]) => ({
    cert: chain.map(({ der }) => encodeCertificatePem(der)).join(''),
    key: keyOf(chain[0].keys),
  });
  const root = issue(commonName('Root'), undefined, { extensions: [ca(), caUsage] });
  const sentBy = async (...chain: readonly [Issued, ...Issued[]]) => {
    const client = await site.connect();
    await client.secure(identityOf(...chain));
    await client.command('USER ada');
    client.destroy();
    return site.requests.at(-1)?.peerCertificates;
  };

  it('reach the login in the order in which they were sent, strangers included', async () => {
    const issuing = intermediate(root);
    const holder = person(issuing);
    const chain = [holder, intermediate(root, 'Stranger'), issuing] as const;
    expect(await sentBy(...chain)).toEqual(chain.map(({ der }) => der));
  });

  it('are read up to one more than a login may have, however many were sent', async () => {
    const authorities = [root];
    for (let count = 0; count < 60; count++) authorities.unshift(intermediate(authorities[0]!, `CA ${count}`));
    const chain = [person(authorities[0]!), ...authorities] as const;
    expect(await sentBy(...chain)).toEqual(chain.slice(0, 17).map(({ der }) => der));
  });

  it.each(['brainpoolP256r1', 'secp256k1'])('may hold a CA with a key on the curve %s', async (namedCurve) => {
    const odd = issue(commonName('Odd'), root, {
      keys: generateKeyPairSync('ec', { namedCurve }),
      extensions: [ca(), caUsage],
    });
    const holder = person(odd);
    expect(await sentBy(holder, odd)).toEqual([holder.der, odd.der]);
  });
});

describe('an implicit binding', () => {
  it('greets inside TLS and protects data connections without PBSZ and PROT', async () => {
    const socket = connect({
      port: site.implicitPort,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...identities.ada,
    });
    await once(socket, 'secureConnect');
    const client = new ControlClient(socket);
    expect((await client.reply()).code).toBe(220);
    expect((await client.command('USER ada')).code).toBe(230);
    const port = await client.passive();
    client.write('NLST\r\n');
    const data = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...identities.ada });
    data.resume();
    expect((await client.reply()).code).toBeLessThan(200);
    expect((await client.reply()).code).toBe(226);
    client.destroy();
  });

  it('cuts a client that stays silent', async () => {
    const socket = await openTcp(impatient.implicitPort);
    socket.resume();
    await once(socket, 'close');
  });
});

describe('PROT', () => {
  it.each([
    ['C', 534],
    ['S', 536],
    ['E', 536],
    ['X', 504],
    ['p', 200],
  ])('PROT %s is answered %i where data must be protected', async (level, code) => {
    const client = await site.connect();
    await client.secure(identities.ada);
    expect((await client.command(`PROT ${level}`)).code).toBe(503);
    expect((await client.command('PBSZ x')).code).toBe(501);
    expect((await client.command('PBSZ 16384')).text).toBe('200 PBSZ=0');
    expect((await client.command(`PROT ${level}`)).code).toBe(code);
    client.destroy();
  });
});
