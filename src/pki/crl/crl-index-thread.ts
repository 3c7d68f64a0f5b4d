/** The thread that indexes the entries of one large CRL: takes one piece of work, answers it, and is ended by who asked. */
import { parentPort } from 'node:worker_threads';
import { indexCrlEntries } from './crl-entries.ts';
import type { IndexResult, IndexWork } from './crl-index.ts';

parentPort?.once('message', ({ bytes, crlIssuer, isIndirect }: IndexWork) => {
  const tables: IndexResult = indexCrlEntries(Buffer.from(bytes.buffer), crlIssuer, isIndirect);
  parentPort?.postMessage(tables, [tables.slots.buffer]);
});
