import { expect, it } from 'vitest';
import { fuzzImport } from '../../../scripts/fuzz-import-iis-run.ts';

it('mutated files are refused or imported, and open no site that something in them closes', () => {
  const { refused, open } = fuzzImport(20_261_128, 400);
  expect(refused).toBeGreaterThan(50);
  expect(open).toBeGreaterThan(10);
});
