/** Mutated octets through what reads them before any login; scripts/fuzz-protocol.ts does it a million times. */
import { expect, it } from 'vitest';
import { fuzzedParsers, fuzzProtocol } from '../../../scripts/fuzz-protocol-run.ts';

it.each(fuzzedParsers)(
  'no mutated input crashes or delays the parser of %s',
  async (parser) => {
    const { taken } = await fuzzProtocol(parser, 2026, 5000);
    // Mutations that are never taken prove nothing, and neither do those that all are.
    expect(taken).toBeGreaterThan(250);
    expect(taken).toBeLessThan(4990);
  },
  60_000,
);
