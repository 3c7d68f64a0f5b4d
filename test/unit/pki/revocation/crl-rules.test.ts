/** The rules by which CRLs tell the status of one certificate (RFC 5280 6.3.3): times, reasons, problems, chains of CRL issuers. */

import { describe, expect, it, vi } from 'vitest';
import { defaultAlgorithmPolicy } from '../../../../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import { SignatureVerifier } from '../../../../src/pki/certificate/signature.ts';
import { parseCrl } from '../../../../src/pki/crl/crl.ts';
import { CrlCheck } from '../../../../src/pki/crl/crl-check.ts';
import { subjectAt } from '../../../../src/pki/crl/crl-subject.ts';
import { KnownCrl } from '../../../../src/pki/crl/known-crl.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { Budget } from '../../../../src/pki/path/budget.ts';
import { IssuerPool } from '../../../../src/pki/path/issuer-pool.ts';
import { SignatureChecks } from '../../../../src/pki/path/signature-checks.ts';
import { seconds as secondsLong } from '../../../../src/settings/units.ts';
import { der, explicit, implicit, integer, namedBits, octetString, sequence } from '../../../support/der-builder.ts';
import {
  type CrlIssuing,
  ca,
  commonName,
  crlEntry,
  days,
  directoryName,
  extension,
  type Issued,
  intermediate,
  issue,
  issueCrl,
  newKeys,
  now,
  person,
  root,
  uriName,
} from '../../../support/handmade-certificates.ts';

const anchor = root();
const middle = intermediate(anchor);
const serial = 0xe1;
const holder = person(middle, [], { serial });
const cRLSign = extension(oids.keyUsage, namedBits(6), true);
const seconds = (count: number) => new Date(now.getTime() + count * 1000);
const reason = (number: number) => extension(oids.reasonCode, der(0x0a, Buffer.of(number)));
const scope = (...fields: readonly Buffer[]) => extension(oids.issuingDistributionPoint, sequence(...fields), true);
const someReasons = (tag: number, ...bits: readonly number[]) => implicit(tag, namedBits(...bits).subarray(2));
const url = (text: string) => explicit(0, explicit(0, uriName(text)));
const numbered = (number: number) => extension(oids.crlNumber, integer(number));
const deltaOf = (base: number) => extension(oids.deltaCrlIndicator, integer(base), true);
const byMiddle = (options: CrlIssuing = {}) => issueCrl(middle, options);
const goodOfRoot = issueCrl(anchor);

type Context = ConstructorParameters<typeof CrlCheck>[0];

interface Setting extends Partial<Omit<Context, 'pool' | 'signatures' | 'crlsFor'>> {
  readonly peer?: Issued;
  /** The CA that issued the peer, when it is not the intermediate. */
  readonly issuer?: Issued;
  readonly known?: readonly Issued[];
  readonly anchors?: readonly Issued[];
  readonly problems?: readonly string[];
  readonly verifier?: SignatureVerifier;
}

/** A check over these CRLs, named by their places. */
function checkOf(crls: readonly (Buffer | KnownCrl)[], setting: Setting = {}) {
  const { peer = holder, issuer = middle, known = [], anchors = [anchor], problems = [], ...others } = setting;
  const { verifier = new SignatureVerifier(defaultAlgorithmPolicy), ...context } = others;
  const parsed = crls.map((crl, index) => ({
    crl: Buffer.isBuffer(crl) ? new KnownCrl(parseCrl(crl, String(index))) : crl,
  }));
  const parse = ({ der: encoded }: Issued) => parseCertificate(encoded);
  const [trustAnchor, ...otherAnchors] = anchors.map(parse);
  const asked: string[] = [];
  const authentic: string[] = [];
  if (!trustAnchor) throw new Error('the test has no anchor');
  const subject = subjectAt({ certificates: [peer, issuer].map(parse), trustAnchor }, 0);
  if (!subject) throw new Error('the test asks nothing');
  const signatures = new SignatureChecks(verifier, new Budget({ now: () => now }));
  const check = new CrlCheck({
    pool: new IssuerPool([trustAnchor, ...otherAnchors], [issuer, ...known].map(parse)),
    signatures,
    time: now,
    freshness: secondsLong(0),
    grace: secondsLong(0),
    isRevokedElsewhere: async () => false,
    onAuthentic: ({ crl }) => void authentic.push(crl.list.source),
    ...context,
    crlsFor: async ({ sha256 }) => {
      asked.push(sha256);
      return { crls: parsed, problems };
    },
  });
  return { check, subject, asked, authentic };
}

async function statusOf(crls: readonly (Buffer | KnownCrl)[], setting?: Setting) {
  const { check, subject } = checkOf(crls, setting);
  return check.status(subject);
}
const kindOf = async (...args: Parameters<typeof statusOf>) => (await statusOf(...args)).status;

describe('a CRL is current', () => {
  const day = 86_400;
  it.each<[string, CrlIssuing, Setting, 'good' | RegExp]>([
    ['from its thisUpdate on', { thisUpdate: now }, {}, 'good'],
    ['not a second before', { thisUpdate: seconds(1) }, {}, /begins to hold only at/],
    ['until its nextUpdate', { nextUpdate: now }, {}, 'good'],
    ['not a second longer', { nextUpdate: seconds(-1) }, {}, /next update was due at/],
    ['until the end of the grace', { nextUpdate: seconds(-60) }, { grace: secondsLong(60) }, 'good'],
    [
      'not a second after the grace',
      { nextUpdate: seconds(-61) },
      { grace: secondsLong(60) },
      /next update was due at/,
    ],
    ['never without nextUpdate (RFC 5280 5.1.2.5)', { nextUpdate: undefined }, {}, /does not say when/],
    ['as long as it is fresh', { thisUpdate: days(-1) }, { freshness: secondsLong(day) }, 'good'],
    [
      'not a second longer than fresh',
      { thisUpdate: days(-1) },
      { freshness: secondsLong(day - 1) },
      /older than 86399 s/,
    ],
    [
      'with the grace beside',
      { thisUpdate: days(-1) },
      { freshness: secondsLong(day - 60), grace: secondsLong(60) },
      'good',
    ],
    [
      'not longer',
      { thisUpdate: days(-1) },
      { freshness: secondsLong(day - 61), grace: secondsLong(60) },
      /older than/,
    ],
    ['at any age where freshness is not asked for', { thisUpdate: days(-300) }, { freshness: secondsLong(0) }, 'good'],
  ])('%s', async (_rule, options, setting, expected) => {
    const status = await statusOf([byMiddle(options)], setting);
    if (expected === 'good') expect(status.status).toBe('good');
    else expect(status).toEqual({ status: 'unknown', problems: [expect.stringMatching(expected)] });
  });
});

describe('a CRL that begins to hold only later', () => {
  const revokedAt = (moment: Date, extensions: readonly Buffer[] = []) => {
    const encoded = extensions.length > 0 ? [sequence(...extensions)] : [];
    const digits = moment
      .toISOString()
      .replace(/\.\d+|[-:T]/g, '')
      .slice(2);
    return sequence(integer(serial), der(0x17, Buffer.from(digits)), ...encoded);
  };
  it.each<[string, Buffer, string]>([
    ['revokes what was revoked this second', revokedAt(now), 'revoked'],
    ['revokes nothing that is revoked only later', revokedAt(seconds(1)), 'unknown'],
    ['holds nothing yet', revokedAt(days(-1), [reason(6)]), 'unknown'],
  ])('%s', async (_rule, entry, status) => {
    expect(await kindOf([byMiddle({ thisUpdate: days(1), entries: [entry] })])).toBe(status);
  });

  it('does not hide with what it says that an older one is good', async () => {
    const status = await statusOf([byMiddle(), byMiddle({ thisUpdate: days(1) })]);
    expect(status).toMatchObject({ status: 'good', crl: { source: '0' } });
  });
});

describe('a certificate is good', () => {
  const some = (thisUpdate: Date, ...bits: readonly number[]) =>
    byMiddle({ thisUpdate, extensions: [scope(someReasons(3, ...bits))] });

  it.each<[string, readonly Buffer[], string]>([
    ['as of the newest complete CRL', [byMiddle({ thisUpdate: days(-3) }), byMiddle()], '1'],
    ['as of the oldest of those that were needed', [some(days(-1), 1, 2, 3, 4), some(days(-2), 5, 6, 7, 8)], '1'],
    ['as of none older that adds no reason', [some(days(-3), 1, 2), byMiddle()], '1'],
    ['as of the oldest of three', [some(days(-1), 1, 2), some(days(-3), 3, 4), some(days(-2), 5, 6, 7, 8)], '1'],
  ])('%s', async (_rule, crls, source) => {
    expect(await statusOf(crls)).toMatchObject({ status: 'good', crl: { source } });
  });

  it('only when every reason is covered (RFC 5280 6.3.3 (d))', async () => {
    expect(await kindOf([some(days(-1), 1, 2, 3, 4), some(days(-2), 5, 6, 7)])).toBe('unknown');
  });

  it('by the reasons of several points together', async () => {
    const points = sequence(
      sequence(url('http://a/'), someReasons(1, 1, 2, 3)),
      sequence(url('http://b/'), someReasons(1, 4, 5, 6, 7, 8)),
    );
    const peer = person(middle, [extension(oids.crlDistributionPoints, points)], { serial });
    const [ofA, ofB] = ['http://a/', 'http://b/'].map((text) => byMiddle({ extensions: [scope(url(text))] }));
    if (!ofA || !ofB) throw new Error('there are two');
    expect(await kindOf([ofA, ofB], { peer })).toBe('good');
    expect(await kindOf([ofA], { peer })).toBe('unknown');
    expect(await kindOf([ofB], { peer })).toBe('unknown');
  });
});

describe('a hold under one point', () => {
  const point = extension(oids.crlDistributionPoints, sequence(sequence(url('http://a/'))));
  const peer = person(middle, [point], { serial });
  const entries = [crlEntry(serial, [reason(6)])];
  const ofPoint = (thisUpdate: Date) => byMiddle({ thisUpdate, entries, extensions: [scope(url('http://a/'))] });

  it('stands though another point, or a newer CRL of another scope, says good', async () => {
    expect(await kindOf([ofPoint(days(-2)), byMiddle()], { peer })).toBe('revoked');
    expect(await kindOf([byMiddle({ extensions: [scope(url('http://a/'))] }), byMiddle()], { peer })).toBe('good');
  });

  it('is told by the newest CRL of any point', async () => {
    const complete = byMiddle({ thisUpdate: days(-1), entries });
    expect(await statusOf([ofPoint(days(-2)), complete], { peer })).toMatchObject({ crl: { source: '1' } });
    expect(await statusOf([ofPoint(days(-0.5)), complete], { peer })).toMatchObject({ crl: { source: '0' } });
  });

  it('is told with the time of the CRL, and whether it is out of date', async () => {
    const current = await statusOf([byMiddle({ entries })]);
    expect(current).toEqual({
      status: 'revoked',
      crl: expect.objectContaining({ source: '0' }),
      entry: { revocationDate: days(-2), reason: 'certificateHold' },
      asOf: days(-1),
    });
    const old = await statusOf([byMiddle({ entries, nextUpdate: days(-0.5) })]);
    expect(old).toMatchObject({ outOfDate: expect.stringContaining('next update was due') });
  });
});

describe('a CRL that lists a certificate more than once says the gravest', () => {
  it.each<[string, readonly number[], string]>([
    ['a revocation behind a hold', [6, 1], 'keyCompromise'],
    ['a revocation before a hold', [1, 6], 'keyCompromise'],
    ['a revocation behind the end of a hold', [8, 1], 'keyCompromise'],
    ['a hold behind the end of one', [8, 6], 'certificateHold'],
    ['a hold before the end of one', [6, 8], 'certificateHold'],
  ])('%s', async (_rule, reasons, told) => {
    const entries = reasons.map((number) => crlEntry(serial, [reason(number)]));
    expect(await statusOf([byMiddle({ entries })])).toMatchObject({ status: 'revoked', entry: { reason: told } });
    const base = byMiddle({ thisUpdate: days(-2), extensions: [numbered(5)] });
    const delta = byMiddle({ entries, extensions: [numbered(6), deltaOf(5)] });
    expect(await statusOf([base, delta])).toMatchObject({ status: 'revoked', entry: { reason: told } });
  });
});

describe('a status that stays unknown says', () => {
  it.each<[string, readonly Buffer[], Setting, readonly (string | RegExp)[]]>([
    ['that there is no CRL', [], {}, ['no complete CRL of its issuer is at hand']],
    [
      'that there are delta CRLs alone',
      [byMiddle({ extensions: [numbered(6), deltaOf(5)] })],
      {},
      ['no complete CRL of its issuer is at hand'],
    ],
    [
      'why retrieval brought none, once, and what is wrong with those at hand',
      [issueCrl({ subject: middle.subject, keys: newKeys() })],
      { problems: ['no route', 'no route'] },
      ['no route', '0: its signature verifies with no key of its issuer'],
    ],
    [
      'which extension is not understood (RFC 5280 5.2)',
      [byMiddle({ extensions: [extension('1.2.3.4', integer(1), true)] })],
      {},
      ['0: it has the unknown critical extension 1.2.3.4'],
    ],
    [
      'that the entries cannot be read',
      [byMiddle({ entries: [sequence(integer(1))] })],
      {},
      [/^0: CRL entry is not as RFC 5280 defines it$/],
    ],
  ])('%s', async (_rule, crls, setting, problems) => {
    const expected = problems.map((problem) =>
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    );
    expect(await statusOf(crls, setting)).toEqual({ status: 'unknown', problems: expected });
  });

  it('nothing when the fault is our own', async () => {
    const crl = parseCrl(byMiddle(), 'x');
    const broken = Object.defineProperty({ ...crl }, 'entries', {
      get() {
        throw new RangeError('a fault');
      },
    });
    await expect(statusOf([new KnownCrl(broken)])).rejects.toThrow(RangeError);
  });
});

it('every authentic CRL is told of, out of date too, and no other', async () => {
  const crls = [
    byMiddle({ nextUpdate: days(-0.5) }),
    issueCrl({ subject: middle.subject, keys: newKeys() }),
    byMiddle({ extensions: [extension('1.2.3.4', integer(1), true)] }),
    byMiddle(),
    goodOfRoot,
  ];
  const { check, subject, authentic } = checkOf(crls);
  expect((await check.status(subject)).status).toBe('good');
  expect(authentic.toSorted()).toEqual(['0', '3']);
});

it('a status that is known is not asked for again, and one that is not known is', async () => {
  const known = checkOf([byMiddle()]);
  await known.check.status(known.subject);
  expect(await known.check.status(known.subject)).toMatchObject({ status: 'good' });
  expect(known.asked).toHaveLength(1);
  const unknown = checkOf([]);
  await unknown.check.status(unknown.subject);
  await unknown.check.status(unknown.subject);
  expect(unknown.asked).toHaveLength(2);
});

describe('certificates that wait for one another', () => {
  const waiting = (count: number) => Array.from({ length: count }, (_, index) => String(index));
  it.each<[string, readonly string[], object]>([
    ['are three at most beside the one in question', waiting(3), { status: 'good' }],
    ['are no more', waiting(4), { status: 'unknown', problems: ['too many CRL issuers depend on one another'] }],
    [
      'never wait for themselves',
      [parseCertificate(holder.der).sha256],
      { status: 'unknown', problems: ['the CRL issuer vouches for itself'] },
    ],
  ])('%s', async (_rule, chain, expected) => {
    const { check, subject } = checkOf([byMiddle()]);
    expect(await check.status(subject, chain)).toMatchObject(expected);
  });

  it('are asked about elsewhere, those of people not', async () => {
    const isRevokedElsewhere = vi.fn(async () => true);
    const { check, subject } = checkOf([byMiddle()], { isRevokedElsewhere });
    expect(await check.status(subject, ['x'])).toEqual({ status: 'unknown', problems: ['its signer is revoked'] });
    expect(isRevokedElsewhere).toHaveBeenCalledWith(subject, ['x', subject.certificate.sha256]);
    isRevokedElsewhere.mockClear();
    expect(await check.status(subject)).toMatchObject({ status: 'good' });
    expect(isRevokedElsewhere).not.toHaveBeenCalled();
  });
});

describe('who may sign a CRL besides the key of the issuer (RFC 5280 6.3.3 (f), RFC 4210 4.4)', () => {
  const keys = newKeys();
  const keyCertSign = extension(oids.keyUsage, namedBits(5), true);
  const both = extension(oids.keyUsage, namedBits(5, 6), true);
  const mute = issue(middle.subject, anchor, { keys: middle.keys, extensions: [ca(), keyCertSign] });
  const renewed = (by: Issued, ...extensions: readonly Buffer[]) => issue(middle.subject, by, { keys, extensions });
  const signedByRenewed = issueCrl({ subject: middle.subject, keys });
  const ofSigners = [goodOfRoot, byMiddle({ thisUpdate: days(-9), extensions: [scope(someReasons(3, 1))] })];
  const sister = intermediate(anchor, 'Sister');

  it.each<[string, readonly Issued[], Setting, string]>([
    ['is a key for CRLs alone that a CA above certified', [renewed(anchor, cRLSign)], {}, 'good'],
    ['is no key for CRLs alone that another CA certified', [renewed(sister, cRLSign), sister], {}, 'unknown'],
    ['is no key of a CA of its name that its own key did not certify', [renewed(anchor, ca(), both)], {}, 'unknown'],
    ['is a key without key usage that a CA above certified', [renewed(anchor)], {}, 'good'],
    ['is no key without key usage that another CA certified', [renewed(sister), sister], {}, 'unknown'],
    ['is no key of a CA without key usage either', [renewed(anchor, ca())], {}, 'unknown'],
    ['is the key of a CA that may sign CRLs and no certificates', [renewed(anchor, ca(), cRLSign)], {}, 'good'],
    [
      'is no key that may not sign CRLs',
      [renewed(anchor, extension(oids.keyUsage, namedBits(0), true))],
      {},
      'unknown',
    ],
    [
      'is no key whose certificate ended',
      [issue(middle.subject, anchor, { keys, notAfter: days(-1), extensions: [cRLSign] })],
      {},
      'unknown',
    ],
  ])('%s', async (_rule, known, setting, status) => {
    expect(await kindOf([signedByRenewed, ...ofSigners, issueCrl(sister)], { known, ...setting })).toBe(status);
  });

  it('is the new key of the CA that its old key certified, when the old key says that its certificate is good', async () => {
    const rollover = renewed(middle, ca(), both);
    const aboutIt = byMiddle({ nextUpdate: days(5), extensions: [scope(implicit(2, Buffer.of(0xff)))] });
    expect(await kindOf([signedByRenewed, goodOfRoot, aboutIt], { known: [rollover] })).toBe('good');
    expect(await kindOf([signedByRenewed, goodOfRoot], { known: [rollover] })).toBe('unknown');
  });

  it('is the same key by another certificate of the CA, when that of the issuer lacks cRLSign', async () => {
    expect(await kindOf([byMiddle(), goodOfRoot], { issuer: mute, known: [middle] })).toBe('good');
    expect(await statusOf([byMiddle(), goodOfRoot], { issuer: mute })).toMatchObject({
      problems: [expect.stringMatching(/^0: the certificate of its .* lacks cRLSign/), expect.stringMatching(/^1: /)],
    });
  });

  it('is no key of an issuer that a certificate names if it is revoked, nor below a CA that is', async () => {
    const signerSerial = 0x51;
    const sisterSerial = 0x52;
    const below = issue(commonName('Below'), anchor, { serial: sisterSerial, extensions: [ca(), both] });
    const signer = issue(commonName('CRLs'), below, { serial: signerSerial, extensions: [cRLSign] });
    const point = sequence(sequence(url('http://a/'), explicit(2, directoryName(signer.subject))));
    const peer = person(middle, [extension(oids.crlDistributionPoints, point)], { serial });
    const indirect = issueCrl(signer, { extensions: [scope(url('http://a/'), implicit(4, Buffer.of(0xff)))] });
    const statusWith = (ofRoot: readonly Buffer[], ofBelow: readonly Buffer[]) =>
      statusOf([indirect, issueCrl(anchor, { entries: ofRoot }), issueCrl(below, { entries: ofBelow })], {
        peer,
        known: [below, signer],
      });
    expect(await statusWith([], [])).toMatchObject({ status: 'good', crl: { source: '0' } });
    const refused = { problems: expect.arrayContaining([expect.stringMatching(/^0: .*or one above, is revoked/)]) };
    expect(await statusWith([crlEntry(sisterSerial)], [])).toMatchObject(refused);
    expect(await statusWith([], [crlEntry(signerSerial)])).toMatchObject(refused);
  });

  it.each([
    ['may sign', [ca(), both], 'good'],
    ['may not without cRLSign', [ca(), keyCertSign], 'unknown'],
  ])(
    'is the trust anchor itself when a certificate names it as CRL issuer: it %s',
    async (_rule, extensions, status) => {
      const top = issue(commonName('Top'), undefined, { extensions });
      const issuer = intermediate(top);
      const point = sequence(sequence(url('http://a/'), explicit(2, directoryName(top.subject))));
      const peer = person(issuer, [extension(oids.crlDistributionPoints, point)], { serial });
      const indirect = issueCrl(top, { extensions: [scope(url('http://a/'), implicit(4, Buffer.of(0xff)))] });
      expect(await kindOf([indirect], { peer, issuer, anchors: [top] })).toBe(status);
    },
  );

  it('is no CRL issuer without another CRL than its own', async () => {
    const signer = issue(middle.subject, middle, { serial: 0x53, extensions: [cRLSign] });
    const crls = [issueCrl(signer), goodOfRoot];
    expect(await kindOf(crls, { known: [signer] })).toBe('unknown');
    const listsItself = [issueCrl(signer, { entries: [crlEntry(0x53)] }), goodOfRoot];
    expect(await kindOf(listsItself, { known: [signer] })).toBe('unknown');
  });

  it('is looked for first among keys of the identifier that the CRL names, last among those of another', async () => {
    const subjectKey = (...octets: readonly number[]) =>
      extension(oids.subjectKeyIdentifier, octetString(Buffer.from(octets)));
    const named = extension(oids.authorityKeyIdentifier, sequence(implicit(0, Buffer.of(1))));
    const many = (...extensions: readonly Buffer[]) =>
      Array.from({ length: 110 }, () => issue(middle.subject, anchor, { extensions: [cRLSign, ...extensions] }));
    const of = (signer: Issued) => issueCrl(signer, { extensions: [named] });
    const exact = renewed(anchor, cRLSign, subjectKey(1));
    const without = renewed(anchor, cRLSign);
    const others = many(subjectKey(2));
    expect(await kindOf([of(exact), goodOfRoot], { known: [...others, exact] })).toBe('good');
    expect(await kindOf([of(without), goodOfRoot], { known: [...others, without] })).toBe('good');
    expect(await kindOf([of(exact), goodOfRoot], { known: [...many(), exact] })).toBe('good');
  });
});

describe('a large CRL', () => {
  const padding = extension('1.2.3.4', octetString(Buffer.alloc(1_100_000)));
  it('is verified aside, and once for many logins', async () => {
    const aside = vi.spyOn(SignatureVerifier.prototype, 'verifyAside');
    const crl = new KnownCrl(parseCrl(byMiddle({ extensions: [padding] }), 'large'));
    const verifier = new SignatureVerifier(defaultAlgorithmPolicy);
    expect(await kindOf([crl], { verifier })).toBe('good');
    expect(await kindOf([crl], { verifier })).toBe('good');
    expect(aside).toHaveBeenCalledTimes(1);
    const forged = new KnownCrl(
      parseCrl(issueCrl({ subject: middle.subject, keys: newKeys() }, { extensions: [padding] }), 'forged'),
    );
    expect(await kindOf([forged], { verifier })).toBe('unknown');
    expect(aside).toHaveBeenCalledTimes(2);
    expect(await kindOf([forged], { verifier })).toBe('unknown');
    expect(aside).toHaveBeenCalledTimes(2);
    aside.mockRestore();
  });
});
