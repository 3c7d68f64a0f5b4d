/** The content of an evidence file: it reads back exactly, or it is not evidence. And what the octets of evidence say. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KnownCrl } from '../../../../src/pki/crl/known-crl.ts';
import { EvidenceContent, readOcspResponse } from '../../../../src/pki/retrieval/evidence-content.ts';
import { decodeEvidence, encodeEvidence, evidenceFileName } from '../../../../src/pki/retrieval/evidence-file.ts';
import type { ConfirmedEvidence } from '../../../../src/pki/retrieval/retrieved-evidence.ts';
import type { RetrievalRequest } from '../../../../src/pki/retrieval/retriever.ts';
import { days, issueCrl, now, root } from '../../../support/handmade-certificates.ts';
import { issueOcsp, ocspError } from '../../../support/ocsp-answer.ts';

const url = 'http://pki.example/ca.crl';
const crl: RetrievalRequest = { kind: 'crl', url };
const ocsp: RetrievalRequest = { kind: 'ocsp', url: 'http://ocsp.example', body: Buffer.from('question') };
const bytes = Buffer.from('the octets\nof evidence');

function evidence(request: RetrievalRequest, more: Partial<ConfirmedEvidence> = {}): ConfirmedEvidence {
  const content = new EvidenceContent(bytes, request);
  return { request, bytes, content, retrievedAt: now, period: { thisUpdate: days(-1), nextUpdate: days(1) }, ...more };
}

/** A file with this header, whatever it is, and the digest that belongs to it. */
function fileOf(header: string, magic = 'cardgate-evidence 1', end = '\n'): Buffer {
  const rest = Buffer.concat([Buffer.from(`${header}${end}`), bytes]);
  return Buffer.concat([Buffer.from(`${magic} ${createHash('sha256').update(rest).digest('hex')}\n`), rest]);
}

const header = { kind: 'crl', url, retrievedAt: now.toISOString(), thisUpdate: days(-1).toISOString() };
const decoded = async (file: Buffer, request = crl) => decodeEvidence(file, request);

describe('evidence reads back', () => {
  it.each<[string, RetrievalRequest, Partial<ConfirmedEvidence>, object]>([
    ['with both times', crl, {}, {}],
    ['without a next update', crl, { period: { thisUpdate: days(-1) } }, {}],
    ['with a body', ocsp, {}, {}],
    [
      'with its validators',
      crl,
      { validators: { etag: '"1"', lastModified: 'yesterday' } },
      { etag: '"1"', lastModified: 'yesterday' },
    ],
    ['with one validator', crl, { validators: { etag: '"1"' } }, { etag: '"1"' }],
    ['with the other validator', crl, { validators: { lastModified: 'yesterday' } }, { lastModified: 'yesterday' }],
  ])('%s', async (_what, request, more, validators) => {
    const kept = evidence(request, more);
    const parts = await encodeEvidence(kept);
    expect(parts.at(-1)).toBe(kept.bytes);
    const { content, ...read } = (await decoded(Buffer.concat(parts), request)) ?? {};
    const { content: _, ...expected } = kept;
    expect(read).toEqual({ ...expected, validators });
    expect(content).toBeInstanceOf(EvidenceContent);
  });

  it('as a line with the digest, a line that says what it is, and the octets', async () => {
    const file = Buffer.concat(await encodeEvidence(evidence(crl, { period: { thisUpdate: days(-1) } })));
    expect(file).toEqual(fileOf(JSON.stringify(header)));
    expect(await decoded(file)).toBeDefined();
  });
});

describe('a file is not evidence', () => {
  const text = JSON.stringify(header);
  const changed = (change: object) => fileOf(JSON.stringify({ ...header, ...change }));
  it.each<[string, Buffer, RetrievalRequest?]>([
    ['of another kind', changed({}), { kind: 'certificates', url }],
    ['of another URL', changed({}), { ...crl, url: `${url}x` }],
    ['of another body', changed({ ...ocsp, body: 'b3RoZXI=' }), ocsp],
    ['of a request without a body', changed({ kind: 'ocsp', url: ocsp.url }), ocsp],
    ['of a request with a body', changed({ body: 'eA==' })],
    ['without the time of its retrieval', changed({ retrievedAt: undefined })],
    ['without its time', changed({ thisUpdate: undefined })],
    ['with a time that is no text', changed({ thisUpdate: 1 })],
    ['with a text that is no time', changed({ retrievedAt: 'yesterday' })],
    ['with a header that is not JSON', fileOf(text.slice(1))],
    ['with a header that is null', fileOf('null')],
    ['with a header that is a number', fileOf('7')],
    ['without a header', fileOf('', undefined, '')],
    ['without an end of its header', Buffer.concat([fileOf(text).subarray(0, 85)])],
    ['with a header of more than 16 KiB', changed({ filler: 'x'.repeat(16_384) })],
    ['of another version', fileOf(text, 'cardgate-evidence 2')],
    ['of another maker', fileOf(text, 'x cardgate-evidence 1')],
    ['with more behind its digest', Buffer.from(fileOf(text).toString('latin1').replace('\n', ' \n'), 'latin1')],
    ['with another digest', Buffer.from(fileOf(text).toString('latin1').replace('octets', 'OCTETS'), 'latin1')],
    ['with nothing in it', Buffer.alloc(0)],
    ['with a newline alone', Buffer.from('\n')],
  ])('%s', async (_fault, file, request) => {
    expect(await decoded(file, request)).toBeUndefined();
  });

  it('of no validators that are not text', async () => {
    expect(await decoded(changed({ etag: 1, lastModified: null }))).toMatchObject({ validators: {} });
    expect((await decoded(changed({ etag: 1, lastModified: null })))?.validators).toEqual({});
  });

  it('but is with a header of just under 16 KiB', async () => {
    const length = JSON.stringify({ ...header, filler: '' }).length;
    expect(await decoded(changed({ filler: 'x'.repeat(16_383 - length) }))).toBeDefined();
    expect(await decoded(changed({ filler: 'x'.repeat(16_384 - length) }))).toBeUndefined();
  });
});

it('the name of a file is the SHA-256 of its key', () => {
  expect(evidenceFileName('key')).toBe(createHash('sha256').update('key').digest('hex'));
});

describe('the octets of evidence', () => {
  const anchor = root();
  const list = issueCrl(anchor);
  const pem = (label: string, der: Buffer) =>
    Buffer.from(`-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`);
  const answer = issueOcsp({ issuer: anchor, serial: 1, thisUpdate: now });
  const source = 'http://ocsp.example/';

  it.each([
    ['DER', list],
    ['PEM', pem('X509 CRL', list)],
  ])('are a CRL in %s, read once', (_form, octets) => {
    const content = new EvidenceContent(octets, crl);
    const { crl: known } = content;
    expect(known).toBeInstanceOf(KnownCrl);
    expect(content.crl).toBe(known);
    expect(known instanceof KnownCrl && [known.list.source, known.list.thisUpdate]).toEqual([url, days(-1)]);
  });

  it.each([
    ['DER', answer],
    ['PEM', pem('OCSP RESPONSE', answer)],
  ])('are an OCSP response in %s, read once', (_form, octets) => {
    const content = new EvidenceContent(octets, { url: `${source}MEow`, kind: 'ocsp' } as RetrievalRequest);
    const { ocspResponse } = content;
    expect(ocspResponse).toMatchObject({ source, producedAt: now });
    expect(content.ocspResponse).toBe(ocspResponse);
  });

  it.each([
    ['no CRL', Buffer.from('<html>'), /^http:\/\/pki.example\/ca.crl holds no CRL: file holds neither DER/],
    ['a broken CRL', list.subarray(0, -1), /^http:\/\/pki.example\/ca.crl holds no CRL: /],
    ['an OCSP response', answer, /^http:\/\/pki.example\/ca.crl holds no CRL: /],
  ])('that are %s are told as that, with the URL', (_what, octets, problem) => {
    const content = new EvidenceContent(octets, crl);
    expect(content.crl).toMatch(problem);
    expect(content.crl).toBe(content.crl);
  });

  it.each([
    ['no answer', Buffer.from('<html>'), /^source: the answer cannot be read: file holds neither DER/],
    ['a CRL', list, /^source: the answer cannot be read: /],
    ['an error', ocspError(3), /^source: the responder answered tryLater$/],
  ])('that are %s are told as that, with their source', (_what, octets, problem) => {
    expect(readOcspResponse(octets, 'source')).toMatch(problem);
  });

  it('hide no fault of the program', () => {
    const missing = undefined as unknown as Buffer;
    expect(() => readOcspResponse(missing, 'source')).toThrow(TypeError);
    expect(() => new EvidenceContent(missing, crl).crl).toThrow(TypeError);
  });
});
