/** What is at hand and says revoked wins over whatever says good: by order of methods, kind of evidence, age, and reason. */
import { describe, expect, it } from 'vitest';
import { unrecorded } from '../../../../src/explanation/steps.ts';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import type { RevocationMethod } from '../../../../src/pki/revocation/status-search.ts';
import { der, integer, namedBits, octetString, sequence, text, time } from '../../../support/der-builder.ts';
import {
  type CrlIssuing,
  commonName,
  crlEntry,
  days,
  digitalSignature,
  extension,
  type Issued,
  intermediate,
  issue,
  issueCrl,
  person,
  purposes,
  root,
} from '../../../support/handmade-certificates.ts';
import { issueOcsp, type OcspAnswer, singleResponse } from '../../../support/ocsp-answer.ts';
import { codeOf, validatorFor } from '../validator.ts';

const anchor = root();
const middle = intermediate(anchor);
const serial = 0xe1;
const holder = person(middle, [], { serial });

const reasonOf = (number: number | undefined) =>
  number === undefined ? [] : [extension(oids.reasonCode, der(0x0a, Buffer.of(number)))];
const numbered = (number: number) => extension(oids.crlNumber, integer(number));
const deltaOf = (base: number) => extension(oids.deltaCrlIndicator, integer(base), true);

/** Octets at hand: CRLs and OCSP responses. */
interface Evidence {
  readonly crls?: readonly Buffer[];
  readonly ocsp?: readonly Buffer[];
}

interface Age {
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
}

const old: Age = { thisUpdate: days(-3), nextUpdate: days(4) };
const recent: Age = { thisUpdate: days(-0.001), nextUpdate: days(7) };
const expired: Age = { thisUpdate: days(-3), nextUpdate: days(-2) };

const crl = (age: Age, options: CrlIssuing = {}) => issueCrl(middle, { ...age, ...options });
const answer = (age: Age, options: Partial<OcspAnswer> = {}) =>
  issueOcsp({ issuer: middle, serial, ...age, ...options });
const revokedStatus = (reason: number | undefined) => ({
  revokedAt: days(-4),
  ...(reason !== undefined && { reason }),
});

const listing: Readonly<Record<string, (age: Age, reason: number | undefined) => Evidence>> = {
  'a CRL': (age, reason) => ({ crls: [crl(age, { entries: [crlEntry(serial, reasonOf(reason))] })] }),
  'a delta CRL without its base': (age, reason) => ({
    crls: [crl(age, { entries: [crlEntry(serial, reasonOf(reason))], extensions: [numbered(9), deltaOf(8)] })],
  }),
  'an OCSP answer': (age, reason) => ({ ocsp: [answer(age, { status: revokedStatus(reason) })] }),
  'one of two statements of an OCSP answer': (age, reason) => ({
    ocsp: [
      answer(age, {
        thisUpdate: days(-5),
        nextUpdate: days(5),
        others: [singleResponse({ issuer: middle, serial, ...age, status: revokedStatus(reason) })],
      }),
    ],
  }),
};
const good: Readonly<Record<string, (age: Age) => Evidence>> = {
  'a CRL': (age) => ({ crls: [crl(age, { extensions: [numbered(3)] })] }),
  'a CRL with its delta CRL': (age) => ({
    crls: [
      crl({ ...age, thisUpdate: days(-6) }, { extensions: [numbered(3)] }),
      crl(age, { extensions: [numbered(4), deltaOf(3)] }),
    ],
  }),
  'an OCSP answer': (age) => ({ ocsp: [answer(age)] }),
};

const orders: readonly (readonly RevocationMethod[])[] = [
  ['ocsp', 'crl'],
  ['crl', 'ocsp'],
];

interface World {
  readonly evidence: readonly Evidence[];
  readonly methods?: readonly RevocationMethod[];
  readonly peer?: readonly Issued[];
  readonly known?: readonly Issued[];
}

/** The result for the holder; the evidence about the intermediate is good unless the case brings its own. */
function resultOf({ evidence, methods = ['ocsp', 'crl'], peer = [holder, middle], known = [] }: World) {
  const crls = [issueCrl(anchor, old), ...evidence.flatMap((entry) => entry.crls ?? [])];
  const files = evidence.flatMap((entry) => entry.ocsp ?? []);
  const validator = validatorFor({
    anchors: [anchor],
    intermediates: known,
    crls: crls.map((bytes, index) => ({ file: `${index}.crl`, der: bytes })),
    revocation: {
      mode: 'check',
      freshness: 0,
      methods,
      ocsp: { files: files.map((bytes, index) => ({ file: `${index}.ocsp`, der: bytes })) },
    },
  });
  return validator.validate(
    peer.map((sent) => sent.der),
    unrecorded,
  );
}
const verdictOf = async (world: World) => codeOf(await resultOf(world));

type Row = readonly [
  order: string,
  listed: string,
  reason: string,
  listedAge: string,
  unlisted: string,
  goodAge: string,
  methods: readonly RevocationMethod[],
  evidence: readonly Evidence[],
];

function rows(reasons: readonly (number | undefined)[], ages: readonly (readonly [string, Age, string, Age])[]): Row[] {
  return orders.flatMap((methods) =>
    Object.entries(listing).flatMap(([listed, list]) =>
      reasons.flatMap((reason) =>
        ages.flatMap(([listedAge, ageOfListing, goodAge, ageOfGood]) =>
          Object.entries(good).map(([unlisted, unlist]): Row => {
            const evidence = [unlist(ageOfGood), list(ageOfListing, reason)];
            return [methods.join(), listed, String(reason), listedAge, unlisted, goodAge, methods, evidence];
          }),
        ),
      ),
    ),
  );
}

const title = '[%s] %s with reason %s, %s; %s says good, %s';
const listedFirst = [
  ['older', old, 'newer', recent],
  ['out of date', expired, 'newer', recent],
] as const;
const listedLast = [['newer', recent, 'older', old]] as const;

describe('a revocation wins over good evidence of any age', () => {
  it.each(rows([undefined, 0, 1, 9], [...listedFirst, ...listedLast]))(title, async (...row) => {
    expect(await verdictOf({ methods: row[6], evidence: row[7] })).toBe('certificate-revoked');
  });
});

describe('a hold wins over older good evidence', () => {
  it.each(rows([6, 8], listedLast).filter(([, listed, reason]) => !(listed.startsWith('a delta') && reason === '8')))(
    title,
    async (...row) => {
      expect(await verdictOf({ methods: row[6], evidence: row[7] })).toBe('certificate-revoked');
    },
  );
});

describe('a hold loses to newer good evidence', () => {
  it.each(rows([6, 8], listedFirst))(title, async (...row) => {
    expect(await verdictOf({ methods: row[6], evidence: row[7] })).toBe('valid');
  });
});

describe('several CRLs of one scope', () => {
  const entries = (reason?: number) => [crlEntry(serial, reasonOf(reason))];
  const base = (reason?: number, age = old) => crl(age, { entries: entries(reason), extensions: [numbered(5)] });
  const delta = (options: CrlIssuing, number = 6) =>
    crl(recent, { ...options, extensions: [numbered(number), deltaOf(5)] });
  const middleAge = { thisUpdate: days(-1), nextUpdate: days(1) };
  it.each<readonly [string, readonly Buffer[], string]>([
    [
      'a delta CRL does not take back a revocation of its base',
      [base(1), delta({ entries: entries(8) })],
      'certificate-revoked',
    ],
    ['a delta CRL lifts a hold of its base', [base(6), delta({ entries: entries(8) })], 'valid'],
    ['a delta CRL that is silent lifts no hold', [base(6), delta({})], 'certificate-revoked'],
    [
      'an older delta CRL than the newest revokes',
      [
        crl(old, { extensions: [numbered(5)] }),
        crl(middleAge, { entries: entries(1), extensions: [numbered(6), deltaOf(5)] }),
        delta({}, 7),
      ],
      'certificate-revoked',
    ],
    [
      'an older delta CRL than the newest holds no longer',
      [
        crl(old, { extensions: [numbered(5)] }),
        crl(middleAge, { entries: entries(6), extensions: [numbered(6), deltaOf(5)] }),
        delta({}, 7),
      ],
      'valid',
    ],
    [
      'a base out of date revokes although its delta CRL is silent',
      [base(1, expired), delta({})],
      'certificate-revoked',
    ],
    [
      'a hold of the same moment as good evidence stands',
      [crl(old), crl(old, { entries: entries(6) })],
      'certificate-revoked',
    ],
    [
      'a CRL of another signer revokes no certificate',
      [crl(recent), issueCrl({ subject: middle.subject, keys: anchor.keys }, { ...recent, entries: entries(1) })],
      'valid',
    ],
    [
      'a CRL that begins to hold only later revokes what was revoked by now',
      [crl(old), crl({ thisUpdate: days(1), nextUpdate: days(2) }, { entries: entries(1) })],
      'certificate-revoked',
    ],
    [
      'a CRL that begins to hold only later holds no certificate yet',
      [crl(old), crl({ thisUpdate: days(1), nextUpdate: days(2) }, { entries: entries(6) })],
      'valid',
    ],
  ])('%s', async (_rule, crls, code) => {
    for (const methods of orders) expect(await verdictOf({ methods, evidence: [{ crls }] })).toBe(code);
  });
});

describe('evidence out of date that is all there is', () => {
  it.each([
    ['a revocation', 1, 'a revocation is for ever'],
    ['a hold', 6, 'no newer evidence says that the hold has ended'],
  ])('refuses for %s and says that it is out of date', async (_rule, reason, text) => {
    const ofCrl = await resultOf({ evidence: [listing['a CRL']?.(expired, reason) ?? {}] });
    const ofOcsp = await resultOf({ evidence: [listing['an OCSP answer']?.(expired, reason) ?? {}] });
    for (const result of [ofCrl, ofOcsp]) {
      expect(result).toMatchObject({ denial: { code: 'certificate-revoked', detail: expect.stringContaining(text) } });
      expect(result).toMatchObject({
        denial: { facts: { outOfDate: expect.stringContaining(expired.nextUpdate.toISOString()) } },
      });
    }
  });
});

describe('the rule holds for', () => {
  const goodOfHolder = { crls: [crl(recent)] };

  it('intermediates', async () => {
    const middleSerial = 0x77;
    const ca = issue(commonName('Other'), anchor, {
      serial: middleSerial,
      extensions: [extension(oids.basicConstraints, Buffer.from('30030101ff', 'hex'), true)],
    });
    const peer = [person(ca), ca];
    const evidence = [
      { crls: [issueCrl(ca, recent), issueCrl(anchor, { ...expired, entries: [crlEntry(middleSerial)] })] },
      { ocsp: [issueOcsp({ issuer: anchor, serial: middleSerial, ...recent })] },
    ];
    expect(await verdictOf({ evidence, peer })).toBe('certificate-revoked');
    expect(await verdictOf({ evidence: [{ crls: [issueCrl(ca, recent)] }, ...evidence.slice(1)], peer })).toBe('valid');
  });

  it('CRL signers, whose CRLs then do not count', async () => {
    const signerSerial = 0x78;
    const cRLSign = extension(oids.keyUsage, namedBits(6), true);
    const signer = issue(middle.subject, anchor, { serial: signerSerial, extensions: [cRLSign] });
    const bySigner = { crls: [issueCrl(signer, recent)] };
    const world = { known: [signer], methods: ['crl'] as const };
    expect(await verdictOf({ ...world, evidence: [bySigner] })).toBe('valid');
    const byCrl = { crls: [issueCrl(anchor, { ...expired, entries: [crlEntry(signerSerial)] })] };
    expect(await verdictOf({ ...world, evidence: [bySigner, byCrl] })).toBe('revocation-unknown');
    const status = { revokedAt: days(-4) };
    const byOcsp = { ocsp: [issueOcsp({ issuer: anchor, serial: signerSerial, ...expired, status })] };
    expect(await verdictOf({ ...world, evidence: [bySigner, byOcsp] })).toBe('revocation-unknown');
  });

  it.each([
    ['that CRLs decide on', []],
    ['that need not be asked about', [extension(oids.ocspNoCheck, Buffer.of(5, 0))]],
  ])('OCSP signers %s, whose answers then do not count', async (_rule, extra) => {
    const signerSerial = 0x79;
    const signer = issue(commonName('Responder'), middle, {
      serial: signerSerial,
      extensions: [digitalSignature, purposes(oids.ocspSigning), ...extra],
    });
    const ocsp = [answer(recent, { signer, certificates: [signer.der] })];
    const world = { methods: ['ocsp'] as const };
    const middleGood = { ocsp: [issueOcsp({ issuer: anchor, serial: serialOf(middle), ...recent })] };
    expect(await verdictOf({ ...world, evidence: [goodOfHolder, { ocsp }, middleGood] })).toBe('valid');
    const listed = { crls: [crl(expired, { entries: [crlEntry(signerSerial)] })] };
    expect(await verdictOf({ ...world, evidence: [goodOfHolder, listed, { ocsp }, middleGood] })).toBe(
      'revocation-unknown',
    );
  });

  it('every path: a second one whose CRLs lack the entry does not help', async () => {
    const second = root('Second');
    const cross = issue(middle.subject, second, {
      keys: middle.keys,
      extensions: [extension(oids.basicConstraints, Buffer.from('30030101ff', 'hex'), true)],
    });
    const cRLSign = extension(oids.keyUsage, namedBits(6), true);
    const ofFirst = issue(middle.subject, anchor, { extensions: [cRLSign] });
    const ofSecond = issue(middle.subject, second, { extensions: [cRLSign] });
    const validator = validatorFor({
      anchors: [anchor, second],
      intermediates: [middle, cross, ofFirst, ofSecond],
      crls: [
        issueCrl(anchor, recent),
        issueCrl(second, recent),
        issueCrl(ofFirst, { ...recent, entries: [crlEntry(serial)] }),
        issueCrl(ofSecond, recent),
      ].map((bytes, index) => ({ file: `${index}.crl`, der: bytes })),
      revocation: { mode: 'check', freshness: 0 },
    });
    expect(codeOf(await validator.validate([holder.der], unrecorded))).toBe('certificate-revoked');
  });
});

function serialOf({ der: encoded }: Issued): bigint {
  return parseCertificate(encoded).serialNumber;
}

describe('an entry about the certificate revokes it however it is written, though an older CRL says good', () => {
  const entry = (date: Buffer, ...fields: readonly Buffer[]) => sequence(integer(serial), date, ...fields);
  const date = time(days(-2));
  const reason = (value: Buffer) => sequence(extension(oids.reasonCode, value));
  const listedBy = (options: CrlIssuing) => [{ crls: [crl(old)] }, { crls: [crl(recent, options)] }];

  it.each<readonly [string, Buffer]>([
    ['a date without seconds', entry(text(0x17, '2605301200Z'))],
    ['a date with a fraction', entry(text(0x18, '20260530120000.5Z'))],
    ['a date of another zone', entry(text(0x17, '260530120000+0000'))],
    ['a date that does not exist', entry(text(0x17, '269930120000Z'))],
    ['a reason that is not defined', entry(date, reason(der(0x0a, Buffer.of(11))))],
    ['a reason of two octets', entry(date, reason(der(0x0a, Buffer.of(0, 1))))],
    ['removeFromCRL as an INTEGER', entry(date, reason(integer(8)))],
    ['an empty list of extensions', entry(date, sequence())],
  ])('%s', async (_what, listed) => {
    expect(await verdictOf({ evidence: listedBy({ entries: [listed] }) })).toBe('certificate-revoked');
  });

  it.each<readonly [string, Buffer]>([
    ['an authority key identifier', extension(oids.authorityKeyIdentifier, octetString(Buffer.alloc(20)))],
    ['a number of 24 octets', extension(oids.crlNumber, integer(1n << 185n))],
    ['a number that is not minimal', extension(oids.crlNumber, der(0x02, Buffer.of(0, 0, 5)))],
  ])('and %s of the CRL that cannot be read', async (_what, odd) => {
    const options = { entries: [entry(date)], extensions: [odd] };
    expect(await verdictOf({ evidence: listedBy(options) })).toBe('certificate-revoked');
  });

  it('at the time of its CRL, when its own cannot be read', async () => {
    const result = await resultOf({ evidence: listedBy({ entries: [entry(text(0x17, '2605301200Z'))] }) });
    expect(result).toMatchObject({ denial: { facts: { revocationDate: '2026-06-01T11:58:33.000Z' } } });
  });
});
