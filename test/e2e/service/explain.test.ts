/** `cardgate explain --html`: the page of a real decision, beside the text or instead of it. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { runCardgate } from '../../support/run-cardgate.ts';

let pki: TestPki;
let world: LoginWorld;
let ada: Person;

beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: [createHash('sha256').update(ada.der).digest('hex')] },
  ]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
  });
});

afterAll(async () => {
  await world?.stop();
  await pki?.remove();
});

const explain = (...more: readonly string[]) =>
  runCardgate(['explain', ada.certificateFile, '-c', world.configuration, ...more]);

describe('cardgate explain --html', () => {
  it('writes the page for its owner only, and the text as ever, with the time of every step', async () => {
    const file = join(world.folder, 'ada.html');
    const result = await explain('-u', 'ada', '--html', file);
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toMatch(/GRANTED/);
    expect(result.stdout).toMatch(/rule one-to-one {2}\d+\.\d ms/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const page = readFileSync(file, 'utf8');
    expect(page).toMatch(/^<!doctype html>/);
    for (const text of ['✓ GRANTED', 'rule one-to-one', 'RFC 5280', 'search sent', 'may write'])
      expect(page).toContain(text);
  });

  it('writes the page to standard output instead of the text', async () => {
    const result = await explain('-u', 'bob', '--html', '-');
    expect(result.exitCode).toBe(1);
    expect(result.stdout).toMatch(/^<!doctype html>/);
    expect(result.stdout).toContain('✗ DENIED: name-mismatch');
  });

  it.each<[string, readonly string[], RegExp]>([
    ['two things on standard output', ['--json', '--html', '-'], /not both/],
    ['a file that cannot be written', ['--html', '/nonexistent/page.html'], /cannot be written/],
  ])('is bad usage with %s', async (_rule, args, message) => {
    const result = await explain(...args);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(message);
  });
});
