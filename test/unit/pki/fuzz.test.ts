import { expect, it } from 'vitest';
import { fuzz } from '../../../scripts/fuzz-run.ts';

it('no mutated certificate, CRL or OCSP response crashes or delays a parser or validation', async () => {
  const { inputs, parsed, validations } = await fuzz(2026, 6000);
  expect(inputs.certificate + inputs.crl + inputs.ocsp).toBe(6000);
  // Mutations that are never taken prove nothing.
  expect(Math.min(parsed.certificate, parsed.crl, parsed.ocsp)).toBeGreaterThan(100);
  expect(validations).toBeGreaterThan(200);
}, 60_000);
