/** FTPS logins that a mapping service elsewhere decides: let in, kept out, told to come back, and ended while they run. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemTimer } from '../../../src/clock.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { ExternalNames, lookUpBySystem } from '../../../src/ftp/data-ports/external-names.ts';
import { createFtpServer, type FtpServer } from '../../../src/ftp/server.ts';
import { UploadsInProgress } from '../../../src/ftp/uploads-in-progress.ts';
import { homesOf } from '../../../src/gateway/site-homes.ts';
import { serverOptions } from '../../../src/gateway/sites.ts';
import type { AuditRecord } from '../../../src/operations/audit.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { RemoteService } from '../../../src/service/remote-service.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import { ruleSet } from '../../support/authorize.ts';
import { ControlClient } from '../../support/control-client.ts';
import { remoteLogin } from '../../support/login-setup.ts';
import { accountsHolding, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { recordingTrail } from '../../support/recording-trail.ts';
import { type ServiceWorld, startService, temporarySocket } from './service-world.ts';

const remoteTimes = { attemptTimeout: milliseconds(5000), totalTimeout: milliseconds(10_000) };

const socket = temporarySocket();
const listener = { socket, mode: 0o600 };

let pki: TestPki;
let world: LoginWorld;
let service: ServiceWorld;
let remote: RemoteService;
let server: FtpServer;
let port: number;
let ada: Person;
let uma: Person;
const records: AuditRecord[] = [];

beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  uma = await pki.issuePerson({ name: 'uma' });
  world = await startLoginWorld({
    pki,
    ...accountsHolding({ ada }),
    site: { connections: { loginRecheckInterval: '1s' } },
  });
  service = await startService(world.configuration, { listener });
  await startServer();
});

async function startServer(): Promise<void> {
  const site = loadConfiguration(world.configuration, systemClock).sites[0]!;
  const audit = recordingTrail((record: AuditRecord) => void records.push(record));
  remote = new RemoteService({
    endpoints: [{ socket }],
    material: undefined,
    connectTimeout: milliseconds(1000),
    settings: remoteTimes,
    retryDelay: milliseconds(10_000),
    maximumConnections: 64,
    maximumRequests: 1000,
    logger: silentLogger,
    clock: systemClock,
    timer: () => performance.now(),
  });
  server = createFtpServer({
    ...serverOptions(site, site.settings.ipSecurity),
    authenticator: remoteLogin(
      {
        clientCertificate: true,
        service: remote,
        explains: false,
        rules: ruleSet(site.settings.authorization),
        homes: homesOf(site),
      },
      audit,
    ),
    openStorage: ({ homeDirectory }, rights) => openLocalStorage({ homeDirectory, rights }),
    audit,
    logger: silentLogger,
    clock: systemClock,
    timer: systemTimer,
    uploads: new UploadsInProgress(),
    reverseNames: { namesOf: async () => ({ outcome: 'unknown', reason: 'no test looks names up' }) },
    externalNames: new ExternalNames({ lookUp: lookUpBySystem, timer: systemTimer, logger: silentLogger }),
  });
  port = (await server.listen())[0]!.port;
}

afterAll(async () => {
  await server?.close(milliseconds(0));
  remote?.close();
  await service?.close();
  await world?.stop();
  await pki?.remove();
});

async function secured(person: Person): Promise<ControlClient> {
  const client = await ControlClient.connect(port);
  await client.reply();
  await client.secure({ cert: person.chainPem, key: person.privateKeyPem });
  return client;
}

async function answerTo(person: Person, user: string): Promise<number> {
  const client = await secured(person);
  const { code } = await client.command(`USER ${user}`);
  client.destroy();
  return code;
}

describe('an FTPS site with a remote mapping service', () => {
  it('lets in and keeps out as the service says, under one reference', async () => {
    expect(await answerTo(ada, 'ada')).toBe(230);
    expect(await answerTo(uma, 'uma')).toBe(530);
    const mine = records.filter((record) => record.event === 'login');
    expect(mine.map(({ outcome }) => outcome)).toEqual(['granted', 'denied']);
    expect(mine.map(({ reference }) => reference)).toEqual(service.records.map(({ reference }) => reference));
  });

  it('goes on while the service is away, says 421 to newcomers, and ends when the service says so', async () => {
    const running = await secured(ada);
    await running.logIn('ada');
    await service.close();
    expect(await answerTo(ada, 'ada')).toBe(421);
    expect((await running.command('PWD')).code).toBe(257);

    await pki.revoke([ada.serialNumber]);
    service = await startService(world.configuration, { listener });
    expect((await running.reply()).code).toBe(421);
    expect(records.findLast((record) => record.event === 'refusal')).toMatchObject({
      accountName: 'ada',
      denial: { code: 'certificate-revoked' },
    });
    expect(await answerTo(ada, 'ada')).toBe(530);
  });
});
