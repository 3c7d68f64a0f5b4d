/**
 * Evidence as the content of a file: a line with the SHA-256 of all that follows, a line of JSON that says what it is, the octets.
 * What does not read back exactly is not evidence.
 */
import { createHash, hash } from 'node:crypto';
import { inPieces } from '../encoding/in-pieces.ts';
import { EvidenceContent } from './evidence-content.ts';
import type { ConfirmedEvidence } from './retrieved-evidence.ts';
import type { RetrievalRequest } from './retriever.ts';

const magic = 'cardgate-evidence 1';
const firstLine = new RegExp(`^${magic} ([0-9a-f]{64})$`);
const newline = 0x0a;
const longestHeader = 16_384;

/** The octets of the file in parts, of which the last are those of the evidence themselves: a CRL may have fifty megabytes. */
export async function encodeEvidence(evidence: ConfirmedEvidence): Promise<readonly Buffer[]> {
  const { request, bytes, retrievedAt, validators, period } = evidence;
  const header = {
    kind: request.kind,
    url: request.url,
    body: request.body?.toString('base64'),
    retrievedAt: retrievedAt.toISOString(),
    thisUpdate: period.thisUpdate.toISOString(),
    nextUpdate: period.nextUpdate?.toISOString(),
    ...validators,
  };
  const rest = [Buffer.from(`${JSON.stringify(header)}\n`), bytes];
  return [Buffer.from(`${magic} ${await sha256(rest)}\n`), ...rest];
}

/** The evidence for this request; undefined when the file is damaged, of another request, or of another maker. */
export async function decodeEvidence(file: Buffer, request: RetrievalRequest): Promise<ConfirmedEvidence | undefined> {
  const first = line(file);
  const digest = first && firstLine.exec(first.toString('latin1'))?.[1];
  if (!first || digest === undefined) return undefined;
  const rest = file.subarray(first.length + 1);
  if ((await sha256([rest])) !== digest) return undefined;
  const second = line(rest);
  const header = second && parseHeader(second.toString('utf8'));
  if (!second || !header) return undefined;
  const retrievedAt = date(header['retrievedAt']);
  const thisUpdate = date(header['thisUpdate']);
  const nextUpdate = date(header['nextUpdate']);
  const { kind, url, body } = request;
  const isOfRequest =
    header['kind'] === kind && header['url'] === url && header['body'] === body?.toString('base64') && retrievedAt;
  if (!isOfRequest || !thisUpdate) return undefined;
  const { etag, lastModified } = header;
  const asked = { kind, url, body };
  const bytes = rest.subarray(second.length + 1);
  return {
    request: asked,
    bytes,
    content: new EvidenceContent(bytes, asked),
    retrievedAt,
    period: { thisUpdate, nextUpdate },
    validators: {
      ...(typeof etag === 'string' && { etag }),
      ...(typeof lastModified === 'string' && { lastModified }),
    },
  };
}

/** The name of the file that holds the evidence for a key: nothing a certificate says gets into it. */
export function evidenceFileName(key: string): string {
  return hash('sha256', key);
}

function line(bytes: Buffer): Buffer | undefined {
  const end = bytes.subarray(0, longestHeader).indexOf(newline);
  return end < 0 ? undefined : bytes.subarray(0, end);
}

function parseHeader(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined;
  } catch {
    return undefined;
  }
}

function date(value: unknown): Date | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time);
}

/** Makes no copy, and holds up no other login. */
async function sha256(parts: readonly Buffer[]): Promise<string> {
  const digest = createHash('sha256');
  for (const part of parts) for await (const piece of inPieces(part)) digest.update(piece);
  return digest.digest('hex');
}
