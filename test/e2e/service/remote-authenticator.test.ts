/** The same logins decided here and by mapping services elsewhere, over mutual TLS; and services that are dead, frozen, or lie. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemTimer } from '../../../src/clock.ts';
import { type Configuration, loadConfiguration } from '../../../src/config/load.ts';
import { recordingSteps } from '../../../src/explanation/steps.ts';
import { createLogins } from '../../../src/gateway/logins.ts';
import { homesOf } from '../../../src/gateway/site-homes.ts';
import type { Login, LoginRequest, Verdict } from '../../../src/login/authenticator.ts';
import type { Logins } from '../../../src/login/login-generations.ts';
import type { AuditRecord, LoginAttempt } from '../../../src/operations/audit.ts';
import { unrecordedTrail } from '../../../src/operations/audit.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { RemoteService, type RemoteServiceOptions } from '../../../src/service/remote-service.ts';
import type { ServiceEndpoint } from '../../../src/service/service-connection.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { ruleSet } from '../../support/authorize.ts';
import { remoteLogin } from '../../support/login-setup.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { recordingTrail } from '../../support/recording-trail.ts';
import { type ServiceWorld, startService, temporarySocket } from './service-world.ts';

const remoteTimes = { attemptTimeout: milliseconds(5000), totalTimeout: milliseconds(10_000) };

let pki: TestPki;
let callers: TestPki;
let world: LoginWorld;
let service: ServiceWorld;
let second: ServiceWorld;
let configuration: Configuration;
let local: Logins;
let material: NonNullable<RemoteServiceOptions['material']>;
const people = new Map<string, Person>();

beforeAll(async () => {
  pki = await createTestPki();
  callers = await createTestPki({ organization: 'Callers' });
  for (const name of ['ada', 'bob', 'eve', 'uma']) people.set(name, await pki.issuePerson({ name }));
  await pki.revoke([person('bob').serialNumber]);
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: [fingerprint('ada')] },
    { name: 'bob', certificates: [fingerprint('bob')] },
    { name: 'eve', certificates: [fingerprint('eve')], disabled: true },
  ]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
  });
  configuration = loadConfiguration(world.configuration, systemClock);
  local = createLogins(configuration, {
    audit: unrecordedTrail,
    logger: silentLogger,
    clock: systemClock,
    timer: systemTimer,
  });
  const gateway = await callers.issuePerson({ name: 'gateway' });
  material = {
    certificateChain: gateway.chainPem,
    privateKey: gateway.privateKeyPem,
    certificateAuthorities: [readFileSync(pki.files.root, 'utf8')],
  };
  service = await startService(world.configuration, { listener: tlsListener() });
  second = await startService(world.configuration);
});

afterAll(async () => {
  await Promise.all([service?.close(), second?.close(), local?.close()]);
  await world?.stop();
  await callers?.remove();
  await pki?.remove();
});

const person = (name: string) => people.get(name) ?? expect.fail(`no person is called ${name}`);
const fingerprint = (name: string) => createHash('sha256').update(person(name).der).digest('hex');
const tlsListener = () => ({
  address: '127.0.0.1',
  port: 0,
  certificateChain: pki.server.chainPem,
  privateKey: pki.server.privateKeyPem,
  callerAuthorities: [readFileSync(callers.files.root, 'utf8')],
});
const endpointOf = (address: string): ServiceEndpoint =>
  address.startsWith('unix:') ? { socket: address.slice(5) } : { url: address };

function request(name: string, more: Partial<LoginRequest> = {}): LoginRequest {
  return {
    peerCertificates: [person(name).der],
    claimedName: name,
    remoteAddress: '192.0.2.1',
    connectionId: 'C1',
    tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
    ...more,
  };
}

function remote(addresses: readonly string[], more: Partial<RemoteServiceOptions> = {}) {
  const records: LoginAttempt[] = [];
  const remoteService = new RemoteService({
    endpoints: addresses.map(endpointOf),
    material,
    connectTimeout: milliseconds(1000),
    settings: remoteTimes,
    retryDelay: milliseconds(10_000),
    maximumConnections: 64,
    maximumRequests: 1000,
    clock: systemClock,
    logger: silentLogger,
    timer: () => performance.now(),
    ...more,
  });
  const site = configuration.sites[0]!;
  const authenticator = remoteLogin(
    {
      clientCertificate: true,
      service: remoteService,
      explains: true,
      rules: ruleSet(site.settings.authorization),
      homes: homesOf(site),
    },
    recordingTrail((record: AuditRecord) => void (record.event === 'login' && records.push(record))),
  );
  return { authenticator, records, close: () => remoteService.close() };
}

/** What must be the same wherever a login is decided. */
function essence(verdict: Verdict<Login>) {
  if (verdict.outcome === 'password-required') return verdict;
  if (verdict.outcome !== 'granted') return { outcome: verdict.outcome, code: verdict.denial.code };
  const { accountName, directory, homeDirectory, certificateSha256, validUntil, accessRights } = verdict.login;
  const rights = [accessRights.allows('Read', '/'), accessRights.allows('Write', '/x')];
  return { outcome: 'granted', accountName, directory, homeDirectory, certificateSha256, validUntil, rights };
}

describe('a remote decision', () => {
  it.each<[string, string, Partial<LoginRequest>]>([
    ['a good card', 'ada', {}],
    ['a revoked card', 'bob', {}],
    ['a disabled account', 'eve', {}],
    ['a card without an account', 'uma', {}],
    ['another name', 'ada', { claimedName: 'bob' }],
    ['an endless name', 'ada', { claimedName: 'x'.repeat(4000) }],
    ['no name', 'ada', { claimedName: '' }],
    ['no certificate', 'ada', { peerCertificates: [] }],
    ['a password and no certificate', 'ada', { peerCertificates: [], password: 'x' }],
    ['a broken certificate', 'ada', { peerCertificates: [Buffer.from('no certificate')] }],
    ['an endless certificate', 'ada', { peerCertificates: [Buffer.alloc(70_000, 0x30)] }],
    ['an address in a zone', 'ada', { remoteAddress: 'fe80::1%eth0' }],
    ['a text that is no address', 'ada', { remoteAddress: '<nowhere>' }],
  ])('is that of this machine for %s', async (_rule, name, more) => {
    const { authenticator, records, close } = remote([service.address]);
    const there = await authenticator.authenticate(request(name, more));
    const here = await local.sites.get('files')!.authenticate(request(name, more));
    close();
    expect(essence(there)).toEqual(essence(here));
    expect(records).toHaveLength(1);
  });

  it('leaves the same reference, certificate and evidence in both records', async () => {
    const { authenticator, records, close } = remote([service.address]);
    await authenticator.authenticate(request('ada'));
    close();
    const [mine] = records;
    const theirs = service.records.at(-1);
    expect(theirs).toMatchObject({ caller: expect.stringContaining('gateway'), remoteAddress: '192.0.2.1' });
    for (const field of [
      'reference',
      'certificate',
      'path',
      'trustAnchor',
      'evidence',
      'rule',
      'mappingReason',
    ] as const)
      expect(mine?.[field]).toEqual(theirs?.[field]);
    expect(mine?.account).toMatchObject({ name: 'ada', homeDirectory: `${world.files}/ada` });
  });

  it('shows the steps of the service in an explanation', async () => {
    const steps = recordingSteps();
    const { authenticator, close } = remote([second.address]);
    await authenticator.explain(request('ada'), steps);
    close();
    const checks = steps.steps.map(({ check }) => check);
    expect(checks).toEqual(expect.arrayContaining(['signature', 'mapping service', 'authorization rules']));
  });

  it('is explained without those steps when the service keeps them to itself', async () => {
    const steps = recordingSteps();
    const { authenticator, close } = remote([service.address]);
    expect((await authenticator.explain(request('ada'), steps)).outcome).toBe('granted');
    close();
    expect(steps.steps.map(({ check }) => check)).toEqual(['mapping service', 'authorization rules', 'home directory']);
  });

  it('is taken anew by a recheck: withdrawn when the card is revoked, kept while no service answers', async () => {
    const revocable = await startService(world.configuration, { listener: { socket: temporarySocket(), mode: 0o600 } });
    const { authenticator, close } = remote([revocable.address]);
    const verdict = await authenticator.authenticate(request('ada'));
    const login = verdict.outcome === 'granted' ? verdict.login : expect.fail('not granted');
    expect(await login.recheck()).toMatchObject({ outcome: 'confirmed' });
    await revocable.close();
    expect(await login.recheck()).toBeUndefined();
    const revoking = await fake(
      (_, response) => void response.end(JSON.stringify(refusal('certificate-revoked'))),
      revocable.address,
    );
    expect(await login.recheck()).toMatchObject({ denial: { code: 'certificate-revoked' } });
    close();
    await revoking.close();
  });
});

const refusal = (code: string, outcome = 'denied') => ({ outcome, reference: 'ABCD-EFGH', code, meaning: 'x' });

/** Something that listens in the place of a service. */
async function fake(listener: RequestListener, address = `unix:${temporarySocket()}`) {
  const server: Server = createServer(listener);
  server.listen(address.slice(5));
  await once(server, 'listening');
  return {
    address,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a service that fails', () => {
  const grantOf = async (name: string) => {
    const reply = await second.ask({
      method: 'POST',
      path: `/v1/resolve?user=${name}`,
      headers: { 'content-type': 'application/pkix-cert' },
      body: person(name).der,
    });
    return JSON.parse(reply.body);
  };

  const failures: [string, () => Promise<RequestListener>][] = [
    ['says nothing', async () => () => undefined],
    ['says it in another language', async () => (_, response) => void response.end('<html>granted</html>')],
    ['fails inside', async () => (_, response) => void response.writeHead(500).end('{}')],
    ['has too much to do', async () => (_, response) => void response.writeHead(503).end('{"error":"overloaded"}')],
    [
      'hangs up in the middle',
      async () => (_, response) => void response.write('{"outcome":', () => response.destroy()),
    ],
    ['never ends', async () => (_, response) => endless(response)],
    [
      'grants another certificate',
      async () => {
        const grant = JSON.stringify(await grantOf('ada'));
        return (_, response) => void response.end(grant);
      },
    ],
    [
      'adds an unknown field',
      async () => {
        const grant = JSON.stringify({ ...(await grantOf('ada')), administrator: true });
        return (_, response) => void response.end(grant);
      },
    ],
    [
      'grants with a status that does not',
      async () => {
        const grant = JSON.stringify(await grantOf('ada'));
        return (_, response) => void response.writeHead(503).end(grant);
      },
    ],
    [
      'gives a code that is not in the table',
      async () => (_, response) => void response.end(JSON.stringify(refusal('fun'))),
    ],
  ];

  function endless(response: Parameters<RequestListener>[1]): void {
    const more = () => {
      while (!response.destroyed && response.write('A'.repeat(65_536)));
      response.once('drain', more);
    };
    more();
  }

  it.each(failures)('and %s never lets a client in, and the next decides', async (_rule, listener) => {
    const bad = await fake(await listener());
    const name = _rule === 'grants another certificate' ? 'uma' : 'ada';
    const alone = remote([bad.address], { settings: { ...remoteTimes, attemptTimeout: milliseconds(500) } });
    const verdict = await alone.authenticator.authenticate(request(name));
    expect(verdict).toMatchObject({ outcome: 'unavailable', denial: { code: 'mapping-service-unavailable' } });
    alone.close();
    const both = remote([bad.address, second.address], {
      settings: { ...remoteTimes, attemptTimeout: milliseconds(500) },
    });
    const decided = await both.authenticator.authenticate(request(name));
    expect(decided.outcome).toBe(name === 'uma' ? 'denied' : 'granted');
    both.close();
    await bad.close();
  });

  it('because it never ends is not read to the end of its time', async () => {
    const bad = await fake((_, response) => endless(response));
    const { authenticator, close } = remote([bad.address]);
    expect(await authenticator.authenticate(request('ada'))).toMatchObject({
      denial: { facts: { failures: [expect.stringContaining('too large')] } },
    });
    close();
    await bad.close();
  });

  it('because it closed a connection it had kept is asked once more on a new one', async () => {
    const grant = JSON.stringify(await grantOf('ada'));
    const used = new WeakSet<object>();
    const forgetful = await fake((asked, response) => {
      if (used.has(asked.socket)) asked.socket.destroy();
      else response.end(grant);
      used.add(asked.socket);
    });
    const { authenticator, close } = remote([forgetful.address]);
    for (let time = 0; time < 3; time += 1) {
      expect((await authenticator.authenticate(request('ada'))).outcome).toBe('granted');
    }
    close();
    await forgetful.close();
  });

  it('is asked last until it has had its rest', async () => {
    let asked = 0;
    let now = 0;
    const bad = await fake((_, response) => {
      asked += 1;
      response.writeHead(500).end();
    });
    const { authenticator, close } = remote([bad.address, second.address], {
      timer: () => now,
      retryDelay: milliseconds(1000),
    });
    for (const at of [0, 10, 999, 1001]) {
      now = at;
      expect((await authenticator.authenticate(request('ada'))).outcome).toBe('granted');
    }
    expect(asked).toBe(2);
    close();
    await bad.close();
  });

  it('because its directory is silent is followed by one that can see it', async () => {
    const blind = await fake((_, response) => {
      response.writeHead(503).end(JSON.stringify(refusal('directory-unavailable', 'unavailable')));
    });
    const { authenticator, close } = remote([blind.address, second.address]);
    expect((await authenticator.authenticate(request('ada'))).outcome).toBe('granted');
    close();
    const alone = remote([blind.address]);
    const verdict = await alone.authenticator.authenticate(request('ada'));
    expect(verdict).toMatchObject({ outcome: 'unavailable', denial: { code: 'directory-unavailable' } });
    alone.close();
    await blind.close();
  });

  it('because it was started again is asked once more on a new connection', async () => {
    const socket = temporarySocket();
    const listener = { socket, mode: 0o600 };
    const first = await startService(world.configuration, { listener });
    const { authenticator, close } = remote([first.address]);
    expect((await authenticator.authenticate(request('ada'))).outcome).toBe('granted');
    await first.close();
    const again = await startService(world.configuration, { listener });
    expect((await authenticator.authenticate(request('ada'))).outcome).toBe('granted');
    close();
    await again.close();
  });

  it.each<[string, () => Partial<RemoteServiceOptions>]>([
    [
      'another authority’s certificate',
      () => ({ material: { ...material, certificateAuthorities: [readFileSync(callers.files.root, 'utf8')] } }),
    ],
    [
      'no certificate it takes from us',
      () => ({
        material: { ...material, certificateChain: person('ada').chainPem, privateKey: person('ada').privateKeyPem },
      }),
    ],
  ])('because it has %s lets no client in', async (_rule, more) => {
    const { authenticator, close } = remote([service.address], more());
    expect((await authenticator.authenticate(request('ada'))).outcome).toBe('unavailable');
    close();
  });

  it.each<[string, RemoteServiceOptions['endpoints']]>([
    ['no endpoint', []],
    ['http in the clear', [{ url: 'http://127.0.0.1:1' }]],
  ])('cannot be configured with %s', (_rule, endpoints) => {
    expect(() => remote([], { endpoints })).toThrow(TypeError);
  });
});

it('of 1,000 logins at once as many are decided as may wait, and the others are unavailable', async () => {
  const { authenticator, close } = remote([service.address], {
    maximumRequests: 200,
    maximumConnections: 16,
    // How many wait is what counts here, not how long they do on a busy machine.
    connectTimeout: milliseconds(50_000),
    settings: { attemptTimeout: milliseconds(50_000), totalTimeout: milliseconds(50_000) },
  });
  const verdicts = await Promise.all(Array.from({ length: 1000 }, () => authenticator.authenticate(request('ada'))));
  const outcomes = verdicts.map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome === 'granted')).toHaveLength(200);
  expect(outcomes.filter((outcome) => outcome === 'unavailable')).toHaveLength(800);
  close();
});
