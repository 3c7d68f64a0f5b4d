/**
 * What a login costs: CPU of the gateway per login against the same TLS handshake without a login, start-up time, and resident
 * memory idle and with sessions. Run: node scripts/bench-login.ts [logins] [sessions]
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import buildProgram from '../test/support/build-program.ts';
import { cardgate } from '../test/support/built-program.ts';
import { ControlClient, type TlsIdentity } from '../test/support/control-client.ts';
import { startGateway } from '../test/support/gateway.ts';
import { accountFileDirectory, type LoginWorld, slapdDirectory, startLoginWorld } from '../test/support/login-world.ts';
import { createTestPki, type TestPki } from '../test/support/pki.ts';
import { startSlapd } from '../test/support/slapd.ts';

const logins = Number(process.argv[2] ?? 400);
const sessions = Number(process.argv[3] ?? 200);
/** Kernel ticks of /proc/PID/stat are hundredths of a second. */
const millisecondsPerTick = 10;

function cpuMilliseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * millisecondsPerTick;
}

function residentMebibytes(pid: number): number {
  const kibibytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kibibytes) / 1024);
}

async function secured(port: number, identity: TlsIdentity): Promise<ControlClient> {
  const client = await ControlClient.connect(port);
  await client.reply();
  await client.secure(identity);
  return client;
}

async function cpuPer(world: LoginWorld, count: number, work: () => Promise<void>): Promise<number> {
  for (let index = 0; index < 50; index += 1) await work();
  const before = cpuMilliseconds(world.gateway.pid);
  for (let index = 0; index < count; index += 1) await work();
  return (cpuMilliseconds(world.gateway.pid) - before) / count;
}

async function measure(
  name: string,
  pki: TestPki,
  options: Omit<Parameters<typeof startLoginWorld>[0], 'pki'>,
  identity: TlsIdentity,
) {
  const world = await startLoginWorld({ pki, ...options, site: { connections: { maxConnectionsPerAddress: 10_000 } } });
  const idle = residentMebibytes(world.gateway.pid);
  const session = (andThen: (client: ControlClient) => Promise<void>) => async () => {
    const client = await secured(world.port, identity);
    await andThen(client);
    await client.command('QUIT');
    client.destroy();
  };
  const handshake = await cpuPer(
    world,
    logins,
    session(async () => undefined),
  );
  const login = await cpuPer(
    world,
    logins,
    session((client) => client.logIn('ada')),
  );
  const open = [];
  for (let index = 0; index < sessions; index += 1) {
    const client = await secured(world.port, identity);
    await client.logIn('ada');
    open.push(client);
  }
  const busy = residentMebibytes(world.gateway.pid);
  for (const client of open) client.destroy();
  console.log(
    `${name}: handshake alone ${handshake.toFixed(2)} ms CPU, with login ${login.toFixed(2)} ms (${(login / handshake).toFixed(2)}x); ` +
      `resident ${idle} MiB idle, ${busy} MiB with ${sessions} sessions after ${2 * logins} connections`,
  );
  await world.stop();
}

async function startUp(world: LoginWorld): Promise<number> {
  const began = performance.now();
  const gateway = await startGateway({ command: cardgate, configuration: world.configuration });
  const took = performance.now() - began;
  await gateway.stop();
  return took;
}

await buildProgram();
const pki = await createTestPki();
const person = await pki.issuePerson({ name: 'ada', keyType: 'RSA-2048' });
const identity = { cert: person.chainPem, key: person.privateKeyPem };
const slapd = await startSlapd({ accounts: [{ uid: 'ada', certificates: [person.der] }] });
const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';
try {
  const local = accountFileDirectory([
    { name: 'ada', certificates: [createHash('sha256').update(person.der).digest('hex')] },
  ]);
  const people = slapdDirectory(slapd);
  await measure('account file', pki, { directories: [local.directory], files: local.files, rules }, identity);
  await measure('slapd', pki, { directories: [people.directory], files: people.files, rules }, identity);
  const world = await startLoginWorld({ pki, directories: [local.directory], files: local.files, rules });
  const times = [];
  for (let index = 0; index < 5; index += 1) times.push(await startUp(world));
  console.log(
    `start-up until ready: ${Math.round(times.sort((a, b) => a - b)[2] ?? 0)} ms (median of 5, from TypeScript sources)`,
  );
  await world.stop();
} finally {
  await slapd.stop();
  await pki.remove();
}
