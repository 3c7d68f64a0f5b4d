/** Requests that two readers could understand in two ways, and what comes behind them on the same connection. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accountsHolding, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { type ServiceWorld, startService } from './service-world.ts';

let pki: TestPki;
let world: LoginWorld;
let ada: Person;
let eve: Person;
let service: ServiceWorld;

beforeAll(async () => {
  pki = await createTestPki();
  [ada, eve] = [await pki.issuePerson({ name: 'ada' }), await pki.issuePerson({ name: 'eve' })];
  world = await startLoginWorld({ pki, ...accountsHolding({ ada }) });
});
beforeEach(async () => {
  service = await startService(world.configuration, { addressHeader: 'x-real-ip' });
});
afterEach(() => service.close());
afterAll(async () => {
  await world?.stop();
  await pki?.remove();
});

/** @returns the statuses of all answers on one connection */
async function statusesOf(request: string): Promise<readonly number[]> {
  const socket = connect(service.address.slice('unix:'.length));
  socket.write(request);
  const answers = await text(socket);
  return [...answers.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));
}
const decided = () => service.records.map(({ remoteAddress }) => remoteAddress);
const pemOf = ({ chainPem }: Person) => encodeURIComponent(chainPem);
const certificate = (person: Person) => `x-client-certificate: ${pemOf(person)}\r\n`;
const authorize = (headers = '') => `GET /v1/authorize HTTP/1.1\r\nhost: x\r\n${headers}`;
const last = 'connection: close\r\n\r\n';
const post = (headers: string) =>
  `POST /v1/resolve HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${headers}`;

describe('a body whose end is not clear', () => {
  const smuggled = () => authorize(certificate(ada)) + last;
  it.each([
    ['two lengths that differ', 'content-length: 2\r\ncontent-length: 200\r\n\r\n{}'],
    ['two lengths in one field', 'content-length: 2, 200\r\n\r\n{}'],
    ['a length and chunks', 'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['chunks and a length', 'transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n'],
    ['a coding after chunked', 'transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['chunked twice', 'transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n'],
    ['a signed length', 'content-length: +2\r\n\r\n{}'],
    ['a length in hexadecimal', 'content-length: 0x2\r\n\r\n{}'],
    ['a blank before the colon', 'content-length : 2\r\n\r\n{}'],
    ['a folded field', 'x-a: b\r\n content-length: 2\r\n\r\n{}'],
    ['a bare line feed', 'x-a: b\ncontent-length: 2\r\n\r\n{}'],
    ['a chunk size with a sign', 'transfer-encoding: chunked\r\n\r\n-1\r\n\r\n'],
    ['a chunk size beyond all numbers', 'transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n'],
  ])('%s is refused, and nothing behind it is read', async (_kind, headers) => {
    expect(await statusesOf(post(headers) + smuggled())).toEqual([400]);
    expect(decided()).toEqual([]);
  });
});

describe('a certificate header', () => {
  it.each<[string, () => string]>([
    ['twice, the good one first', () => certificate(ada) + certificate(eve)],
    ['twice, the good one last', () => certificate(eve) + certificate(ada)],
    ['twice, an empty one first', () => `x-client-certificate: \r\n${certificate(ada)}`],
    ['twice in other letters', () => certificate(eve) + certificate(ada).replace('x-client', 'X-CLIENT')],
    ['with underscores', () => certificate(ada).replace('x-client-certificate', 'x_client_certificate')],
    ['in the body’s trailers', () => `transfer-encoding: chunked\r\n\r\n0\r\n${certificate(ada)}\r\n`],
  ])('%s grants nothing', async (_kind, headers) => {
    const sent = headers();
    const statuses = await statusesOf(
      `${authorize(sent.includes('\r\n\r\n') ? `connection: close\r\n${sent}` : sent + last)}`,
    );
    expect(statuses).toHaveLength(1);
    expect([400, 401, 403]).toContain(statuses[0]);
    expect(service.records.filter(({ outcome }) => outcome === 'granted')).toEqual([]);
  });

  it('of one request does not count for the next on the same connection', async () => {
    expect(await statusesOf(`${authorize(certificate(ada))}\r\n${authorize()}${last}`)).toEqual([200, 401]);
  });

  it('of pipelined requests counts for its own, in their order', async () => {
    const requests = [eve, ada, eve].map((person) => `${authorize(certificate(person))}\r\n`).join('');
    expect(await statusesOf(requests + authorize(certificate(ada)) + last)).toEqual([403, 200, 403, 200]);
  });
});

describe('an address header', () => {
  it('that is there twice is not believed', async () => {
    await statusesOf(authorize(`x-real-ip: 192.0.2.1\r\nx-real-ip: 192.0.2.2\r\n${certificate(ada)}`) + last);
    expect(decided()).toEqual(['unix']);
  });
});

describe('other kinds of requests', () => {
  it.each<[string, string, readonly number[]]>([
    ['OPTIONS *', `OPTIONS * HTTP/1.1\r\nhost: x\r\n${last}`, [404]],
    ['CONNECT', `CONNECT x:443 HTTP/1.1\r\nhost: x:443\r\n\r\n`, []],
    ['TRACE', `TRACE /v1/authorize HTTP/1.1\r\nhost: x\r\n${last}`, [405]],
    ['HEAD', `HEAD /v1/authorize HTTP/1.1\r\nhost: x\r\n${last}`, [405]],
    ['no host', `GET /v1/authorize HTTP/1.1\r\n${last}`, [400]],
    ['two hosts', `GET /v1/health HTTP/1.1\r\nhost: x\r\nhost: y\r\n${last}`, [400]],
    [
      'an upgrade to h2c',
      `GET /v1/health HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\nconnection: upgrade, close\r\n\r\n`,
      [200],
    ],
    ['HTTP/2 by prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
    ['an expectation that is unknown', authorize(`expect: x\r\n${last}`), [417]],
    [
      '100-continue, with the body behind it',
      post(`expect: 100-continue\r\ncontent-length: 2\r\n${last}{}`),
      [100, 400],
    ],
  ])('%s decides nothing', async (_kind, request, statuses) => {
    expect(await statusesOf(request)).toEqual(statuses);
    expect(decided()).toEqual([]);
  });
});
