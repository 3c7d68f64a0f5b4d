/** Large CRLs are received, verified, hashed and kept without holding up other work: counted in turns of the event loop, not in time. */
import { describe, expect, it } from 'vitest';
import { defaultAlgorithmPolicy } from '../../../../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import { SignatureVerifier } from '../../../../src/pki/certificate/signature.ts';
import { parseCrl } from '../../../../src/pki/crl/crl.ts';
import { concatInPieces, copyInPieces, inPieces } from '../../../../src/pki/encoding/in-pieces.ts';
import { Budget } from '../../../../src/pki/path/budget.ts';
import { EvidenceContent } from '../../../../src/pki/retrieval/evidence-content.ts';
import { decodeEvidence, encodeEvidence } from '../../../../src/pki/retrieval/evidence-file.ts';
import { crlEntry, issueCrl, now, root } from '../../../support/handmade-certificates.ts';

const anchor = root();
const entry = crlEntry(0x1_0000_0000);
const entries = 200_000;
const bytes = issueCrl(anchor, { entries: [Buffer.alloc(entry.length * entries, entry)] });
const mebibytes = Math.floor(bytes.length / 2 ** 20);

/** How often others get their turn while the work is done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isDone = true;
  return turns;
}

const verifier = new SignatureVerifier(defaultAlgorithmPolicy);
const budget = () => new Budget({ now: () => now });
const signedBy = (crl: ReturnType<typeof parseCrl>, signature = crl.signature) =>
  verifier.verifyAside(
    { data: crl.tbsCertList, algorithm: crl.signatureAlgorithm, signature },
    parseCertificate(anchor.der).subjectPublicKeyInfo,
    budget(),
  );
const request = { kind: 'crl' as const, url: 'http://pki.example/a.crl' };
const evidence = {
  request,
  bytes,
  content: new EvidenceContent(bytes, request),
  retrievedAt: now,
  period: { thisUpdate: now },
};

describe(`a CRL of ${entries} entries`, () => {
  it.each<readonly [string, () => Promise<unknown>]>([
    [
      'put together',
      () =>
        concatInPieces(
          Array.from({ length: 2 * mebibytes }, () => Buffer.alloc(2 ** 19)),
          mebibytes * 2 ** 20,
        ),
    ],
    ['copied for a thread', () => copyInPieces(bytes)],
    ['verified', () => signedBy(parseCrl(bytes, 'x'))],
    ['made a file', () => encodeEvidence(evidence)],
    [
      'read from a file',
      async () => {
        const file = Buffer.concat(await encodeEvidence(evidence));
        expect((await decodeEvidence(file, evidence.request))?.bytes.equals(bytes)).toBe(true);
      },
    ],
  ])('lets others have their turn after every mebibyte while it is %s', async (_what, work) => {
    expect(await turnsDuring(work)).toBeGreaterThanOrEqual(mebibytes - 1);
  });

  it('is verified as a small one is', async () => {
    const crl = parseCrl(bytes, 'x');
    const [broken, unreadable] = [Buffer.from(crl.signature), Buffer.from('none')];
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    expect(await signedBy(crl)).toEqual({ outcome: 'valid' });
    expect(await signedBy(crl, broken)).toEqual({ outcome: 'invalid' });
    expect(await signedBy(crl, unreadable)).toEqual({ outcome: 'invalid' });
  });

  it('goes into its file as it is, without a copy', async () => {
    expect((await encodeEvidence(evidence)).at(-1)).toBe(bytes);
  });
});

describe('octets in pieces', () => {
  it.each([0, 1, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20])('are all of %i octets, in their order', async (length) => {
    const octets = Buffer.from(Array.from({ length: 251 }, (_, index) => index));
    const whole = Buffer.alloc(length, octets);
    const pieces: Buffer[] = [];
    for await (const piece of inPieces(whole)) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(whole)).toBe(true);
    expect(whole.equals(await copyInPieces(whole))).toBe(true);
    expect((await concatInPieces(pieces, length)).equals(whole)).toBe(true);
  });
});
