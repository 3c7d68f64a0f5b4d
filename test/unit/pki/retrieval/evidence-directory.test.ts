/** Evidence in files of its own making: what is read, written, reported and removed, and how much of it there may be. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../../../src/operations/log.ts';
import { EvidenceContent } from '../../../../src/pki/retrieval/evidence-content.ts';
import { EvidenceDirectory, type EvidenceDirectoryOptions } from '../../../../src/pki/retrieval/evidence-directory.ts';
import { evidenceFileName } from '../../../../src/pki/retrieval/evidence-file.ts';
import type { ConfirmedEvidence } from '../../../../src/pki/retrieval/retrieved-evidence.ts';
import { octets } from '../../../../src/settings/units.ts';

const parent = mkdtempSync(join(tmpdir(), 'cardgate-evidence-directory-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));
let folders = 0;

const now = new Date('2026-06-01T12:00:00Z');
const url = 'http://pki.example/ca.crl';
const request = { kind: 'crl', url } as const;
const key = 'the key';

function evidence(size = 10, of: ConfirmedEvidence['request'] = request): ConfirmedEvidence {
  const bytes = Buffer.alloc(size, 'x');
  return { request: of, bytes, content: new EvidenceContent(bytes, of), retrievedAt: now, period: { thisUpdate: now } };
}

function directoryWith(options: Partial<EvidenceDirectoryOptions> = {}) {
  folders += 1;
  // It may have been removed since the file was loaded.
  mkdirSync(parent, { recursive: true });
  const path = join(parent, `${folders}`);
  const lines: (readonly [string, object | undefined])[] = [];
  const note = (event: string, facts?: object) => void lines.push([event, facts]);
  const logger: Logger = { ...silentLogger, warn: note, error: note };
  const all = { path, maximumSize: octets(100_000), maximumFiles: 100, ...options };
  const directory = new EvidenceDirectory(all, { clock: { now: () => now }, logger });
  const own = () => (existsSync(all.path) ? readdirSync(all.path) : []).toSorted();
  const pathOf = (name: string) => join(all.path, evidenceFileName(name));
  /** Writes evidence that was written so many seconds ago. */
  const writeAt = async (name: string, secondsAgo: number, size?: number) => {
    await directory.write(name, evidence(size));
    if (existsSync(pathOf(name))) age(pathOf(name), secondsAgo);
  };
  return { directory, path: all.path, lines, own, pathOf, writeAt };
}

function age(path: string, seconds: number): void {
  const time = new Date(now.getTime() - seconds * 1000);
  utimesSync(path, time, time);
}

const unusable = (path: string, what: 'read' | 'written') => [
  'evidence-directory-unusable',
  { path, reason: `a file cannot be ${what}`, error: expect.any(Error) },
];

describe('a file is read', () => {
  it('back as it was written, for its owner alone', async () => {
    const { directory, path, pathOf, lines, own } = directoryWith();
    await directory.write(key, evidence());
    expect(await directory.read(key, request)).toMatchObject({ bytes: Buffer.alloc(10, 'x'), retrievedAt: now });
    expect([statSync(path).mode & 0o777, statSync(pathOf(key)).mode & 0o777]).toEqual([0o700, 0o600]);
    expect([own(), lines]).toEqual([[evidenceFileName(key)], []]);
  });

  it('as none when it is not there, or the directory is not, which is told of by nothing', async () => {
    const { directory, lines, path } = directoryWith();
    expect(await directory.read(key, request)).toBeUndefined();
    mkdirSync(path);
    expect(await directory.read(key, request)).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it.each<[string, (path: string) => void]>([
    ['is damaged', (path) => writeFileSync(path, 'damaged')],
    ['is empty', (path) => writeFileSync(path, '')],
    ['is larger than all may be', (path) => writeFileSync(path, Buffer.alloc(100_001))],
    ['is a named pipe, which is not waited for', (path) => void execFileSync('mkfifo', [path])],
  ])('as none when it %s, and is removed', async (_fault, make) => {
    const { directory, path, pathOf, lines } = directoryWith();
    mkdirSync(path);
    make(pathOf(key));
    expect(await directory.read(key, request)).toBeUndefined();
    expect(lines).toEqual([['evidence-file-removed', { path: pathOf(key), url }]]);
    expect(existsSync(pathOf(key))).toBe(false);
  });

  it('though it is as large as all may be', async () => {
    const { directory, path, pathOf } = directoryWith();
    await directory.write(key, evidence());
    const { size } = statSync(pathOf(key));
    const exact = directoryWith({ path, maximumSize: octets(size) });
    expect(await exact.directory.read(key, request)).toBeDefined();
    expect(await directoryWith({ path, maximumSize: octets(size - 1) }).directory.read(key, request)).toBeUndefined();
  });

  it('never through a link, and the fault is reported once', async () => {
    const { directory, path, pathOf, lines } = directoryWith();
    await directory.write(key, evidence());
    symlinkSync(pathOf(key), pathOf('link'));
    for (const _time of [1, 2]) expect(await directory.read('link', request)).toBeUndefined();
    expect(lines).toEqual([unusable(path, 'read')]);
  });

  it('and nothing is removed, written or made where the directory may only be read', async () => {
    const { directory, path, pathOf } = directoryWith();
    const reader = directoryWith({ path, isReadOnly: true });
    await reader.directory.write(key, evidence());
    expect(existsSync(path)).toBe(false);
    await directory.write(key, evidence());
    expect(await reader.directory.read(key, request)).toBeDefined();
    await reader.directory.write('other', evidence());
    writeFileSync(pathOf(key), 'damaged');
    expect(await reader.directory.read(key, request)).toBeUndefined();
    expect([reader.own(), reader.lines]).toEqual([[evidenceFileName(key)], []]);
  });
});

describe('a file that cannot be written', () => {
  it('leaves nothing behind, and is reported once until one can be', async () => {
    const { directory, path, pathOf, lines, own } = directoryWith();
    mkdirSync(pathOf(key), { recursive: true });
    for (const _time of [1, 2]) await directory.write(key, evidence());
    expect([own(), lines]).toEqual([[evidenceFileName(key)], [unusable(path, 'written')]]);
    await directory.write('other', evidence());
    await directory.write(key, evidence());
    expect(lines).toHaveLength(2);
    expect(own()).toHaveLength(2);
  });

  it.each([
    ['every user may write', 0o702, false],
    ['the group may write', 0o770, true],
    ['every user may read', 0o755, true],
  ])('where %s', async (_rule, mode, isWritten) => {
    const { directory, path, pathOf, lines } = directoryWith();
    mkdirSync(path);
    chmodSync(path, mode);
    await directory.write(key, evidence());
    expect(existsSync(pathOf(key))).toBe(isWritten);
    expect(lines).toEqual(isWritten ? [] : [unusable(path, 'written')]);
  });
});

describe('files are bounded', () => {
  const sizeOf = async (size: number) => {
    const { directory, pathOf } = directoryWith();
    await directory.write(key, evidence(size));
    return statSync(pathOf(key)).size;
  };
  const names = (...kept: readonly string[]) => kept.map(evidenceFileName).toSorted();

  it('in number: when there are too many, the oldest go, and one in sixteen more', async () => {
    const { writeAt, own } = directoryWith({ maximumFiles: 3 });
    for (const [index, name] of ['b', 'a', 'c'].entries()) await writeAt(name, 100 - index);
    expect(own()).toEqual(names('a', 'b', 'c'));
    await writeAt('d', 1);
    expect(own()).toEqual(names('a', 'c', 'd'));
    const many = directoryWith({ maximumFiles: 16 });
    for (let index = 0; index < 16; index += 1) await many.writeAt(`${index}`, 100 - index);
    expect(many.own()).toHaveLength(16);
    await many.writeAt('16', 1);
    expect(many.own()).toHaveLength(15);
    expect(many.own()).not.toContain(evidenceFileName('1'));
    expect(many.own()).toContain(evidenceFileName('2'));
  });

  it('in octets, likewise', async () => {
    const size = await sizeOf(1000);
    const { writeAt, own } = directoryWith({ maximumSize: octets(3 * size) });
    for (const [index, name] of ['b', 'a', 'c'].entries()) await writeAt(name, 100 - index, 1000);
    expect(own()).toEqual(names('a', 'b', 'c'));
    await writeAt('d', 1, 1000);
    // With three there were none to spare.
    expect(own()).toEqual(names('c', 'd'));
  });

  it('and one that leaves no room for others is not written', async () => {
    const size = await sizeOf(1600);
    const least = Math.ceil((size * 16) / 15);
    const [fitting, tooSmall] = [least, size].map((maximumSize) => directoryWith({ maximumSize: octets(maximumSize) }));
    await fitting?.directory.write(key, evidence(1600));
    await tooSmall?.directory.write(key, evidence(1600));
    expect([fitting?.own().length, tooSmall?.own().length, tooSmall?.lines]).toEqual([1, 0, []]);
  });

  it('and what a process that died left behind goes after ten minutes, but nothing that others put there', async () => {
    const { writeAt, path, own } = directoryWith({ maximumFiles: 1 });
    mkdirSync(path);
    const temporary = (letter: string) => `${letter.repeat(64)}.${'0'.repeat(16)}.new`;
    const others = [
      `x${temporary('a')}`,
      `${temporary('a')}x`,
      `${'a'.repeat(65)}`,
      `${'g'.repeat(64)}`,
      'README',
      `${'a'.repeat(64)}.new`,
    ];
    for (const [name, seconds] of [
      [temporary('a'), 601],
      [temporary('b'), 600],
      [temporary('c'), 0],
      ...others.map((other) => [other, 100_000] as const),
    ] as const) {
      writeFileSync(join(path, name), 'x');
      age(join(path, name), seconds);
    }
    await writeAt('one', 10);
    expect(own()).toEqual([...others, ...names('one'), temporary('b'), temporary('c')].toSorted());
    await writeAt('two', 0);
    expect(own()).toEqual([...others, ...names('two'), temporary('b'), temporary('c')].toSorted());
  });

  it('and looked through anew only after a sixteenth of the bounds was written', async () => {
    const { writeAt, path, own } = directoryWith({ maximumFiles: 64 });
    mkdirSync(path);
    const left = join(path, `${'a'.repeat(64)}.${'0'.repeat(16)}.new`);
    /** How many files are written until what was left behind is found. */
    const written = async () => {
      writeFileSync(left, 'x');
      age(left, 1_000);
      let count = 0;
      for (; existsSync(left); count += 1) await writeAt(`${own().length}`, 0);
      return count;
    };
    expect(await written()).toBe(1);
    expect(await written()).toBe(4);
    expect(await written()).toBe(4);
  });

  it('and looked through anew after a sixteenth of the octets was written', async () => {
    const size = await sizeOf(1000);
    const { writeAt, path, own } = directoryWith({ maximumFiles: 10_000, maximumSize: octets(48 * size) });
    mkdirSync(path);
    const left = join(path, `${'a'.repeat(64)}.${'0'.repeat(16)}.new`);
    const written = async () => {
      writeFileSync(left, 'x');
      age(left, 1_000);
      let count = 0;
      for (; existsSync(left); count += 1) await writeAt(`${own().length}`, 0, 1000);
      return count;
    };
    expect(await written()).toBe(1);
    expect(await written()).toBe(3);
  });

  it('by two writers at once, one of which looks through the directory', async () => {
    const { directory, own, lines } = directoryWith({ maximumFiles: 2 });
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => directory.write(name, evidence())));
    await directory.write('f', evidence());
    expect(own()).toHaveLength(2);
    expect(lines).toEqual([]);
  });
});

it('a file is whole at any time, since it is renamed into its place', async () => {
  const { directory, pathOf } = directoryWith();
  await directory.write(key, evidence());
  const before = readFileSync(pathOf(key));
  const { ino } = statSync(pathOf(key));
  await directory.write(key, evidence(20));
  expect(statSync(pathOf(key)).ino).not.toBe(ino);
  expect(readFileSync(pathOf(key)).length).toBe(before.length + 10);
});
