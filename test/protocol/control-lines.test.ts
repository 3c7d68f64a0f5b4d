/** What a client may write on the control connection: long lines, control bytes, Telnet, floods, silence. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Authenticator, Verdict } from '../../src/login/authenticator.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { fullRights } from '../support/access-rights.ts';
import { openData, openTcp } from '../support/control-client.ts';
import { createIdentities } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

describe('malformed lines', () => {
  it('a line of 1 MB is answered 500 once and thrown away; the session goes on', async () => {
    const client = await (await siteWith()).connect();
    client.write(`${'A'.repeat(1024 * 1024)}\r\nNOOP\r\n`);
    expect((await client.reply()).code).toBe(500);
    expect((await client.reply()).code).toBe(200);
  });

  it('NUL, other control characters and bytes that are no UTF-8 are answered 501', async () => {
    const client = await (await siteWith()).connect();
    expect((await client.command('USER a\0b')).code).toBe(501);
    client.write(Buffer.from([0x55, 0xc3, 0x28, 0x0d, 0x0a]));
    expect((await client.reply()).code).toBe(501);
  });

  it('the third malformed line ends the connection with 421', async () => {
    const client = await (await siteWith()).connect();
    client.write('\x01\r\n\x01\r\n\x01\r\n');
    expect((await client.reply()).code).toBe(501);
    expect((await client.reply()).code).toBe(501);
    expect((await client.reply()).code).toBe(421);
    await client.gone();
  });

  it('Telnet sequences are stripped, and a bare LF ends a line', async () => {
    const client = await (await siteWith()).connect();
    client.write(Buffer.from([0xff, 0xfc, 0x01, 0x4e, 0x4f, 0xff, 0xf4, 0x4f, 0x50, 0x0a]));
    expect((await client.reply()).code).toBe(200);
  });

  it('an option of Telnet is refused: DONT for WILL, WONT for DO, and no answer to a refusal', async () => {
    const socket = await openTcp((await siteWith()).port);
    const [will, wont, willNot, iac] = [0xfb, 0xfc, 0xfe, 0xff];
    const came: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => void came.push(chunk));
    const negotiations = [iac, will, 1, iac, wont, 2, iac, 0xfd, 3, iac, willNot, 4, iac, 0xf4, iac, 0xf2];
    for (const octet of negotiations) socket.write(Buffer.of(octet));
    socket.write('NOOP\r\n');
    const refused = Buffer.from([iac, willNot, 1, iac, wont, 3]);
    const expected = Buffer.concat([Buffer.from('220 Ready.\r\n'), refused, Buffer.from('200 Nothing done.\r\n')]);
    await expect.poll(() => Buffer.concat(came).toString('hex')).toBe(expected.toString('hex'));
    socket.destroy();
  });
});

describe('floods', () => {
  it('a thousand pipelined commands are answered one after another, in order', async () => {
    const client = await (await siteWith()).connect();
    client.write('NOOP\r\nHELP QUIT\r\n'.repeat(500));
    for (let count = 0; count < 500; count += 1) {
      expect((await client.reply()).code).toBe(200);
      expect((await client.reply()).code).toBe(214);
    }
  });

  it('a client that leaves its replies unread is cut off', async () => {
    const site = await siteWith();
    const client = await site.connect();
    client.raw.pause();
    const flood = 'HELP\r\n'.repeat(10_000);
    for (let count = 0; count < 20; count += 1) client.write(flood);
    expect(await site.record(({ event }) => event === 'session-end')).toMatchObject({ reason: 'unread-replies' });
  });

  it('commands pipelined behind a transfer run after it, in order, and all of them', async () => {
    const site = await siteWith();
    await mkdir(join(site.home, 'docs'));
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write(`LIST\r\n${'PWD\r\n'.repeat(100)}QUIT\r\n`);
    const data = await openData(port, identities.ada);
    data.resume();
    expect((await client.reply()).code).toBeLessThan(200);
    expect((await client.reply()).code).toBe(226);
    for (let count = 0; count < 100; count += 1) expect((await client.reply()).code).toBe(257);
    expect((await client.reply()).code).toBe(221);
    await client.gone();
  });
});

describe('the end of a session', () => {
  it('an idle connection is told 421 and closed, and the end is recorded', async () => {
    const site = await siteWith({ connections: { controlChannelTimeout: 150 } });
    const client = await site.connect();
    expect((await client.reply()).code).toBe(421);
    await client.gone();
    expect(await site.record(({ event }) => event === 'session-end')).toMatchObject({ reason: 'idle-timeout' });
  });

  it('QUIT is answered 221 and recorded with account and octets', async () => {
    const site = await siteWith();
    const client = await site.loggedIn();
    expect((await client.command('QUIT')).text).toBe('221 Goodbye.');
    await client.gone();
    const record = await site.record(({ event }) => event === 'session-end');
    expect(record).toMatchObject({ reason: 'quit', accountName: 'ada', bytesSent: 0, remoteAddress: '127.0.0.1' });
  });

  it('a client that goes on talking after 421 cannot keep the connection open', async () => {
    const site = await siteWith({ connections: { controlChannelTimeout: 100 } });
    const client = await site.connect();
    expect((await client.reply()).code).toBe(421);
    const talk = setInterval(() => client.write('NOOP\r\n'), 50);
    await client.gone();
    clearInterval(talk);
    await site.record(({ event }) => event === 'session-end');
  });

  it('a client that hangs up leaves exactly one record', async () => {
    const site = await siteWith();
    const client = await site.loggedIn();
    client.raw.resetAndDestroy();
    await site.record(({ event }) => event === 'session-end');
    await site.close();
    expect(site.audit.filter(({ event }) => event === 'session-end')).toHaveLength(1);
  });

  it('a client that hangs up during its login is not logged in afterwards', async () => {
    const decision = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const finished = Promise.withResolvers<void>();
    const login = {
      accountName: 'ada',
      directory: 'test',
      homeDirectory: '/',
      accessRights: fullRights,
      authenticationMethod: 'certificate' as const,
      certificateSha256: '',
      validUntil: new Date(Date.now() + 3_600_000),
      recheck: async () => undefined,
    };
    const granted: Verdict = { outcome: 'granted', login, reference: '0000-0000' };
    let opened = 0;
    const site = await siteWith({
      authenticator: {
        authenticate: async () => {
          reached.resolve();
          await decision.promise;
          finished.resolve();
          return granted;
        },
      },
      openStorage: () => {
        opened += 1;
        return Promise.reject(new Error('never'));
      },
    });
    const client = await site.connect();
    await client.secure(identities.ada);
    client.write('USER ada\r\n');
    await reached.promise;
    client.destroy();
    expect(await site.record(({ event }) => event === 'session-end')).not.toHaveProperty('accountName');
    decision.resolve();
    await finished.promise;
    await new Promise((resolve) => setImmediate(resolve));
    expect(opened).toBe(0);
  });
});

describe('a fault', () => {
  it('becomes 451 with a reference, the cause goes to the log only', async () => {
    const errors: unknown[] = [];
    const logger = { ...silentLogger, error: (...entry: unknown[]) => void errors.push(entry), with: () => logger };
    const broken: Authenticator = { authenticate: () => Promise.reject(new Error('secret detail')) };
    const client = await (await siteWith({ authenticator: broken, logger })).connect();
    await client.secure(identities.ada);
    const answer = await client.command('USER ada');
    expect(answer.text).toMatch(/^451 Action not taken, reference [0-9A-Z]{4}-[0-9A-Z]{4}\.$/u);
    expect(errors).toHaveLength(1);
    expect((await client.command('PWD')).code).toBe(530);
  });
});
