/** Who may ask the mapping service, and what for: judged at every request, by exact paths. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls, type SecureVersion } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCertificatePem } from '../../../src/pki/encoding/pem.ts';
import { commonName, issue } from '../../support/handmade-certificates.ts';
import { accountsHolding, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { type ServiceSettings, type ServiceWorld, startService, temporarySocket } from './service-world.ts';

let pki: TestPki;
let callers: TestPki;
let others: TestPki;
let world: LoginWorld;
let ada: Person;
let portal: Person;

beforeAll(async () => {
  [pki, callers, others] = await Promise.all([
    createTestPki(),
    createTestPki({ organization: 'Callers' }),
    createTestPki({ organization: 'Others' }),
  ]);
  ada = await pki.issuePerson({ name: 'ada' });
  portal = await callers.issuePerson({ name: 'portal' });
  world = await startLoginWorld({ pki, ...accountsHolding({ ada }) });
});

afterAll(async () => {
  await world?.stop();
  for (const each of [pki, callers, others]) await each?.remove();
});

const authorityOf = ({ files }: TestPki) => readFileSync(files.root, 'utf8');
const materialFor = (authority: TestPki) => ({
  certificateChain: pki.server.chainPem,
  privateKey: pki.server.privateKeyPem,
  callerAuthorities: [authorityOf(authority)],
});
const startTls = (settings: ServiceSettings = {}) =>
  startService(world.configuration, {
    listener: { address: '127.0.0.1', port: 0, ...materialFor(callers) },
    ...settings,
  });
const identity = () => ({ ca: authorityOf(pki), cert: portal.chainPem, key: portal.privateKeyPem });

function askOver(agent: Agent, { address }: ServiceWorld) {
  return new Promise<{ status: number; body: string; connection: string | undefined; kept: boolean }>(
    (resolve, reject) => {
      const asked = request({ agent, host: '127.0.0.1', port: new URL(address).port, path: '/v1/health' });
      asked.once('error', reject);
      asked.once('response', async (response) =>
        resolve({
          status: response.statusCode!,
          body: await text(response),
          connection: response.headers.connection,
          kept: asked.reusedSocket,
        }),
      );
      asked.end();
    },
  );
}

describe('a stranger', () => {
  it('whose key lies on a curve that NIST has no name for does not end the service', async () => {
    const keys = generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' });
    const odd = {
      cert: encodeCertificatePem(issue(commonName('Odd'), undefined, { keys }).der),
      key: keys.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    };
    const service = await startTls();
    const socket = connectTls({
      host: '127.0.0.1',
      port: Number(new URL(service.address).port),
      rejectUnauthorized: false,
      ...odd,
    });
    socket.on('error', () => undefined);
    await once(socket, 'close');
    const agent = new Agent(identity());
    expect(await askOver(agent, service)).toMatchObject({ status: 200 });
    agent.destroy();
    await service.close();
  });
});

describe('a caller on a kept connection', () => {
  it.each<[string, number]>([
    ['whose certificate has expired meanwhile', 50],
    ['whose certificate is not valid yet by the clock', -50],
  ])('%s is refused and hung up on', async (_rule, years) => {
    let now = new Date();
    const service = await startTls({ clock: { now: () => now } });
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...identity() });
    expect(await askOver(agent, service)).toMatchObject({ status: 200 });
    now = new Date(now.getTime() + years * 31_557_600_000);
    const refused = await askOver(agent, service);
    expect(refused).toMatchObject({ status: 403, kept: true, connection: 'close' });
    expect(JSON.parse(refused.body)).toMatchObject({ error: 'caller-refused' });
    agent.destroy();
    await service.close();
  });

  it('whose CA a reload has withdrawn is refused, and so is its next handshake', async () => {
    const service = await startTls();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...identity() });
    // a request under way keeps its connection open over the reload
    const socket = connectTls({ host: '127.0.0.1', port: Number(new URL(service.address).port), ...identity() });
    await once(socket, 'secureConnect');
    socket.write('GET /v1/health HTTP/1.1\r\nhost: x\r\n');
    expect(await askOver(agent, service)).toMatchObject({ status: 200 });
    service.renew(materialFor(others));
    socket.write('\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 403 /);
    await expect(askOver(agent, service)).rejects.toThrow();
    agent.destroy();
    await service.close();
  });

  it('goes on when a reload leaves its CA in place', async () => {
    const service = await startTls();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...identity() });
    expect(await askOver(agent, service)).toMatchObject({ status: 200 });
    service.renew(materialFor(callers));
    await expect.poll(() => Object.keys(agent.freeSockets)).toEqual([]);
    expect(await askOver(agent, service)).toMatchObject({ status: 200, kept: false });
    agent.destroy();
    await service.close();
  });
});

it.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])(
  'no session is resumed over %s: every connection proves the key',
  async (version) => {
    const service = await startTls();
    const options = {
      host: '127.0.0.1',
      port: Number(new URL(service.address).port),
      ...identity(),
      maxVersion: version,
    };
    const first = connectTls(options);
    const sessions: Buffer[] = [];
    first.on('session', (session) => sessions.push(session));
    first.write('GET /v1/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(await text(first)).toMatch(/^HTTP\/1\.1 200 /);
    for (const session of [...sessions, first.getSession()].filter((one) => one !== undefined)) {
      const again = connectTls({ ...options, session });
      const reused = once(again, 'secureConnect').then(() => again.isSessionReused());
      again.write('GET /v1/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      expect(await text(again)).toMatch(/^HTTP\/1\.1 200 /);
      expect(await reused).toBe(false);
    }
    await service.close();
  },
);

describe('the target of a request', () => {
  const statusOf = async (service: ServiceWorld, target: string, method = 'GET') => {
    const socket = connect(service.address.slice('unix:'.length));
    socket.write(`${method} ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    return Number(/^HTTP\/1\.1 (\d+)/.exec(await text(socket))?.[1]);
  };

  it.each([
    '/v1/health/../authorize',
    '/v1/health/%2e%2e/authorize',
    '/v1/./authorize',
    '//v1/authorize',
    '//x/v1/authorize',
    '/v1//authorize',
    '/v1/authorize/',
    '/v1/authorize;x',
    '/v1/%61uthorize',
    '/V1/authorize',
    '/v1\\authorize',
    '/v1/authorize#',
    'http://x/v1/authorize',
    'https://x/v1/authorize',
    'v1/authorize',
    '*',
  ])('%s reaches nothing', async (target) => {
    const service = await startService(world.configuration);
    expect([400, 404]).toContain(await statusOf(service, target, target === '*' ? 'OPTIONS' : 'GET'));
    expect(service.records).toEqual([]);
    await service.close();
  });

  it.each(['user=%ff', 'user=%', 'user=a#b', 'user=a\\b', 'user=a&user=b', 'USER=a', '%75ser=a&user=b'])(
    '?%s is refused, not guessed at',
    async (query) => {
      const service = await startService(world.configuration);
      expect([400, 404]).toContain(await statusOf(service, `/v1/authorize?${query}`));
      expect(service.records).toEqual([]);
      await service.close();
    },
  );

  it('with a query reaches its path', async () => {
    const service = await startService(world.configuration);
    expect(await statusOf(service, '/v1/authorize?site=files')).toBe(401);
    await service.close();
  });
});

describe('the Unix socket', () => {
  it.each([0o600, 0o660, 0o666])('has the mode %o', async (mode) => {
    const socket = temporarySocket();
    const service = await startService(world.configuration, { listener: { socket, mode } });
    expect(statSync(socket).mode & 0o777).toBe(mode);
    await service.close();
  });

  it.runIf(process.getuid?.() === 0)('belongs to the group given, and stays the service’s own', async () => {
    const socket = temporarySocket();
    const service = await startService(world.configuration, { listener: { socket, mode: 0o660, gid: 12345 } });
    expect(statSync(socket)).toMatchObject({ uid: process.getuid?.(), gid: 12345 });
    expect(statSync(socket).mode & 0o777).toBe(0o660);
    await service.close();
  });
});
