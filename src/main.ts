#!/usr/bin/env node
/** Takes the signals over before anything else is loaded, then loads the command line and runs it. */
import { runsUntilStopped, takeSignals } from './gateway/process-signals.ts';

const words = process.argv.slice(2);
takeSignals(words);

const { main } = await import('./commands/program.ts');
process.exitCode = await main(words);
if (runsUntilStopped(words)) {
  // When nothing is left to do, Node gives the signals back before it ends, and one that comes then ends the process without its exit code.
  process.once('beforeExit', () => process.exit());
  // The service has said all it had to say; a reader of its output that stalls must not keep the process alive.
  setTimeout(() => process.exit(), 1000).unref();
}
