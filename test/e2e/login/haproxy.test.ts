/** Behind HAProxy with PROXY headers of both versions: clients log in and move files, and records have their addresses. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { AuditRecord } from '../../../src/operations/audit.ts';
import { cardgate } from '../../support/built-program.ts';
import { type ClientSession, fileIdentity } from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { ftplib } from '../../support/clients/ftplib.ts';
import { lftp } from '../../support/clients/lftp.ts';
import { runClient } from '../../support/clients/run-client.ts';
import { freePorts } from '../../support/free-ports.ts';
import { type Haproxy, startHaproxy } from '../../support/haproxy.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

/** Ports for the two listeners of the balancer, and behind them its passive range. */
const portsNeeded = 22;
const nodeAddress = '127.0.0.2';
const source = '127.0.0.77';

let pki: TestPki;
let ada: Person;
let world: LoginWorld;
let scratch: string;
let original: string;
let first: number;

beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-behind-haproxy-'));
  original = join(scratch, 'original.bin');
  await writeFile(original, randomBytes(1_000_001));
  first = await freePorts(portsNeeded, ['127.0.0.1', nodeAddress]);
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: [createHash('sha256').update(ada.der).digest('hex')] },
  ]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: {
      bindings: [
        { address: nodeAddress, port: 0 },
        { address: nodeAddress, port: 0, tls: 'implicit' },
      ],
      proxyProtocol: { trustedAddresses: [source, '127.0.0.1'] },
      firewallSupport: { lowDataChannelPort: first + 2, highDataChannelPort: first + portsNeeded - 1 },
    },
  });
});

afterAll(async () => {
  await world?.stop();
  await pki?.remove();
  await rm(scratch, { recursive: true, force: true });
});

it('cardgate health announces itself where its own address is trusted, and leaves no record', async () => {
  const settings = parse(await readFile(world.configuration, 'utf8')) as { sites: { bindings: { port: number }[] }[] };
  const [explicit = 0, implicit = 0] = world.gateway.ports;
  settings.sites[0]?.bindings.forEach((binding, index) => {
    binding.port = index === 0 ? explicit : implicit;
  });
  const configuration = join(world.folder, 'with-ports.yaml');
  await writeFile(configuration, stringify(settings));
  const [program, main] = cardgate;
  const { stdout, exitCode } = await runClient(program, [main, 'health', configuration]);
  expect([stdout.match(/: answers$/gmu)?.length, exitCode]).toEqual([2, 0]);
  expect(world.records().filter((record) => 'remoteAddress' in record && record.remoteAddress === '127.0.0.1')).toEqual(
    [],
  );
});

describe.each(['send-proxy', 'send-proxy-v2 proxy-v2-options crc32c'])('behind HAProxy with %s', (header) => {
  let haproxy: Haproxy;
  beforeAll(async () => {
    const [explicit = 0, implicit = 0] = world.gateway.ports;
    haproxy = await startHaproxy({
      node: { address: nodeAddress, explicit, implicit },
      passivePorts: `${first + 2}-${first + portsNeeded - 1}`,
      source,
      header,
      explicit: first,
      implicit: first + 1,
    });
  });
  afterAll(() => haproxy?.stop());

  /** A client address that no other client of the test has. */
  const curlFrom = (session: ClientSession) => curl(session, [['interface', '127.0.0.9']]);
  const cases = (['1.2', '1.3'] as const).flatMap((tls) =>
    [
      ['curl', curlFrom, '127.0.0.9'] as const,
      ['lftp', lftp, '127.0.0.1'] as const,
      ['ftplib', ftplib, '127.0.0.1'] as const,
    ].flatMap(([client, run, address]) => [false, true].map((implicit) => ({ client, run, address, tls, implicit }))),
  );

  it.each(cases)('$client under TLS $tls, implicit: $implicit', async ({ client, run, address, tls, implicit }) => {
    const remote = `${client}-${tls}-${implicit}-${header.length}.bin`;
    const copy = join(scratch, `copy-${remote}`);
    const before = world.records().length;
    const session = world.session('ada', fileIdentity(ada), tls, [
      { do: 'upload', local: original, remote },
      { do: 'list', path: '/' },
      { do: 'download', remote, local: copy },
    ]);
    const result = await run({ ...session, port: implicit ? first + 1 : first, implicit });
    expect(result, `${result.stdout}\n${result.stderr}`).toMatchObject({ exitCode: 0 });
    expect(readFileSync(copy).equals(readFileSync(original))).toBe(true);
    expect(result.stdout).toContain(remote);
    // The look whether the balancer is there yet leaves a record, too.
    const isOfAda = (record: AuditRecord) =>
      record.event === 'login' || ('accountName' in record && record.accountName === 'ada');
    const ofAda = () => world.records().slice(before).filter(isOfAda);
    await expect.poll(() => ofAda().some(({ event }) => event === 'session-end')).toBe(true);
    for (const record of ofAda()) expect(record).toMatchObject({ remoteAddress: address, proxyAddress: source });
  });

  it('its checks of health are answered, and leave no record', () => {
    const ofBalancer = world.records().filter((record) => 'remoteAddress' in record && record.remoteAddress === source);
    expect(ofBalancer).toEqual([]);
  });
});
