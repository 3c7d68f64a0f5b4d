/** The file of the audit trail and of the log on a disk that is full for a while: nothing stops, nothing is torn, losses are told. */
import { mkdir, mkdtemp, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuditTrail } from '../../../src/operations/audit.ts';
import { LineFile } from '../../../src/operations/line-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cardgate-lines-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ended = (file: LineFile) => new Promise<void>((resolve) => file.end(resolve));

describe('a file of lines', () => {
  it('keeps what cannot be written and writes it, in order, as soon as it can', async () => {
    const path = join(folder, 'lines');
    await mkdir(path);
    const faults: string[] = [];
    const file = new LineFile(path, { retryMilliseconds: 5, onFault: (text) => faults.push(text) });
    for (const line of ['one\n', 'two\n', 'three\n']) file.write(line);
    await expect.poll(() => faults.length).toBe(1);
    file.write('four\n');
    await rmdir(path);
    await expect.poll(() => readFile(path, 'utf8').catch(() => '')).toBe('one\ntwo\nthree\nfour\n');
    await ended(file);
    expect(faults).toEqual([expect.stringContaining('cannot write'), expect.stringContaining('writes again')]);
  });

  it('keeps no more than its limit, and says how many lines it lost', async () => {
    const path = join(folder, 'lines');
    await mkdir(path);
    const faults: string[] = [];
    const file = new LineFile(path, { retryMilliseconds: 5, maximumKept: 8, onFault: (text) => faults.push(text) });
    for (const line of ['one\n', 'two\n', 'three\n', 'four\n']) file.write(line);
    await expect.poll(() => faults.length).toBe(1);
    await rmdir(path);
    await expect.poll(() => readFile(path, 'utf8').catch(() => '')).toBe('one\ntwo\n');
    await ended(file);
    expect(faults[1]).toContain('2 lines are lost');
  });

  it('ends although nothing can be written', async () => {
    const file = new LineFile(folder, { retryMilliseconds: 5, onFault: () => undefined });
    file.write('one\n');
    await ended(file);
  });

  it('is readable by its owner and group only', async () => {
    const path = join(folder, 'lines');
    const file = new LineFile(path, { onFault: () => undefined });
    file.write('one\n');
    await ended(file);
    expect((await stat(path)).mode & 0o007).toBe(0);
  });
});

describe('the audit trail', () => {
  it('goes on after a time in which its file could not be written', async () => {
    const path = join(folder, 'audit.jsonl');
    await mkdir(path);
    const audit = createAuditTrail(path, { now: () => new Date(0) });
    const end = (connectionId: string) =>
      audit.write({
        event: 'session-end',
        connectionId,
        remoteAddress: '127.0.0.1',
        reason: 'quit',
        bytesSent: 0,
        bytesReceived: 0,
        durationMilliseconds: 0,
      });
    end('C1');
    await rmdir(path);
    end('C2');
    await expect.poll(() => readFile(path, 'utf8').catch(() => ''), { timeout: 5000 }).toMatch(/"C1".*\n.*"C2".*\n$/u);
    await audit.close();
  });
});
