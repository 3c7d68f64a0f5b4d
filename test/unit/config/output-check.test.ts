/** What the service will write to is judged as it is: the thing itself where it is there, the folder it is made in otherwise. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const isRoot = process.getuid?.() === 0;
/** Any user without rights of its own. */
const serviceUser = 65_534;
const module = join(import.meta.dirname, '../../../src/config/checks/output-check.ts');
let folder: string;

/** The folder belongs to root, as /var/cache does; what is in it was made for the service. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cardgate-output-'));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'own'), { mode: 0o700 });
  mkdirSync(join(folder, 'roots'), { mode: 0o755 });
  mkdirSync(join(folder, 'open'));
  chmodSync(join(folder, 'open'), 0o777);
  writeFileSync(join(folder, 'own.log'), '');
  writeFileSync(join(folder, 'roots.log'), '', { mode: 0o644 });
  if (!isRoot) return;
  chownSync(join(folder, 'own'), serviceUser, serviceUser);
  chownSync(join(folder, 'own.log'), serviceUser, serviceUser);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function problemAsService(kind: string, name: string): string {
  const script = `import { outputProblem } from ${JSON.stringify(module)};
    process.setgroups([]); process.setgid(${serviceUser}); process.setuid(${serviceUser});
    console.log(outputProblem(${JSON.stringify(kind)}, ${JSON.stringify(join(folder, name))})?.message ?? 'fine');`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout.trim();
}

describe.skipIf(!isRoot)('for a service that is not root', () => {
  it.each([
    ['directory', 'own', 'fine'],
    ['directory', 'own/deeper/still', 'fine'],
    ['directory', 'roots', 'permission denied'],
    ['directory', 'new', 'permission denied'],
    ['directory', 'roots/new', 'permission denied'],
    ['directory', 'open', 'every user of this machine may write'],
    ['directory', 'own.log', 'not a directory'],
    ['file', 'own.log', 'fine'],
    ['file', 'own/new.log', 'fine'],
    ['file', 'roots.log', 'permission denied'],
    ['file', 'new.log', 'permission denied'],
    ['file', 'missing/new.log', 'no such file or directory'],
    ['file', 'own', 'it is a directory'],
    ['socket', 'own/mapping.sock', 'fine'],
    ['socket', 'mapping.sock', 'permission denied'],
  ])('a %s at %s: %s', (kind, name, answer) => {
    expect(problemAsService(kind, name)).toContain(answer);
  });
});
