/** The rules by which an OCSP answer tells the status of one certificate (RFC 6960 3.2, 4.2.2): its times, its statements, its signer. */

import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import type { Subject } from '../../../../src/pki/crl/crl-subject.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { BroughtCertificates } from '../../../../src/pki/ocsp/brought-certificates.ts';
import { checkOcspResponse, type OcspStatus } from '../../../../src/pki/ocsp/ocsp-check.ts';
import { parseOcspResponse } from '../../../../src/pki/ocsp/ocsp-response.ts';
import { IssuerPool } from '../../../../src/pki/path/issuer-pool.ts';
import { seconds as secondsLong } from '../../../../src/settings/units.ts';
import { implicit, objectIdentifier, octetString, sequence } from '../../../support/der-builder.ts';
import {
  commonName,
  days,
  digitalSignature,
  extension,
  type Issued,
  intermediate,
  issue,
  now,
  person,
  purposes,
  root,
} from '../../../support/handmade-certificates.ts';
import { issueOcsp, type OcspAnswer, singleResponse } from '../../../support/ocsp-answer.ts';
import { type OcspContext, ocspContext } from './ocsp-context.ts';

const anchor = root();
const middle = intermediate(anchor);
const serial = 0xe1;
const holder = person(middle, [], { serial });
const seconds = (count: number) => new Date(now.getTime() + count * 1000);
const good = { issuer: middle, serial, thisUpdate: days(-1), nextUpdate: days(1) };
const revokedFor = (reason: number, revokedAt = days(-2)) => ({ revokedAt, reason });
const parse = ({ der }: Issued) => parseCertificate(der);
const subject: Subject = {
  certificate: parse(holder),
  issuer: parse(middle),
  above: [parse(middle), parse(anchor)],
  trustAnchor: parse(anchor),
};

async function statusOf(answer: OcspAnswer, setting: Partial<OcspContext> = {}): Promise<OcspStatus> {
  const response = parseOcspResponse(issueOcsp(answer), 'answer');
  if (typeof response === 'string') throw new Error(response);
  return checkOcspResponse(response, subject, ocspContext(new IssuerPool([subject.trustAnchor], []), setting));
}

/** The status, or why there is none. */
async function wordOf(answer: OcspAnswer, setting?: Partial<OcspContext>): Promise<string> {
  const status = await statusOf(answer, setting);
  return status.status === 'unknown' ? status.problems.join('; ') : status.status;
}

describe('an answer counts (RFC 6960 4.2.2.1)', () => {
  const day = 86_400;
  it.each<[string, Partial<OcspAnswer>, Partial<OcspContext>, RegExp]>([
    ['ahead of our clock by the skew', { thisUpdate: seconds(60) }, {}, /^good$/],
    ['made ahead of our clock by the skew', { producedAt: seconds(60) }, {}, /^good$/],
    ['past its end by the skew', { nextUpdate: seconds(-60) }, {}, /^good$/],
    ['past its end by skew and grace', { nextUpdate: seconds(-120) }, { grace: secondsLong(60) }, /^good$/],
    ['not a second longer', { nextUpdate: seconds(-121) }, { grace: secondsLong(60) }, /^answer: it held until/],
    ['as old as the site wants it, and the skew', {}, { freshness: secondsLong(day - 60) }, /^good$/],
    ['not a second older', {}, { freshness: secondsLong(day - 61) }, /^answer: it is older than 86339 s/],
    ['as old as that and the grace', {}, { freshness: secondsLong(day - 120), grace: secondsLong(60) }, /^good$/],
    [
      'not a second older than that',
      {},
      { freshness: secondsLong(day - 121), grace: secondsLong(60) },
      /it is older than/,
    ],
    [
      'of the greatest age and the skew',
      { nextUpdate: undefined },
      { limits: { clockSkew: secondsLong(60), maximumAge: secondsLong(day - 60) } },
      /^good$/,
    ],
    [
      'not a second older than both',
      { nextUpdate: undefined },
      { limits: { clockSkew: secondsLong(60), maximumAge: secondsLong(day - 61) } },
      /it held until/,
    ],
    [
      'at any age when no greatest is set',
      { thisUpdate: days(-90) },
      { limits: { clockSkew: secondsLong(0), maximumAge: secondsLong(0) } },
      /^good$/,
    ],
    [
      'never without an end at all',
      { nextUpdate: undefined },
      { limits: { clockSkew: secondsLong(0), maximumAge: secondsLong(0) } },
      /does not say when/,
    ],
  ])('%s', async (_rule, answer, setting, expected) => {
    expect(await wordOf({ ...good, ...answer }, setting)).toMatch(expected);
  });

  it.each([
    ['until nextUpdate when that comes first', days(1), 7 * day, days(1)],
    ['until the greatest age when that comes first', days(9), 2 * day, days(1)],
    ['until the greatest age without nextUpdate', undefined, 2 * day, days(1)],
  ])('%s', async (_rule, nextUpdate, maximumAge, validUntil) => {
    const limits = { clockSkew: secondsLong(60), maximumAge: secondsLong(maximumAge) };
    const status = await statusOf({ ...good, nextUpdate }, { limits });
    expect(status).toEqual({
      status: 'good',
      evidence: {
        source: 'answer',
        responder: 'CN=Intermediate',
        producedAt: days(-1),
        thisUpdate: days(-1),
        ...(nextUpdate && { nextUpdate }),
        validUntil,
      },
    });
  });
});

describe('of several statements about one certificate counts', () => {
  interface Saying {
    readonly day: number;
    readonly says: 'good' | 'unknown' | number;
    readonly isOld?: true;
    readonly revokedAt?: Date;
  }
  const toAnswer = ({ day, says, isOld, revokedAt }: Saying): OcspAnswer => ({
    ...good,
    thisUpdate: days(day),
    nextUpdate: isOld ? days(day + 0.1) : days(6),
    status: typeof says === 'number' ? revokedFor(says, revokedAt) : says,
  });

  it.each<[rule: string, sayings: readonly Saying[], status: string, asOf: number | undefined]>([
    [
      'the newest of those that say good',
      [
        { day: -2, says: 'good' },
        { day: -1, says: 'good' },
      ],
      'good',
      -1,
    ],
    [
      'the newest, whichever comes first',
      [
        { day: -1, says: 'good' },
        { day: -2, says: 'good' },
      ],
      'good',
      -1,
    ],
    [
      'a revocation before newer good',
      [
        { day: -3, says: 1 },
        { day: -1, says: 'good' },
      ],
      'revoked',
      -3,
    ],
    [
      'a revocation out of date before newer good',
      [
        { day: -3, says: 1, isOld: true },
        { day: -1, says: 'good' },
      ],
      'revoked',
      -3,
    ],
    [
      'a revocation before a newer hold',
      [
        { day: -3, says: 1 },
        { day: -1, says: 6 },
      ],
      'revoked',
      -3,
    ],
    [
      'a revocation before one who does not know',
      [
        { day: -3, says: 1 },
        { day: -1, says: 'unknown' },
      ],
      'revoked',
      -3,
    ],
    [
      'one who does not know before newer good',
      [
        { day: -2, says: 'unknown' },
        { day: -1, says: 'good' },
      ],
      'unknown',
      undefined,
    ],
    [
      'good before one out of date who does not know',
      [
        { day: -3, says: 'unknown', isOld: true },
        { day: -1, says: 'good' },
      ],
      'good',
      -1,
    ],
    [
      'a newer hold before good',
      [
        { day: -2, says: 'good' },
        { day: -1, says: 6 },
      ],
      'revoked',
      -1,
    ],
    [
      'newer good before a hold',
      [
        { day: -2, says: 6 },
        { day: -1, says: 'good' },
      ],
      'good',
      -1,
    ],
    [
      'the newest of several revocations',
      [
        { day: -3, says: 1 },
        { day: -1, says: 1 },
      ],
      'revoked',
      -1,
    ],
    [
      'the newest of several revocations, whichever comes first',
      [
        { day: -1, says: 1 },
        { day: -3, says: 1 },
      ],
      'revoked',
      -1,
    ],
    [
      'a hold of the same moment as good',
      [
        { day: -1, says: 'good' },
        { day: -1, says: 6 },
      ],
      'revoked',
      -1,
    ],
    [
      'a hold out of date before good out of date',
      [
        { day: -2, says: 'good', isOld: true },
        { day: -3, says: 6, isOld: true },
      ],
      'revoked',
      -3,
    ],
    [
      'current good before newer good out of date',
      [
        { day: -1, says: 'good', isOld: true },
        { day: -2, says: 'good' },
      ],
      'good',
      -2,
    ],
    [
      'no hold that begins later',
      [
        { day: 1, says: 6 },
        { day: -1, says: 'good' },
      ],
      'good',
      -1,
    ],
    [
      'a revocation before now that is told for later',
      [
        { day: 1, says: 1 },
        { day: -1, says: 'good' },
      ],
      'revoked',
      1,
    ],
    [
      'a revocation of this very moment',
      [
        { day: 1, says: 1, revokedAt: now },
        { day: -1, says: 'good' },
      ],
      'revoked',
      1,
    ],
    [
      'no revocation to come that is told for later',
      [
        { day: 1, says: 1, revokedAt: seconds(1) },
        { day: -1, says: 'good' },
      ],
      'good',
      -1,
    ],
  ])('%s', async (_rule, [first, ...others], status, asOf) => {
    if (!first) throw new Error('there is one');
    const answer = {
      ...toAnswer(first),
      producedAt: days(-1),
      others: others.map((saying) => singleResponse(toAnswer(saying))),
    };
    const found = await statusOf(answer);
    expect(found.status).toBe(status);
    if (found.status !== 'unknown')
      expect(found.evidence.thisUpdate).toEqual(asOf === undefined ? undefined : days(asOf));
    else
      expect(found).toEqual({
        status: 'unknown',
        isAnswer: true,
        problems: ['answer: the responder does not know the certificate'],
      });
  });
});

it('when nothing counts, the problem is that of the newest statement', async () => {
  const stale = (day: number) => ({ ...good, thisUpdate: days(day), nextUpdate: days(day + 0.1) });
  for (const [first, second] of [
    [-3, -1],
    [-1, -3],
  ] as const)
    expect(await wordOf({ ...stale(first), others: [singleResponse(stale(second))] })).toBe(
      `answer: it held until ${days(-0.9).toISOString()}`,
    );
});

describe('a revocation', () => {
  it('without an end is valid at its time only', async () => {
    const limits = { clockSkew: secondsLong(0), maximumAge: secondsLong(0) };
    const status = await statusOf({ ...good, nextUpdate: undefined, status: revokedFor(1) }, { limits });
    expect(status).toMatchObject({
      evidence: { validUntil: days(-1) },
      outOfDate: expect.stringMatching(/not say when/),
    });
  });

  it('is told with date and reason, and whether it is out of date', async () => {
    const status = revokedFor(1);
    const current = await statusOf({ ...good, status });
    expect(current).toMatchObject({ status: 'revoked', revocationDate: days(-2), reason: 'keyCompromise' });
    expect(current).not.toHaveProperty('outOfDate');
    const old = await statusOf({ ...good, nextUpdate: days(-0.5), status });
    expect(old).toMatchObject({ status: 'revoked', outOfDate: expect.stringContaining('it held until') });
  });

  it('counts only when signed by one who may, however old', async () => {
    const forged = { ...good, nextUpdate: days(-0.5), status: revokedFor(1), signer: anchor };
    expect(await wordOf(forged)).toMatch(/was not issued by the issuer/);
  });

  it('of an answer that was made later counts too', async () => {
    const ahead = { ...good, producedAt: days(1) };
    expect(await wordOf({ ...ahead, status: revokedFor(1) })).toBe('revoked');
    expect(await wordOf({ ...ahead, status: revokedFor(6) })).toMatch(/it says that it was made at/);
  });
});

describe('critical extensions of an answer (RFC 6960 4.4)', () => {
  const nonce = extension(oids.ocspNonce, octetString(Buffer.alloc(8)), true);
  it('may be the nonce', async () => {
    expect(await wordOf({ ...good, responseExtensions: [nonce] })).toBe('good');
  });

  it('of a revocation need not be understood', async () => {
    const singleExtensions = [extension('1.2.3', octetString(Buffer.alloc(1)), true)];
    expect(await wordOf({ ...good, singleExtensions })).toMatch(/critical extension 1\.2\.3/);
    const revoked = await statusOf({ ...good, status: revokedFor(1), singleExtensions });
    expect(revoked).toMatchObject({ status: 'revoked', notUnderstood: expect.stringMatching(/1\.2\.3/) });
    expect(await statusOf({ ...good, status: revokedFor(1) })).not.toHaveProperty('notUnderstood');
  });
});

it('a key of the issuer that cannot be read leaves the status unknown, and a fault of the program does not count as that', async () => {
  const response = parseOcspResponse(issueOcsp(good), 'answer');
  if (typeof response === 'string') throw new Error(response);
  const context = ocspContext(new IssuerPool([], []), {
    delegateProblem: async () => undefined,
    limits: { clockSkew: secondsLong(60), maximumAge: secondsLong(0) },
  });
  const broken = { ...subject.issuer, derived: {}, subjectPublicKeyInfo: Buffer.of(0x30, 0) };
  expect(await checkOcspResponse(response, { ...subject, issuer: broken }, context)).toMatchObject({
    status: 'unknown',
    problems: [expect.stringContaining('public key')],
  });
  const faulty = Object.defineProperty({ ...subject.issuer, derived: {} }, 'subjectPublicKeyInfo', {
    get() {
      throw new RangeError('a fault');
    },
  });
  await expect(checkOcspResponse(response, { ...subject, issuer: faulty }, context)).rejects.toThrow(RangeError);
});

describe('a responder (RFC 6960 4.2.2.2)', () => {
  const noCheck = extension(oids.ocspNoCheck, Buffer.of(5, 0));
  const delegate = (...extra: readonly Buffer[]) =>
    issue(commonName('Responder'), middle, { extensions: [digitalSignature, purposes(oids.ocspSigning), ...extra] });
  const by = (signer: Issued, ...certificates: readonly Buffer[]) => ({ ...good, signer, certificates });

  it('that need not be asked about is asked about at hand, any other by all means', async () => {
    const asked: string[] = [];
    const context: Partial<OcspContext> = {
      isDelegateRevoked: async ({ certificate, issuer }) => {
        asked.push(`at hand ${certificate.subject.key === parse(free).subject.key} ${issuer === subject.issuer}`);
        return false;
      },
      delegateProblem: async ({ certificate, above, trustAnchor }) => {
        const isAbove = above === subject.above && trustAnchor === subject.trustAnchor;
        asked.push(`all ${certificate.sha256 === parse(bound).sha256} ${isAbove}`);
        return undefined;
      },
    };
    const free = delegate(noCheck);
    const bound = delegate();
    expect(await wordOf(by(free, free.der), context)).toBe('good');
    expect(await wordOf(by(bound, bound.der), context)).toBe('good');
    expect(asked).toEqual(['at hand true true', 'all true true']);
  });

  it.each<[string, Partial<OcspContext>, Issued, RegExp]>([
    ['revoked at hand', { isDelegateRevoked: async () => true }, delegate(noCheck), /its signer is revoked/],
    ['of unknown status', {}, delegate(), /not known to be good: no CRL/],
  ])('is not believed when %s', async (_rule, context, signer, problem) => {
    expect(await wordOf(by(signer, signer.der), context)).toMatch(problem);
  });

  it('that is not at hand is told, and nothing of certificates when all can be read', async () => {
    const stranger = issue(commonName('Stranger'), undefined, { extensions: [digitalSignature] });
    expect(await wordOf(by(stranger, holder.der))).toBe(
      'answer: it is signed neither by the issuer nor by a responder whose certificate is at hand',
    );
  });

  it('whose application policies leave OCSP signing out is not for it', async () => {
    const policies = (oid: string) => extension(oids.applicationPolicies, sequence(sequence(objectIdentifier(oid))));
    const limited = delegate(noCheck, policies(oids.clientAuth));
    const free = delegate(noCheck, policies(oids.ocspSigning));
    expect(await wordOf(by(limited, limited.der))).toMatch(/not for OCSP signing/);
    expect(await wordOf(by(free, free.der))).toBe('good');
  });

  it('may have any policy that its path is valid for, where a CA demands one', async () => {
    const [policy, foreign] = ['1.2.3', '1.2.4'];
    const policies = (oid: string) => extension(oids.certificatePolicies, sequence(sequence(objectIdentifier(oid))));
    const demand = extension(oids.policyConstraints, sequence(implicit(0, Buffer.of(0))), true);
    const mapping = sequence(sequence(objectIdentifier(foreign), objectIdentifier(policy)));
    const cases: readonly (readonly [readonly Buffer[], readonly Buffer[], RegExp])[] = [
      [[policies(policy)], [policies(policy)], /^good$/],
      [[policies(oids.anyPolicy)], [policies(policy)], /^good$/],
      [[policies(foreign), extension(oids.policyMappings, mapping)], [policies(policy)], /^good$/],
      [[policies(foreign)], [policies(policy)], /its signer is not valid/],
      [[policies(policy)], [], /its signer is not valid/],
    ];
    for (const [ofCa, ofDelegate, expected] of cases) {
      const authority = intermediate(anchor, 'Demanding', [demand, ...ofCa]);
      const signer = issue(commonName('Responder'), authority, {
        extensions: [digitalSignature, purposes(oids.ocspSigning), noCheck, ...ofDelegate],
      });
      const response = parseOcspResponse(
        issueOcsp({ ...good, issuer: authority, signer, certificates: [signer.der] }),
        'answer',
      );
      if (typeof response === 'string') throw new Error(response);
      const asked = {
        certificate: parse(person(authority, [], { serial })),
        issuer: parse(authority),
        above: [parse(authority), subject.trustAnchor],
        trustAnchor: subject.trustAnchor,
      };
      const status = await checkOcspResponse(response, asked, ocspContext(new IssuerPool([subject.trustAnchor], [])));
      expect(status.status === 'unknown' ? status.problems.join() : status.status).toMatch(expected);
    }
  });

  it('is valid below all the CAs of the path', async () => {
    const top = intermediate(anchor, 'Top');
    const authority = intermediate(top, 'Issuing');
    const signer = issue(commonName('Responder'), authority, {
      extensions: [digitalSignature, purposes(oids.ocspSigning), noCheck],
    });
    const response = parseOcspResponse(
      issueOcsp({ ...good, issuer: authority, signer, certificates: [signer.der] }),
      'answer',
    );
    if (typeof response === 'string') throw new Error(response);
    const { trustAnchor } = subject;
    const above = [parse(authority), parse(top), trustAnchor];
    const asked = {
      certificate: parse(person(authority, [], { serial })),
      issuer: parse(authority),
      above,
      trustAnchor,
    };
    expect(await checkOcspResponse(response, asked, ocspContext(new IssuerPool([trustAnchor], [])))).toMatchObject({
      status: 'good',
    });
  });

  it('is found among other certificates of its key, of which one entitles', async () => {
    const signer = delegate(noCheck);
    const useless = issue(commonName('Responder'), middle, { keys: signer.keys, extensions: [digitalSignature] });
    const broken = sequence(octetString(Buffer.alloc(1)));
    for (const order of [
      [useless.der, signer.der],
      [signer.der, useless.der],
      [broken, holder.der, signer.der],
    ])
      expect(await wordOf(by(signer, ...order))).toBe('good');
    expect(await wordOf(by(signer, useless.der))).toMatch(/not for OCSP signing/);
  });

  it.each<[string, Date, Date, RegExp]>([
    ['from the moment it becomes valid', now, days(1), /^good$/],
    ['to the moment it ends', days(-2), now, /^good$/],
    ['not a second before', seconds(1), days(1), /pinned certificate of its signer is not valid/],
    ['not a second after', days(-2), seconds(-1), /pinned certificate of its signer is not valid/],
  ])('that is pinned is believed %s', async (_rule, notBefore, notAfter, expected) => {
    const signer = issue(commonName('Pinned'), undefined, { notBefore, notAfter, extensions: [digitalSignature] });
    expect(await wordOf({ ...good, signer }, { pinned: [parse(signer)] })).toMatch(expected);
  });
});

it('a certificate that a response brings is unreadable only for faults of its own, and not for those of the program', () => {
  const missing = undefined as unknown as Buffer;
  expect(() => new BroughtCertificates([missing]).read()).toThrow(TypeError);
  expect(new BroughtCertificates([holder.der]).read()).toEqual({ certificates: [parse(holder)] });
  expect(new BroughtCertificates([Buffer.alloc(1), Buffer.alloc(2)]).read()).toMatchObject({
    certificates: [],
    unreadable: expect.stringMatching(/./),
  });
});
