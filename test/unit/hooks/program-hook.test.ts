/** A program as a hook: what it is given, what counts as its answer, and that nothing of it outlives its time. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readHookAnswer } from '../../../src/hooks/hook-answer.ts';
import { ProgramHook } from '../../../src/hooks/program-hook.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cardgate-hook-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const hook = async (script: string, ...rest: readonly string[]) => {
  const path = join(folder, 'hook');
  await writeFile(path, `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  return new ProgramHook([path, ...rest]);
};

const never = () => new AbortController().signal;

describe('a program', () => {
  it('reads the event from standard input, and answers on standard output', async () => {
    const asked = await hook('cat');
    expect(await asked.ask('{"allow":true}', never())).toEqual({ allow: true });
  });

  it('gets its arguments as they stand, unread by a shell', async () => {
    const asked = await hook('printf \'["%s","%s"]\' "$1" "$2"', '$(id)', 'a b;*');
    expect(await asked.ask('', never())).toEqual(['$(id)', 'a b;*']);
  });

  it('sees nothing of the environment of the gateway, and runs in the root directory', async () => {
    vi.stubEnv('CARDGATE_SECRET', 'secret');
    const asked = await hook('printf \'["%s","%s"]\' "$CARDGATE_SECRET" "$PWD"');
    expect(await asked.ask('', never())).toEqual(['', '/']);
  });

  it('may answer without reading an event of a megabyte', async () => {
    const asked = await hook('echo \'{"allow":true}\'');
    expect(await asked.ask('x'.repeat(1024 * 1024), never())).toEqual({ allow: true });
  });

  const failures: readonly (readonly [rule: string, script: string, message: RegExp])[] = [
    ['ends with another code than 0, whatever it wrote', 'echo \'{"allow":true}\'; exit 3', /^it ended with code 3$/],
    [
      'ends with a complaint, which the operator reads',
      'echo "no\u001b database" >&2; exit 1',
      /^it ended with code 1: no\\u\{1b\} database$/,
    ],
    ['is killed', 'kill -9 $$', /^it was killed by SIGKILL$/],
    ['writes no JSON', 'echo yes', /JSON/],
    ['writes nothing', 'true', /JSON/],
    ['writes more than 64 KiB', 'head -c 70000 /dev/zero; sleep 1000', /^it wrote more than 65536 octets$/],
  ];
  it.each(failures)('gives no answer where it %s', async (_rule, script, message) => {
    const asked = await hook(script);
    await expect(asked.ask('', never())).rejects.toThrow(message);
  });

  it('that cannot be started gives no answer', async () => {
    await expect(new ProgramHook([join(folder, 'none')]).ask('', never())).rejects.toThrow('ENOENT');
  });

  it('is killed with all that it started when its time is over', async () => {
    const pids = join(folder, 'pids');
    const asked = await hook(`sleep 1000 & echo $! $$ > ${pids}.new; mv ${pids}.new ${pids}; sleep 1000`);
    const over = new AbortController();
    const answer = asked.ask('', over.signal);
    const refused = expect(answer).rejects.toThrow('over');
    const running = await expect.poll(() => readFile(pids, 'utf8').catch(() => undefined)).toBeDefined();
    void running;
    over.abort(new Error('over'));
    await refused;
    for (const pid of (await readFile(pids, 'utf8')).trim().split(' ')) {
      await expect.poll(() => isRunning(Number(pid))).toBe(false);
    }
  });

  it('leaves nothing behind that it started, when it has answered', async () => {
    const pid = join(folder, 'pid');
    const asked = await hook(`sleep 1000 & echo $! > ${pid}; echo '{"allow":true}'`);
    expect(await asked.ask('', never())).toEqual({ allow: true });
    const left = Number(await readFile(pid, 'utf8'));
    await expect.poll(() => isRunning(left)).toBe(false);
  });
});

/** A process that ended and is not reaped by its parent yet runs no more. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return status !== '' && !/\) [ZX] /.test(status);
}

describe('an answer', () => {
  it.each([
    [{ allow: true }, { allow: true }],
    [
      { allow: true, reason: 'clean' },
      { allow: true, reason: 'clean' },
    ],
    [
      { allow: false, reason: 'found' },
      { allow: false, reason: 'found' },
    ],
    [{ allow: false }, { allow: false, reason: 'The hook gave no reason.' }],
  ])('may be %j', (value, answer) => {
    expect(readHookAnswer(value)).toEqual(answer);
  });

  it.each([
    [null],
    [true],
    ['allow'],
    [[]],
    [{}],
    [{ allow: 'true' }],
    [{ allow: 1 }],
    [{ Allow: true }],
    [{ allow: true, deny: true }],
    [{ allow: false, reason: 'x'.repeat(1001) }],
  ])('is not %j', (value) => {
    expect(() => readHookAnswer(value)).toThrow('neither');
  });
});
