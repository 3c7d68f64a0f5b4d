/** PIN entry as a person meets it: at a real terminal (a pseudo terminal of the kernel), from a file, from standard input. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, 'ask-for-pin.ts');
const terminal = join(import.meta.dirname, 'terminal.py');
const directory = mkdtempSync(join(tmpdir(), 'cardgate-pin-'));
afterAll(() => rmSync(directory, { recursive: true }));

const hex = (text: string) => Buffer.from(text).toString('hex');

interface Seen {
  readonly shown: string;
  readonly echoes: boolean;
  readonly status: number;
}

function type(keys: string, expected: string): Seen {
  const args = [terminal, 'PIN: ', process.execPath, program, 'terminal', hex(expected)];
  const { stdout, stderr } = spawnSync('python3', args, { input: hex(keys), encoding: 'utf8', timeout: 20_000 });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Seen;
}

describe.runIf(process.platform === 'linux')('at a terminal', () => {
  it.each<[string, string, string]>([
    ['a PIN ends with Return', '271828\r', '271828'],
    ['Backspace removes a character', '2718x\u007f28\r', '271828'],
    ['Backspace removes a character of several octets whole', '27€\u007f\r', '27'],
    ['Backspace at the beginning does nothing', '\u007f\b27\r', '27'],
    ['Ctrl-U removes all of it', 'wrong\u001527\r', '27'],
    ['a PIN may have letters of any script', 'žluť\r', 'žluť'],
  ])('%s', (_, keys, expected) => {
    const seen = type(keys, expected);
    expect(seen.shown).toContain('as expected');
    expect(seen).toMatchObject({ echoes: true, status: 0 });
  });

  it('nothing of the PIN is shown, not even how long it is', () => {
    expect(type('271828\r', '271828').shown).toBe('PIN: \r\nas expected\r\nterminal as before\r\n');
  });

  it.each([
    ['Ctrl-C', '27\u0003', 'No PIN was entered.'],
    ['Ctrl-D', '27\u0004', 'No PIN was entered.'],
    ['an arrow key, which must not cost a try,', '27\u001b[A\r', 'control characters'],
    ['Return alone', '\r', 'The PIN is empty'],
    ['more than any card takes', `${'9'.repeat(300)}\r`, 'too long'],
  ])('%s gives no PIN and leaves the terminal as it was', (_, keys, message) => {
    const seen = type(keys, '27');
    expect(seen.shown).toContain(message);
    expect(seen.shown).toContain('terminal as before');
    expect(seen).toMatchObject({ echoes: true, status: 0 });
  });
});

function ask(source: string, expected: string, input = ''): string {
  // In a session of its own the process has no terminal, also when a person runs the tests.
  const args = ['--wait', process.execPath, program, source, hex(expected)];
  return spawnSync('setsid', args, { input, encoding: 'utf8', timeout: 20_000 }).stdout;
}

describe('without a terminal', () => {
  it('no person is asked, and the other ways are named', () => {
    expect(ask('terminal', '')).toMatch(/There is no terminal.*--pin-file <path> or --pin-stdin/);
  });

  it.each([
    ['the first line counts', '2718\nrest\n', '2718'],
    ['a line break of Windows is not part of the PIN', '2718\r\n', '2718'],
    ['a missing line break is no fault', '2718', '2718'],
    ['blanks belong to the PIN', ' 27 \n', ' 27 '],
  ])('%s, in a file and on standard input', (_, content, expected) => {
    const file = join(directory, 'pin');
    writeFileSync(file, content);
    expect([ask(file, expected), ask('input', expected, content)]).toEqual(['as expected\n', 'as expected\n']);
  });

  it.each([
    ['/nonexistent', 'ENOENT'],
    [directory, 'EISDIR'],
    ['/dev/null', 'The PIN is empty'],
    ['/dev/zero', 'The PIN is empty, too long'],
  ])('%s gives no PIN: %s', (path, message) => {
    expect(ask(path, '')).toContain(message);
  });
});
