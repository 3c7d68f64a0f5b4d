/** Token directories that other processes work in: SoftHSM does not wait until a token is written, so the harness does. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { prepareSoftHsm, type SoftHsm, withSoftHsm } from '../../../src/smartcard/token/softhsm.ts';
import { createToken, listTokens } from '../../../src/smartcard/token/token.ts';

let directory: string;
let softHsm: SoftHsm;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cardgate-tokens-'));
  softHsm = await prepareSoftHsm(directory);
  await withSoftHsm(softHsm, (cryptoki) => void createToken(cryptoki, 'ada', '12345678'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const labels = () => withSoftHsm(softHsm, (cryptoki) => listTokens(cryptoki).map(({ label }) => label));

it('a token that another process is writing is waited for', async () => {
  const [token = ''] = readdirSync(softHsm.tokenDirectory);
  const file = join(softHsm.tokenDirectory, token, 'token.object');
  renameSync(file, `${file}.written`);
  const seen = labels();
  await delay(60);
  renameSync(`${file}.written`, file);
  expect(await seen).toEqual(['ada']);
});

it('one whose making was cut short does not keep the others from their work', async () => {
  mkdirSync(join(softHsm.tokenDirectory, 'cut-short'));
  expect(await labels()).toEqual(['ada']);
});
