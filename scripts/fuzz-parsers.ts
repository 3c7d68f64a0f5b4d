#!/usr/bin/env node
/**
 * Fuzzes the parsers and validation with mutated certificates, CRLs and OCSP responses. Ends with 1 at the first crash, hang or
 * growth of memory. Run: node --expose-gc scripts/fuzz-parsers.ts [inputs] [seed]
 */
import { performance } from 'node:perf_hooks';
import { fuzz, maximumInputMs } from './fuzz-run.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const maximumGrowthOctets = 16 * 1024 * 1024;
const print = (line: string) => process.stdout.write(`${line}\n`);

print(`${count} inputs of seed ${seed}`);
const start = performance.now();
const result = await fuzz(seed, count, (done) =>
  print(`  ${done} after ${Math.round((performance.now() - start) / 1000)} s`),
);
const { inputs, parsed, validations, valid, slowestMs, heapGrowthOctets } = result;
for (const kind of ['certificate', 'crl', 'ocsp'] as const)
  print(`  ${kind.padEnd(12)} ${String(inputs[kind]).padStart(9)} inputs, ${parsed[kind]} parsed`);
print(
  `  ${validations} validated from end to end, ${valid} valid; slowest input ${slowestMs.toFixed(2)} ms (limit ${maximumInputMs})`,
);
print(
  `  heap grew by ${(heapGrowthOctets / 2 ** 20).toFixed(2)} MiB after the first tenth (limit ${maximumGrowthOctets / 2 ** 20})`,
);
if (heapGrowthOctets > maximumGrowthOctets) throw new Error('memory grows');
