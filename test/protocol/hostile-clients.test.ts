/** Clients that are logged in, or nearly, and push at the seams: floods, orders out of turn, and what they may not touch. */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AuthorizationRule } from '../../src/authorization/authorization-rules.ts';
import { denial } from '../../src/denial.ts';
import type { Authenticator } from '../../src/login/authenticator.ts';
import { fullRights } from '../support/access-rights.ts';
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
    expect(codes).toEqual([212, 200, 426, 226, 200]);
    data.destroy();
  });
});

describe('NOOP behind a command that waits for the transfer', () => {
  it('is answered in its turn, so that no reply is taken for that of another command', async () => {
    const own = await siteWith();
    const client = await own.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    client.write('STOR report\r\nPWD\r\nNOOP\r\n');
    const codes = [(await client.reply()).code];
    expect((await client.command('STAT')).text).toContain('Transfer: running');
    data.resume();
    data.end('x');
    while (codes.length < 4) codes.push((await client.reply()).code);
    expect(codes.slice(1)).toEqual([226, 257, 200]);
  });
});

describe('ABOR behind commands that wait for the transfer', () => {
  it.each([17, 100, 3000])('is seen behind %i of them, which then run in order', async (count) => {
    const own = await siteWith();
    const client = await own.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    client.write('STOR report\r\n');
    await client.reply();
    client.write(`${'PWD\r\n'.repeat(count)}STAT\r\nABOR\r\n`);
    expect((await client.reply()).text).toContain('Transfer: running');
    expect((await client.reply()).code).toBe(426);
    const codes: number[] = [];
    while (codes.length <= count) codes.push((await client.reply()).code);
    expect(codes.filter((code) => code === 257)).toHaveLength(count);
    expect(codes.filter((code) => code === 226)).toHaveLength(1);
    data.destroy();
  });

  it('is bounded: a client that sends more than may wait is told 421 and cut off', async () => {
    const own = await siteWith();
    const client = await own.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    client.write('STOR report\r\n');
    await client.reply();
    client.write('\r\n'.repeat(100_000));
    expect((await client.reply()).code).toBe(421);
    expect(await own.record(({ event }) => event === 'session-end')).toMatchObject({ reason: 'too-many-commands' });
    data.destroy();
  });

  it('QUIT waits for the end of the transfer (RFC 959 4.1.1)', async () => {
    const own = await siteWith();
    const client = await own.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    client.write('STOR report\r\nQUIT\r\n');
    data.resume();
    data.end('octets');
    const codes: number[] = [];
    while (codes.length < 3) codes.push((await client.reply()).code);
    expect(codes.slice(1)).toEqual([226, 221]);
    await client.gone();
  });
});

describe('TCP keepalive', () => {
  /** The timer of a connection in Linux's table: 02 is that of keepalive. */
  const timerOf = async (localPort: number, remotePort: number) => {
    const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
    const table = await readFile('/proc/self/net/tcp', 'utf8');
    const line = new RegExp(`:${hex(localPort)} [0-9A-F]+:${hex(remotePort)} 01 \\S+ (\\d\\d):`, 'u').exec(table);
    return line?.[1];
  };

  it('guards control connections from the first octet, and data connections', async () => {
    const own = await siteWith();
    const greeted = await own.connect();
    await expect.poll(() => timerOf(own.port, greeted.raw.localPort ?? 0)).toBe('02');
    const client = await own.loggedIn();
    await expect.poll(() => timerOf(own.port, client.raw.localPort ?? 0)).toBe('02');
    const port = await client.passive();
    const data = await openTcp(port);
    await expect.poll(() => timerOf(port, data.localPort ?? 0)).toBe('02');
  });
});

describe('REIN without TLS', () => {
  async function site(
    connections: { unauthenticatedTimeout?: number; loginRecheckInterval?: number },
    decision?: Promise<void>,
  ) {
    const names: string[] = [];
    const authenticator: Authenticator = {
      authenticate: async ({ claimedName }) => ({
        outcome: 'granted',
        reference: '0000-0000',
        login: {
          accountName: claimedName,
          directory: 'test',
          homeDirectory: '/',
          accessRights: fullRights,
          authenticationMethod: 'certificate' as const,
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
      ssl: { controlChannelPolicy: 'SslAllow' },
      sslClientCertificates: { clientCertificatePolicy: 'CertIgnore' },
      connections,
    });
    return { own, names };
  }

  it('ends the watch over the login before it', async () => {
    const { own, names } = await site({ loginRecheckInterval: 60 });
    const client = await own.connect();
    for (const line of ['USER former', 'PASS x', 'REIN', 'USER next', 'PASS x']) await client.command(line);
    await expect.poll(() => names.length).toBeGreaterThan(2);
    expect(names).not.toContain('former');
    expect((await client.command('NOOP')).code).toBe(200);
  });

  it('leaves the next login alone when a recheck of the former is decided after it', async () => {
    const decision = Promise.withResolvers<void>();
    const { own, names } = await site({ loginRecheckInterval: 30 }, decision.promise);
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
    const { own } = await site({ unauthenticatedTimeout: 400 });
    const client = await own.connect();
    for (const line of ['USER ada', 'PASS x', 'REIN']) await client.command(line);
    expect((await client.reply()).code).toBe(421);
  });
});

describe('what a client may not touch', () => {
  const refused =
    (line: string, rules: readonly AuthorizationRule[] = []) =>
    async () => {
      const own = await siteWith({ rules });
      await mkdir(join(own.home, 'closed'));
      await symlink('/etc', join(own.home, 'out'));
      const client = await own.loggedIn();
      await client.passive();
      expect((await client.command(line)).code).toBe(550);
      expect(await own.record(({ event }) => event === 'refusal')).toMatchObject({
        accountName: 'ada',
        denial: { code: 'access-denied' },
      });
    };
  const closed: readonly AuthorizationRule[] = [
    { accessType: 'Deny', users: '*', permissions: ['Read', 'Write'], path: '/closed' },
  ];

  it.each([
    'RETR closed/report',
    'STOR closed/report',
    'CWD closed',
    'MLST closed',
    'DELE closed/report',
    'RNFR closed',
  ])('is recorded when the authorization rules do not allow it: %s', (line) => refused(line, closed)());

  it.each(['CWD out', 'SIZE out/passwd', 'MLST out/passwd', 'STAT out/passwd', 'DELE out/passwd', 'MKD out/new'])(
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
