import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { tokenError } from '../../../src/smartcard/token/pkcs11-module.ts';
import { findSoftHsmModule, prepareSoftHsm } from '../../../src/smartcard/token/softhsm.ts';

const directory = mkdtempSync(join(tmpdir(), 'cardgate-softhsm-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('SoftHSM', () => {
  it('keeps its tokens in a directory that only their owner may enter', async () => {
    const { configurationFile, tokenDirectory } = await prepareSoftHsm(directory);
    expect(statSync(tokenDirectory).mode & 0o777).toBe(0o700);
    expect(readFileSync(configurationFile, 'utf8')).toContain(`directories.tokendir = ${tokenDirectory}\n`);
  });

  it('that is not installed is said to be missing, with the places that were searched', () => {
    expect(() => findSoftHsmModule(['/nonexistent/libsofthsm2.so'])).toThrow('/nonexistent/libsofthsm2.so');
  });

  it.each(['a#b', 'a\nb'])('is not given a path that its configuration file cannot hold: %j', async (name) => {
    await expect(prepareSoftHsm(join(directory, name))).rejects.toMatchObject({ name: 'CardError' });
  });
});

describe('an error of a token', () => {
  it.each([
    ['CKR_PIN_INCORRECT', 'The PIN is wrong.'],
    ['CKR_TOKEN_NOT_PRESENT', 'There is no card in the reader.'],
    ['CKR_FUNCTION_FAILED', 'CKR_FUNCTION_FAILED'],
  ])('%s is told to a person', (name, meaning) => {
    const told = tokenError('ada', new Error(name));
    expect(told).toMatchObject({ name: 'CardError', message: expect.stringContaining(meaning) });
    expect(told).toMatchObject({ message: expect.stringContaining('ada') });
  });

  it('is not made of any other error', () => {
    const fault = new Error('out of memory');
    expect(tokenError('ada', fault)).toBe(fault);
  });
});

it('the configuration file is never there in part, also when two processes write it at the same time', async () => {
  const place = mkdtempSync(join(tmpdir(), 'cardgate-softhsm-'));
  try {
    const { configurationFile, tokenDirectory } = await prepareSoftHsm(place);
    let isWriting = true;
    const writing = Promise.all(Array.from({ length: 300 }, () => prepareSoftHsm(place))).finally(() => {
      isWriting = false;
    });
    let partial = 0;
    while (isWriting) {
      if (!readFileSync(configurationFile, 'utf8').startsWith(`directories.tokendir = ${tokenDirectory}\n`))
        partial += 1;
      await setImmediate();
    }
    await writing;
    expect(partial).toBe(0);
  } finally {
    rmSync(place, { recursive: true });
  }
});
