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
  // A reader of standard output or error that stalls keeps a service, which has said all it had to say, for ever.
  setTimeout(() => process.exit(), 1000).unref();
}
