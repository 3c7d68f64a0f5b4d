/** The mapping service over its Unix socket and over mutual TLS, on a real configuration with a real OpenLDAP server. */
import { once } from 'node:events';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deniedSchema, grantedSchema } from '../../../src/service/wire.ts';
import { type LoginWorld, slapdDirectory, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';
import { certificatesOf, json, type ServiceWorld, startService, temporarySocket } from './service-world.ts';

const rules = 'rules:\n  - { name: by-certificate, map: certificate }\n';

let pki: TestPki;
let callers: TestPki;
let slapd: Slapd;
let world: LoginWorld;
let service: ServiceWorld;
let ada: Person;
let bob: Person;
let lou: Person;
let uma: Person;
let umlaut: Person;

beforeAll(async () => {
  pki = await createTestPki();
  callers = await createTestPki({ organization: 'Callers' });
  [ada, bob, lou, uma, umlaut] = (await Promise.all(
    ['ada', 'bob', 'lou', 'uma', 'umlaut'].map((name) => pki.issuePerson({ name })),
  )) as [Person, Person, Person, Person, Person];
  slapd = await startSlapd({
    accounts: [
      { uid: 'ada', certificates: [ada.der], homeDirectory: '/home/ada' },
      { uid: 'bob', certificates: [bob.der] },
      { uid: 'lou', certificates: [lou.der], lines: ['pwdAccountLockedTime: 000001010000Z'] },
      { uid: 'm%üller', certificates: [umlaut.der] },
    ],
    groups: { staff: ['ada'], 'r&d': ['ada'] },
  });
  await pki.revoke([bob.serialNumber]);
  const { directory, files } = slapdDirectory(slapd, { groups: { searchBase: 'ou=groups,dc=corp,dc=example' } });
  world = await startLoginWorld({ pki, directories: [directory], files, rules });
  service = await startService(world.configuration);
});

afterAll(async () => {
  await service?.close();
  await world?.stop();
  await slapd?.stop();
  await callers?.remove();
  await pki?.remove();
});

const resolve = async (person: Person, more: object = {}) => {
  const reply = await service.ask(json({ certificates: certificatesOf(person), ...more }));
  return { ...reply, verdict: JSON.parse(reply.body) };
};

describe('POST /v1/resolve', () => {
  it('answers with the account, how it was found, and the evidence', async () => {
    const { status, verdict } = await resolve(ada, { user: 'ada', remoteAddress: '192.0.2.7' });
    expect(status).toBe(200);
    expect(grantedSchema.parse(verdict)).toMatchObject({
      account: { directory: 'people', name: 'ada', homeDirectory: '/home/ada' },
      rule: 'by-certificate',
      permissions: { read: true, write: true },
      certificate: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(verdict.account.groups.map(({ name }: { name: string }) => name).sort()).toEqual(['r&d', 'staff']);
    expect(verdict.evidence.length).toBeGreaterThan(0);
    expect(service.records.at(-1)).toMatchObject({
      outcome: 'granted',
      reference: verdict.reference,
      caller: 'unix',
      remoteAddress: '192.0.2.7',
      claimedName: 'ada',
    });
  });

  it('finds the account without a name too, and makes no home', async () => {
    expect((await resolve(ada)).verdict).toMatchObject({ outcome: 'granted', account: { name: 'ada' } });
    expect(() => statSync(join(world.files, 'ada'))).toThrow();
  });

  it.each<[string, () => Person, object, string]>([
    ['a revoked certificate', () => bob, {}, 'certificate-revoked'],
    ['a locked account', () => lou, {}, 'account-locked'],
    ['a certificate without an account', () => uma, {}, 'mapping-none'],
    ['the name of another person', () => ada, { user: 'bob' }, 'name-mismatch'],
    ['an empty name', () => ada, { user: '' }, 'name-mismatch'],
  ])('denies %s, with code and reference but no particulars', async (_rule, person, more, code) => {
    const before = service.records.length;
    const { status, verdict } = await resolve(person(), more);
    expect(status).toBe(200);
    expect(deniedSchema.parse(verdict)).toMatchObject({ outcome: 'denied', code });
    expect(Object.keys(verdict).sort()).toEqual(['code', 'meaning', 'outcome', 'reference']);
    expect(service.records.slice(before)).toMatchObject([{ reference: verdict.reference, denial: { code } }]);
  });

  it('denies what is no certificate at all, and records it', async () => {
    const reply = await service.ask(json({ certificates: [Buffer.from('<script>').toString('base64')] }));
    expect(JSON.parse(reply.body)).toMatchObject({ outcome: 'denied', code: 'certificate-malformed' });
    expect(reply.body).not.toContain('script');
  });

  it.each<[string, string, () => string | Buffer]>([
    ['DER', 'application/pkix-cert', () => ada.der],
    ['PEM with the chain', 'application/x-pem-file', () => ada.chainPem],
  ])('takes %s', async (_rule, type, body) => {
    const reply = await service.ask({
      method: 'POST',
      path: '/v1/resolve?user=ada',
      headers: { 'content-type': type },
      body: body(),
    });
    expect(JSON.parse(reply.body)).toMatchObject({ outcome: 'granted', account: { name: 'ada' } });
  });

  it.each<[string, Parameters<ServiceWorld['ask']>[0], number, string]>([
    ['another path', { path: '/v1/resolve/x' }, 404, 'path-unknown'],
    ['a path of Object.prototype', { path: '/constructor' }, 404, 'path-unknown'],
    ['another method', { path: '/v1/resolve' }, 405, 'method-not-allowed'],
    ['another kind of body', { method: 'POST', path: '/v1/resolve', body: 'x' }, 415, 'media-type-unsupported'],
    ['a property it does not know', json({ certificates: ['AAAA'], admin: true }), 400, 'request-invalid'],
    ['no certificates', json({ certificates: [] }), 400, 'request-invalid'],
    ['21 certificates', json({ certificates: Array(21).fill('AAAA') }), 400, 'request-invalid'],
    ['a name of 513 characters', json({ certificates: ['AAAA'], user: 'x'.repeat(513) }), 400, 'request-invalid'],
    ['a name said twice', json({ certificates: ['AAAA'], user: 'a' }, '/v1/resolve?user=a'), 400, 'request-invalid'],
    ['a parameter it does not know', json({ certificates: ['AAAA'] }, '/v1/resolve?debug=1'), 400, 'request-invalid'],
    ['a parameter twice', json({ certificates: ['AAAA'] }, '/v1/resolve?user=a&user=b'), 400, 'request-invalid'],
    ['a site it does not have', json({ certificates: ['AAAA'], site: 'other' }), 400, 'site-unknown'],
    [
      'a private key',
      {
        method: 'POST',
        path: '/v1/resolve',
        headers: { 'content-type': 'application/x-pem-file' },
        body: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
      },
      400,
      'certificates-unreadable',
    ],
  ])('refuses %s and decides nothing', async (_rule, question, status, error) => {
    const before = service.records.length;
    const reply = await service.ask(question);
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.body)).toMatchObject({ error });
    expect(service.records.length).toBe(before);
  });

  it('refuses a body that is larger than any chain, said or unsaid', async () => {
    const body = Buffer.alloc(300_000, 'A');
    const headers = { 'content-type': 'application/json' };
    const said = await service.ask({ method: 'POST', path: '/v1/resolve', headers, body });
    const unsaid = await service.ask({
      method: 'POST',
      path: '/v1/resolve',
      headers: { ...headers, 'transfer-encoding': 'chunked' },
      body,
    });
    expect([said.status, unsaid.status]).toEqual([413, 413]);
  });

  it('shows every step to a caller who may see them', async () => {
    const reply = await service.ask(json({ certificates: certificatesOf(lou) }, '/v1/resolve?explain=1'));
    const verdict = deniedSchema.parse(JSON.parse(reply.body));
    expect(verdict.remedy).toBeTruthy();
    expect(verdict.steps?.map(({ check }) => check)).toContain('account may log in now');
    expect(verdict.steps?.every(({ atMilliseconds }) => (atMilliseconds ?? -1) >= 0)).toBe(true);
  });

  it('answers 503 and unavailable while the directory is silent', async () => {
    await slapd.child.freeze();
    const { status, verdict } = await resolve(ada);
    slapd.child.signal('SIGCONT');
    expect(status).toBe(503);
    expect(verdict).toMatchObject({ outcome: 'unavailable', code: 'directory-unavailable' });
    await expect.poll(async () => (await resolve(ada)).status, { timeout: 20_000 }).toBe(200);
  });
});

describe('GET /v1/authorize', () => {
  const authorize = (headers: Readonly<Record<string, string | string[]>>, path = '/v1/authorize') =>
    service.ask({ path, headers });
  const escaped = (person: Person) => ({ 'x-client-certificate': encodeURIComponent(person.pem) });

  it('lets in with the account in headers', async () => {
    const reply = await authorize(escaped(ada));
    expect(reply).toMatchObject({
      status: 200,
      body: '',
      headers: {
        'x-cardgate-account': 'ada',
        'x-cardgate-directory': 'people',
        'x-cardgate-rule': 'by-certificate',
        'x-cardgate-reference': service.records.at(-1)?.reference,
      },
    });
    expect(reply.headers['x-cardgate-groups']).toMatch(/cn=staff%2Cou=groups%2Cdc=corp%2Cdc=example/);
  });

  it('percent-encodes what could be taken for something else', async () => {
    const { headers } = await authorize(escaped(umlaut));
    expect(headers['x-cardgate-account']).toBe('m%25%C3%BCller');
  });

  it.each<[string, () => Readonly<Record<string, string | string[]>>, number, string | undefined]>([
    ['no certificate', () => ({}), 401, 'certificate-missing'],
    ['an empty header', () => ({ 'x-client-certificate': '' }), 401, 'certificate-missing'],
    ['a revoked certificate', () => escaped(bob), 403, 'certificate-revoked'],
    [
      'a header that is not configured',
      () => ({ 'client-cert': `:${ada.der.toString('base64')}:` }),
      401,
      'certificate-missing',
    ],
    [
      'two certificate headers',
      () => ({ 'x-client-certificate': Array(2).fill(encodeURIComponent(ada.pem)) }),
      400,
      undefined,
    ],
    ['a header in another encoding', () => ({ 'x-client-certificate': ada.der.toString('base64') }), 400, undefined],
  ])('does not let in with %s', async (_rule, headers, status, code) => {
    const reply = await authorize(headers());
    expect(reply.status).toBe(status);
    expect(reply.headers['x-cardgate-code']).toBe(code);
    expect(reply.headers['x-cardgate-account']).toBeUndefined();
  });

  it('holds a name in the query against the account', async () => {
    expect((await authorize(escaped(ada), '/v1/authorize?user=bob')).status).toBe(403);
  });
});

describe('the service', () => {
  it('says that it runs, and describes itself', async () => {
    expect(JSON.parse((await service.ask({ path: '/v1/health' })).body)).toEqual({ status: 'ok', sites: ['files'] });
    const description = JSON.parse((await service.ask({ path: '/openapi.json' })).body);
    expect(Object.keys(description.paths)).toEqual(['/v1/resolve', '/v1/authorize', '/v1/health']);
    const references = JSON.stringify(description).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g);
    for (const [, name] of references) expect(description.components.schemas).toHaveProperty(name!);
  });

  it('answers 503 at once when too many decisions are under way, and goes on', async () => {
    const narrow = await startService(world.configuration, { maximumDecisions: 2 });
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => narrow.ask(json({ certificates: certificatesOf(ada) }))),
    );
    const statuses = new Set(replies.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([200, 503]);
    expect((await narrow.ask(json({ certificates: certificatesOf(ada) }))).status).toBe(200);
    await narrow.close();
  });

  it('decides while other callers send their bodies slowly', async () => {
    const narrow = await startService(world.configuration, { maximumDecisions: 1 });
    const slow = Array.from({ length: 5 }, () => connect(narrow.address.slice('unix:'.length)));
    for (const caller of slow) {
      caller.on('error', () => undefined);
      caller.write('POST /v1/resolve HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\nexpect: 100-continue\r\n');
      caller.write('content-length: 1000\r\n\r\n');
    }
    // The service asks for the body, so it has begun to read each of them.
    await Promise.all(slow.map((caller) => once(caller, 'data')));
    expect((await narrow.ask(json({ certificates: certificatesOf(ada) }))).status).toBe(200);
    for (const caller of slow) caller.destroy();
    await narrow.close();
  });

  it('outlives callers who hang up in the middle or talk nonsense, and loses no place by them', async () => {
    const narrow = await startService(world.configuration, { maximumDecisions: 1 });
    const head =
      'POST /v1/resolve HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n';
    const rudeness = [
      head,
      `${head}{"certificates":[`,
      `${head}${'x'.repeat(2000)}`,
      'GET',
      '\x16\x03\x01\x00',
      'POST /v1/resolve HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    ];
    for (const words of rudeness) {
      const caller = connect(narrow.address.slice('unix:'.length));
      caller.on('error', () => undefined);
      caller.write(words, () => setImmediate(() => caller.destroy()));
      await once(caller, 'close');
    }
    const good = async () => (await narrow.ask(json({ certificates: certificatesOf(ada) }))).status;
    await expect.poll(good).toBe(200);
    await narrow.close();
  });

  it.each([
    ['none may', []],
    ['another may', ['CN=portal']],
    ['one whose name begins alike may', ['unix2']],
  ])('shows no steps to a caller who may not see them: %s', async (_who, explainCallers) => {
    const strict = await startService(world.configuration, { explainCallers });
    const reply = await strict.ask(json({ certificates: certificatesOf(ada) }, '/v1/resolve?explain=1'));
    expect([reply.status, JSON.parse(reply.body).error]).toEqual([403, 'explanation-not-allowed']);
    await strict.close();
  });

  it('gives its socket the mode and replaces what a dead process left, but nothing alive and no file', async () => {
    const socket = temporarySocket();
    const listener = { socket, mode: 0o600 };
    const first = await startService(world.configuration, { listener });
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    await expect(startService(world.configuration, { listener })).rejects.toThrow(/in use/);
    await first.close();
    writeFileSync(socket, 'a file');
    await expect(startService(world.configuration, { listener })).rejects.toThrow(/not a socket/);
    expect(readFileSync(socket, 'utf8')).toBe('a file');
    rmSync(socket);
  });

  it('reads no more than 64 KiB of headers', async () => {
    expect((await service.ask({ path: '/v1/health', headers: { 'x-long': 'x'.repeat(70_000) } })).status).toBe(431);
  });
});

describe('over TCP', () => {
  it('serves callers with a certificate of the configured authority, by name, and no other', async () => {
    const authorityOf = ({ files }: TestPki) => readFileSync(files.root, 'utf8');
    const listener = {
      address: '127.0.0.1',
      port: 0,
      certificateChain: pki.server.chainPem,
      privateKey: pki.server.privateKeyPem,
      callerAuthorities: [authorityOf(callers)],
    };
    const portal = await callers.issuePerson({ name: 'portal' });
    const tls = await startService(world.configuration, { listener, explainCallers: [] });
    const ca = authorityOf(pki);
    const identity = { ca, cert: portal.chainPem, key: portal.privateKeyPem };
    const question = json({ certificates: certificatesOf(ada) });
    expect((await tls.ask(question, identity)).status).toBe(200);
    expect(tls.records).toMatchObject([{ caller: expect.stringContaining('portal'), tls: { protocol: 'TLSv1.3' } }]);

    await expect(tls.ask(question, { ca })).rejects.toThrow();
    const card = { ca, cert: ada.chainPem, key: ada.privateKeyPem };
    await expect(tls.ask(question, card)).rejects.toThrow();
    expect(tls.records).toHaveLength(1);
    await tls.close();
  });
});
