import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../../src/clock.ts';
import { unrecorded } from '../../../../src/explanation/steps.ts';
import { silentLogger } from '../../../../src/operations/log.ts';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import type { RetrievalOptions } from '../../../../src/pki/crl/crl-source.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import type { EvidenceRefresher } from '../../../../src/pki/retrieval/evidence-refresher.ts';
import { EvidenceStore } from '../../../../src/pki/retrieval/evidence-store.ts';
import type { RetrievalPolicy } from '../../../../src/pki/retrieval/retriever.ts';
import { UrlRetriever } from '../../../../src/pki/retrieval/url-retriever.ts';
import { milliseconds, octets, seconds } from '../../../../src/settings/units.ts';
import { explicit, sequence } from '../../../support/der-builder.ts';
import {
  crlEntry,
  days,
  distributionPoint,
  extension,
  intermediate,
  issueCrl,
  newKeys,
  now,
  person,
  root,
  uriName,
} from '../../../support/handmade-certificates.ts';
import { codeOf, validatorFor } from '../validator.ts';

const anchor = root();
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Answer = (response: ServerResponse, path: string) => void;

/** A server that counts the paths asked for. */
async function serve(answer: Answer): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(response, request.url ?? '');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/ca.crl`, asked };
}

type Limits = Partial<RetrievalPolicy & Pick<RetrievalOptions, 'totalTimeout'>>;

function retrievalWith({ totalTimeout = milliseconds(5_000), ...limits }: Limits, clock: Clock): RetrievalOptions {
  return {
    retriever: new UrlRetriever({ retryAfter: seconds(60), clock, logger: silentLogger }),
    store: new EvidenceStore({ memory: octets(1_000_000), clock, logger: silentLogger }),
    policy: {
      allowedHosts: ['127.0.0.1'],
      schemes: ['http'],
      maximumSize: octets(10_000),
      timeout: milliseconds(5_000),
      ...limits,
    },
    totalTimeout,
    retryAfter: seconds(60),
  };
}

/** A holder below an intermediate, whose CRL is at `url`, and a login as often as wanted at a time that can be moved. */
function site(url: string, limits: Limits = {}, freshness = 0, mode: 'check' | 'cache-only' = 'check') {
  const middle = intermediate(anchor);
  const holder = person(middle, [distributionPoint(url)], { serial: 0xe1 });
  let moment = now;
  const clock = { now: () => moment };
  const validator = validatorFor({
    anchors: [anchor],
    crls: [{ file: 'root.crl', der: issueCrl(anchor) }],
    revocation: { mode, freshness, retrieval: retrievalWith(limits, clock) },
    clock,
  });
  return {
    middle,
    login: () => validator.validate([holder.der, middle.der], unrecorded),
    moveTo: (time: Date) => {
      moment = time;
    },
  };
}

describe('a CRL at a distribution point', () => {
  it('is retrieved once for many logins, and is named in the evidence', async () => {
    const { url, asked } = await serve((response) => void response.end(crl));
    const { login, middle } = site(url);
    const crl = issueCrl(middle);
    const results = await Promise.all(Array.from({ length: 20 }, login));
    expect(results.map(codeOf)).toEqual(Array.from({ length: 20 }, () => 'valid'));
    expect(codeOf(await login())).toBe('valid');
    expect(asked).toHaveLength(1);
    expect(results[0]).toMatchObject({ certificate: { evidence: [{ status: 'good', source: url }, {}] } });
  });

  it('is retrieved again when its next update is due', async () => {
    const { url, asked } = await serve((response) => void response.end(crl));
    const { login, middle, moveTo } = site(url);
    let crl = issueCrl(middle, { nextUpdate: days(1) });
    expect(codeOf(await login())).toBe('valid');
    crl = issueCrl(middle, { thisUpdate: days(1), entries: [crlEntry(0xe1)] });
    moveTo(days(0.9));
    expect(codeOf(await login())).toBe('valid');
    moveTo(days(1.1));
    expect(codeOf(await login())).toBe('certificate-revoked');
    expect(asked).toHaveLength(2);
  });

  it('is retrieved again when it is older than the site allows', async () => {
    const { url, asked } = await serve((response) => void response.end(crl));
    const { login, middle, moveTo } = site(url, {}, 2 * 86_400);
    let crl = issueCrl(middle);
    expect(codeOf(await login())).toBe('valid');
    crl = issueCrl(middle, { thisUpdate: days(0.5), entries: [crlEntry(0xe1)] });
    moveTo(days(0.9));
    expect(codeOf(await login())).toBe('valid');
    moveTo(days(0.99));
    expect(asked).toHaveLength(1);
  });

  it('is retrieved again the moment it is too old, and only now and then when the source has nothing newer', async () => {
    const { url, asked } = await serve((response) => void response.end(crl));
    const { login, middle, moveTo } = site(url, {}, 100_000);
    const ageOf = (seconds: number) => new Date(now.getTime() - (100_000 - seconds) * 1000);
    let crl = issueCrl(middle, { thisUpdate: ageOf(4) });
    expect(codeOf(await login())).toBe('valid');
    moveTo(new Date(now.getTime() + 5_000));
    expect(codeOf(await login())).toBe('revocation-unknown');
    expect(codeOf(await login())).toBe('revocation-unknown');
    expect(asked).toHaveLength(2);
    crl = issueCrl(middle, { thisUpdate: now });
    moveTo(new Date(now.getTime() + 66_000));
    expect(codeOf(await login())).toBe('valid');
    expect(asked).toHaveLength(3);
  });

  it('may take longer to arrive than the path may take to be looked for', async () => {
    const { url } = await serve((response) => {
      moveTo(new Date(now.getTime() + 10_000));
      response.end(issueCrl(middle));
    });
    const { login, middle, moveTo } = site(url);
    expect(codeOf(await login())).toBe('valid');
  });

  it('is not kept when it is not authentic', async () => {
    const { url, asked } = await serve((response) => void response.end(crl));
    const { login, middle, moveTo } = site(url);
    let crl = issueCrl({ subject: middle.subject, keys: newKeys() });
    expect(codeOf(await login())).toBe('revocation-unknown');
    crl = issueCrl(middle);
    expect(codeOf(await login())).toBe('revocation-unknown');
    moveTo(new Date(now.getTime() + 61_000));
    expect(codeOf(await login())).toBe('valid');
    expect(asked).toHaveLength(2);
  });
});

describe('a CRL is read as servers have it', () => {
  const armoured = (der: Buffer, newline: string) =>
    Buffer.from(['-----BEGIN X509 CRL-----', der.toString('base64'), '-----END X509 CRL-----', ''].join(newline));
  it.each<[string, (der: Buffer) => Buffer, string]>([
    ['in DER', (der) => der, 'valid'],
    ['in DER with a newline behind it', (der) => Buffer.concat([der, Buffer.from('\n')]), 'valid'],
    ['in DER with a newline of Windows behind it', (der) => Buffer.concat([der, Buffer.from('\r\n')]), 'valid'],
    ['in PEM', (der) => armoured(der, '\n'), 'valid'],
    ['in PEM of Windows', (der) => armoured(der, '\r\n'), 'valid'],
    ['but not with something else behind it', (der) => Buffer.concat([der, Buffer.of(0)]), 'revocation-unknown'],
  ])('%s', async (_form, served, code) => {
    const { url } = await serve((response) => void response.end(served(issueCrl(middle))));
    const { login, middle } = site(url);
    expect(codeOf(await login())).toBe(code);
  });
});

describe('a certificate with many URLs of CRLs', () => {
  const point = (...urls: readonly string[]) => sequence(explicit(0, explicit(0, ...urls.map(uriName))));
  const paths = Array.from({ length: 12 }, (_, index) => `/${index}.crl`);
  it.each([
    ['in points of their own', (urls: readonly string[]) => urls.map((url) => point(url))],
    ['in one point', (urls: readonly string[]) => [point(...urls)]],
    ['in several points', (urls: readonly string[]) => [point(...urls.slice(0, 5)), point(...urls.slice(5))]],
  ])('makes eight retrievals at most, with the URLs %s', async (_rule, pointsOf) => {
    const { url, asked } = await serve((response) => void response.writeHead(404).end());
    const points = pointsOf(paths.map((path) => new URL(path, url).href));
    const middle = intermediate(anchor);
    const holder = person(middle, [extension(oids.crlDistributionPoints, sequence(...points))]);
    const validator = validatorFor({
      anchors: [anchor],
      crls: [{ file: 'root.crl', der: issueCrl(anchor) }],
      revocation: { mode: 'check', freshness: 0, retrieval: retrievalWith({}, { now: () => now }) },
    });
    expect(codeOf(await validator.validate([holder.der, middle.der], unrecorded))).toBe('revocation-unknown');
    expect(asked.toSorted()).toEqual(paths.slice(0, 8));
  });
});

describe('a retrieval fails, and the login is refused, when', () => {
  const cases: readonly (readonly [string, Answer])[] = [
    ['the server says that there is none', (response) => void response.writeHead(404).end()],
    ['the answer is no CRL', (response) => void response.end('<html>')],
    ['the answer is too large', (response) => void response.end(Buffer.alloc(10_001, 0x30))],
    [
      'the server sends elsewhere',
      (response) => void response.writeHead(302, { location: 'http://127.0.0.2:1/' }).end(),
    ],
    ['the server redirects for ever', (response, path) => void response.writeHead(302, { location: `${path}x` }).end()],
    ['the connection breaks', (response) => void response.destroy()],
  ];
  it.each(cases)('%s', async (_rule, answer) => {
    const { url, asked } = await serve(answer);
    const { login } = site(url);
    expect(codeOf(await login())).toBe('revocation-unknown');
    const requests = asked.length;
    expect(codeOf(await login())).toBe('revocation-unknown');
    expect(asked).toHaveLength(requests);
    expect(requests).toBeLessThanOrEqual(4);
  });

  it.each([
    ['one retrieval takes too long', { timeout: milliseconds(50) }],
    ['all retrievals of a login take too long', { totalTimeout: milliseconds(50) }],
  ])('%s', async (_rule, limits) => {
    const { url } = await serve((response) => void response.write('0'));
    expect(codeOf(await site(url, limits).login())).toBe('revocation-unknown');
  });

  it.each([
    ['the host may not be asked', { allowedHosts: ['crl.example'] }, (url: string) => url],
    ['the URL holds credentials', {}, (url: string) => url.replace('//', '//user:secret@')],
    ['the URL is too long', {}, (url: string) => `${url}?${'x'.repeat(2048)}`],
    ['the URL is of another scheme', {}, (url: string) => url.replace('http:', 'ftp:')],
  ])('%s', async (_rule, limits, change) => {
    const { url, asked } = await serve((response) => void response.end());
    expect(codeOf(await site(change(url), limits).login())).toBe('revocation-unknown');
    expect(asked).toHaveLength(0);
  });

  it('the server sends to another port, where a good CRL is', async () => {
    const elsewhere = await serve((response) => void response.end(issueCrl(middle)));
    const { url } = await serve((response) => void response.writeHead(302, { location: elsewhere.url }).end());
    const { login, middle } = site(url);
    expect(codeOf(await login())).toBe('revocation-unknown');
    expect(elsewhere.asked).toHaveLength(0);
  });

  it('only the cache may be asked', async () => {
    const { url, asked } = await serve((response) => void response.end());
    expect(codeOf(await site(url, {}, 0, 'cache-only').login())).toBe('revocation-unknown');
    expect(asked).toHaveLength(0);
  });

  it('only the cache may be asked, not even ahead of the next update', async () => {
    const middle = intermediate(anchor);
    const { url, asked } = await serve((response) => void response.end(issueCrl(middle)));
    const holder = person(middle, [distributionPoint(url)]);
    const refreshed: string[] = [];
    const refresher = { used: () => void refreshed.push(url) } as unknown as EvidenceRefresher;
    const retrieval = { ...retrievalWith({}, { now: () => now }), refresher };
    const login = (mode: 'check' | 'cache-only') =>
      validatorFor({
        anchors: [anchor],
        crls: [{ file: 'root.crl', der: issueCrl(anchor) }],
        revocation: { mode, freshness: 0, retrieval },
      }).validate([holder.der, middle.der], unrecorded);
    expect(codeOf(await login('check'))).toBe('valid');
    expect(refreshed.splice(0)).not.toEqual([]);
    expect(codeOf(await login('cache-only'))).toBe('valid');
    expect(refreshed).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it('the path is not valid anyway: a stranger’s certificate makes the gateway ask no server', async () => {
    const { url, asked } = await serve((response) => void response.end());
    const validator = validatorFor({
      anchors: [anchor],
      revocation: { mode: 'check', freshness: 0, retrieval: retrievalWith({}, { now: () => now }) },
    });
    const stranger = person(root('Stranger'), [distributionPoint(url)]);
    expect(codeOf(await validator.validate([stranger.der], unrecorded))).toBe('path-not-found');
    expect(parseCertificate(stranger.der).crlDistributionPoints).toHaveLength(1);
    expect(asked).toHaveLength(0);
  });
});
