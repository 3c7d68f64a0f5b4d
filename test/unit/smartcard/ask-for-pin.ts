/** Asks for a PIN as its argument says and prints how long it was, never what it was: a process for the tests of PIN entry. */
import { CardError } from '../../../src/smartcard/card-error.ts';
import { enterPin, type PinInput } from '../../../src/smartcard/pin-entry.ts';

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
