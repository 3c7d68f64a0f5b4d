/** `cardgate mapping value` and `cardgate mapping lint` as an administrator runs them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { janeDoe } from '../../support/jane-doe.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';
import { runCardgate } from '../../support/run-cardgate.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cardgate-mapping-'));
  await writeFile(path.join(folder, 'jane.der'), janeDoe);
  await writeFile(path.join(folder, 'junk.pem'), 'junk');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('cardgate mapping value', () => {
  it('prints the strings to store, strong ones first', async () => {
    const { exitCode, stdout } = await runCardgate(['mapping', 'value', path.join(folder, 'jane.der')]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('\n  X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>2b0000000011ace1\n');
    expect(stdout.indexOf('<SR>')).toBeLessThan(stdout.indexOf('<S>'));
  });

  it('prints JSON', async () => {
    const { stdout } = await runCardgate(['mapping', 'value', '--json', path.join(folder, 'jane.der')]);
    expect(JSON.parse(stdout)).toMatchObject({
      serialNumber: 'e1ac11000000002b',
      altSecurityIdentities: { length: 6 },
    });
  });

  it('says what is wrong with a file that is no certificate', async () => {
    for (const name of ['junk.pem', 'absent.pem']) {
      expect((await runCardgate(['mapping', 'value', path.join(folder, name)])).exitCode).toBe(2);
    }
  });
});

describe('cardgate mapping lint', () => {
  let pki: TestPki;
  let world: LoginWorld;
  beforeAll(async () => {
    pki = await createTestPki();
    const { directory, files } = accountFileDirectory([
      { name: 'ada', altSecurityIdentities: ['X509:<I>CN=CA,O=Example<SR>01'] },
      { name: 'bob', altSecurityIdentities: ['X509:<I>O=Example,CN=CA<SR>02'] },
    ]);
    world = await startLoginWorld({
      pki,
      directories: [directory],
      files,
      rules: 'rules:\n  - { name: one, map: issuerSerial }\n',
    });
  });
  afterAll(async () => {
    await world?.stop();
    await pki?.remove();
  });

  it('prints what is wrong and what should stand there, and is refused', async () => {
    const { exitCode, stdout } = await runCardgate(['mapping', 'lint', '--config', world.configuration]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('broken    ada\n');
    expect(stdout).toContain('store instead: X509:<I>O=Example,CN=CA<SR>01\n');
    expect(stdout).toMatch(/2 accounts with mappings read, 1 findings\n$/);
  });

  it('prints JSON, and knows its directories', async () => {
    const args = ['mapping', 'lint', '--config', world.configuration, '--json'];
    expect(JSON.parse((await runCardgate(args)).stdout)).toMatchObject([
      { accounts: 2, findings: [{ kind: 'broken' }] },
    ]);
    expect((await runCardgate([...args, '--directory', 'elsewhere'])).exitCode).toBe(2);
    expect((await runCardgate([...args, '--limit', '0'])).exitCode).toBe(2);
  });
});
