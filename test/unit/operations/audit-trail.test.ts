/** The audit trail under strangers who cause records without end, and on a disk that takes none: what matters is still written, or not done. */
import { mkdir, mkdtemp, readFile, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { denial } from '../../../src/denial.ts';
import type { AuditLine, AuditRecord, LoginAttempt, Summary } from '../../../src/operations/audit.ts';
import { type ClosableAuditTrail, createAuditTrail } from '../../../src/operations/audit-trail.ts';
import { StrangerRecords } from '../../../src/operations/stranger-records.ts';

const sessionEnd = (remoteAddress: string, more: Partial<AuditRecord> = {}): AuditRecord =>
  ({
    event: 'session-end',
    connectionId: 'C1',
    remoteAddress,
    reason: 'client-closed',
    bytesSent: 0,
    bytesReceived: 0,
    durationMilliseconds: 0,
    ...more,
  }) as AuditRecord;

const login = (more: Partial<LoginAttempt> = {}): LoginAttempt => ({
  event: 'login',
  outcome: 'denied',
  reference: 'AAAA-BBBB',
  connectionId: 'C1',
  remoteAddress: '192.0.2.1',
  claimedName: 'ada',
  tls: { protocol: 'TLSv1.3', cipher: 'x' },
  denial: denial('certificate-missing', 'None.'),
  durationMilliseconds: 1,
  ...more,
});

let folder: string;
let file: string;
let alarms: string[];
const trails: ClosableAuditTrail[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cardgate-trail-'));
  file = join(folder, 'audit.jsonl');
  alarms = [];
});
afterEach(async () => {
  await Promise.all(trails.splice(0).map((trail) => trail.close()));
  await rm(folder, { recursive: true, force: true });
});

function trailWith(whenUnwritable: 'refuseLogins' | 'continue' = 'refuseLogins'): ClosableAuditTrail {
  const clock = { now: () => new Date('2026-06-01T12:00:00Z') };
  const trail = createAuditTrail({ file, whenUnwritable, clock, onAlarm: (text) => alarms.push(text) });
  trails.push(trail);
  return trail;
}

const lines = async () =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as AuditLine);

describe('records that a stranger causes', () => {
  it('are written in full ten times for an address and reason, then counted and told in one record', async () => {
    const trail = trailWith();
    for (let index = 0; index < 100_000; index += 1) trail.write(sessionEnd('192.0.2.1', { site: 'files' }));
    await trail.close();
    const written = await lines();
    expect(written).toHaveLength(11);
    expect(written.at(-1)).toMatchObject({
      event: 'summary',
      site: 'files',
      of: 'session-end',
      reason: 'client-closed',
      remoteAddress: '192.0.2.1',
      count: 99_990,
      firstAt: '2026-06-01T12:00:00.000Z',
      lastAt: '2026-06-01T12:00:00.000Z',
    });
  });

  it.each<[string, AuditRecord]>([
    ['the end of a session without a login', sessionEnd('192.0.2.1')],
    [
      'a refusal before a login',
      {
        event: 'refusal',
        reference: 'A',
        connectionId: 'C',
        remoteAddress: '192.0.2.1',
        denial: denial('tls-required', ''),
      },
    ],
    ['a refused login without a valid certificate', login()],
    ['a login that could not be decided, without a valid certificate', login({ outcome: 'unavailable' })],
  ])('are: %s', async (_rule, record) => {
    const trail = trailWith();
    for (let index = 0; index < 20; index += 1) trail.write(record);
    await trail.close();
    expect(await lines()).toHaveLength(11);
  });

  it.each<[string, AuditRecord]>([
    ['a granted login', login({ outcome: 'granted' })],
    ['a refused login with a valid certificate', login({ path: ['00'] })],
    ['the end of a session with a login', sessionEnd('192.0.2.1', { accountName: 'ada' })],
    [
      'a refusal after a login',
      {
        event: 'refusal',
        reference: 'A',
        connectionId: 'C',
        remoteAddress: '192.0.2.1',
        accountName: 'ada',
        denial: denial('access-denied', ''),
      },
    ],
    [
      'a transfer',
      {
        event: 'transfer',
        connectionId: 'C',
        remoteAddress: '192.0.2.1',
        accountName: 'ada',
        operation: 'delete',
        path: '/x',
        outcome: 'failed',
      },
    ],
  ])('are not: %s', async (_rule, record) => {
    const trail = trailWith();
    for (let index = 0; index < 2000; index += 1) trail.write(record);
    await trail.close();
    expect(await lines()).toHaveLength(2000);
  });

  it('are told with the newest references and names, so that a person who quotes one is found', async () => {
    const trail = trailWith();
    for (let index = 0; index < 50; index += 1)
      trail.write(login({ reference: `R-${index}`, claimedName: `name ${index}` }));
    await trail.close();
    const summary = (await lines()).at(-1) as unknown as Summary;
    expect(summary.references).toEqual(Array.from({ length: 20 }, (_, index) => `R-${30 + index}`));
    expect(summary.claimedNames).toHaveLength(20);
  });

  it('are counted together for one IPv6 network of 64 bits, and apart for each reason', async () => {
    const trail = trailWith();
    for (let index = 0; index < 30; index += 1) trail.write(sessionEnd(`2001:db8::${index.toString(16)}`));
    for (let index = 0; index < 30; index += 1) trail.write(login({ remoteAddress: '2001:db8::1' }));
    await trail.close();
    const summaries = (await lines()).filter(({ event }) => event === 'summary');
    expect(summaries).toEqual([
      expect.objectContaining({ of: 'session-end', remoteAddress: '2001:db8:0:0::/64', count: 20 }),
      expect.objectContaining({ of: 'login', reason: 'certificate-missing', count: 20 }),
    ]);
  });

  it('from ever new addresses are bounded too: none is forgotten, and few are written', async () => {
    const trail = trailWith();
    const count = 100_000;
    for (let index = 0; index < count; index += 1) {
      trail.write(sessionEnd(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`));
    }
    await trail.close();
    const written = await lines();
    const summaries = written.filter((line) => line.event === 'summary');
    expect(written.length).toBeLessThan(1700);
    expect(summaries.at(-1)).toMatchObject({ remoteAddress: 'other networks' });
    const counted = summaries.reduce((sum, line) => sum + line.count, 0);
    expect(counted + written.length - summaries.length).toBe(count);
  });

  it('are told after a minute, and then written in full again', () => {
    vi.useFakeTimers();
    try {
      const summaries: Summary[] = [];
      const strangers = new StrangerRecords(
        (summary) => summaries.push(summary),
        () => new Date(),
      );
      const record = login();
      const inFull = () => Array.from({ length: 12 }, () => strangers.admits(record)).filter(Boolean).length;
      expect(inFull()).toBe(10);
      vi.advanceTimersByTime(60_000);
      expect(summaries).toEqual([expect.objectContaining({ count: 2 })]);
      expect(inFull()).toBe(10);
      strangers.endWindow();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('while no record can be written', () => {
  beforeEach(() => mkdir(file));

  it('no login is admitted, and the alarm is raised once', async () => {
    const trail = trailWith();
    trail.write(login({ outcome: 'granted' }));
    expect(await trail.arrived()).toBe(false);
    expect(trail.loginObstacle).toContain('cannot write');
    expect(alarms).toEqual([expect.stringContaining('cannot write')]);
    await rmdir(file);
    await expect.poll(() => trail.loginObstacle, { timeout: 5000 }).toBeUndefined();
    trail.write(login({ outcome: 'granted' }));
    expect(await trail.arrived()).toBe(true);
  });

  it('logins are admitted where the administrator said so', async () => {
    const trail = trailWith('continue');
    trail.write(login({ outcome: 'granted' }));
    expect(await trail.arrived()).toBe(true);
    expect([trail.loginObstacle, trail.transferObstacle]).toEqual([undefined, undefined]);
    await rmdir(file);
  });

  it('sessions go on as long as there is room for their records, and strangers take none of it', async () => {
    const trail = trailWith();
    const wide = 'x'.repeat(500);
    for (let index = 0; index < 20_000; index += 1)
      trail.write(login({ claimedName: wide, remoteAddress: `10.0.${index >> 8}.${index & 255}` }));
    expect(trail.transferObstacle).toBeUndefined();
    const transfer = { event: 'transfer', operation: 'delete', outcome: 'complete', accountName: 'ada' } as const;
    let transfers = 0;
    while (trail.transferObstacle === undefined) {
      trail.write({ ...transfer, connectionId: 'C', remoteAddress: '192.0.2.1', path: `/${wide}` });
      transfers += 1;
    }
    expect(transfers).toBeGreaterThan(10_000);
    await rmdir(file);
    // The end of the process waits a few seconds only for its target, which may be slow on a busy machine.
    const countWritten = async () =>
      (await readFile(file, 'utf8').catch(() => '')).split('"event":"transfer"').length - 1;
    await expect.poll(countWritten, { timeout: 60_000, interval: 200 }).toBe(transfers);
    await trail.close();
    const written = await lines();
    const sequences = written.map(({ sequence }) => sequence).toSorted((left, right) => left - right);
    expect(sequences).toEqual(sequences.map((_, index) => index + 1));
  }, 90_000);
});
