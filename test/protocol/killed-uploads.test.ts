/** Clients killed in the middle of an upload: what they leave is never taken for the whole file (RFC 959 4.1.1). */

import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditRecord, Transfer } from '../../src/operations/audit.ts';
import { endClient, type SlowUpload, slowUploaders, startSlowUpload } from '../support/clients/slow-upload.ts';
import { type ControlClient, openTcp } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

/** Kills of each client by each signal; more of them by hand, since what is tested is a race. */
const kills = Number(process.env['CARDGATE_KILLS'] ?? 2);

const identities = await createIdentities();
const siteWith = siteFactory(identities);
/** The two connections of a killed client may end far apart on a busy machine; what waits for the second ends with it. */
const patient = { fileHandling: { uploadEndDelay: 10_000 } };

let directory: string;
let files: { readonly certificateFile: string; readonly keyFile: string; readonly local: string };
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cardgate-killed-'));
  files = {
    certificateFile: join(directory, 'certificate.pem'),
    keyFile: join(directory, 'key.pem'),
    local: join(directory, 'large'),
  };
  await writeFile(files.certificateFile, identities.ada.cert);
  await writeFile(files.keyFile, identities.ada.key, { mode: 0o600 });
  await writeFile(files.local, Buffer.alloc(30_000_000, 'x'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Octets that have arrived, wherever they are kept for now. */
async function sizeOfUpload(site: ProtocolSite): Promise<number> {
  const sizes = (await readdir(site.home)).map(async (name) => {
    const facts = await stat(join(site.home, name)).catch(() => undefined);
    return facts?.size ?? 0;
  });
  return Math.max(0, ...(await Promise.all(sizes)));
}

/** @returns the record of the transfer */
async function kill(
  site: ProtocolSite,
  client: (typeof slowUploaders)[number],
  signal: NodeJS.Signals,
  changes: Partial<SlowUpload> = {},
): Promise<Transfer> {
  const upload = { port: site.port, user: 'ada', remote: 'k.bin', ...files, ...changes };
  const seen = site.audit.length;
  const child = startSlowUpload(client, upload);
  try {
    await expect.poll(() => sizeOfUpload(site), { interval: 5 }).toBeGreaterThan(200_000);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
  } finally {
    await endClient(child, signal);
  }
  return (await site.record((entry) => entry.event === 'transfer' && site.audit.indexOf(entry) >= seen)) as Transfer;
}

describe('an upload whose client is killed leaves the old file as it was', () => {
  for (const client of slowUploaders) {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      it(`${client}, ${signal}`, { timeout: 10_000 + kills * 5_000 }, async () => {
        const site = await siteWith(patient);
        const outcomes: string[] = [];
        for (let run = 0; run < kills; run += 1) {
          await writeFile(join(site.home, 'k.bin'), Buffer.alloc(1000, 'o'));
          const { outcome, facts } = await kill(site, client, signal);
          outcomes.push(`${outcome} ${facts?.['end'] ?? facts?.['reason'] ?? ''}`);
          const { length } = await readFile(join(site.home, 'k.bin'));
          if (length !== 1000) outcomes.push('REPLACED');
        }
        expect(outcomes.filter((outcome) => !outcome.startsWith('aborted'))).toEqual([]);
        expect(await readdir(site.home)).toEqual(['k.bin']);
      });
    }
  }
});

describe('a client that gives up by itself ends the octets in order, and the control connection a moment later', () => {
  it('and leaves the old file as it was: curl --max-time', { timeout: 10_000 + kills * 5_000 }, async () => {
    const site = await siteWith();
    for (let run = 0; run < kills; run += 1) {
      await writeFile(join(site.home, 'k.bin'), Buffer.alloc(1000, 'o'));
      const seen = site.audit.length;
      const upload = { port: site.port, user: 'ada', remote: 'k.bin', ...files, giveUpAfter: 0.7 + Math.random() / 5 };
      await once(startSlowUpload('curl', upload), 'exit');
      const ended = (entry: AuditRecord) => entry.event === 'session-end' && site.audit.indexOf(entry) >= seen;
      await site.record(ended);
      const transfers = site.audit.slice(seen).filter(({ event }) => event === 'transfer');
      expect(transfers.map((record) => (record as Transfer).outcome).filter((word) => word === 'complete')).toEqual([]);
      expect(await readFile(join(site.home, 'k.bin'))).toHaveLength(1000);
    }
    expect(await readdir(site.home)).toEqual(['k.bin']);
  });
});

describe('an upload into the file itself whose client is killed is recorded as aborted, never as complete', () => {
  it.each(slowUploaders)('%s, APPE or STOR at an offset', async (client) => {
    const site = await siteWith(patient);
    await writeFile(join(site.home, 'k.bin'), Buffer.alloc(1000, 'x'));
    const { outcome } = await kill(site, client, 'SIGKILL', { mode: 'append' });
    expect(outcome).toBe('aborted');
  });
});

describe('a transfer whose data connection is reset', () => {
  const opened = async (site: ProtocolSite, command: string) => {
    await writeFile(join(site.home, 'k.bin'), Buffer.alloc(1000, 'o'));
    await writeFile(join(site.home, 'large'), Buffer.alloc(30_000_000));
    const client = await site.loggedIn();
    const port = await client.passive();
    if (command.startsWith('REST')) await client.command('REST 1000');
    client.write(`${command.replace(/^REST /u, '')}\r\n`);
    const raw = await openTcp(port);
    const data = connect({ socket: raw, rejectUnauthorized: false, ...identities.ada });
    data.on('error', () => undefined);
    raw.on('error', () => undefined);
    await once(data, 'secureConnect');
    await client.reply();
    if (!command.startsWith('RETR')) await new Promise((resolve) => data.write('stump', resolve));
    raw.resetAndDestroy();
    expect((await client.reply()).code).toBe(426);
    return client;
  };
  const commands = ['STOR k.bin', 'APPE k.bin', 'REST STOR k.bin', 'RETR large'];
  const transfer = (site: ProtocolSite) => site.record(({ event }) => event === 'transfer');

  // RFC 959 4.1.1: the kernel of a client that was killed ends its connections one after the other.
  it.each(commands)('%s is recorded as aborted when the control connection ends behind it', async (command) => {
    const site = await siteWith(patient);
    (await opened(site, command)).raw.resetAndDestroy();
    expect(await transfer(site)).toMatchObject({ outcome: 'aborted', facts: { reason: expect.any(String) } });
  });

  it.each(commands)('%s is recorded as failed when the client goes on, which need not wait', async (command) => {
    const site = await siteWith(patient);
    const client = await opened(site, command);
    const before = performance.now();
    expect((await client.command('NOOP')).code).toBe(200);
    expect(performance.now() - before).toBeLessThan(9000);
    expect(await transfer(site)).toMatchObject({ outcome: 'failed', facts: { reason: expect.any(String) } });
    client.destroy();
  });

  it('is recorded as failed in the end when the client says nothing', async () => {
    const site = await siteWith({ fileHandling: { uploadEndDelay: 20 } });
    const client = await opened(site, 'STOR k.bin');
    expect(await transfer(site)).toMatchObject({ outcome: 'failed' });
    client.destroy();
  });
});

describe('an unprotected upload whose client is killed', () => {
  it('leaves the old file, though in the clear every file ends in a bare FIN', async () => {
    const site = await siteWith({ ssl: { dataChannelPolicy: 'SslAllow' }, ...patient });
    await writeFile(join(site.home, 'k.bin'), Buffer.alloc(1000, 'o'));
    const { outcome } = await kill(site, 'ftplib', 'SIGKILL', { protectedData: false });
    expect(outcome).toBe('aborted');
    expect(await readFile(join(site.home, 'k.bin'))).toHaveLength(1000);
  });
});

describe('the end of the control connection behind an upload that ended in a bare FIN', () => {
  const endings: Readonly<Record<string, (client: ControlClient) => void>> = {
    RST: (client) => void client.raw.resetAndDestroy(),
    FIN: (client) => void client.raw.end(),
    close_notify: (client) => void client.tls.end(),
    'a FIN behind fifty waiting commands': (client) => {
      client.write('PWD\r\n'.repeat(50));
      client.raw.end();
    },
  };

  async function uploadWithoutCloseNotify(site: ProtocolSite, type: 'I' | 'A' = 'I'): Promise<ControlClient> {
    const client = await site.loggedIn();
    await client.command(`TYPE ${type}`);
    const port = await client.passive();
    client.write('STOR k.bin\r\n');
    await client.reply();
    const raw = await openTcp(port);
    const data = connect({ socket: raw, rejectUnauthorized: false, ...identities.ada });
    data.on('error', () => undefined);
    await once(data, 'secureConnect');
    await new Promise((resolve) => data.write('stump', resolve));
    raw.end();
    return client;
  }

  for (const [ending, end] of Object.entries(endings)) {
    for (const type of ['I', 'A'] as const) {
      it(`${ending} makes it no file, TYPE ${type}`, async () => {
        const site = await siteWith({ fileHandling: { uploadEndDelay: 5000 } });
        await writeFile(join(site.home, 'k.bin'), 'old');
        end(await uploadWithoutCloseNotify(site, type));
        expect(await site.record(({ event }) => event === 'transfer')).toMatchObject({ outcome: 'aborted' });
        expect(await readFile(join(site.home, 'k.bin'), 'utf8')).toBe('old');
      });
    }
  }

  it('that comes while the octets are being written to the disk makes it no file', async () => {
    const syncing = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const site = await siteWith({
      fileHandling: { uploadEndDelay: 0 },
      wrapStorage: (storage) => ({
        ...storage,
        openWrite: async (path, mode) => {
          const upload = await storage.openWrite(path, mode);
          return {
            bytesWritten: 0,
            write: (chunk) => upload.write(chunk),
            abort: () => upload.abort(),
            seal: () => upload.seal(),
            commit: async (signal) => {
              syncing.resolve();
              await goOn.promise;
              await upload.commit(signal);
            },
          };
        },
      }),
    });
    await writeFile(join(site.home, 'k.bin'), 'old');
    const client = await uploadWithoutCloseNotify(site);
    await syncing.promise;
    client.raw.resetAndDestroy();
    await site.record(({ event }) => event === 'session-end');
    goOn.resolve();
    expect(await site.record(({ event }) => event === 'transfer')).toMatchObject({ outcome: 'aborted' });
    expect(await readFile(join(site.home, 'k.bin'), 'utf8')).toBe('old');
  });

  it('of a client that lives on is awaited for its time and no longer', async () => {
    const site = await siteWith({ fileHandling: { uploadEndDelay: 200 } });
    const client = await uploadWithoutCloseNotify(site);
    expect((await client.reply()).code).toBe(226);
    expect(await readFile(join(site.home, 'k.bin'), 'utf8')).toBe('stump');
  });

  it('behind a QUIT gives an upload without close_notify up, and one with close_notify not', async () => {
    const site = await siteWith();
    for (const [name, isWhole] of [
      ['whole', true],
      ['stump', false],
    ] as const) {
      const client = await site.loggedIn();
      const port = await client.passive();
      client.write(`STOR ${name}\r\nQUIT\r\n`);
      await client.reply();
      const raw = await openTcp(port);
      const data = connect({ socket: raw, rejectUnauthorized: false, ...identities.ada });
      data.on('error', () => undefined);
      await once(data, 'secureConnect');
      client.raw.end();
      await new Promise((resolve) => data.write('octets', resolve));
      if (isWhole) data.end();
      else raw.end();
      await client.gone();
    }
    expect(await readdir(site.home)).toEqual(['whole']);
  });
});
