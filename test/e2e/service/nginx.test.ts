/** A real nginx with the example configuration in front of an application: who holds a good card gets through, under the right name. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findGid } from '../../../src/config/system-group.ts';
import { type ChildServer, startChildServer } from '../../support/child-server.ts';
import { freePort } from '../../support/free-ports.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { askAt, type ServiceWorld, startService, temporarySocket } from './service-world.ts';

const example = readFileSync(join(import.meta.dirname, 'nginx-example.conf'), 'utf8');

/** Then nginx's workers are www-data, as Debian runs them, and reach the socket by its group alone. */
const isRoot = process.getuid?.() === 0;

let pki: TestPki;
let world: LoginWorld;
let service: ServiceWorld;
let application: Server;
let nginx: ChildServer;
let folder: string;
let address: string;
let ada: Person;
let bob: Person;
let uma: Person;

beforeAll(async () => {
  pki = await createTestPki();
  [ada, bob, uma] = (await Promise.all(['ada', 'bob', 'uma'].map((name) => pki.issuePerson({ name })))) as [
    Person,
    Person,
    Person,
  ];
  await pki.revoke([bob.serialNumber]);
  const fingerprint = ({ der }: Person) => createHash('sha256').update(der).digest('hex');
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: [fingerprint(ada)] },
    { name: 'bob', certificates: [fingerprint(bob)] },
  ]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
  });
  const gid = isRoot ? findGid('www-data') : undefined;
  service = await startService(world.configuration, {
    addressHeader: 'X-Real-IP',
    listener: { socket: temporarySocket(), mode: 0o660, ...(gid !== undefined && { gid }) },
  });
  application = createServer((request, response) => void response.end(JSON.stringify(request.headersDistinct)));
  application.listen(0, '127.0.0.1');
  await once(application, 'listening');
  await startNginx();
});

async function startNginx(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'cardgate-nginx-'));
  await chmod(folder, 0o755);
  const port = await freePort();
  const { port: applicationPort } = application.address() as AddressInfo;
  const site = example
    .replaceAll('/run/cardgate/mapping.sock', service.address.slice('unix:'.length))
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace('/etc/nginx/portal.pem', pki.files.serverChain)
    .replace('/etc/nginx/portal-key.pem', pki.files.serverKey)
    .replace('127.0.0.1:8080', `127.0.0.1:${applicationPort}`);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const configuration = join(folder, 'nginx.conf');
  await writeFile(
    configuration,
    `${isRoot ? 'user www-data;' : ''} pid ${folder}/pid; error_log stderr; daemon off; worker_processes 1;
    events {} http { access_log off; ${paths.join(' ')}\n${site} }`,
  );
  nginx = await startChildServer({
    command: '/usr/sbin/nginx',
    args: ['-c', configuration, '-p', folder, '-e', 'stderr'],
    diesWithParentBy: 'signal',
    ready: { host: '127.0.0.1', port },
  });
  address = `https://127.0.0.1:${port}`;
}

afterAll(async () => {
  await nginx?.stop();
  application?.close();
  await service?.close();
  await world?.stop();
  await pki?.remove();
  await rm(folder, { recursive: true, force: true });
});

function visit(person: Person | undefined, headers: Readonly<Record<string, string>> = {}) {
  const identity = person && { cert: person.chainPem, key: person.privateKeyPem };
  return askAt(
    address,
    { path: '/reports?user=bob', headers },
    { ca: readFileSync(pki.files.root, 'utf8'), ...identity },
  );
}

describe('nginx before an application', () => {
  it('lets a good card through and tells the application whose it is', async () => {
    const { status, body, headers } = await visit(ada);
    expect(status).toBe(200);
    expect(JSON.parse(body)['x-cardgate-account']).toEqual(['ada']);
    expect(service.records.at(-1)).toMatchObject({
      outcome: 'granted',
      reference: headers['x-cardgate-reference'],
      remoteAddress: '127.0.0.1',
      caller: 'unix',
    });
  });

  it.each<[string, () => Person | undefined, number, string]>([
    ['a revoked card', () => bob, 403, 'certificate-revoked'],
    ['a card without an account', () => uma, 403, 'mapping-none'],
    ['no card', () => undefined, 401, 'certificate-missing'],
  ])('keeps out %s, with a reference', async (_rule, person, status, code) => {
    const reply = await visit(person());
    expect(reply.status).toBe(status);
    const record = service.records.at(-1);
    expect(record).toMatchObject({ outcome: 'denied', denial: { code } });
    expect(reply.headers['x-cardgate-reference']).toBe(record?.reference);
  });

  it.each<[string, () => Readonly<Record<string, string>>]>([
    ['the certificate header', () => ({ 'x-client-certificate': encodeURIComponent(ada.pem) })],
    ['its neighbour with underscores', () => ({ x_client_certificate: encodeURIComponent(ada.pem) })],
    ['the account header', () => ({ 'x-cardgate-account': 'ada' })],
  ])('is not deceived by a client that sends %s itself', async (_rule, headers) => {
    expect((await visit(undefined, headers())).status).toBe(401);
    expect((await visit(bob, headers())).status).toBe(403);
  });

  it('replaces an account header that a card holder sends', async () => {
    const { body } = await visit(ada, { 'x-cardgate-account': 'bob', 'x-real-ip': '198.51.100.1' });
    expect(JSON.parse(body)['x-cardgate-account']).toEqual(['ada']);
    expect(service.records.at(-1)).toMatchObject({ remoteAddress: '127.0.0.1' });
  });

  it('keeps every client out while the service is away', async () => {
    await service.close();
    expect((await visit(ada)).status).toBe(500);
    const squatter = createTcpServer((socket) => socket.destroy()).listen(service.address.slice('unix:'.length));
    await once(squatter, 'listening');
    expect((await visit(ada)).status).toBe(500);
    squatter.close();
  });
});
