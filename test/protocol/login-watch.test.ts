/** A login that may not go on: the session and its transfer end with 421, the trail says why, and nothing half-uploaded stays. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Denial, denial } from '../../src/denial.ts';
import type { AuthenticatedLogin, Authenticator } from '../../src/login/authenticator.ts';
import { openData } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

interface Watched {
  readonly site: ProtocolSite;
  /** Rechecks so far. */
  rechecks(): number;
  /** What the next recheck finds. */
  withdraw(reason: Denial): void;
}

async function watchedSite(loginRecheck: number, changes: Partial<AuthenticatedLogin> = {}): Promise<Watched> {
  let count = 0;
  let withdrawal: Denial | undefined;
  const authenticator: Authenticator = {
    authenticate: async ({ claimedName }) => ({
      outcome: 'granted',
      reference: '0000-0000',
      login: {
        accountName: claimedName,
        directory: 'test',
        homeDirectory: '/',
        accessRights: { allows: () => true, hasRuleBelow: () => false },
        certificateSha256: '',
        validUntil: new Date(Date.now() + 3_600_000),
        recheck: async () => {
          count += 1;
          return withdrawal;
        },
        ...changes,
      },
    }),
  };
  const site = await siteWith({ authenticator, timeouts: { loginRecheck } });
  return {
    site,
    rechecks: () => count,
    withdraw: (reason) => {
      withdrawal = reason;
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
