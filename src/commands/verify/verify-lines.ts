/**
 * `cardgate verify --json-lines`: a request of JSON on each line in, a result on each line out, in order. One request is held at a
 * time, lines are bounded, and a bad line is answered and passed over, so that a fleet of cards of any size runs through.
 */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { readLine } from './verify-line.ts';
import type { VerifySettings } from './verify-request.ts';
import { VerifyUsageError } from './verify-usage-error.ts';
import { createVerifier, type Verifier, verificationJson } from './verify-validation.ts';

export interface LineTools {
  /** What lines leave out. */
  readonly defaults: VerifySettings;
  readonly now: () => Date;
  /** Resolves when there is room for more. */
  readonly write: (text: string) => Promise<void>;
}

/** Enough for sixteen certificates, some CAs and a CRL of ten thousand entries in base 64. */
const maximumLineOctets = 4 * 1024 * 1024;
/** Settings seen lately, whose CAs and CRLs are parsed and whose CA signatures are known. */
const maximumVerifiers = 4;

/** @returns whether every line was a certificate that is valid */
export async function verifyLines(input: AsyncIterable<Buffer>, tools: LineTools): Promise<boolean> {
  const verifiers = new LRUCache<string, Verifier>({ max: maximumVerifiers });
  let allValid = true;
  let number = 0;
  for await (const line of boundedLines(input)) {
    number += 1;
    if (line !== undefined && line.trim() === '') continue;
    const result = await answer(line, tools, verifiers);
    allValid &&= result.valid;
    await tools.write(`${JSON.stringify({ line: number, ...result.json })}\n`);
  }
  return allValid;
}

async function answer(line: string | undefined, { defaults, now }: LineTools, verifiers: LRUCache<string, Verifier>) {
  try {
    if (line === undefined) throw new VerifyUsageError(`the line is longer than ${maximumLineOctets} octets`);
    const request = readLine(line);
    const { id } = request;
    const key = hash('sha256', request.settingsText);
    const verifier = verifiers.get(key) ?? createVerifier(request.settings(defaults), now);
    verifiers.set(key, verifier);
    const verification = await verifier.verify(request.peerCertificates());
    const json = { id, ...verificationJson(verification, false) };
    return { valid: verification.outcome === 'valid', json };
  } catch (error) {
    if (!(error instanceof VerifyUsageError)) throw error;
    return { valid: false, json: { valid: false, error: error.message } };
  }
}

/** The lines of a stream; undefined for one that is too long, which is not kept. */
async function* boundedLines(input: AsyncIterable<Buffer>): AsyncGenerator<string | undefined, void> {
  let parts: Buffer[] = [];
  let octets = 0;
  const take = () => {
    const line = octets > maximumLineOctets ? undefined : Buffer.concat(parts).toString('utf8');
    parts = [];
    octets = 0;
    return line;
  };
  const add = (part: Buffer) => {
    octets += part.length;
    if (octets > maximumLineOctets) parts = [];
    else parts.push(part);
  };
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (octets > 0) yield take();
}
