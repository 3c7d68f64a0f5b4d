/** The lines of the audit trail and of the log on their way to a target that fails, stalls or goes away: nothing stops, nothing is torn, losses are told. */
import { mkdir, mkdtemp, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileTarget } from '../../../src/operations/file-target.ts';
import { type LineTarget, TargetGone } from '../../../src/operations/line-target.ts';
import { LineWriter, type LineWriterOptions } from '../../../src/operations/line-writer.ts';

let folder: string;
let path: string;
let alarms: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cardgate-lines-'));
  path = join(folder, 'lines');
  alarms = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const writerTo = (target: LineTarget, options: Partial<LineWriterOptions> = {}) =>
  new LineWriter(target, { retryMilliseconds: 5, onAlarm: (text) => alarms.push(text), ...options });

const textOf = () => readFile(path, 'utf8').catch(() => '');

/** A target whose writes last until the test ends them. */
function heldTarget() {
  const writes: { readonly octets: string; readonly end: (error?: Error) => void }[] = [];
  const target: LineTarget = {
    name: 'target',
    write: (octets) =>
      new Promise((resolve, reject) => {
        writes.push({ octets: octets.toString(), end: (error) => (error ? reject(error) : resolve(octets.length)) });
      }),
    reopen: async () => undefined,
    close: async () => undefined,
  };
  return { target, writes };
}

describe('lines on their way to a file', () => {
  it('are kept while it cannot be written, and written in order as soon as it can', async () => {
    await mkdir(path);
    const writer = writerTo(new FileTarget(path));
    for (const line of ['one', 'two', 'three']) writer.write(line, 'reserved');
    await expect.poll(() => alarms.length).toBe(1);
    writer.write('four', 'reserved');
    await rmdir(path);
    await expect.poll(textOf).toBe('one\ntwo\nthree\nfour\n');
    await writer.close();
    expect(alarms).toEqual([expect.stringContaining('cannot write'), expect.stringContaining('nothing is lost')]);
  });

  it('are lost beyond the limit: the loss is told at once, and written down with its number when writing works again', async () => {
    await mkdir(path);
    const lossLine = ({ count }: { count: number }) => `lost ${count}`;
    const writer = writerTo(new FileTarget(path), { maximumKept: 8, lossLine });
    const taken = ['one', 'two', 'three', 'four'].map((line) => writer.write(line, 'reserved'));
    expect(taken).toEqual([true, true, false, false]);
    expect(alarms).toEqual([expect.stringContaining('lines are lost from now on')]);
    await rmdir(path);
    await expect.poll(textOf).toBe('one\ntwo\nlost 2\n');
    await writer.close();
    expect(alarms.at(-1)).toContain('2 lines are lost');
  });

  it('leave room for reserved ones when they are ordinary', async () => {
    await mkdir(path);
    const writer = writerTo(new FileTarget(path), { maximumKept: 12, maximumOrdinary: 4 });
    const taken = [writer.write('one', 'ordinary'), writer.write('two', 'ordinary'), writer.write('six', 'reserved')];
    expect(taken).toEqual([true, false, true]);
    await writer.close();
  });

  it('do not keep the writer from ending, which says how many are lost', async () => {
    const writer = writerTo(new FileTarget(folder));
    writer.write('one', 'reserved');
    await writer.close();
    expect(alarms.at(-1)).toContain('1 lines are lost');
  });

  it('are readable by its owner and group only', async () => {
    const writer = writerTo(new FileTarget(path));
    writer.write('one', 'reserved');
    await writer.close();
    expect((await stat(path)).mode & 0o007).toBe(0);
  });
});

describe('whether lines have arrived', () => {
  it('is known as soon as the last of them is written', async () => {
    const writer = writerTo(new FileTarget(path));
    writer.write('one', 'reserved');
    expect(await writer.settled(5000)).toBe(true);
    expect(await textOf()).toBe('one\n');
    await writer.close();
  });

  it('is denied at once when writing fails, and until it works again', async () => {
    await mkdir(path);
    const writer = writerTo(new FileTarget(path));
    writer.write('one', 'reserved');
    expect(await writer.settled(60_000)).toBe(false);
    expect(writer.obstacle).toContain('cannot write');
    await rmdir(path);
    await expect.poll(() => writer.obstacle).toBeUndefined();
    expect(await writer.settled(60_000)).toBe(true);
    await writer.close();
  });

  it('is denied when the time is over', async () => {
    const { target, writes } = heldTarget();
    const writer = writerTo(target);
    writer.write('one', 'reserved');
    expect(await writer.settled(5)).toBe(false);
    writes[0]!.end();
    await writer.close();
  });
});

describe('a target that stalls', () => {
  it('is an obstacle and an alarm until it goes on; meanwhile no more than the limit is kept', async () => {
    const { target, writes } = heldTarget();
    const writer = writerTo(target, { stallMilliseconds: 5, maximumKept: 1000 });
    writer.write('first', 'reserved');
    await expect.poll(() => writer.obstacle).toContain('does not take');
    expect(alarms).toHaveLength(1);
    for (let index = 0; index < 1000; index += 1) writer.write('more', 'reserved');
    expect(writer.isFilling).toBe(true);
    writes[0]!.end();
    await expect.poll(() => writes.length).toBe(2);
    expect(writes[1]!.octets.length).toBeLessThanOrEqual(1000);
    expect(alarms).toContainEqual(expect.stringContaining('writes again'));
    writes[1]!.end();
    await writer.close();
  });

  it('does not keep the writer from ending', async () => {
    const writer = writerTo(heldTarget().target, { stallMilliseconds: 5 });
    writer.write('one', 'reserved');
    await writer.close();
    expect(alarms.at(-1)).toContain('1 lines are lost');
  });
});

describe('a target that is gone', () => {
  it('ends the writing for good: it is told, nothing is kept, every later line is counted', async () => {
    const { target, writes } = heldTarget();
    const writer = writerTo(target);
    writer.write('one', 'reserved');
    writes[0]!.end(new TargetGone('EPIPE'));
    expect(await writer.gone).toContain('EPIPE');
    expect(writer.write('two', 'reserved')).toBe(false);
    expect(writer.obstacle).toContain('EPIPE');
    await writer.close();
    expect(alarms.at(-1)).toContain('2 lines are lost');
  });
});

describe('lines that turn to another target', () => {
  it('go there with those that the former cannot take, in order', async () => {
    await mkdir(path);
    const writer = writerTo(new FileTarget(path));
    for (const line of ['one', 'two']) writer.write(line, 'ordinary');
    await expect.poll(() => alarms.length).toBe(1);
    const other = join(folder, 'other');
    writer.turnTo(new FileTarget(other), 'with lines not yet written');
    writer.write('three', 'ordinary');
    await writer.close();
    expect(await readFile(other, 'utf8')).toBe('one\ntwo\nthree\n');
  });

  it('go there whole when the former took a part of one', async () => {
    const parts: string[] = [];
    let left = 9;
    const full: LineTarget = {
      name: 'full',
      write: async (octets) => {
        if (left === 0) throw new Error('no space left');
        const taken = Math.min(left, octets.length);
        left -= taken;
        parts.push(octets.subarray(0, taken).toString());
        return taken;
      },
      reopen: async () => undefined,
      close: async () => undefined,
    };
    const writer = writerTo(full);
    for (const line of ['one', 'two', 'three']) writer.write(line, 'ordinary');
    await expect.poll(() => alarms.length).toBe(1);
    expect(parts.join('')).toBe('one\ntwo\nt');
    writer.turnTo(new FileTarget(path), 'with lines not yet written');
    writer.write('four', 'ordinary');
    await writer.close();
    expect(await textOf()).toBe('three\nfour\n');
    expect(alarms.at(-1)).toContain('nothing is lost');
  });

  it('that are on their way to the former stay there, and the former is closed behind them', async () => {
    const { target, writes } = heldTarget();
    let isClosed = false;
    const writer = writerTo({
      ...target,
      close: async () => {
        isClosed = true;
      },
    });
    writer.write('one', 'ordinary');
    await expect.poll(() => writes.length).toBe(1);
    writer.turnTo(new FileTarget(path), 'with lines not yet written');
    writer.write('two', 'ordinary');
    writes[0]?.end();
    await expect.poll(textOf).toBe('two\n');
    expect(isClosed).toBe(true);
    await writer.close();
  });

  it('leave a former target open no longer than its last line', async () => {
    const former = new FileTarget(path);
    let closings = 0;
    const writer = writerTo({
      name: former.name,
      write: (octets) => former.write(octets),
      reopen: () => former.reopen(),
      close: () => {
        closings += 1;
        return former.close();
      },
    });
    writer.write('one', 'ordinary');
    expect(await writer.settled(10_000)).toBe(true);
    await expect.poll(textOf).toBe('one\n');
    writer.turnTo(new FileTarget(join(folder, 'other')), 'with lines not yet written');
    await expect.poll(() => closings).toBe(1);
    await writer.close();
    expect(closings).toBe(1);
  });
});
