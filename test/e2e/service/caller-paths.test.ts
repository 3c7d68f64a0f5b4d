/** The path of certificates by which a caller of the mapping service is judged: every kind of key, and every way in which a caller may send it. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodeCertificatePem } from '../../../src/pki/encoding/pem.ts';
import { ca, caUsage, commonName, type Issued, issue, newKeys, person } from '../../support/handmade-certificates.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { oddKeys } from '../../support/odd-keys.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';
import { type ServiceSettings, type ServiceWorld, startService } from './service-world.ts';

let pki: TestPki;
let world: LoginWorld;
let service: ServiceWorld | undefined;

beforeAll(async () => {
  pki = await createTestPki();
  const { directory, files } = accountFileDirectory([{ name: 'ada', certificates: ['0'.repeat(64)] }]);
  const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';
  world = await startLoginWorld({ pki, directories: [directory], files, rules });
});
afterEach(async () => {
  await service?.close();
  service = undefined;
});
afterAll(async () => {
  await world?.stop();
  await pki?.remove();
});

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
const years = { notBefore: inDays(-400), notAfter: inDays(4000) };
const onCurve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const pem = (...certificates: readonly Issued[]) => certificates.map(({ der }) => encodeCertificatePem(der)).join('');
const authority = (label: string, issuer?: Issued, options: Parameters<typeof issue>[2] = {}) =>
  issue(commonName(label), issuer, { ...years, extensions: [ca(), caUsage], ...options });

const material = (...authorities: readonly Issued[]) => ({
  certificateChain: pki.server.chainPem,
  privateKey: pki.server.privateKeyPem,
  callerAuthorities: authorities.map((one) => pem(one)),
});

async function start(authorities: readonly Issued[], settings: ServiceSettings = {}): Promise<void> {
  service = await startService(world.configuration, {
    listener: { address: '127.0.0.1', port: 0, ...material(...authorities) },
    ...settings,
  });
}

/** @returns a connection that sends these certificates, the first its own */
function callerWith(chain: readonly [Issued, ...Issued[]], tls: ConnectionOptions = {}) {
  const key = chain[0].keys.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const port = Number(new URL(service!.address).port);
  const server = { host: '127.0.0.1', port, ca: readFileSync(pki.files.root, 'utf8') };
  const socket = connectTls({ ...server, ...tls, cert: pem(...chain), key });
  socket.on('error', () => undefined);
  return socket;
}

const health = 'GET /v1/health HTTP/1.1\r\nhost: x\r\n';
/** @returns the status line, or nothing when the service ended the connection */
function statusFor(...chain: readonly [Issued, ...Issued[]]): Promise<string> {
  return statusFrom(callerWith(chain));
}

async function statusFrom(socket: TLSSocket): Promise<string> {
  socket.write(`${health}connection: close\r\n\r\n`);
  const answer = await text(socket).catch(() => '');
  return answer.slice(0, 'HTTP/1.1 200'.length);
}

describe('a caller with a certificate of the operator’s CA is answered', () => {
  const root = authority('Root');
  const middle = authority('Middle', root);
  const crossed = authority('Crossed', root);
  it.each<[string, readonly Issued[], readonly [Issued, ...Issued[]]]>([
    ['whose key lies on brainpoolP256r1', [root], [person(root, [], { ...years, keys: onCurve('brainpoolP256r1') })]],
    ...['brainpoolP384r1', 'secp256k1', 'secp224r1'].map((curve): [string, Issued[], [Issued, ...Issued[]]] => {
      const odd = authority('Odd', undefined, { keys: onCurve(curve) });
      return [`whose CA has a key on ${curve}`, [odd], [person(odd, [], years)]];
    }),
    ...['brainpoolP512r1', 'secp256k1'].map((curve): [string, Issued[], [Issued, ...Issued[]]] => {
      const odd = authority('Odd', root, { keys: onCurve(curve) });
      return [`whose intermediate, which it sends, has a key on ${curve}`, [root], [person(odd, [], years), odd]];
    }),
    [
      'who sends a stranger’s certificate on secp256k1 beside its own',
      [root],
      [person(root, [], years), authority('Stranger', undefined, { keys: onCurve('secp256k1') })],
    ],
    ['who sends no root', [root], [person(middle, [], years), middle]],
    ['who sends the root', [root], [person(middle, [], years), middle, root]],
    ['who sends its path in no order', [root], [person(middle, [], years), root, middle]],
    ['whose intermediate only the service knows', [root, middle], [person(middle, [], years)]],
    ['who sends a namesake of its CA', [root], [person(middle, [], years), middle, authority('Middle', undefined)]],
    [
      'who sends an expired certificate of its CA before the valid one',
      [root],
      [
        person(crossed, [], years),
        authority('Crossed', root, { keys: crossed.keys, notBefore: inDays(-400), notAfter: inDays(-1) }),
        crossed,
      ],
    ],
  ])('%s', async (_kind, authorities, chain) => {
    await start(authorities);
    expect(await statusFor(...chain)).toBe('HTTP/1.1 200');
    // the service outlives it, and answers others
    expect(await statusFor(...chain)).toBe('HTTP/1.1 200');
  });
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s, a caller', (version) => {
  const root = authority('Root');
  it.each(Object.keys(oddKeys))(
    'with a key of the kind %s is answered or cut, and the service goes on',
    async (kind) => {
      await start([root]);
      const odd = person(root, [], { ...years, keys: oddKeys[kind]?.() ?? newKeys() });
      const sound = person(root, [], years);
      const tls = { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' };
      expect(['', 'HTTP/1.1 200']).toContain(await statusFrom(callerWith([odd], tls)));
      expect(await statusFrom(callerWith([sound, odd], tls))).toBe('HTTP/1.1 200');
    },
  );
});

describe('a caller on a kept connection is refused', () => {
  const root = authority('Root');
  const middle = authority('Middle', root, { keys: onCurve('brainpoolP256r1'), notAfter: inDays(3) });
  const brief = authority('Brief root', undefined, { notAfter: inDays(3) });
  it.each<[string, Issued, readonly [Issued, ...Issued[]]]>([
    ['once its own certificate has expired', root, [person(root, [], { ...years, notAfter: inDays(3) })]],
    ['once the certificate of an intermediate has expired', root, [person(middle, [], years), middle]],
    [
      'once the certificate of an intermediate has expired, although it sent a longer one that the CA never signed',
      root,
      [person(middle, [], years), middle, authority('Middle', { ...root, keys: newKeys() })],
    ],
    ['once the certificate of the CA in the configuration has expired', brief, [person(brief, [], years)]],
  ])('%s', async (_kind, anchor, chain) => {
    let now = new Date();
    await start([anchor], { clock: { now: () => now } });
    const socket = callerWith(chain);
    const answers = text(socket);
    socket.write(`${health}\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    now = inDays(4);
    socket.write(`${health}\r\n`);
    expect((await answers).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403']);
  });

  it('once a reload has withdrawn the root above a CA that stays in the list', async () => {
    const listed = authority('Listed', root);
    await start([root, listed]);
    const socket = callerWith([person(listed, [], years)]);
    const answers = text(socket);
    socket.write(`${health}\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    // a request under way keeps its connection open over the reload
    socket.write(health);
    expect(await statusFor(person(listed, [], years))).toBe('HTTP/1.1 200');
    service?.renew(material(listed));
    socket.write('\r\n');
    expect((await answers).match(/HTTP\/1\.1 \d+/g)).toContain('HTTP/1.1 403');
  });
});

describe('a caller whose certificate OpenSSL takes and this service cannot read', () => {
  it('is refused, and the service goes on', async () => {
    const root = authority('Root');
    await start([root]);
    // a name that holds a set of nothing
    const odd = issue(Buffer.from('30023100', 'hex'), root, { ...years, keys: newKeys() });
    expect(await statusFor(odd)).toBe('');
    expect(await statusFor(person(root, [], years))).toBe('HTTP/1.1 200');
  });
});
