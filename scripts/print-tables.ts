#!/usr/bin/env node
/** Writes the generated tables of README anew: run it after changing settings, denials or commands. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillTables } from './document-tables.ts';

const readme = join(import.meta.dirname, '..', 'README.md');
writeFileSync(readme, fillTables(readFileSync(readme, 'utf8')));
