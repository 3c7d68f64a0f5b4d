#!/usr/bin/env node
/**
 * Fuzzes the import from IIS. Ends with 1 at the first crash, and at the first file that opens a site which something in it closes.
 * Run: node scripts/fuzz-import-iis.ts [files] [seed]
 */
import { fuzzImport } from './fuzz-import-iis-run.ts';

const count = Number(process.argv[2] ?? 10_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const { refused, open } = fuzzImport(seed, count);
process.stdout.write(`${count} files of seed ${seed}: ${refused} refused, ${open} with a site that lets accounts in\n`);
