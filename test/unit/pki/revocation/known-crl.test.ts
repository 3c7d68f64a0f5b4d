/** What is found out about a CRL once and shared by all logins: which keys signed it, which did not, and the index of its entries. */
import { describe, expect, it } from 'vitest';
import type { SignatureVerifier } from '../../../../src/pki/certificate/signature.ts';
import { parseCrl } from '../../../../src/pki/crl/crl.ts';
import { KnownCrl } from '../../../../src/pki/crl/known-crl.ts';
import { Budget } from '../../../../src/pki/path/budget.ts';
import type { SignatureChecks } from '../../../../src/pki/path/signature-checks.ts';
import { crlEntry, days, issueCrl, now, root } from '../../../support/handmade-certificates.ts';

const issuer = root();
const list = parseCrl(issueCrl(issuer, { entries: [crlEntry(7)] }), 'crl');
const mebibyte = 1024 * 1024;
type Outcome = 'valid' | 'invalid' | 'unacceptable';

/** A CRL, and checks of one site whose verifier answers by the first octet of the key. */
function known(size = list.size) {
  return new KnownCrl({ ...list, size });
}
function checks(outcomeOf: (key: Buffer) => Outcome) {
  const asked: (readonly unknown[])[] = [];
  const answer = (how: string) => (signed: { readonly identity?: string }, key: Buffer) => {
    asked.push([how, key.toString(), signed.identity]);
    return { outcome: outcomeOf(key) };
  };
  const verifier = {
    verify: answer('at once'),
    verifyAside: async (...words: Parameters<ReturnType<typeof answer>>) => answer('aside')(...words),
  };
  const signatures = { verifier: verifier as unknown as SignatureVerifier, budget: new Budget({ now: () => now }) };
  return { asked, signatures: signatures as SignatureChecks };
}
const key = (text: string) => Buffer.from(text);

describe('the key that signed a CRL', () => {
  it('is asked of the verifier, which remembers it of a small CRL', async () => {
    const [crl, { asked, signatures }] = [known(mebibyte), checks(() => 'valid')];
    for (const _login of [1, 2]) expect(await crl.isSignedBy(key('a'), signatures)).toBe(true);
    expect(asked).toEqual([
      ['at once', 'a', list.sha256],
      ['at once', 'a', list.sha256],
    ]);
  });

  it('is remembered here of a large CRL, by the rules of each site', async () => {
    const crl = known(mebibyte + 1);
    const sites = [checks(() => 'valid'), checks(() => 'valid')];
    for (const { asked, signatures } of sites) {
      for (const _login of [1, 2]) expect(await crl.isSignedBy(key('a'), signatures)).toBe(true);
      expect(asked).toEqual([['aside', 'a', undefined]]);
      expect(await crl.isSignedBy(key('b'), signatures)).toBe(true);
      expect(asked).toHaveLength(2);
    }
  });

  it.each([
    ['small', 1],
    ['large', 2 * mebibyte],
  ])('is another than those that did not sign: of a %s CRL each is tried once, for all sites', async (_size, size) => {
    const crl = known(size);
    const sites = [checks(() => 'invalid'), checks(() => 'valid')];
    for (const { signatures } of sites) expect(await crl.isSignedBy(key('a'), signatures)).toBe(false);
    expect(sites.map(({ asked }) => asked.length)).toEqual([1, 0]);
  });

  it.each([
    ['small', 1],
    ['large', 2 * mebibyte],
  ])('that one site does not accept may be accepted by another: of a %s CRL it is asked again', async (_size, size) => {
    const crl = known(size);
    const [strict, lax] = [checks(() => 'unacceptable'), checks(() => 'valid')];
    for (const _login of [1, 2]) expect(await crl.isSignedBy(key('a'), strict.signatures)).toBe(false);
    expect(await crl.isSignedBy(key('a'), lax.signatures)).toBe(true);
    expect([strict.asked.length, lax.asked.length]).toEqual([2, 1]);
  });

  it('is looked for past 64 that did not sign, which strangers can bring, and no more are remembered', async () => {
    const [crl, { asked, signatures }] = [known(), checks(() => 'invalid')];
    const askFor = async (...numbers: readonly number[]) => {
      asked.length = 0;
      for (const number of numbers) await crl.isSignedBy(key(`${number}`), signatures);
      return asked.length;
    };
    const first = Array.from({ length: 64 }, (_, index) => index);
    expect(await askFor(...first)).toBe(64);
    expect(await askFor(...first)).toBe(0);
    expect(await askFor(64)).toBe(1);
    expect(await askFor(64)).toBe(0);
    expect(await askFor(0, 1)).toBe(2);
  });
});

it('the entries of a CRL are indexed once', () => {
  const crl = known();
  const entries = crl.entries();
  expect(crl.entries()).toBe(entries);
  if (entries instanceof Promise) throw new Error('a small one is indexed at once');
  expect(entries.find(list.issuer.key, Buffer.of(7), now)).toMatchObject({ revocationDate: days(-2) });
  expect(entries.find(list.issuer.key, Buffer.of(8), now)).toBeUndefined();
});
