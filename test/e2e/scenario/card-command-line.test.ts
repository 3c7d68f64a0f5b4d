/** `cardgate card …`: commands that run until they are stopped. The others: test/commands. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it } from 'vitest';
import { cardgate } from '../../support/built-program.ts';
import { cardTests } from '../../support/card-tests.ts';
import { freePort } from '../../support/free-ports.ts';
import { runInProcess } from '../../support/run-in-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'cardgate-card-cli-'));
const inReader = await cardTests('card insert', { reader: true });
const at = (name: string) => join(directory, name);
afterAll(() => rmSync(directory, { recursive: true }));

/** A command that runs until it is told to stop; it dies with this process. */
function start(words: readonly string[]) {
  const [program, ...args] = cardgate;
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', program, ...args, ...words]);
  let printed = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    printed += `${line}\n`;
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return { child, printed: () => printed, output: () => output };
}

const ended = async (child: ChildProcess) => (await once(child, 'close'))[0] as number;

describe('commands that run until they are stopped', () => {
  it('card ca serve ends with 0 on SIGTERM, and says what it answered', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await runInProcess(['card', 'ca', 'create', '--repository-url', url, '-d', at('served')]);
    const { child, printed, output } = start(['card', 'ca', 'serve', url, '-d', at('served')]);
    await expect.poll(printed).toContain(url);
    expect((await fetch(`${url}/root.crl`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(0);
    expect(output()).toBe('Answered 1 requests.\n');
  });

  it.skipIf(inReader.skip)(`card insert obeys lines and ends with 0 at quit${inReader.note}`, async () => {
    await runInProcess(['card', 'create', 'ada', '-d', at('reader')]);
    const { child, printed, output } = start(['card', 'insert', 'ada', '-d', at('reader'), '--pin-tries', '2']);
    await expect.poll(printed).toContain('ada is in the reader');
    expect(readFileSync(`/proc/${child.pid}/coredump_filter`, 'utf8').trim()).toBe('00000000');
    for (const [line, answer] of [
      ['status', 'The card is in; tries left: PIN 2, PUK 3.'],
      ['remove', 'The card is out'],
      ['dance', 'Type remove, insert, pull, status'],
    ] as const) {
      child.stdin.write(`${line}\n`);
      await expect.poll(printed).toContain(answer);
    }
    expect(printed()).not.toContain(readFileSync(at('reader/cards/ada/pin'), 'utf8'));
    child.stdin.write('quit\n');
    expect(await ended(child)).toBe(0);
    expect(output()).toBe('ada signed 0 times.\n');
  });
});
