/** A file of lines and log rotation: whatever is moved, removed or truncated, and whenever, every line stands in some file. */
import { readdirSync, readlinkSync } from 'node:fs';
import {
  copyFile,
  type FileHandle,
  mkdtemp,
  open,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileTarget } from '../../../src/operations/file-target.ts';
import { LineWriter } from '../../../src/operations/line-writer.ts';

let folder: string;
let path: string;
let target: FileTarget;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cardgate-rotation-'));
  path = join(folder, 'lines');
  target = new FileTarget(path);
});
afterEach(async () => {
  await target.close();
  await rm(folder, { recursive: true, force: true });
});

const write = async (text: string) => expect(await target.write(Buffer.from(text))).toBe(Buffer.byteLength(text));

/** What rotation does between the look at the path and the write. */
async function duringNextWrite(rotate: () => Promise<unknown>): Promise<void> {
  const probe = await open(import.meta.filename);
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const { write: reallyWrite } = handles;
  vi.spyOn(handles, 'write').mockImplementationOnce(async function (this: FileHandle, ...octets: unknown[]) {
    vi.restoreAllMocks();
    await rotate();
    return Reflect.apply(reallyWrite, this, octets);
  });
}

const textOf = (file: string) => readFile(file, 'utf8').catch(() => undefined);

it('a file on a full disk keeps no descriptor when it is closed', async () => {
  await symlink('/dev/full', path);
  const full = new FileTarget(path, { beginning: () => Buffer.from('head\n') });
  const held = () => readdirSync('/proc/self/fd').filter((fd) => linkOf(fd) === '/dev/full').length;
  await expect(full.write(Buffer.from('one\n'))).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(held()).toBe(1);
  await expect(full.close()).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(held()).toBe(0);
});

function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

describe('a file that was moved away', () => {
  it('is opened anew when that is asked for, before any further line', async () => {
    await write('one\n');
    await rename(path, `${path}.1`);
    await target.reopen();
    expect(await textOf(path)).toBe('');
    await write('two\n');
    expect([await textOf(`${path}.1`), await textOf(path)]).toEqual(['one\n', 'two\n']);
  });

  it('is left by itself, and gets no further line', async () => {
    await write('one\n');
    await rename(path, `${path}.1`);
    await write('two\n');
    await write('three\n');
    expect([await textOf(`${path}.1`), await textOf(path)]).toEqual(['one\n', 'two\nthree\n']);
  });

  it('takes no line with it when it was compressed before the line came', async () => {
    await write('one\n');
    await duringNextWrite(async () => {
      await rename(path, `${path}.1`);
      await copyFile(`${path}.1`, `${path}.1.gz`);
    });
    // The copy that takes its place may lack the line: it is given back, to be written again.
    expect(await target.write(Buffer.from('two\n'))).toBe(0);
    await write('two\n');
    expect([await textOf(`${path}.1.gz`), await textOf(path)]).toEqual(['one\n', 'two\n']);
  });

  it('gives a line back once only, also when its file seems to be another one each time', async () => {
    await write('one\n');
    await duringNextWrite(() => rename(path, `${path}.1`));
    expect(await target.write(Buffer.from('two\n'))).toBe(0);
    await duringNextWrite(() => rename(path, `${path}.2`));
    await write('two\n');
  });

  it('is left for the one that was made in its place', async () => {
    await write('one\n');
    await rename(path, `${path}.1`);
    await writeFile(path, '');
    await write('two\n');
    await write('three\n');
    expect([await textOf(`${path}.1`), await textOf(path)]).toEqual(['one\n', 'two\nthree\n']);
  });
});

describe('a file that was removed', () => {
  it('takes no line with it', async () => {
    await write('one\n');
    await duringNextWrite(() => unlink(path));
    // What went into a file that no process can read any more is given back, to be written again.
    expect(await target.write(Buffer.from('two\n'))).toBe(0);
    await write('two\n');
    expect(await textOf(path)).toBe('two\n');
  });
});

describe('a file that was truncated', () => {
  it('gets again what may have been written between the copy and the truncation', async () => {
    await write('one\n');
    await copyFile(path, `${path}.1`);
    await write('two\n');
    await truncate(path);
    await write('three\n');
    await write('four\n');
    const lines = `${await textOf(`${path}.1`)}${await textOf(path)}`.split('\n').filter(Boolean);
    expect(new Set(lines)).toEqual(new Set(['one', 'two', 'three', 'four']));
    expect(await textOf(path)).not.toContain('\0');
  });

  it('gets them again when it is to be opened anew after the truncation', async () => {
    await write('one\n');
    await copyFile(path, `${path}.1`);
    await write('two\n');
    await truncate(path);
    await target.reopen();
    expect(await textOf(path)).toBe('one\ntwo\n');
  });

  it('gets them again when it was to be opened anew between the copy and the truncation', async () => {
    await write('one\n');
    await copyFile(path, `${path}.1`);
    await write('two\n');
    await target.reopen();
    await truncate(path);
    await write('three\n');
    await target.close();
    expect((await textOf(path))?.split('\n').sort()).toEqual(['', 'one', 'three', 'two']);
  });

  it('gets them again at the end, when nothing more was written', async () => {
    await write('one\n');
    await truncate(path);
    await target.close();
    expect(await textOf(path)).toBe('one\n');
  });
});

describe('under load', () => {
  const rotations = 100;

  /** Writes numbered lines, more than a gateway ever has records, until all rotations are done. @returns how many */
  async function underLoad(rotate: (index: number) => Promise<void>): Promise<number> {
    const writer = new LineWriter(target, { onAlarm: (text) => expect.fail(text) });
    let count = 0;
    let isRotating = true;
    const writing = (async () => {
      while (isRotating) {
        for (let burst = 0; burst < 5; burst += 1) {
          writer.write(`line ${count} ${'x'.repeat(20)}`, 'reserved');
          count += 1;
        }
        await delay(1);
      }
    })();
    for (let index = 0; index < rotations; index += 1) {
      const before = count;
      await expect.poll(() => count > before + 20, { interval: 1 }).toBe(true);
      await rotate(index);
    }
    isRotating = false;
    await writing;
    await writer.close();
    return count;
  }

  async function numbersIn(files: readonly string[]): Promise<number[]> {
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    return texts.flatMap((text) =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => Number(/^line (\d+) x{20}$/.exec(line)?.[1])),
    );
  }

  const rotated = Array.from({ length: rotations }, (_, index) => index);

  it('a hundred rotations by rename lose nothing and tear nothing', async () => {
    const count = await underLoad(async (index) => {
      await expect.poll(() => textOf(path), { interval: 1 }).toBeDefined();
      await rename(path, `${path}.${index}`);
      if (index % 2 === 0) await writeFile(path, '');
      if (index % 3 === 0) void target.reopen();
    });
    const numbers = await numbersIn([...rotated.map((index) => `${path}.${index}`), path]);
    expect(new Set(numbers).size).toBe(count);
  });

  it('a hundred rotations that compress at once lose nothing and tear nothing', async () => {
    const count = await underLoad(async (index) => {
      await expect.poll(() => textOf(path), { interval: 1 }).toBeDefined();
      await rename(path, `${path}.moved`);
      await copyFile(`${path}.moved`, `${path}.${index}`);
      await delay(2);
      await unlink(`${path}.moved`);
    });
    const numbers = new Set(await numbersIn([...rotated.map((index) => `${path}.${index}`), path]));
    expect(Array.from({ length: count }, (_, index) => index).filter((index) => !numbers.has(index))).toEqual([]);
  });

  it('a hundred rotations by copy and truncation lose nothing and tear nothing', async () => {
    const count = await underLoad(async (index) => {
      await copyFile(path, `${path}.${index}`);
      await turn();
      await truncate(path);
    });
    const texts = await Promise.all(rotated.map((index) => readFile(`${path}.${index}`, 'utf8')));
    // A copy may end within a line; the line stands again in the file after the truncation.
    for (const [index, text] of texts.entries()) {
      await writeFile(`${path}.${index}`, text.slice(0, text.lastIndexOf('\n') + 1));
    }
    const numbers = await numbersIn([...rotated.map((index) => `${path}.${index}`), path]);
    const seen = new Set(numbers);
    expect(Array.from({ length: count }, (_, index) => index).filter((index) => !seen.has(index))).toEqual([]);
  });
});
