/** In which order evidence is asked for one certificate, what ends the search, and what of several findings counts. */
import { describe, expect, it } from 'vitest';
import { recordingSteps } from '../../../../src/explanation/steps.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import type { RetrievalRequest } from '../../../../src/pki/retrieval/retriever.ts';
import type { RevocationMethod } from '../../../../src/pki/revocation/status-search.ts';
import { der, namedBits } from '../../../support/der-builder.ts';
import {
  commonName,
  crlEntry,
  days,
  digitalSignature,
  distributionPoint,
  extension,
  issue,
  issueCrl,
  person,
  purposes,
} from '../../../support/handmade-certificates.ts';
import { issueOcsp } from '../../../support/ocsp-answer.ts';
import { type Answer, anchor, good, goodCrl, holder, middle, responder, responderOf, serial, site } from './site.ts';

const hours = (count: number) => days(count / 24);
const reason = (number: number) => extension(oids.reasonCode, der(0x0a, Buffer.of(number)));
const hold = [crlEntry(serial, [reason(6)])];
const crlUrl = 'http://crl.example/a.crl';
const orders: readonly (readonly RevocationMethod[])[] = [
  ['ocsp', 'crl'],
  ['crl', 'ocsp'],
];
/** OCSP responses at hand. */
const filed = (...answers: readonly Parameters<typeof issueOcsp>[0][]) => ({
  files: answers.map((answer, index) => ({ file: `${index}.ocsp`, der: issueOcsp(answer) })),
});
const held = (thisUpdate: Date) => ({ ...good, thisUpdate, status: { revokedAt: days(-4), reason: 6 } });
/** Answers a CRL where one is asked for. */
const byKind =
  (ocsp: Answer, crl: Answer) =>
  ({ kind }: RetrievalRequest): Answer =>
    kind === 'crl' ? crl : ocsp;

describe('a revocation', () => {
  it('that a responder tells when asked stands though its answer is out of date and a CRL at hand says good', async () => {
    const status = { revokedAt: days(-4), reason: 1 };
    const { login, asked } = site({ answer: { ...good, status, thisUpdate: days(-3), nextUpdate: days(-2) } });
    expect(await login()).toBe('certificate-revoked');
    expect(asked).toHaveLength(1);
  });
});

describe('a hold', () => {
  const crls = [issueCrl(middle, { thisUpdate: days(-1), entries: hold })];
  it.each(orders)('of the same moment as good evidence stands, asked by %s and %s', async (...methods) => {
    expect(await site({ methods, crls, ocsp: filed(good) }).login()).toBe('certificate-revoked');
    const heldByOcsp = { methods, crls: [goodCrl], ocsp: filed(held(days(-1))) };
    expect(await site(heldByOcsp).login()).toBe('certificate-revoked');
  });

  it('that is current at hand spares the question by its method', async () => {
    const peer = person(middle, [distributionPoint(crlUrl)], { serial });
    const { login, asked } = site({ methods: ['crl'], crls, peer, answer: goodCrl });
    expect(await login()).toBe('certificate-revoked');
    expect(asked).toEqual([]);
  });

  it('that is out of date at hand makes a newer CRL be sought, which may lift it', async () => {
    const peer = person(middle, [distributionPoint(crlUrl)], { serial });
    const old = [issueCrl(middle, { thisUpdate: days(-3), nextUpdate: days(-2), entries: hold })];
    const { login, asked } = site({ methods: ['crl'], crls: old, peer, answer: goodCrl });
    expect(await login()).toBe('valid');
    expect(asked).toHaveLength(1);
  });

  it.each<[string, number, number, string]>([
    ['newer CRL', -1, -3, 'crl'],
    ['newer answer', -3, -1, 'ocsp'],
    ['first method, both being of one moment', -1, -1, 'ocsp'],
  ])('of two methods is told by the %s', async (_which, ofCrl, ofOcsp, method) => {
    const both = [issueCrl(middle, { thisUpdate: days(ofCrl), entries: hold })];
    const { validate } = site({ crls: both, ocsp: filed(held(days(ofOcsp))) });
    expect(await validate()).toMatchObject({ denial: { code: 'certificate-revoked', facts: { method } } });
  });

  it('that a responder tells when asked counts by its age beside one at hand', async () => {
    const older = [issueCrl(middle, { thisUpdate: days(-2), entries: hold })];
    const asked = (thisUpdate: Date) => site({ crls: older, answer: held(thisUpdate) }).validate();
    expect(await asked(days(-1))).toMatchObject({ denial: { facts: { method: 'ocsp' } } });
    expect(await asked(days(-3))).toMatchObject({ denial: { facts: { method: 'crl' } } });
  });
});

describe('a status that no method tells', () => {
  it('is refused with the problems of each method, which stand in the steps by method', async () => {
    const steps = recordingSteps();
    const result = await site({ crls: [], answer: 'dead' }).validate(steps);
    const ofOcsp = [expect.stringMatching(/^http:\/\/ocsp\.example\/\S+ is dead$/)];
    const ofCrl = ['no complete CRL of its issuer is at hand'];
    expect(result).toMatchObject({
      denial: { code: 'revocation-unknown', facts: { problems: [...ofOcsp, ...ofCrl] } },
    });
    for (const [method, problems] of [
      ['ocsp', ofOcsp],
      ['crl', ofCrl],
    ])
      expect(steps.steps).toContainEqual({
        stage: 'revocation',
        check: 'method without answer',
        verdict: 'noted',
        facts: expect.objectContaining({ method, problems }),
      });
  });
});

describe('within the grace', () => {
  const unknownStatus = { kind: 'allowWithinGrace', grace: 7200 } as const;
  const ended = (end: Date) => ({ ...good, nextUpdate: end });

  it.each<[string, number, number, string, number]>([
    ['the CRL when it ended later', -0.5, -1, 'crl', -0.5],
    ['the answer when it ended later', -1, -0.5, 'ocsp', -0.5],
    ['the first method when both ended at one moment', -1, -1, 'ocsp', -1],
  ])('what counts is %s', async (_which, ofCrl, ofOcsp, method, endedAt) => {
    const crls = [issueCrl(middle, { nextUpdate: hours(ofCrl) })];
    const { validate } = site({ crls, ocsp: filed(ended(hours(ofOcsp))), unknownStatus });
    expect(await validate()).toMatchObject({
      certificate: { evidence: [{ status: 'good-within-grace', method, endedAt: hours(endedAt) }, {}] },
    });
  });

  it('evidence ends when it is older than the site wants it, if that comes first', async () => {
    const crls = [issueCrl(middle, { thisUpdate: days(-1) })];
    const rootCrls = [issueCrl(anchor, { thisUpdate: hours(-1) })];
    const world = { crls, rootCrls, methods: ['crl'] as const, unknownStatus };
    expect(await site({ ...world, freshness: 23 * 3600 }).validate()).toMatchObject({
      certificate: { evidence: [{ status: 'good-within-grace', endedAt: hours(-1) }, { status: 'good' }] },
    });
    expect(await site({ ...world, freshness: 21 * 3600 }).login()).toBe('revocation-unknown');
  });

  it('a responder that does not know the certificate outweighs what was good once', async () => {
    const crls = [issueCrl(middle, { nextUpdate: hours(-1) })];
    const unknown = { ...good, status: 'unknown' as const };
    expect(await site({ crls, unknownStatus, answer: 'dead' }).login()).toBe('valid');
    expect(await site({ crls, unknownStatus, answer: unknown }).login()).toBe('revocation-unknown');
    expect(await site({ crls, unknownStatus, ocsp: filed(unknown) }).login()).toBe('revocation-unknown');
  });

  it('nothing counts that ended, unless the site allows it', async () => {
    const crls = [issueCrl(middle, { nextUpdate: hours(-1) })];
    expect(await site({ crls, unknownStatus: { kind: 'deny', grace: 7200 } }).login()).toBe('revocation-unknown');
  });

  it('a revocation by a CRL whose signer is known to be good within the grace only outweighs good by OCSP', async () => {
    const cRLSign = extension(oids.keyUsage, namedBits(6), true);
    const signer = issue(middle.subject, anchor, { extensions: [cRLSign] });
    const listing = issueCrl(signer, { nextUpdate: hours(-1), entries: [crlEntry(serial)] });
    const rootCrls = [issueCrl(anchor, { nextUpdate: hours(-1) })];
    const world = { rootCrls, known: [signer], ocsp: filed(ended(hours(-1))), unknownStatus };
    expect(await site({ ...world, crls: [] }).login()).toBe('valid');
    expect(await site({ ...world, crls: [listing] }).login()).toBe('certificate-revoked');
  });
});

describe('the status of a delegate that signs OCSP answers', () => {
  const delegateSerial = 0xd1;
  const noCheck = extension(oids.ocspNoCheck, Buffer.of(5, 0));
  const delegate = (...extra: readonly Buffer[]) =>
    issue(commonName('Responder'), middle, {
      serial: delegateSerial,
      extensions: [digitalSignature, purposes(oids.ocspSigning), distributionPoint(crlUrl), ...extra],
    });
  const answerOf = (signer: ReturnType<typeof delegate>) => ({ ...good, signer, certificates: [signer.der] });
  const crlsAsked = (asked: readonly RetrievalRequest[]) => asked.filter(({ kind }) => kind === 'crl').length;
  const world = { methods: ['ocsp'], certificates: 'endCertificate' } as const;

  it('is told by a CRL at hand without asking for another', async () => {
    const { login, asked } = site({ ...world, crls: [goodCrl], answer: byKind(answerOf(delegate()), goodCrl) });
    expect(await login()).toBe('valid');
    expect(crlsAsked(asked)).toBe(0);
  });

  it.each<[string, Answer, string]>([
    ['good', goodCrl, 'valid'],
    ['revoked', issueCrl(middle, { entries: [crlEntry(delegateSerial)] }), 'revocation-unknown'],
  ])('is told by a CRL that is retrieved: %s', async (_status, crl, code) => {
    const { login, asked } = site({ ...world, crls: [], answer: byKind(answerOf(delegate()), crl) });
    expect(await login()).toBe(code);
    expect(crlsAsked(asked)).toBeGreaterThan(0);
  });

  it('is not asked for over the network when its certificate says so (RFC 6960 4.2.2.2.1)', async () => {
    const { login, asked } = site({ ...world, crls: [], answer: byKind(answerOf(delegate(noCheck)), goodCrl) });
    expect(await login()).toBe('valid');
    expect(crlsAsked(asked)).toBe(0);
  });

  it('counts though its certificate spares the asking, when a CRL at hand revokes it', async () => {
    const crls = [issueCrl(middle, { entries: [crlEntry(delegateSerial)] })];
    expect(await site({ ...world, crls, answer: answerOf(delegate(noCheck)) }).login()).toBe('revocation-unknown');
  });

  it('is refused with what is not known of it, or that it is revoked', async () => {
    const answer = byKind(answerOf(delegate()), 'dead');
    const problemsWith = async (crls: readonly Buffer[]) => {
      const result = await site({ ...world, crls, answer }).validate();
      return result.outcome === 'valid' ? undefined : JSON.stringify(result.denial.facts);
    };
    expect(await problemsWith([])).toContain('no complete CRL of its issuer is at hand');
    expect(await problemsWith([issueCrl(middle, { entries: [crlEntry(delegateSerial)] })])).toContain('it is revoked');
  });
});

it('a CRL issuer and the responder that tells of it do not wait for one another for ever', async () => {
  const cRLSign = extension(oids.keyUsage, namedBits(6), true);
  const signerSerial = 0x5a;
  const signer = issue(middle.subject, middle, { serial: signerSerial, extensions: [cRLSign] });
  const delegate = issue(commonName('Responder'), middle, {
    extensions: [digitalSignature, purposes(oids.ocspSigning)],
  });
  const aboutSigner = { ...good, serial: signerSerial, signer: delegate, certificates: [delegate.der] };
  const bySigner = issueCrl(signer, { thisUpdate: days(-0.5) });
  const asked = person(middle, [responderOf(responder)], { serial });
  const crls = [bySigner, goodCrl];
  const world = { methods: ['crl'] as const, crls, known: [signer], peer: asked };
  expect(await site({ ...world, ocsp: filed(aboutSigner) }).login()).toBe('valid');
  const revokes = { ...aboutSigner, status: { revokedAt: days(-4), reason: 1 } };
  const listing = [issueCrl(signer, { thisUpdate: days(-0.5), entries: [crlEntry(serial)] }), goodCrl];
  expect(await site({ ...world, crls: listing, ocsp: filed(aboutSigner) }).login()).toBe('certificate-revoked');
  expect(await site({ ...world, crls: listing, ocsp: filed(revokes) }).login()).toBe('valid');
  expect(holder.subject).toEqual(asked.subject);
});
