/** Clients that are logged in, or nearly, and push at the seams: floods, orders out of turn, and what they may not touch. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { denial } from '../../src/denial.ts';
import type { Authenticator } from '../../src/login/authenticator.ts';
import { openData, openTcp } from '../support/control-client.ts';
import { createIdentities } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

describe('commands that do not wait for a transfer', () => {
  it('are all answered, however many come in one segment', async () => {
    const own = await siteWith();
    await writeFile(join(own.home, 'report'), 'x');
    const client = await own.loggedIn();
    await client.passive();
    client.write('RETR report\r\n');
    expect((await client.reply()).code).toBe(150);
    client.write(`${'NOOP\r\n'.repeat(40)}ABOR\r\n`);
    const codes: number[] = [];
    while (codes.at(-1) !== 226) codes.push((await client.reply()).code);
    expect(codes).toEqual([...Array<number>(40).fill(200), 426, 226]);
  });

  it('are answered one after another, in the order in which they came', async () => {
    const own = await siteWith();
    const client = await own.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    client.write('STOR report\r\n');
    await client.reply();
    client.write('STAT /\r\nNOOP\r\nABOR\r\nNOOP\r\n');
    const codes: number[] = [];
    while (codes.length < 5) codes.push((await client.reply()).code);
    expect(codes).toEqual([213, 200, 426, 226, 200]);
    data.destroy();
  });
});

describe('REIN without TLS', () => {
  async function site(timeouts: { unauthenticated?: number; loginRecheck?: number }, decision?: Promise<void>) {
    const names: string[] = [];
    const authenticator: Authenticator = {
      authenticate: async ({ claimedName }) => ({
        outcome: 'granted',
        reference: '0000-0000',
        login: {
          accountName: claimedName,
          directory: 'test',
          homeDirectory: '/',
          accessRights: { allows: () => true, hasRuleBelow: () => false },
          recheck: async () => {
            names.push(claimedName);
            await decision;
            if (claimedName !== 'former') return undefined;
            return { outcome: 'withdrawn', denial: denial('account-disabled', 'Disabled.') };
          },
        },
      }),
    };
    const own = await siteWith({
      authenticator,
      controlChannelPolicy: 'SslAllow',
      clientCertificatePolicy: 'CertIgnore',
      timeouts,
    });
    return { own, names };
  }

  it('ends the watch over the login before it', async () => {
    const { own, names } = await site({ loginRecheck: 60 });
    const client = await own.connect();
    for (const line of ['USER former', 'PASS x', 'REIN', 'USER next', 'PASS x']) await client.command(line);
    await expect.poll(() => names.length).toBeGreaterThan(2);
    expect(names).not.toContain('former');
    expect((await client.command('NOOP')).code).toBe(200);
  });

  it('leaves the next login alone when a recheck of the former is decided after it', async () => {
    const decision = Promise.withResolvers<void>();
    const { own, names } = await site({ loginRecheck: 30 }, decision.promise);
    const client = await own.connect();
    for (const line of ['USER former', 'PASS x']) await client.command(line);
    await expect.poll(() => names).toEqual(['former']);
    for (const line of ['REIN', 'USER next', 'PASS x']) await client.command(line);
    decision.resolve();
    await expect.poll(() => names.length).toBeGreaterThan(1);
    expect((await client.command('STAT')).text).toContain('Logged in: next');
    expect(own.audit.filter(({ event }) => event === 'refusal')).toEqual([]);
  });

  it('leaves the time of a login and no more', async () => {
    const { own } = await site({ unauthenticated: 400 });
    const client = await own.connect();
    for (const line of ['USER ada', 'PASS x', 'REIN']) await client.command(line);
    expect((await client.reply()).code).toBe(421);
  });
});

describe('what a client may not touch', () => {
  const refused = (line: string, rights?: (permission: string, path: string) => boolean) => async () => {
    const own = await siteWith(rights ? { rights } : {});
    await mkdir(join(own.home, 'closed'));
    await symlink('/etc', join(own.home, 'out'));
    const client = await own.loggedIn();
    expect((await client.command(line)).code).toBe(550);
    expect(await own.record(({ event }) => event === 'refusal')).toMatchObject({
      accountName: 'ada',
      denial: { code: 'access-denied' },
    });
  };
  const closed = (_permission: string, path: string) => !path.startsWith('/closed');

  it.each([
    'RETR closed/report',
    'STOR closed/report',
    'CWD closed',
    'MLST closed',
    'DELE closed/report',
    'RNFR closed',
  ])('is recorded when the authorization rules do not allow it: %s', (line) => refused(line, closed)());

  it.each(['CWD out', 'SIZE out/passwd', 'MLST out', 'STAT out', 'DELE out/passwd', 'MKD out/new'])(
    'is recorded when a link leads out of the home: %s',
    (line) => refused(line)(),
  );
});

describe('data connections that are opened and dropped', () => {
  it('leave neither listeners nor sockets behind', async () => {
    const own = await siteWith();
    const client = await own.loggedIn();
    // Timers come and go with the test itself.
    const held = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
    const before = held();
    for (let turn = 0; turn < 50; turn += 1) (await openTcp(await client.passive())).destroy();
    client.write('ABOR\r\n');
    await client.reply();
    await expect.poll(held).toBeLessThanOrEqual(before);
  });
});
