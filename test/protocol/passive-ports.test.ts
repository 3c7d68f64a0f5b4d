/** The passive port: how long it is held, whom it serves, and what is said when there is none. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RefusalRecord } from '../../src/operations/audit.ts';
import { openData, openTcp } from '../support/control-client.ts';
import { freePorts } from '../support/free-ports.ts';
import { listeningChannel } from '../support/listening-channel.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { resetBeforeAccept } from '../support/reset-before-accept.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

async function refusal(site: ProtocolSite): Promise<RefusalRecord> {
  return (await site.record(({ event }) => event === 'refusal')) as RefusalRecord;
}

describe('a passive port that no transfer command asks for', () => {
  it('is given up after dataChannelTimeout while the client sends NOOP, and the next transfer says why', async () => {
    const client = await (await siteWith({ connections: { dataChannelTimeout: 1000 } })).loggedIn();
    const port = await client.passive();
    await expect
      .poll(async () => {
        await client.command('NOOP');
        return await openTcp(port, '127.0.0.2').then(
          (socket) => socket.destroy(),
          (error: NodeJS.ErrnoException) => error.code,
        );
      })
      .toBe('ECONNREFUSED');
    expect((await client.command('STOR file')).text).toMatch(/^425 .*not used in time/u);
    expect(await client.passive()).toBeGreaterThan(0);
    expect((await client.command('LIST none')).code).toBe(550);
  });

  it('is given up with the connection that was made to it', async () => {
    const client = await (await siteWith({ connections: { dataChannelTimeout: 1000 } })).loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    data.resume();
    await once(data, 'close');
    expect((await client.command('LIST')).code).toBe(425);
  });

  it('is not given up under a transfer that lasts longer', async () => {
    const site = await siteWith({ connections: { dataChannelTimeout: 1000 } });
    const client = await site.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    data.resume();
    client.write('STOR file\r\n');
    await client.reply();
    for (let count = 0; count < 10; count += 1) {
      data.write(Buffer.alloc(1000));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    data.end();
    expect((await client.reply()).code).toBe(226);
    expect((await client.command('LIST')).text).toContain('PASV or EPSV first');
  });
});

describe('a passive port that cannot be had', () => {
  it('because the range is taken is answered 425 with a reference, and recorded with the range', async () => {
    const low = await freePorts(3);
    const servers = [low, low + 1, low + 2].map((port) => createServer().listen(port, '127.0.0.1'));
    await Promise.all(servers.map((server) => once(server, 'listening')));
    const site = await siteWith({ firewallSupport: { lowDataChannelPort: low, highDataChannelPort: low + 2 } });
    const client = await site.loggedIn();
    const answer = await client.command('EPSV');
    const record = await refusal(site);
    expect(answer.text).toBe(`425 No passive port is free, reference ${record.reference}.`);
    expect(record).toMatchObject({
      accountName: 'ada',
      denial: { code: 'passive-ports-exhausted', facts: { ports: `${low}-${low + 2}` } },
    });
    servers[1]?.close();
    expect(await client.passive()).toBe(low + 1);
    for (const server of servers) server.close();
  });

  it('because the process has no descriptor left is told apart and recorded', async () => {
    const script = join(import.meta.dirname, '..', 'support', 'listen-without-descriptors.ts');
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script]);
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    await once(child, 'close');
    expect(JSON.parse(printed)).toMatchObject({
      outcome: 'denied',
      refusals: [{ code: 'descriptors-exhausted', facts: { errno: 'EMFILE' } }],
    });
  });

  it('because its address is no address of this host is told apart and recorded', async () => {
    const { channel, refusals } = listeningChannel('192.0.2.1');
    expect(await channel.listen()).toMatchObject({ outcome: 'denied' });
    expect(refusals).toMatchObject([{ code: 'passive-listener-failed', facts: { errno: 'EADDRNOTAVAIL' } }]);
  });

  it('is found at last, however many others the server itself holds', async () => {
    const low = await freePorts(100);
    const site = await siteWith({ firewallSupport: { lowDataChannelPort: low, highDataChannelPort: low + 99 } });
    const ports = new Set<number>();
    for (let count = 0; count < 100; count += 1) ports.add(await (await site.loggedIn()).passive());
    expect(ports.size).toBe(100);
  });
});

describe('passive ports', () => {
  it('are drawn at random from the range', async () => {
    const low = await freePorts(200);
    const client = await (
      await siteWith({ firewallSupport: { lowDataChannelPort: low, highDataChannelPort: low + 199 } })
    ).loggedIn();
    const drawn: number[] = [];
    for (let count = 0; count < 30; count += 1) drawn.push(await client.passive());
    const steps = new Set(drawn.slice(1).map((port, index) => port - (drawn[index] ?? 0)));
    // By chance: fewer than 10 different ones of 200, or of nearly 400 steps, in 30 draws: less than one in 10^15.
    expect(new Set(drawn).size).toBeGreaterThan(10);
    expect(steps.size).toBeGreaterThan(10);
  });
});

describe('a connection to the passive port', () => {
  it('from a stranger is reset, not closed, so that nothing looks like the end of a file', async () => {
    const client = await (await siteWith()).loggedIn();
    const port = await client.passive();
    const stranger = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    const outcome = new Promise((resolve) => {
      stranger.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      stranger.once('end', () => resolve('end'));
    });
    stranger.resume();
    expect(await outcome).toBe('ECONNRESET');
  });

  it('that proves nothing is reset too', async () => {
    const client = await (await siteWith()).loggedIn();
    const port = await client.passive();
    const data = await openData(port, { ...identities.bob, maxVersion: 'TLSv1.2' });
    const outcome = new Promise((resolve) => {
      data.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      data.once('end', () => resolve('end'));
    });
    data.resume();
    expect(await outcome).toBe('ECONNRESET');
  });

  it('that was reset before it was accepted is recorded without a peer, and ends the transfer soon', async () => {
    const site = await siteWith();
    await writeFile(join(site.home, 'file'), 'content');
    const client = await site.loggedIn();
    resetBeforeAccept(await client.passive());
    const started = performance.now();
    client.write('RETR file\r\n');
    expect((await client.reply()).code).toBe(150);
    expect((await client.reply()).code).toBe(425);
    expect(performance.now() - started).toBeLessThan(5000);
    const { denial } = await refusal(site);
    expect(denial).toMatchObject({ code: 'data-connection-reset' });
    expect(denial.facts).not.toHaveProperty('dataAddress');
  });

  it('that a stranger resets before it is accepted leaves the client its own', async () => {
    const site = await siteWith();
    await writeFile(join(site.home, 'file'), 'content');
    const client = await site.loggedIn();
    const port = await client.passive();
    resetBeforeAccept(port, '127.0.0.2');
    client.write('RETR file\r\n');
    await client.reply();
    const data = await openData(port, identities.ada);
    data.resume();
    expect((await client.reply()).code).toBe(226);
  });

  it.each(['RETR file', 'STOR file', 'LIST'])(
    'in the clear that was reset after it was accepted fails %s at once',
    async (line) => {
      const site = await siteWith({ ssl: { dataChannelPolicy: 'SslAllow' }, fileHandling: { uploadEndDelay: 0 } });
      await writeFile(join(site.home, 'file'), Buffer.alloc(10_000_000));
      const client = await site.loggedIn();
      await client.command('PROT C');
      const socket = await openTcp(await client.passive());
      await client.command('NOOP');
      socket.resetAndDestroy();
      await client.command('NOOP');
      client.write(`${line}\r\n`);
      await client.reply();
      expect((await client.reply()).code).toBe(426);
      expect(await readFile(join(site.home, 'file'))).toHaveLength(10_000_000);
    },
  );
});
