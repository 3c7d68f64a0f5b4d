/**
 * What bytes, files, logins and idle sessions cost: cardgate beside vsftpd, ProFTPD and Pure-FTPd of Debian 12 in one run, on the
 * same disk, with the same clients and certificates. scripts/bench/peers fetches the peers; they need root to run.
 *
 * Run: node scripts/bench-transfer.ts [part ...] [--option value ...]
 *   parts    big-file parallel small-files logins idle load; default: all
 *   options  --servers cardgate,vsftpd,proftpd,pure-ftpd  --mebibytes 1024 (big-file; parallel: a quarter each)  --files 1000
 *            --logins 200  --sessions 1000  --probes 40 (logins timed at each load)  --flood-processes 3  --rounds 3
 *            --tls 1.2,1.3 (big-file, logins)  --nagle (ftplib as it is: each STOR waits for a delayed acknowledgement)
 */
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import buildProgram from '../test/support/build-program.ts';
import type { TlsVersion } from '../test/support/clients/client-session.ts';
import { hasPeer, type PeerName, peerNames, startPeer } from '../test/support/ftp-peers.ts';
import { createTestPki } from '../test/support/pki.ts';
import { python } from '../test/support/python.ts';
import type { Bench, BenchSizes } from './bench/bench.ts';
import type { BenchPeople, BenchServer } from './bench/bench-server.ts';
import { startCardgate } from './bench/cardgate-server.ts';
import { filesAtOnce } from './bench/parts/files-at-once.ts';
import { idleSessions } from './bench/parts/idle-sessions.ts';
import { logins } from './bench/parts/logins.ts';
import { loginsUnderLoad } from './bench/parts/logins-under-load.ts';
import { oneBigFile } from './bench/parts/one-big-file.ts';
import { smallFiles } from './bench/parts/small-files.ts';

const parts: ReadonlyMap<string, (bench: Bench) => Promise<void>> = new Map([
  ['big-file', oneBigFile],
  ['parallel', filesAtOnce],
  ['small-files', smallFiles],
  ['logins', logins],
  ['idle', idleSessions],
  ['load', loginsUnderLoad],
]);

function usageError(message: string): never {
  console.error(`bench-transfer: ${message}`);
  process.exit(2);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    servers: { type: 'string', default: ['cardgate', ...peerNames].join() },
    mebibytes: { type: 'string', default: '1024' },
    files: { type: 'string', default: '1000' },
    logins: { type: 'string', default: '200' },
    sessions: { type: 'string', default: '1000' },
    probes: { type: 'string', default: '40' },
    'flood-processes': { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    tls: { type: 'string', default: '1.2,1.3' },
    nagle: { type: 'boolean', default: false },
  },
});

function count(name: Exclude<keyof typeof values, 'nagle'>): number {
  const value = Number(values[name]);
  return Number.isInteger(value) && value > 0 ? value : usageError(`--${name} takes a whole number above 0`);
}

function tlsVersion(text: string): TlsVersion {
  return text === '1.2' || text === '1.3' ? text : usageError(`--tls takes 1.2, 1.3 or both with a comma, not ${text}`);
}

function peerName(text: string): PeerName {
  const name = peerNames.find((each) => each === text);
  if (!name) return usageError(`--servers takes cardgate, ${peerNames.join(', ')}, not ${text}`);
  return hasPeer(name)
    ? name
    : usageError(`${name} is not there. Run scripts/bench/peers, or name others in --servers.`);
}

const chosen = (positionals.length > 0 ? positionals : [...parts.keys()]).map(
  (name) =>
    [name, parts.get(name) ?? usageError(`no part ${name}; there are ${[...parts.keys()].join(', ')}`)] as const,
);
const names = values.servers.split(',');
const peers = names.filter((name) => name !== 'cardgate').map(peerName);
if (peers.length > 0 && process.getuid?.() !== 0) usageError('peers need root, to become the user who logs in.');
const sizes: BenchSizes = {
  mebibytes: count('mebibytes'),
  files: count('files'),
  logins: count('logins'),
  sessions: count('sessions'),
  probes: count('probes'),
  floodProcesses: count('flood-processes'),
  rounds: count('rounds'),
  tlsVersions: values.tls.split(',').map(tlsVersion),
  nagle: values.nagle,
};

/** Every part has servers of its own, so that none finds what another left in memory. */
async function run(part: (bench: Bench) => Promise<void>, people: BenchPeople, isFirst: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-bench-'));
  await chmod(folder, 0o755);
  const servers: BenchServer[] = [];
  try {
    if (names.includes('cardgate')) servers.push(await startCardgate(people));
    for (const name of peers) servers.push(await startPeer(name, folder, people.pki));
    if (isFirst) for (const { name, version } of servers) console.log(`${name} ${version}`);
    await part({ servers, people, sizes, folder });
  } finally {
    for (const server of servers) await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

await buildProgram();
const pki = await createTestPki();
try {
  // Peers read the server's certificate, not the key, as another user.
  await chmod(pki.directory, 0o755);
  const person = await pki.issuePerson({ name: 'ada', keyType: 'RSA-2048' });
  const [curlVersion = ''] = execFileSync('curl', ['--version'], { encoding: 'utf8' }).split('\n');
  console.log(`clients: ${curlVersion}; ${execFileSync(python, ['--version'], { encoding: 'utf8' }).trim()}`);
  console.log(`machine: ${cpus().length} x ${cpus()[0]?.model}; client certificate RSA-2048, server certificate P-256`);
  for (const [index, [, part]] of chosen.entries()) await run(part, { pki, person }, index === 0);
} finally {
  await pki.remove();
}
