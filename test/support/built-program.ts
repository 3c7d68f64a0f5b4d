/** The program that end-to-end tests start. It is made before they run: build-program.ts. */
import { join } from 'node:path';

/** Laid out as the package is, for what the program finds beside itself. */
export const programFolder = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'program');

/** The program and its first argument. */
export const cardgate = [process.execPath, join(programFolder, 'dist', 'main.js')] as const;
