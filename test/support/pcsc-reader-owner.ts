/** A process that starts a virtual reader as its arguments say, puts the card in, tells the directory of the reader, and waits to be killed. */
import { startVirtualReader } from '../../src/smartcard/reader/virtual-reader.ts';
import { pin } from './pcsc.ts';

const [directory = '', card = ''] = process.argv.slice(2);
const reader = await startVirtualReader({ directory, card, pin });
await reader.insert();
console.log(reader.environment.PCSCLITE_CSOCK_NAME);
await reader.ended;
