/** Asks for a PIN as its argument says and prints whether it is the expected one, never what it is; then how the terminal is. */
import { spawnSync } from 'node:child_process';
import { CardError } from '../../../src/smartcard/card/card-error.ts';
import { enterPin, type PinInput } from '../../../src/smartcard/token/pin-entry.ts';

const sources: Readonly<Record<string, PinInput>> = {
  terminal: { from: 'terminal', prompt: 'PIN: ' },
  input: { from: 'input', stream: process.stdin },
};

const [, , source = '', expected = ''] = process.argv;
try {
  const pin = await enterPin(sources[source] ?? { from: 'file', path: source });
  const isExpected = pin.use((text) => Buffer.from(text).toString('hex') === expected);
  console.log(isExpected ? 'as expected' : `another one of ${pin.length} octets`);
} catch (error) {
  if (!(error instanceof CardError)) throw error;
  console.log(`${error.message} ${error.remedy}`);
}
if (source === 'terminal') {
  const settings = spawnSync('stty', ['-F', '/dev/tty', '-a'], { encoding: 'utf8' }).stdout;
  console.log(/ echo /.test(settings) && / icanon /.test(settings) ? 'terminal as before' : settings);
}
