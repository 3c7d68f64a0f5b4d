/** A short comparison with `openssl verify` over generated chains; scripts/differential.ts runs as many as you like. */
import { expect, it } from 'vitest';
import { compareWithOpenssl } from '../../scripts/differential-run.ts';

it('agrees with OpenSSL on generated chains, or the difference has its reason', async () => {
  const { chains, bothAccept, bothRefuse, differences } = await compareWithOpenssl(2026, 160);
  expect(bothAccept + bothRefuse + differences.length).toBe(chains);
  // Both answers must occur often enough for the agreement to mean something.
  expect(bothAccept).toBeGreaterThan(10);
  expect(bothRefuse).toBeGreaterThan(10);
  expect(differences.filter(({ explanation }) => explanation === undefined)).toEqual([]);
}, 60_000);
