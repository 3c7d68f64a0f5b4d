/** `cardgate mapping value` as an administrator runs it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { janeDoe } from '../../support/jane-doe.ts';
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
