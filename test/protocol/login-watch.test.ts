/** A login that may not go on: the session and its transfer end with 421, the trail says why, and nothing half-uploaded stays. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Permission } from '../../src/authorization/access-rights.ts';
import { type Denial, denial } from '../../src/denial.ts';
import type { AuthenticatedLogin, Authenticator, Standing } from '../../src/login/authenticator.ts';
import { fullRights, rightsTo } from '../support/access-rights.ts';
import { openData } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

const noAccess = rightsTo();

interface Watched {
  readonly site: ProtocolSite;
  /** Rechecks so far. */
  rechecks(): number;
  /** What the next recheck finds. */
  withdraw(reason: Denial): void;
  /** What every recheck from now on asks instead. */
  recheckBy(recheck: AuthenticatedLogin['recheck']): void;
}

async function watchedSite(loginRecheck: number, changes: Partial<AuthenticatedLogin> = {}): Promise<Watched> {
  let count = 0;
  let recheck: AuthenticatedLogin['recheck'] = async () => undefined;
  const authenticator: Authenticator = {
    authenticate: async ({ claimedName }) => ({
      outcome: 'granted',
      reference: '0000-0000',
      login: {
        accountName: claimedName,
        directory: 'test',
        homeDirectory: '/',
        accessRights: fullRights,
        authenticationMethod: 'certificate',
        certificateSha256: '',
        validUntil: new Date(Date.now() + 3_600_000),
        recheck: () => {
          count += 1;
          return recheck();
        },
        ...changes,
      },
    }),
  };
  const site = await siteWith({ authenticator, connections: { loginRecheckInterval: loginRecheck } });
  return {
    site,
    rechecks: () => count,
    withdraw: (reason) => {
      recheck = async () => ({ outcome: 'withdrawn', denial: reason });
    },
    recheckBy: (other) => {
      recheck = other;
    },
  };
}

const revoked = denial('certificate-revoked', 'The certificate was revoked meanwhile.');

describe('a running session', () => {
  it('goes on as long as the recheck finds nothing', async () => {
    const { site: own, rechecks } = await watchedSite(20);
    const client = await own.loggedIn();
    await expect.poll(rechecks).toBeGreaterThan(2);
    expect((await client.command('NOOP')).code).toBe(200);
  });

  it('ends with 421 and a record when its certificate is revoked meanwhile', async () => {
    const { site: own, withdraw } = await watchedSite(20);
    const client = await own.loggedIn();
    withdraw(revoked);
    const answer = await client.reply();
    expect(answer.text).toMatch(/^421 Login no longer permitted, reference [0-9A-Z]{4}-[0-9A-Z]{4}\.$/);
    await client.gone();
    const record = await own.record(({ event }) => event === 'refusal');
    expect(record).toMatchObject({ accountName: 'ada', denial: { code: 'certificate-revoked' } });
    expect(answer.text).toContain((record as { reference: string }).reference);
    expect(await own.record(({ event }) => event === 'session-end')).toMatchObject({ reason: 'login-withdrawn' });
  });

  it('loses its upload, and the old file stays whole', async () => {
    const { site: own, withdraw } = await watchedSite(50);
    await writeFile(join(own.home, 'report'), 'the old content');
    const client = await own.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    client.write('STOR report\r\n');
    expect((await client.reply()).code).toBeLessThan(200);
    data.write('half of the new');
    withdraw(revoked);
    expect((await client.reply()).code).toBe(421);
    await client.gone();
    expect(await own.record(({ event }) => event === 'transfer')).toMatchObject({ outcome: 'aborted' });
    expect(await readFile(join(own.home, 'report'), 'utf8')).toBe('the old content');
  });

  it('is asked when its certificate expires, before the interval is over', async () => {
    const { site: own, rechecks, withdraw } = await watchedSite(3_600_000, { validUntil: new Date(Date.now() + 300) });
    withdraw(denial('certificate-expired', 'It expired.'));
    const client = await own.loggedIn();
    expect((await client.reply()).code).toBe(421);
    expect(rechecks()).toBe(1);
  });

  it('is asked at the interval only, when it outlived the expiry of its first path', async () => {
    const { site: own, rechecks } = await watchedSite(3_600_000, { validUntil: new Date(Date.now() - 1000) });
    const client = await own.loggedIn();
    expect((await client.command('NOOP')).code).toBe(200);
    expect(rechecks()).toBe(0);
  });
});

/** Rights that allow everything but what is listed. */
function rightsWithout(...withheld: Permission[]): Standing {
  return {
    outcome: 'confirmed',
    accessRights: { ...noAccess, allows: (permission) => !withheld.includes(permission) },
  };
}

describe('the rights of a running session', () => {
  it('are those of the last recheck: what was withdrawn is refused to the next command', async () => {
    const { site: own, recheckBy } = await watchedSite(3_600_000);
    const client = await own.loggedIn();
    expect((await client.command('MKD before')).code).toBe(257);
    recheckBy(async () => rightsWithout('Write'));
    expect(await own.server.recheckLogins()).toMatchObject({ confirmed: 1, withdrawn: 0 });
    expect((await client.command('MKD after')).code).toBe(550);
    expect((await client.command('MLST before')).code).toBe(250);
    expect(await own.record(({ event }) => event === 'refusal')).toMatchObject({ denial: { code: 'access-denied' } });
  });

  it('grow as well', async () => {
    const { site: own, recheckBy } = await watchedSite(3_600_000, { accessRights: noAccess });
    const client = await own.loggedIn();
    expect((await client.command('MKD here')).code).toBe(550);
    recheckBy(async () => rightsWithout());
    await own.server.recheckLogins();
    expect((await client.command('MKD here')).code).toBe(257);
  });

  it('do not stop the upload that began with the former ones, and hold for the next', async () => {
    const { site: own, recheckBy } = await watchedSite(3_600_000);
    const client = await own.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    client.write('STOR report\r\n');
    expect((await client.reply()).code).toBeLessThan(200);
    recheckBy(async () => rightsWithout('Write'));
    await own.server.recheckLogins();
    data.end('the whole report');
    expect((await client.reply()).code).toBe(226);
    expect(await readFile(join(own.home, 'report'), 'utf8')).toBe('the whole report');
    expect((await client.command('DELE report')).code).toBe(550);
  });

  it('do not let a rename go on that the former ones began', async () => {
    const { site: own, recheckBy } = await watchedSite(3_600_000);
    await writeFile(join(own.home, 'report'), '');
    const client = await own.loggedIn();
    expect((await client.command('RNFR report')).code).toBe(350);
    recheckBy(async () => rightsWithout('Read'));
    await own.server.recheckLogins();
    expect((await client.command('RNTO taken')).code).toBe(503);
  });

  it('stay as they are while a recheck cannot be decided', async () => {
    const { site: own, rechecks } = await watchedSite(3_600_000);
    const client = await own.loggedIn();
    expect(await own.server.recheckLogins()).toMatchObject({ undecided: 1 });
    expect(rechecks()).toBe(1);
    expect((await client.command('MKD here')).code).toBe(257);
  });

  it('last until the certificate of the last recheck expires', async () => {
    const { site: own, rechecks, recheckBy } = await watchedSite(3_600_000);
    await own.loggedIn();
    recheckBy(async () => ({ ...rightsWithout(), validUntil: new Date(Date.now() + 200) }));
    await own.server.recheckLogins();
    await expect.poll(rechecks).toBeGreaterThan(1);
  });
});

describe('the end of a running session', () => {
  it.each<[Denial['code'], string]>([
    ['home-changed', 'home-changed'],
    ['account-changed', 'account-changed'],
    ['not-authorized', 'login-withdrawn'],
  ])('by %s has the reason %s in the trail', async (code, reason) => {
    const { site: own, withdraw } = await watchedSite(3_600_000);
    const client = await own.loggedIn();
    withdraw(denial(code, 'Changed meanwhile.'));
    expect(await own.server.recheckLogins()).toMatchObject({ withdrawn: 1 });
    expect((await client.reply()).code).toBe(421);
    expect(await own.record(({ event }) => event === 'refusal')).toMatchObject({ denial: { code } });
    expect(await own.record(({ event }) => event === 'session-end')).toMatchObject({ reason });
  });

  it('comes when a recheck ends in a fault, and takes nothing else along', async () => {
    const { site: own, recheckBy } = await watchedSite(3_600_000);
    const client = await own.loggedIn();
    recheckBy(() => Promise.reject(new Error('a fault')));
    await own.server.recheckLogins();
    expect((await client.reply()).code).toBe(421);
    expect(await own.record(({ event }) => event === 'refusal')).toMatchObject({ denial: { code: 'internal-fault' } });
  });
});

describe('a recheck of all sessions', () => {
  it('asks once more where a recheck is under way, which may rest on what is out of date', async () => {
    const { site: own, rechecks, recheckBy } = await watchedSite(3_600_000);
    const client = await own.loggedIn();
    const slow = Promise.withResolvers<Standing | undefined>();
    recheckBy(() => slow.promise);
    const first = own.server.recheckLogins();
    await expect.poll(rechecks).toBe(1);
    const second = own.server.recheckLogins();
    recheckBy(async () => rightsWithout('Write'));
    slow.resolve(rightsWithout());
    await Promise.all([first, second]);
    expect(rechecks()).toBe(2);
    expect((await client.command('MKD here')).code).toBe(550);
  });
});
