/**
 * How fast files move: cardgate against vsftpd, the same file, client (curl), disk and TLS version in one run, with the time of
 * a login and an empty listing taken off. Run: node scripts/bench-transfer.ts [mebibytes]; needs vsftpd, and root for it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import buildProgram from '../test/support/build-program.ts';
import { startChildServer } from '../test/support/child-server.ts';
import { fileIdentity, type TlsVersion } from '../test/support/clients/client-session.ts';
import { curl } from '../test/support/clients/curl.ts';
import { accountFileDirectory, startLoginWorld } from '../test/support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../test/support/pki.ts';

const vsftpd = '/usr/sbin/vsftpd';
const mebibytes = Number(process.argv[2] ?? 512);
const rounds = 3;

interface Peer {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  /** Virtual directory that can be written to. */
  readonly folder: string;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

async function startVsftpd(folder: string, pki: TestPki): Promise<{ peer: Peer; stop: () => Promise<void> }> {
  const port = await freePort();
  const root = join(folder, 'vsftpd');
  await mkdir(join(root, 'files'), { recursive: true });
  await chmod(join(root, 'files'), 0o777);
  const configuration = join(folder, 'vsftpd.conf');
  const settings = {
    listen: 'YES',
    listen_address: '127.0.0.1',
    listen_port: port,
    background: 'NO',
    anonymous_enable: 'YES',
    anon_root: root,
    write_enable: 'YES',
    anon_upload_enable: 'YES',
    anon_other_write_enable: 'YES',
    anon_umask: '022',
    allow_anon_ssl: 'YES',
    ssl_enable: 'YES',
    ssl_ciphers: 'HIGH',
    require_ssl_reuse: 'NO',
    rsa_cert_file: pki.files.serverChain,
    rsa_private_key_file: pki.files.serverKey,
    pasv_address: '127.0.0.1',
    seccomp_sandbox: 'NO',
  };
  await writeFile(
    configuration,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  const server = await startChildServer({
    command: vsftpd,
    args: [configuration],
    diesWithParentBy: 'signal',
    ready: { host: '127.0.0.1', port },
  });
  return { peer: { name: 'vsftpd', port, user: 'anonymous', folder: '/files' }, stop: () => server.stop() };
}

/** Milliseconds of one curl run; the best of some rounds, since disturbances only ever add. */
async function best(run: () => Promise<{ exitCode: number | null; stderr: string }>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    const { exitCode, stderr } = await run();
    if (exitCode !== 0) throw new Error(stderr);
    least = Math.min(least, performance.now() - began);
  }
  return least;
}

async function rates(peer: Peer, tls: TlsVersion, person: Person, pki: TestPki, local: string) {
  const session = { ...peer, rootFile: pki.files.root, identity: fileIdentity(person), tls, timeoutMs: 300_000 };
  const remote = `${peer.folder}/big-${tls}.bin`;
  const overhead = await best(() => curl({ ...session, steps: [{ do: 'list', path: `${peer.folder}/` }] }));
  const up = await best(() => curl({ ...session, steps: [{ do: 'upload', local, remote }] }));
  const down = await best(() => curl({ ...session, steps: [{ do: 'download', remote, local: '/dev/null' }] }));
  const rate = (milliseconds: number) => mebibytes / ((milliseconds - overhead) / 1000);
  return { overhead, up: rate(up), down: rate(down) };
}

if (!existsSync(vsftpd)) {
  console.error('vsftpd is not installed; on Debian: apt-get install --no-install-recommends vsftpd');
  process.exit(1);
}
const folder = await mkdtemp(join(tmpdir(), 'cardgate-bench-'));
await chmod(folder, 0o755);
await buildProgram();
const pki = await createTestPki();
const person = await pki.issuePerson({ name: 'ada' });
const { directory, files } = accountFileDirectory([
  { name: 'ada', certificates: [createHash('sha256').update(person.der).digest('hex')] },
]);
const world = await startLoginWorld({
  pki,
  directories: [directory],
  files,
  rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
});
const other = await startVsftpd(folder, pki);
try {
  const local = join(folder, 'big.bin');
  const handle = await open(local, 'w');
  const block = randomBytes(1024 * 1024);
  for (let written = 0; written < mebibytes; written += 1) await handle.write(block);
  await handle.close();
  const own: Peer = { name: 'cardgate', port: world.port, user: 'ada', folder: '' };
  for (const tls of ['1.2', '1.3'] as const) {
    const theirs = await rates(other.peer, tls, person, pki, local);
    const ours = await rates(own, tls, person, pki, local);
    for (const [name, { overhead, up, down }] of [
      ['vsftpd', theirs],
      ['cardgate', ours],
    ] as const) {
      const ratios = `${(up / theirs.up).toFixed(2)}x up, ${(down / theirs.down).toFixed(2)}x down`;
      console.log(
        `TLS ${tls} ${name.padEnd(8)} up ${up.toFixed(0)} MiB/s, down ${down.toFixed(0)} MiB/s (${ratios}); login and listing ${overhead.toFixed(0)} ms`,
      );
    }
  }
} finally {
  await world.stop();
  await other.stop();
  await pki.remove();
  await rm(folder, { recursive: true, force: true });
}
