#!/usr/bin/env node
/**
 * Generated chains before `openssl verify` and before our validator. Prints how often they agree and why they differ; ends with 1
 * when a difference is not explained. Run: node scripts/differential.ts [chains] [seed]
 */
import { compareWithOpenssl } from './differential-run.ts';

const count = Number(process.argv[2] ?? 5000);
const seed = Number(process.argv[3] ?? 1);
const { chains, bothAccept, bothRefuse, differences } = await compareWithOpenssl(seed, count);
const print = (line: string) => process.stdout.write(`${line}\n`);

print(
  `${chains} chains of seed ${seed}: both accept ${bothAccept}, both refuse ${bothRefuse}, differ ${differences.length}`,
);
const byReason = Map.groupBy(differences, ({ explanation = 'NOT EXPLAINED' }) => explanation);
for (const [reason, found] of [...byReason].sort(([, left], [, right]) => right.length - left.length)) {
  const accepted = found.filter(({ ours }) => ours === 'accepted').length;
  print(`  ${String(found.length).padStart(5)}  (accepted by us: ${accepted}) ${reason}`);
}
const unexplained = byReason.get('NOT EXPLAINED') ?? [];
for (const { index, ours, theirs, features } of unexplained.slice(0, 20))
  print(`chain ${index}\n    ours:    ${ours}\n    openssl: ${theirs}\n    with:    ${features.join(', ')}`);
process.exitCode = unexplained.length === 0 ? 0 : 1;
