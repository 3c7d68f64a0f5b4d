#!/usr/bin/env node
/**
 * Fuzzes what reads the first octets of connections and command lines. Ends with 1 at the first crash, hang or growth of memory.
 * Run: node --expose-gc scripts/fuzz-protocol.ts [inputs for each parser] [seed]
 */
import { performance } from 'node:perf_hooks';
import { fuzzedParsers, fuzzProtocol, maximumProtocolInputMs } from './fuzz-protocol-run.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const maximumGrowthOctets = 8 * 1024 * 1024;
const print = (line: string) => process.stdout.write(`${line}\n`);

print(
  `${count} inputs of seed ${seed} for each; an input has ${maximumProtocolInputMs} ms, the heap ${maximumGrowthOctets / 2 ** 20} MiB`,
);
for (const parser of fuzzedParsers) {
  const start = performance.now();
  const { taken, slowestMs, heapGrowthOctets } = await fuzzProtocol(parser, seed, count);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const growth = (heapGrowthOctets / 2 ** 20).toFixed(2);
  print(
    `  ${parser.padEnd(14)} ${String(taken).padStart(8)} taken, slowest ${slowestMs.toFixed(2)} ms, heap grew by ${growth} MiB, ${seconds} s`,
  );
  if (heapGrowthOctets > maximumGrowthOctets) throw new Error('memory grows');
}
