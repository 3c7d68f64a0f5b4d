/** cardgate for the benchmarks: an account file, validation with CRLs of the test authorities, the audit file on the disk measured. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accountFileDirectory, startLoginWorld } from '../../test/support/login-world.ts';
import type { BenchPeople, BenchServer } from './bench-server.ts';

const repository = join(import.meta.dirname, '..', '..');

function version(): string {
  const { version: released } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    version: string;
  };
  try {
    const revision = execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: repository,
      encoding: 'utf8',
      // A copy without its history says so on standard error, which is no fault of the benchmark.
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return `${released} (${revision.trim()}), Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`;
  } catch {
    return `${released}, Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`;
  }
}

export async function startCardgate({ pki, person }: BenchPeople): Promise<BenchServer> {
  const certificate = createHash('sha256').update(person.der).digest('hex');
  const { directory, files } = accountFileDirectory([{ name: 'ada', certificates: [certificate] }]);
  const world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    // As the documents have a service manager start it.
    nodeFlags: ['--max-semi-space-size=16'],
    site: { connections: { maxConnections: 20_000, maxConnectionsPerAddress: 20_000 } },
  });
  const { gateway, port } = world;
  return {
    name: 'cardgate',
    version: version(),
    pid: gateway.pid,
    port,
    user: 'ada',
    password: '',
    stop: () => world.stop(),
  };
}
