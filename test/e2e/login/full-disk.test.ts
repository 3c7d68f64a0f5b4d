/** The audit file on a small disk that strangers fill: no client logs in without a record, and what people did meanwhile is recorded. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AuditLine } from '../../../src/operations/audit.ts';
import { auditLineFaults } from '../../support/audit-line-faults.ts';
import { cardgate } from '../../support/built-program.ts';
import { ControlClient } from '../../support/control-client.ts';
import { startGateway } from '../../support/gateway.ts';
import { accountFileDirectory, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

const namespace = ['--user', '--map-root-user', '--mount'];

let pki: TestPki;
let ada: Person;
beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
});
afterAll(() => pki?.remove());

async function secured(port: number): Promise<ControlClient> {
  const client = await ControlClient.connect(port);
  await client.reply();
  await client.secure({ cert: ada.chainPem, key: ada.privateKeyPem });
  return client;
}

async function visit(port: number, address: string): Promise<void> {
  const stranger = await ControlClient.connect(port, address);
  await stranger.reply();
  await stranger.command('USER stranger');
  stranger.destroy();
  await stranger.gone();
}

it('refuses logins with 421 while the disk is full, and loses no record of those who are logged in', async ({
  skip,
}) => {
  if (spawnSync('unshare', [...namespace, 'true']).status !== 0)
    skip('this machine does not let the tests mount a small disk');
  const sha256 = createHash('sha256').update(ada.der).digest('hex');
  const { directory, files } = accountFileDirectory([{ name: 'ada', certificates: [sha256] }]);
  const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';
  const world = await startLoginWorld({ pki, directories: [directory], files, rules });
  await world.gateway.stop();
  const disk = join(world.folder, 'disk');
  await mkdir(disk);
  const settings = await readFile(world.configuration, 'utf8');
  await writeFile(world.configuration, settings.replace('audit.jsonl', 'disk/audit.jsonl'));
  const script = 'mount -t tmpfs -o size=64k none "$0" && exec "$@"';
  const command = ['unshare', ...namespace, 'sh', '-c', script, disk, ...cardgate];
  const gateway = await startGateway({ command, configuration: world.configuration });
  try {
    const [port = 0] = gateway.ports;
    const seen = join(`/proc/${gateway.pid}/root`, disk);
    const lines = () =>
      readFileSync(join(seen, 'audit.jsonl'), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as AuditLine);
    const before = await secured(port);
    await before.logIn('ada');
    writeFileSync(join(seen, 'ballast'), Buffer.alloc(40 * 1024));
    for (let index = 0; index < 60; index += 1) await visit(port, `127.0.1.${1 + (index % 20)}`);
    await expect.poll(() => gateway.errors()).toContain('ENOSPC');

    const refused = await secured(port);
    expect((await refused.command('USER ada')).code).toBe(421);
    expect((await before.command('MKD made')).code).toBe(257);
    expect((await before.command('RMD made')).code).toBe(250);

    unlinkSync(join(seen, 'ballast'));
    await expect.poll(() => gateway.errors(), { timeout: 10_000 }).toContain('writes again');
    const after = await secured(port);
    await after.logIn('ada');
    await after.command('QUIT');
    await after.gone();
    await expect
      .poll(() => lines().some((line) => line.event === 'session-end' && line.accountName === 'ada'))
      .toBe(true);

    const all = lines();
    expect(all.flatMap(auditLineFaults)).toEqual([]);
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, index) => index + 1));
    const ofAda = all.flatMap((line) => {
      if (line.event === 'login' && line.claimedName === 'ada') return [line.outcome];
      return line.event === 'transfer' ? [line.operation] : [];
    });
    expect(ofAda.filter((what) => what !== 'denied' && what !== 'unavailable')).toEqual([
      'granted',
      'make-directory',
      'remove-directory',
      'granted',
    ]);
    expect(ofAda).toHaveLength(5);
  } finally {
    await gateway.stop();
    await rm(world.folder, { recursive: true, force: true });
  }
}, 60_000);
