/** `cardgate serve-mapping` as a process of its own, with its listener from the command line: configuration, socket. */
import { systemClock } from '../../../src/clock.ts';
import { serveMapping } from '../../../src/command-line/serve-mapping.ts';
import { processTerminal } from '../../../src/command-line/terminal.ts';
import { loadConfiguration } from '../../../src/config/load.ts';

const [, , file = '', socket = ''] = process.argv;
const settings = {
  listeners: [{ socket, mode: 0o600 }],
  certificateHeader: { name: 'x-client-certificate', encoding: 'pem' },
  explainCallers: [],
  limits: { maximumDecisions: 256, decisionTimeout: 20_000 },
  maximumConnections: 1000,
} as const;
process.exitCode = await serveMapping(file, loadConfiguration(file, systemClock), settings, processTerminal);
