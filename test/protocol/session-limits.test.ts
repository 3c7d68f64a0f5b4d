/** How many sessions an account has, and how long one lasts. */
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openData, readAll } from '../support/control-client.ts';
import { createIdentities } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

describe('maxSessionsPerAccount', () => {
  it('refuses the login of one more, with a record, and counts a session no longer that has ended', async () => {
    const site = await siteWith({ connections: { maxSessionsPerAccount: 2 } });
    const first = await site.loggedIn();
    await site.loggedIn();
    const third = await site.connect();
    await third.secure(identities.ada);
    expect((await third.command('USER ada')).text).toMatch(/^530 Login not permitted, reference/u);
    expect(await site.record(({ event }) => event === 'refusal')).toMatchObject({
      denial: { code: 'too-many-sessions', facts: { accountName: 'ada', directory: 'test', sessions: 2 } },
    });
    await first.command('QUIT');
    await site.record(({ event }) => event === 'session-end');
    expect((await third.command('USER ada')).code).toBe(230);
  });

  it('counts each account by itself, and another USER on the same connection as the same session', async () => {
    const site = await siteWith({ connections: { maxSessionsPerAccount: 1 } });
    const client = await site.loggedIn();
    expect((await client.command('USER ada')).code).toBe(230);
    const other = await site.connect();
    await other.secure(identities.ada);
    expect((await other.command('USER eve')).code).toBe(230);
    expect((await other.command('USER ada')).code).toBe(530);
  });

  it('lets one of two logins at the same time have the last place', async () => {
    const site = await siteWith({ connections: { maxSessionsPerAccount: 1 } });
    const clients = [await site.connect(), await site.connect()];
    for (const client of clients) await client.secure(identities.ada);
    const codes = await Promise.all(clients.map(async (client) => (await client.command('USER ada')).code));
    expect(codes.toSorted()).toEqual([230, 530]);
  });
});

describe('sessionLifetime', () => {
  const connections = { sessionLifetime: 1_500 };
  /** More than the buffers between two processes hold. */
  const octets = 64 * 1024 * 1024;

  it('ends a session that is idle, and one that keeps sending commands', async () => {
    const site = await siteWith({ connections });
    const busy = await site.loggedIn();
    let answer = await busy.command('NOOP');
    while (answer.code === 200) answer = await busy.command('NOOP').catch(() => answer);
    expect(answer.text).toBe('421 The session has reached its longest time.');
    expect(await site.record(({ event }) => event === 'session-end')).toMatchObject({ reason: 'session-lifetime' });
  });

  it('lets a transfer that runs go on to its end, and no command behind it', async () => {
    const site = await siteWith({ connections });
    await writeFile(join(site.home, 'file'), '');
    await truncate(join(site.home, 'file'), octets);
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write('RETR file\r\nPWD\r\n');
    const data = await openData(port, identities.ada);
    // Nothing is read before the time is over, and such a file does not fit between. That of a later session is over later.
    const later = await site.connect();
    expect((await later.reply()).code).toBe(421);
    expect(client.closed).toBe(false);
    expect(await readAll(data)).toHaveLength(octets);
    expect((await client.reply()).code).toBeLessThan(200);
    expect((await client.reply()).code).toBe(226);
    expect((await client.reply()).text).toBe('421 The session has reached its longest time.');
  });

  it('is no longer for another login on the same connection: the card was proved once', async () => {
    const site = await siteWith({ connections });
    const client = await site.loggedIn();
    let code = 230;
    while (code === 230) code = (await client.command('USER ada').catch(() => ({ code: 0 }))).code;
    expect(
      await site.record(
        ({ event, ...record }) => event === 'session-end' && 'reason' in record && record.reason === 'session-lifetime',
      ),
    ).toBeDefined();
  });
});
