/** Python 3: that of the system, since version managers put a slow shell script before theirs. */
import { existsSync } from 'node:fs';

const ofSystem = '/usr/bin/python3';

export const python = existsSync(ofSystem) ? ofSystem : 'python3';
