/** Bandwidth over the wire: no transfer is faster than its limit, transfers share one fairly, and a slow one is not cut for it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bandwidth } from '../../src/ftp/bandwidth/bandwidth.ts';
import { openData } from '../support/control-client.ts';
import { download, upload } from '../support/file-transfers.ts';
import { createIdentities, type ProtocolSite, type SiteChanges } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);
const rate = 400_000;
const octets = 800_000;
/** A tenth of a second of the rate passes at once. */
const leastTime = ((octets - rate / 10) / rate) * 1000;

async function start(settings: object, changes: SiteChanges = {}): Promise<ProtocolSite> {
  const site = await siteWith({ bandwidth: bandwidth.parse(settings), ...changes });
  await writeFile(join(site.home, 'file'), Buffer.alloc(octets, 'abcdefgh\n'));
  return site;
}

async function timed(work: () => Promise<{ readonly code: number }>): Promise<number> {
  const startedAt = performance.now();
  expect((await work()).code).toBe(226);
  return performance.now() - startedAt;
}

describe('a transfer under a limit', () => {
  it.each<[string, readonly string[], string, object]>([
    ['RETR under that of the site', [], 'RETR file', { bytesPerSecond: rate }],
    ['RETR under that of each account', [], 'RETR file', { bytesPerSecondPerAccount: rate }],
    ['RETR under that of a rule', [], 'RETR file', { rules: [{ users: ['ADA'], bytesPerSecond: rate }] }],
    ['RETR under TYPE A', ['TYPE A'], 'RETR file', { bytesPerSecond: rate }],
    ['RETR from an offset', ['REST 1'], 'RETR file', { bytesPerSecond: rate }],
    ['STOR', [], 'STOR new', { bytesPerSecond: rate }],
    ['APPE under TYPE A', ['TYPE A'], 'APPE new', { bytesPerSecond: rate }],
  ])('%s moves no more in a second', async (_what, before, line, settings) => {
    const client = await (await start(settings)).loggedIn();
    for (const command of before) await client.command(command);
    const content = Buffer.alloc(octets, 'abcdefgh\n');
    const move = () =>
      line.startsWith('RETR') ? download(client, identities.ada, line) : upload(client, identities.ada, line, content);
    expect(await timed(move)).toBeGreaterThan(leastTime * 0.98);
  });

  it('is whole at its end', async () => {
    const client = await (await start({ bytesPerSecond: rate })).loggedIn();
    const { content } = await download(client, identities.ada, 'RETR file');
    expect(content.equals(Buffer.alloc(octets, 'abcdefgh\n'))).toBe(true);
  });

  it('is not cut as too slow or silent for what the server itself holds back', async () => {
    const connections = { dataChannelTimeout: 300, minBytesPerSecond: 500_000 };
    const client = await (await start({ bytesPerSecond: 100_000 }, { connections })).loggedIn();
    const { code } = await upload(client, identities.ada, 'STOR new', Buffer.alloc(100_000));
    expect(code).toBe(226);
  });

  it('has as much of it as every other', async () => {
    const site = await start({ bytesPerSecond: rate });
    const clients = [await site.loggedIn(), await site.loggedIn()];
    const seen = [0, 0];
    const first = Promise.withResolvers<void>();
    const transfers = clients.map(async (client, index) => {
      const port = await client.passive();
      client.write('RETR file\r\n');
      const data = await openData(port, identities.ada);
      for await (const chunk of data) seen[index] = (seen[index] ?? 0) + (chunk as Buffer).length;
      first.resolve();
    });
    await first.promise;
    // When the one is whole, the other lacks no more than a few steps of both and what lay between their beginnings.
    expect(Math.min(...seen)).toBeGreaterThan(octets / 2);
    await Promise.all(transfers);
    expect(seen).toEqual([octets, octets]);
  });

  it('does not slow an account that no rule is for', async () => {
    const site = await start({ rules: [{ users: ['eve'], bytesPerSecond: 1_000 }] });
    const client = await site.loggedIn();
    // At a thousand octets a second it takes a quarter of an hour.
    expect((await download(client, identities.ada, 'RETR file')).code).toBe(226);
  });
});
