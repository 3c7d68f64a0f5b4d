/** What stands in the audit file and the log file: one JSON object a line, readable without this source. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { denial } from '../../../src/denial.ts';
import type { WhenUnwritable } from '../../../src/operations/audit-trail.ts';
import { createAuditTrail } from '../../../src/operations/audit-trail.ts';
import { createLogger } from '../../../src/operations/log.ts';
import { productVersion } from '../../../src/product-version.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cardgate-audit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const trailInto = (file: string, whenUnwritable: WhenUnwritable = 'refuseLogins') =>
  createAuditTrail({
    file,
    whenUnwritable,
    clock: { now: () => new Date('2026-06-01T12:00:00Z') },
    onAlarm: () => undefined,
  });

const lines = (file: string) =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);

describe('the audit file', () => {
  it('holds one JSON object for each record, with the time of the clock', async () => {
    const file = join(folder, 'audit.jsonl');
    const audit = trailInto(file);
    audit.write({
      event: 'session-end',
      connectionId: 'C1',
      remoteAddress: '127.0.0.1',
      reason: 'quit',
      bytesSent: 1,
      bytesReceived: 2,
      durationMilliseconds: 3,
    });
    audit.write({
      event: 'refusal',
      reference: 'AAAA-BBBB',
      connectionId: 'C2',
      remoteAddress: '127.0.0.1',
      denial: denial('data-address-mismatch', 'from elsewhere', { data: '127.0.0.2' }),
    });
    await audit.close();
    expect(lines(file)).toEqual([
      {
        time: '2026-06-01T12:00:00.000Z',
        event: 'session-end',
        connectionId: 'C1',
        remoteAddress: '127.0.0.1',
        reason: 'quit',
        bytesSent: 1,
        bytesReceived: 2,
        durationMilliseconds: 3,
        version: productVersion,
        run: expect.stringMatching(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/),
        sequence: 1,
      },
      expect.objectContaining({
        event: 'refusal',
        reference: 'AAAA-BBBB',
        sequence: 2,
        denial: {
          code: 'data-address-mismatch',
          stage: 'data-channel',
          subStatus: 38,
          level: 'alert',
          meaning: expect.any(String),
          detail: 'from elsewhere',
          remedy: expect.any(String),
          facts: { data: '127.0.0.2' },
        },
      }),
    ]);
  });
});

describe('the path of a file in the audit trail', () => {
  it('is there whole, however long the client made it', async () => {
    const file = join(folder, 'audit.jsonl');
    const audit = trailInto(file);
    const path = '/long-name'.repeat(400);
    const transfer = { event: 'transfer', operation: 'rename', outcome: 'complete', accountName: 'ada' } as const;
    audit.write({ ...transfer, connectionId: 'C1', remoteAddress: '127.0.0.1', path, target: `${path}x` });
    await audit.close();
    expect(lines(file)).toEqual([expect.objectContaining({ path, target: `${path}x` })]);
  });
});

describe('the log file', () => {
  it('holds level, event and fields, and what a peer chose only as printable text', async () => {
    const file = join(folder, 'log.jsonl');
    const logger = createLogger({ level: 'info', file });
    logger.debug('control-connection-lost');
    logger
      .with({ connectionId: 'C1' })
      .warn('transfer-failed', { line: 'x\r\n{"forged":true}', error: new Error('bad\u001b[2J') });
    await logger.close();
    expect(lines(file)).toEqual([
      {
        time: expect.any(String),
        level: 'warn',
        event: 'transfer-failed',
        connectionId: 'C1',
        line: 'x\\u{d}\\u{a}{"forged":true}',
        error: 'Error: bad\\u{1b}[2J',
      },
    ]);
  });
});
