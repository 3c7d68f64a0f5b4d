import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { defaultAlgorithmPolicy } from '../../../../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import { SignatureVerifier } from '../../../../src/pki/certificate/signature.ts';
import { subjectAt } from '../../../../src/pki/crl/crl-subject.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { checkOcspResponse, nonceProblem } from '../../../../src/pki/ocsp/ocsp-check.ts';
import { parseOcspResponse } from '../../../../src/pki/ocsp/ocsp-response.ts';
import { Budget } from '../../../../src/pki/path/budget.ts';
import { IssuerPool } from '../../../../src/pki/path/issuer-pool.ts';
import { SignatureChecks } from '../../../../src/pki/path/signature-checks.ts';
import { seconds as secondsLong } from '../../../../src/settings/units.ts';
import { integer, namedBits, octetString, sequence } from '../../../support/der-builder.ts';
import {
  ca,
  commonName,
  days,
  digitalSignature,
  dnsName,
  extension,
  type Issued,
  type Issuing,
  intermediate,
  issue,
  nameConstraints,
  newKeys,
  now,
  person,
  purposes,
  root,
  subjectAltName,
} from '../../../support/handmade-certificates.ts';
import { issueOcsp, type OcspAnswer, singleResponse } from '../../../support/ocsp-answer.ts';
import { type OcspContext, ocspContext } from './ocsp-context.ts';

const anchor = root();
const middle = intermediate(anchor);
const serial = 0xe1;
const holder = person(middle, [], { serial });
const noCheck = extension(oids.ocspNoCheck, Buffer.of(5, 0));
const good = { issuer: middle, serial, thisUpdate: days(-1), nextUpdate: days(1) };

interface Setting extends Partial<Omit<OcspContext, 'pool' | 'signatures'>> {
  /** Certificates at hand besides those of the response. */
  readonly pool?: readonly Issued[];
  /** The CA above the holder. */
  readonly issuer?: Issued;
}

async function statusOf(
  answer: OcspAnswer | Buffer,
  { pool = [], issuer = middle, ...setting }: Setting = {},
): Promise<string> {
  const response = parseOcspResponse(Buffer.isBuffer(answer) ? answer : issueOcsp(answer), 'http://ocsp.example');
  const certificates = [holder, issuer].map(({ der }) => parseCertificate(der));
  const trustAnchor = parseCertificate(anchor.der);
  const subject = subjectAt({ certificates, trustAnchor }, 0);
  if (!subject || typeof response === 'string') throw new Error('the test asks nothing');
  const others = pool.map(({ der }) => parseCertificate(der));
  const context = ocspContext(new IssuerPool([trustAnchor], others), setting);
  const status = await checkOcspResponse(response, subject, context);
  return status.status === 'unknown' ? status.problems.join('; ') : status.status;
}

describe('a pinned responder', () => {
  const stranger = issue(commonName('Global responder'), undefined, { extensions: [digitalSignature] });
  const bySigner = { ...good, signer: stranger };
  const pinned = [parseCertificate(stranger.der)];
  it.each(['byKey', 'byName'] as const)('is believed about every certificate, named %s', async (responderId) => {
    expect(await statusOf({ ...bySigner, responderId }, { pinned })).toBe('good');
    expect(await statusOf({ ...bySigner, responderId, certificates: [stranger.der] })).toMatch(/not issued by/);
  });

  it('is not believed outside its validity, or when another key signed', async () => {
    const old = issue(commonName('Old'), undefined, { notAfter: days(-1), extensions: [digitalSignature] });
    expect(await statusOf({ ...good, signer: old }, { pinned: [parseCertificate(old.der)] })).toMatch(
      /not valid at this/,
    );
    const forged = {
      ...bySigner,
      signer: { subject: stranger.subject, keys: newKeys() },
      responderId: 'byName' as const,
    };
    expect(await statusOf(forged, { pinned })).toMatch(/signed neither/);
  });
});

it('a certificate of a responder that cannot be read is named as the reason', async () => {
  const delegate = issue(commonName('Responder'), middle, { extensions: [digitalSignature, noCheck] });
  const broken = sequence(octetString(Buffer.alloc(1)));
  expect(await statusOf({ ...good, signer: delegate, certificates: [broken] })).toMatch(
    /signed neither.*a certificate that it brings along cannot be read: /,
  );
});

/** An answer signed by a delegate with these extensions besides digitalSignature. */
function byDelegate(extensions: readonly Buffer[], options: Issuing & { readonly by?: Issued } = {}): OcspAnswer {
  const { by = middle, ...issuing } = options;
  const delegate = issue(commonName('Responder'), by, { extensions: [digitalSignature, ...extensions], ...issuing });
  return { ...good, signer: delegate, certificates: [delegate.der] };
}

const ocspSigning = purposes(oids.ocspSigning);
const seconds = (count: number) => new Date(now.getTime() + count * 1000);

describe('an answer is believed', () => {
  const delegate = issue(commonName('Responder'), middle, { extensions: [digitalSignature, ocspSigning, noCheck] });
  it.each<[string, OcspAnswer, Setting?]>([
    ['of the issuer, named by key', good],
    ['of the issuer, named by name', { ...good, responderId: 'byName' }],
    ['of a delegate with nocheck, named by key', byDelegate([ocspSigning, noCheck])],
    ['of a delegate with nocheck, named by name', { ...byDelegate([ocspSigning, noCheck]), responderId: 'byName' }],
    [
      'of a delegate whose certificate is at hand, named by name',
      { ...good, signer: delegate, responderId: 'byName' },
      { pool: [delegate] },
    ],
    ['of a delegate whose certificate is at hand, named by key', { ...good, signer: delegate }, { pool: [delegate] }],
    ['of a delegate that is good by CRL', byDelegate([ocspSigning]), { delegateProblem: async () => undefined }],
    ['with a SHA-256 CertID', { ...good, hash: 'sha256' }],
    ['among answers about others', { ...good, others: [singleResponse({ ...good, serial: 7, status: 'unknown' })] }],
    ['with extensions that are not critical', { ...good, singleExtensions: [extension('1.2.3', integer(1))] }],
    ['a little ahead of our clock', { ...good, thisUpdate: seconds(59) }],
    ['a little past its end', { ...good, nextUpdate: seconds(-59) }],
    ['without nextUpdate, inside the greatest age', { ...good, nextUpdate: undefined }],
    ['past its end, within the grace', { ...good, nextUpdate: seconds(-3600) }, { grace: secondsLong(3600) }],
    ['older than wanted, within the grace', good, { freshness: secondsLong(82_800), grace: secondsLong(3600) }],
  ])('%s', async (_rule, answer, setting) => {
    expect(await statusOf(answer, setting)).toBe('good');
  });
});

describe('a certificate is revoked', () => {
  const revokedAt = days(-2);
  it.each<[string, OcspAnswer]>([
    ['without a reason', { ...good, status: { revokedAt } }],
    ['on hold', { ...good, status: { revokedAt, reason: 6 } }],
    ['as removed from the CRL, which OCSP cannot say', { ...good, status: { revokedAt, reason: 8 } }],
    ['as never issued, by the extended definition', { ...good, status: { revokedAt: new Date(0), reason: 6 } }],
    [
      'though a newer answer beside it says good',
      { ...good, status: { revokedAt }, others: [singleResponse({ ...good, thisUpdate: days(-0.5) })] },
    ],
  ])('%s', async (_rule, answer) => {
    expect(await statusOf(answer)).toBe('revoked');
  });
});

describe('an answer is not believed', () => {
  const stranger = issue(commonName('Responder'), anchor, { extensions: [digitalSignature, ocspSigning, noCheck] });
  const flipped = (signature: Buffer) => {
    const copy = Buffer.from(signature);
    copy[copy.length - 1]! ^= 1;
    return copy;
  };
  const imposter = { subject: middle.subject, keys: newKeys() };
  const limits = { clockSkew: secondsLong(60), maximumAge: secondsLong(0) };
  const own = newKeys();
  const selfMade = issue(commonName('Intermediate'), undefined, {
    keys: own,
    extensions: [digitalSignature, ocspSigning, noCheck],
  });
  it.each<[string, RegExp, OcspAnswer, Setting?]>([
    ['with an altered signature', /signed neither/, { ...good, alter: flipped }],
    [
      'signed by a stranger with the issuer’s name',
      /signed neither/,
      { ...good, signer: imposter, responderId: 'byName' },
    ],
    [
      'signed by a stranger who brings a certificate made by himself',
      /not issued by the issuer/,
      { ...good, signer: selfMade, certificates: [selfMade.der] },
    ],
    [
      'signed by a delegate of the CA above',
      /not issued by the issuer/,
      { ...good, signer: stranger, certificates: [stranger.der] },
    ],
    ['signed by the CA above', /signed neither|not issued by/, { ...good, signer: anchor, certificates: [anchor.der] }],
    [
      'signed by the certificate in question',
      /not for OCSP signing/,
      { ...good, signer: holder, certificates: [holder.der] },
    ],
    ['of a delegate without extended key usage', /not for OCSP signing/, byDelegate([noCheck])],
    [
      'of a delegate for any purpose',
      /not for OCSP signing/,
      byDelegate([purposes(oids.anyExtendedKeyUsage), noCheck]),
    ],
    ['of another CA that has the purpose', /another CA/, byDelegate([ca(), ocspSigning, noCheck])],
    ['of an expired delegate', /expired/, byDelegate([ocspSigning, noCheck], { notAfter: days(-0.5) })],
    ['of a delegate of tomorrow', /valid from/, byDelegate([ocspSigning, noCheck], { notBefore: days(0.5) })],
    [
      'of a delegate whose key may not sign',
      /key usage/,
      byDelegate([ocspSigning, noCheck], {
        extensions: [ocspSigning, noCheck, extension(oids.keyUsage, namedBits(2), true)],
      }),
    ],
    [
      'of a delegate with an unknown critical extension',
      /critical extension/,
      byDelegate([ocspSigning, noCheck, extension('1.2.3.4', integer(1), true)]),
    ],
    ['of a delegate whose own status is unknown', /no CRL/, byDelegate([ocspSigning])],
    ['about another serial number', /other certificates/, { ...good, serial: 0xe2 }],
    [
      'about another issuer name',
      /other certificates/,
      { ...good, issuer: { ...middle, subject: anchor.subject }, signer: middle },
    ],
    [
      'when the CA above has another name than the certificate says, with the same key',
      /another name/,
      good,
      { issuer: issue(commonName('Alias'), anchor, { keys: middle.keys }) },
    ],
    [
      'of a delegate of a CA with another name and the same key',
      /not issued by the issuer/,
      byDelegate([ocspSigning, noCheck], { by: { ...middle, subject: commonName('Alias') } }),
    ],
    [
      'about another issuer key',
      /other certificates/,
      { ...good, issuer: { ...middle, keys: newKeys() }, signer: middle },
    ],
    ['that does not know the certificate', /does not know/, { ...good, status: 'unknown' }],
    [
      'that does not know the certificate, though a newer one beside it says good',
      /does not know/,
      { ...good, status: 'unknown', others: [singleResponse({ ...good, thisUpdate: days(-0.5) })] },
    ],
    ['of the issuer under another name', /signed neither/, { ...good, responderId: anchor }],
    ['past its end', /held until/, { ...good, nextUpdate: seconds(-61) }],
    ['past its end and the grace', /held until/, { ...good, nextUpdate: seconds(-3661) }, { grace: secondsLong(3600) }],
    ['past the greatest age', /held until/, { ...good, thisUpdate: days(-8), nextUpdate: days(1) }],
    ['that never ends', /newer information/, { ...good, nextUpdate: undefined }, { limits }],
    ['that begins later', /begins to hold/, { ...good, thisUpdate: seconds(61) }],
    ['that was made later', /was made at/, { ...good, producedAt: seconds(61) }],
    ['older than wanted', /older than 82800/, good, { freshness: secondsLong(82_800) }],
    [
      'older than wanted and the grace',
      /older than/,
      good,
      { freshness: secondsLong(80_000), grace: secondsLong(3600) },
    ],
    [
      'with an unknown critical extension',
      /critical extension 1.2.3/,
      { ...good, responseExtensions: [extension('1.2.3', integer(1), true)] },
    ],
    [
      'with an unknown critical extension of the single answer',
      /critical extension 1.2.3/,
      { ...good, singleExtensions: [extension('1.2.3', integer(1), true)] },
    ],
  ])('%s', async (_rule, problem, answer, setting) => {
    expect(await statusOf(answer, setting)).toMatch(problem);
  });

  it('of a delegate outside the name constraints of its CA', async () => {
    const narrow = issue(commonName('Narrow'), anchor, { extensions: [ca(), nameConstraints([dnsName('a.example')])] });
    const subject = person(narrow, [], { serial });
    const delegate = issue(commonName('R'), narrow, {
      extensions: [digitalSignature, ocspSigning, noCheck, subjectAltName(dnsName('b.example'))],
    });
    const response = parseOcspResponse(
      issueOcsp({ ...good, issuer: narrow, signer: delegate, certificates: [delegate.der] }),
      '',
    );
    const certificates = [subject, narrow].map(({ der }) => parseCertificate(der));
    const asked = subjectAt({ certificates, trustAnchor: parseCertificate(anchor.der) }, 0);
    if (!asked || typeof response === 'string') throw new Error('the test asks nothing');
    const status = await checkOcspResponse(response, asked, {
      pool: new IssuerPool([], []),
      signatures: new SignatureChecks(new SignatureVerifier(defaultAlgorithmPolicy), new Budget({ now: () => now })),
      time: now,
      delegateProblem: async () => undefined,
      isDelegateRevoked: async () => false,
      limits: { clockSkew: secondsLong(0), maximumAge: secondsLong(0) },
      freshness: secondsLong(0),
      grace: secondsLong(0),
    });
    expect(status).toMatchObject({ status: 'unknown', problems: [expect.stringMatching(/permitted subtrees/)] });
  });
});

describe('a nonce', () => {
  const sent = createHash('sha256').update('nonce').digest();
  const answer = (nonce?: Buffer) => {
    const response = parseOcspResponse(issueOcsp({ ...good, ...(nonce && { nonce }) }), 'http://ocsp.example');
    if (typeof response === 'string') throw new Error(response);
    return response;
  };
  it('may be demanded', () => {
    expect(nonceProblem(answer(sent), sent, true)).toBeUndefined();
    expect(nonceProblem(answer(), sent, true)).toMatch(/lacks the nonce/);
  });
  it('may be missing where it is only offered', () => expect(nonceProblem(answer(), sent, false)).toBeUndefined());
  it('may never be another', () => {
    expect(nonceProblem(answer(Buffer.alloc(32)), sent, false)).toMatch(/not that of the request/);
    expect(nonceProblem(answer(sent.subarray(0, 31)), sent, true)).toMatch(/not that of the request/);
  });
});

it('the evidence names responder, dates and the end of belief', async () => {
  const response = parseOcspResponse(issueOcsp(good), 'http://ocsp.example');
  const certificates = [holder, middle].map(({ der }) => parseCertificate(der));
  const subject = subjectAt({ certificates, trustAnchor: parseCertificate(anchor.der) }, 0);
  if (!subject || typeof response === 'string') throw new Error('the test asks nothing');
  const status = await checkOcspResponse(response, subject, {
    pool: new IssuerPool([], []),
    signatures: new SignatureChecks(new SignatureVerifier(defaultAlgorithmPolicy), new Budget({ now: () => now })),
    time: now,
    delegateProblem: async () => undefined,
    isDelegateRevoked: async () => false,
    limits: { clockSkew: secondsLong(0), maximumAge: secondsLong(86_400 * 1.5) },
    freshness: secondsLong(0),
    grace: secondsLong(0),
  });
  expect(status).toEqual({
    status: 'good',
    evidence: {
      source: 'http://ocsp.example',
      responder: 'CN=Intermediate',
      producedAt: days(-1),
      thisUpdate: days(-1),
      nextUpdate: days(1),
      validUntil: days(0.5),
    },
  });
});
