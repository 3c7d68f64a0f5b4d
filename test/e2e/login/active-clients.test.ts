/** Real clients in active mode, with key files, under TLS 1.2 and 1.3: what they uploaded they list and download, over connections of the server. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../../src/operations/audit.ts';
import { type ClientResult, type ClientSession, fileIdentity } from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { ftplib } from '../../support/clients/ftplib.ts';
import { lftp } from '../../support/clients/lftp.ts';
import { netkitFtp } from '../../support/clients/netkit-ftp.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

let pki: TestPki;
let ada: Person;
let world: LoginWorld;
let scratch: string;
let original: string;

beforeAll(async () => {
  pki = await createTestPki();
  // netkit takes no other.
  ada = await pki.issuePerson({ name: 'ada', keyType: 'RSA-2048' });
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-active-'));
  original = join(scratch, 'original.bin');
  await writeFile(original, randomBytes(1_000_001));
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: [createHash('sha256').update(ada.der).digest('hex')] },
  ]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    sites: {
      active: { firewallSupport: { activeMode: true } },
      clear: { firewallSupport: { activeMode: true }, ssl: { dataChannelPolicy: 'SslAllow' } },
      passive: {},
    },
  });
});

afterAll(async () => {
  await world?.stop();
  await pki?.remove();
  await rm(scratch, { recursive: true, force: true });
});

type Client = (session: ClientSession) => Promise<ClientResult>;

/** Its version 7.88 forgets TLS on connections that it accepts (curl/curl#10666), so it moves files in the clear behind a protected login. */
const curlInTheClear: Client = (session) => curl({ ...session, port: world.portOf('clear'), clearData: true });

const clients: readonly (readonly [string, Client, 'C' | 'P'])[] = [
  ['lftp', lftp, 'P'],
  ['Python ftplib', ftplib, 'P'],
  ['netkit ftp', netkitFtp, 'P'],
  ['curl', curlInTheClear, 'C'],
];

const cases = (['1.2', '1.3'] as const).flatMap((tls) =>
  clients.map(([client, run, protection]) => ({ client, run, protection, tls })),
);

describe('in active mode a file comes back as it was sent', () => {
  it.each(cases)('by $client under TLS $tls', async ({ client, run, protection, tls }) => {
    const remote = `${client.replaceAll(' ', '-')}-${tls}.bin`;
    const copy = join(scratch, `copy-${remote}`);
    const steps = [
      { do: 'upload', local: original, remote },
      { do: 'list', path: '/' },
      { do: 'download', remote, local: copy },
    ] as const;
    const before = world.records().length;
    const result = await run({ ...world.session('ada', fileIdentity(ada), tls, steps), active: true });
    expect(result, `${result.stdout}\n${result.stderr}`).toMatchObject({ exitCode: 0 });
    expect(readFileSync(copy).equals(readFileSync(original))).toBe(true);
    expect(result.stdout).toContain(remote);
    const moved = (record: AuditRecord) => record.event === 'transfer' && record.bytes !== undefined;
    const transfers = () => world.records().slice(before).filter(moved);
    await expect.poll(() => transfers().length).toBe(2);
    for (const transfer of transfers()) {
      const facts = { protection, activePort: expect.any(Number) as number };
      expect(transfer).toMatchObject({ outcome: 'complete', facts });
    }
  });
});

it('what curl 7.88 sends in the clear behind PROT P is refused, and nothing of it is stored', async () => {
  const steps = [{ do: 'upload', local: original, remote: 'clear.bin' }] as const;
  const result = await curl({ ...world.session('ada', fileIdentity(ada), '1.3', steps), active: true });
  const stored = join(world.files, 'ada', 'clear.bin');
  // A later curl does it right.
  if (result.exitCode === 0) expect(readFileSync(stored).equals(readFileSync(original))).toBe(true);
  else expect(existsSync(stored)).toBe(false);
});

it.each(clients.filter(([, , protection]) => protection === 'P'))(
  'where it is off, %s hears which setting refuses it, and moves nothing',
  async (client, run) => {
    const remote = `never-${client.replaceAll(' ', '-')}.bin`;
    const steps = [{ do: 'upload', local: original, remote }] as const;
    const before = world.records().length;
    const session = world.session('ada', fileIdentity(ada), '1.3', steps);
    const result = await run({ ...session, port: world.portOf('passive'), active: true });
    expect(result.exitCode).not.toBe(0);
    const refused = (record: AuditRecord) => record.event === 'refusal' && record.denial.code === 'active-mode-off';
    await expect.poll(() => world.records().slice(before).some(refused)).toBe(true);
    expect(existsSync(join(world.files, 'ada', remote))).toBe(false);
  },
);
