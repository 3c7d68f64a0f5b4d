/** The thread that indexes the entries of one large CRL: takes one piece of work, answers it, and is ended by who asked. */
import { parentPort } from 'node:worker_threads';
import { MalformedError } from '../encoding/malformed-error.ts';
import { indexCrlEntries } from './crl-entries.ts';
import type { IndexResult, IndexWork } from './crl-index.ts';

parentPort?.once('message', ({ bytes, crlIssuer, isIndirect }: IndexWork) => {
  const answer = (result: IndexResult, moved: ArrayBuffer[]) => parentPort?.postMessage(result, moved);
  try {
    const tables = indexCrlEntries(Buffer.from(bytes.buffer), crlIssuer, isIndirect);
    answer(tables, [tables.slots.buffer]);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    answer(error.message, []);
  }
});
