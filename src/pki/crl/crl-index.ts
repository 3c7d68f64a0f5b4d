/**
 * Indexes the entries of a CRL: those of a small one at once, a large one by a thread of its own, so that no other
 * login waits for it. A thread that dies makes that one CRL unusable.
 */
import { Worker } from 'node:worker_threads';
import { copyInPieces } from '../encoding/in-pieces.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import type { CertificateRevocationList } from './crl.ts';
import { CrlEntries, type CrlTables, indexCrlEntries } from './crl-entries.ts';

/** What the thread is given. */
export interface IndexWork {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly crlIssuer: string;
  readonly isIndirect: boolean;
}

/** What the thread answers; a string: why there is no index. */
export type IndexResult = CrlTables | string;

/** The entries of a CRL of this size take about ten milliseconds. */
const inlineOctets = 256 * 1024;
const maximumThreads = 2;
const threadMilliseconds = 30_000;
const threadMebibytes = 256;

const waiting: (() => void)[] = [];
let threads = 0;

/** Rejects with a MalformedError when the thread did not make the index. */
export function indexEntries(crl: CertificateRevocationList): CrlEntries | Promise<CrlEntries> {
  const isLarge = crl.entries.length > inlineOctets;
  return isLarge ? indexInThread(crl) : new CrlEntries(crl.entries, indexCrlEntries(...argumentsFor(crl)));
}

function argumentsFor({ entries, issuer, issuingDistributionPoint }: CertificateRevocationList) {
  return [entries, issuer.key, issuingDistributionPoint?.indirectCrl === true] as const;
}

async function indexInThread(crl: CertificateRevocationList): Promise<CrlEntries> {
  while (threads >= maximumThreads) await new Promise<void>((resolve) => waiting.push(resolve));
  threads += 1;
  try {
    const [entries, crlIssuer, isIndirect] = argumentsFor(crl);
    // A copy that changes hands: the original goes on serving.
    const result = await runThread({ bytes: await copyInPieces(entries), crlIssuer, isIndirect });
    if (typeof result === 'string') throw new MalformedError(result);
    return new CrlEntries(entries, result);
  } finally {
    threads -= 1;
    waiting.shift()?.();
  }
}

/** Resolves with what the thread answered, or why it did not. */
function runThread(work: IndexWork): Promise<IndexResult> {
  // The thread is of the same make as this module: TypeScript source, or what was built from it.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new Worker(new URL(`./crl-index-thread.${extension}`, import.meta.url), {
    // Of what this process was started with, only what TypeScript needs concerns the thread.
    execArgv: process.execArgv.filter((argument) => argument.includes('strip-types')),
    resourceLimits: { maxOldGenerationSizeMb: threadMebibytes },
  });
  return new Promise((resolve) => {
    const end = (result: IndexResult) => {
      clearTimeout(timer);
      resolve(result);
      void thread.terminate();
    };
    const timer = setTimeout(() => end('its entries could not be indexed in time'), threadMilliseconds);
    thread.on('message', end);
    thread.on('error', (error) => end(`its entries could not be indexed: ${error.message}`));
    thread.on('exit', () => end('its entries could not be indexed: the thread ended'));
    thread.postMessage(work, [work.bytes.buffer]);
  });
}
