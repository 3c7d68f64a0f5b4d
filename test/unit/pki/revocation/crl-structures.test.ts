/** What a CRL is made of, field by field and entry by entry (RFC 5280 section 5): what is read, what is refused, what is not understood. */
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import { parseCrl } from '../../../../src/pki/crl/crl.ts';
import { CrlEntries, indexCrlEntries } from '../../../../src/pki/crl/crl-entries.ts';
import { crlReasonOf, crlReasons, mayBeLifted } from '../../../../src/pki/crl/crl-reason.ts';
import {
  distributionPointNameOf,
  parseDistributionPoints,
  readableDistributionPoints,
} from '../../../../src/pki/crl/distribution-point.ts';
import { MalformedError } from '../../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { defined } from '../../../../src/settings/defined.ts';
import {
  bitString,
  der,
  explicit,
  implicit,
  integer,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  set,
  text,
  time,
} from '../../../support/der-builder.ts';
import {
  commonName,
  days,
  directoryName,
  dnsName,
  extension,
  root,
  sha256,
  uriName,
} from '../../../support/handmade-certificates.ts';

const more = integer(1);
const algorithm = sequence(objectIdentifier(oids.ecdsaWithSha256));
const signature = bitString(Buffer.alloc(8, 1));
const name = commonName('CA');
const [from, until] = [time(days(-1)), time(days(5))];
const none = Buffer.alloc(0);
const yes = Buffer.of(0xff);

interface Fields {
  readonly version?: Buffer;
  readonly thisUpdate?: Buffer;
  readonly nextUpdate?: Buffer;
  readonly entries?: Buffer;
  readonly rest?: readonly Buffer[];
  readonly behind?: readonly Buffer[];
  readonly inner?: Buffer;
}

function crl({ version = integer(1), thisUpdate = from, nextUpdate = until, entries = none, ...more }: Fields): Buffer {
  const { rest = [], behind = [], inner = algorithm } = more;
  return sequence(
    sequence(version, inner, name, thisUpdate, nextUpdate, entries, ...rest),
    algorithm,
    signature,
    ...behind,
  );
}

const parse = (fields: Fields) => parseCrl(crl(fields), 'x');
const extended = (...list: readonly Buffer[]): Fields => ({ rest: [explicit(0, sequence(...list))] });
const having = (oid: string, value: Buffer, critical = false) => extended(extension(oid, value, critical));
const scope = (...fields: readonly Buffer[]) => having(oids.issuingDistributionPoint, sequence(...fields), true);
const url = explicit(0, explicit(0, uriName('http://a/')));

describe('a CRL is refused', () => {
  it.each<[string, Fields]>([
    ['with something behind the signature', { behind: [more] }],
    ['with two algorithms', { inner: sequence(objectIdentifier(oids.ecdsaWithSha384)) }],
    ['with something behind the extensions', { rest: [explicit(0, sequence()), more] }],
    ['with two lists of extensions', { rest: [explicit(0, sequence(), sequence())] }],
    ['without thisUpdate', { thisUpdate: none, nextUpdate: none }],
    ['with a thisUpdate that cannot be read', { thisUpdate: text(0x17, '2601010000Z') }],
    ['with a negative version', { version: der(0x02, yes) }],
    ['with a third time', { entries: until }],
  ])('%s', (_fault, fields) => expect(() => parse(fields)).toThrow(MalformedError));
});

describe('a CRL is read', () => {
  const unread = 'it is of a version of CRLs that has no such content';
  it.each<[string, Fields, object]>([
    ['with its facts', {}, { source: 'x', thisUpdate: days(-1), nextUpdate: days(5), entries: none }],
    ['of version 1 that is left out', { version: none }, { thisUpdate: days(-1) }],
    ['of version 1 written out', { version: integer(0) }, { thisUpdate: days(-1) }],
    ['of version 1 with extensions as not understood', { version: none, ...extended() }, { notUnderstood: unread }],
    ['of version 3 as not understood', { version: integer(2) }, { notUnderstood: unread }],
    ['with entries', { entries: sequence(sequence(integer(7))) }, { entries: sequence(integer(7)) }],
    ['with a GeneralizedTime', { nextUpdate: text(0x18, '20260701000000Z') }, { nextUpdate: new Date('2026-07-01') }],
    ['with a number', having(oids.crlNumber, integer(5)), { crlNumber: 5n }],
    ['with the number 0', having(oids.crlNumber, integer(0)), { crlNumber: 0n }],
    [
      'with a number of 20 octets',
      having(oids.crlNumber, integer((1n << 160n) - 1n)),
      { crlNumber: (1n << 160n) - 1n },
    ],
    ['with a base', having(oids.deltaCrlIndicator, integer(0), true), { deltaBase: 0n }],
    [
      'with a key identifier',
      having(oids.authorityKeyIdentifier, sequence(implicit(0, yes))),
      { authorityKeyIdentifier: yes },
    ],
    ['with a scope that names a place', scope(url), { issuingDistributionPoint: { name: { kind: 'fullName' } } }],
    [
      'for end entities',
      scope(implicit(1, yes)),
      { issuingDistributionPoint: { onlyContainsUserCerts: true, onlyContainsCaCerts: false } },
    ],
    [
      'for CAs',
      scope(implicit(2, yes)),
      { issuingDistributionPoint: { onlyContainsCaCerts: true, indirectCrl: false } },
    ],
    [
      'for some reasons',
      scope(implicit(3, namedBits(1, 4).subarray(2))),
      { issuingDistributionPoint: { onlySomeReasons: new Set([1, 4]) } },
    ],
    [
      'for others’ certificates',
      scope(implicit(4, yes)),
      { issuingDistributionPoint: { indirectCrl: true, onlyContainsAttributeCerts: false } },
    ],
    [
      'for attribute certificates',
      scope(implicit(5, yes)),
      { issuingDistributionPoint: { onlyContainsAttributeCerts: true, onlyContainsUserCerts: false } },
    ],
    ['with an unknown extension', having('1.2.3', more), { thisUpdate: days(-1) }],
    ['with an alternative name of its issuer', having(oids.issuerAltName, sequence(), true), { thisUpdate: days(-1) }],
    ['with a place of newer ones', having(oids.freshestCrl, sequence(), true), { thisUpdate: days(-1) }],
  ])('%s', (_rule, fields, facts) => {
    const found = parse(fields);
    expect(found).toMatchObject(facts);
    if (!('notUnderstood' in facts)) expect(found.notUnderstood).toBeUndefined();
  });

  it.each<[string, Fields]>([
    ['a base that is no number', having(oids.deltaCrlIndicator, octetString(none))],
    ['a base of 21 octets', having(oids.deltaCrlIndicator, integer(1n << 168n))],
    ['something behind the base', having(oids.deltaCrlIndicator, Buffer.concat([more, more]))],
    ['something behind its scope', scope(implicit(1, yes), more)],
    ['a scope of end entities and CAs', scope(implicit(1, yes), implicit(2, yes))],
    ['a scope of end entities and attributes', scope(implicit(1, yes), implicit(5, yes))],
    ['a scope of CAs and attributes', scope(implicit(2, yes), implicit(5, yes))],
    ['a flag that is no BOOLEAN', scope(implicit(1, Buffer.of(1)))],
    ['two names of a scope', scope(explicit(0, explicit(0, uriName('a')), explicit(0, uriName('b'))))],
    ['an unknown critical extension', having('1.2.3', more, true)],
    ['an extension twice', extended(extension('1.2.3', more), extension('1.2.3', more))],
    ['a critical number that cannot be read', having(oids.crlNumber, octetString(none), true)],
    ['a critical key identifier that cannot be read', having(oids.authorityKeyIdentifier, more, true)],
  ])('with %s, but not understood', (_fault, fields) => {
    expect(parse(fields)).toMatchObject({ notUnderstood: expect.any(String), thisUpdate: days(-1) });
  });

  it.each<[string, Fields, keyof ReturnType<typeof parse>]>([
    ['a nextUpdate that cannot be read', { nextUpdate: text(0x17, '2601010000Z') }, 'nextUpdate'],
    ['no nextUpdate', { nextUpdate: none }, 'nextUpdate'],
    ['a number that cannot be read', having(oids.crlNumber, octetString(none)), 'crlNumber'],
    ['a number of 21 octets', having(oids.crlNumber, integer(1n << 168n)), 'crlNumber'],
    ['a key identifier that cannot be read', having(oids.authorityKeyIdentifier, more), 'authorityKeyIdentifier'],
    ['no key identifier in its extension', having(oids.authorityKeyIdentifier, sequence()), 'authorityKeyIdentifier'],
    ['no extensions', {}, 'issuingDistributionPoint'],
  ])('with %s, without that fact', (_rule, fields, fact) => {
    const found = parse(fields);
    expect(found[fact]).toBeUndefined();
    expect(found.notUnderstood).toBeUndefined();
  });

  it('and has the name of its octets', () => {
    const encoded = crl({});
    const found = parseCrl(encoded, 'x');
    expect([found.sha256, found.sha256, found.size]).toEqual([sha256(encoded), sha256(encoded), encoded.length]);
  });
});

const listedAt = days(-1);
const date = time(days(-2));
const entry = (serial: Buffer, ...extensions: readonly Buffer[]) =>
  sequence(serial, date, ...(extensions.length > 0 ? [sequence(...extensions)] : []));
const reason = (number: number) => extension(oids.reasonCode, der(0x0a, Buffer.of(number)));
const ofIssuer = (...names: readonly Buffer[]) => extension(oids.certificateIssuer, sequence(...names), true);
const keyOf = parseCertificate(root('Other').der).subject.key;
const ofOther = ofIssuer(dnsName('x'), directoryName(commonName('Other')));

function indexed(entries: readonly Buffer[], isIndirect = false) {
  const bytes = Buffer.concat(entries);
  const index = new CrlEntries(bytes, indexCrlEntries(bytes, 'ca', isIndirect));
  const find = (serial: number, issuer = 'ca') => index.find(issuer, integer(serial).subarray(2), listedAt)?.reason;
  return { index, find, fault: index.notUnderstood };
}

describe('an entry', () => {
  it.each<[string, Buffer, object]>([
    ['says when and no more', entry(integer(7)), { revocationDate: days(-2), reason: 'unspecified' }],
    ['says why', entry(integer(7), reason(1)), { revocationDate: days(-2), reason: 'keyCompromise' }],
    [
      'says why beside something else',
      entry(integer(7), extension('1.2.3', more), reason(4)),
      { reason: 'superseded' },
    ],
    [
      'with a reason of two octets',
      entry(integer(7), extension(oids.reasonCode, der(0x0a, Buffer.of(0, 6)))),
      { reason: 'unspecified' },
    ],
    [
      'with an invalidity date',
      entry(integer(7), extension(oids.invalidityDate, date, true)),
      { reason: 'unspecified' },
    ],
    [
      'of more than 127 octets',
      entry(integer(7), extension('1.2.3', Buffer.alloc(200)), reason(1)),
      { reason: 'keyCompromise' },
    ],
    [
      'with a fraction of a second',
      sequence(integer(7), text(0x18, '20260530120000.5Z')),
      { revocationDate: days(-2) },
    ],
    [
      'with a date that does not exist',
      sequence(integer(7), text(0x17, '269999000000Z')),
      { revocationDate: listedAt },
    ],
  ])('%s', (_rule, encoded, found) => {
    const { index, fault } = indexed([encoded]);
    expect(index.find('ca', Buffer.of(7), listedAt)).toMatchObject(found);
    expect(fault).toBeUndefined();
    expect(index.find('ca', Buffer.of(8), listedAt)).toBeUndefined();
    expect(index.find('another', Buffer.of(7), listedAt)).toBeUndefined();
  });

  it.each<[string, Buffer, RegExp]>([
    ['with a padded serial number', entry(der(0x02, Buffer.of(0, 7))), /not minimal/],
    ['without a date', sequence(integer(7)), /not as RFC 5280 defines it/],
    ['with another date', sequence(integer(7), octetString(none)), /not as RFC 5280 defines it/],
    ['with extensions that are a SET', sequence(integer(7), date, set()), /not as RFC 5280 defines it/],
    [
      'with something behind its extensions',
      sequence(integer(7), date, sequence(reason(1)), more),
      /more than its definition allows/,
    ],
    [
      'with something behind extensions of another kind',
      sequence(integer(7), date, sequence(extension('1.2.3', more)), more),
      /more than its/,
    ],
    [
      'with an unknown critical extension',
      entry(integer(7), extension('1.2.3', more, true)),
      /critical extension 1\.2\.3/,
    ],
    ['with an extension twice', entry(integer(7), reason(1), reason(1)), /appears twice/],
    ['with an issuer that has no directory name', entry(integer(7), ofIssuer(dnsName('x'))), /no directory name/],
    ['longer than the list', sequence(integer(7), Buffer.of(0x17, 0x7f)), /longer than itself/],
  ])('%s is a revocation, and the list not understood', (_fault, encoded, fault) => {
    const found = indexed([entry(integer(6)), encoded, entry(integer(9))]);
    expect(found.fault).toMatch(fault);
    expect([6, 7, 9].map((serial) => found.find(serial) !== undefined)).toEqual([true, true, true]);
    expect(found.find(8)).toBeUndefined();
  });

  it.each<[string, Buffer]>([
    ['that is a SET', set(integer(7), date)],
    ['without a serial number', sequence(date)],
    ['whose serial number has no octets', entry(der(0x02))],
    ['whose serial number has 21 octets', entry(integer(1n << 168n))],
    ['cut short', Buffer.of(0x30)],
    ['longer than what is left', Buffer.of(0x30, 0x7f, 0)],
    ['with a length that is not minimal', Buffer.of(0x30, 0x81, 0x03, 0x02, 0x01, 0x07)],
  ])('%s makes the list not understood, and takes none before from it', (_fault, encoded) => {
    const found = indexed([entry(integer(6), reason(1)), encoded]);
    expect(found.fault).toEqual(expect.any(String));
    expect(found.find(6)).toBe('keyCompromise');
  });

  it('with a serial number of 20 octets and its sign octet is understood', () => {
    const serial = integer((1n << 160n) - 1n);
    const { index, fault } = indexed([entry(serial)]);
    expect(fault).toBeUndefined();
    expect(index.find('ca', serial.subarray(2), listedAt)).toBeDefined();
  });

  it('is found among hundreds, and no other is', () => {
    const { find, fault } = indexed(
      Array.from({ length: 700 }, (_, at) => entry(integer(2 * at + 1), reason(1 + (at % 5)))),
    );
    for (let at = 0; at < 700; at += 1) {
      expect(find(2 * at + 1)).toBe(crlReasons[1 + (at % 5)]);
      expect(find(2 * at + 2)).toBeUndefined();
    }
    expect(fault).toBeUndefined();
    expect(indexed([]).find(1)).toBeUndefined();
  });
});

describe('the issuer of the certificates that entries list (RFC 5280 5.3.3)', () => {
  const list = [
    entry(integer(1)),
    entry(integer(2), ofOther),
    entry(integer(3)),
    entry(integer(4), ofIssuer(directoryName(name))),
  ];
  const caKey = parseCertificate(root('CA').der).subject.key;

  it('holds until the next in an indirect CRL', () => {
    const { find, fault } = indexed(list, true);
    expect(fault).toBeUndefined();
    expect([1, 2, 3, 4].map((serial) => find(serial))).toEqual(['unspecified', undefined, undefined, undefined]);
    expect([1, 2, 3, 4].map((serial) => find(serial, keyOf))).toEqual([
      undefined,
      'unspecified',
      'unspecified',
      undefined,
    ]);
    expect(find(4, caKey)).toBe('unspecified');
  });

  it('holds for its entry alone in another CRL, which is then not understood', () => {
    const { find, fault } = indexed(list.slice(0, 3));
    expect(fault).toMatch(/not indirect has an entry of another issuer/);
    expect([1, 2, 3].map((serial) => find(serial))).toEqual(['unspecified', undefined, 'unspecified']);
    expect(find(2, keyOf)).toBe('unspecified');
  });

  it('is unknown from an entry on that cannot be read, until the next names one', () => {
    const broken = sequence(integer(2), date, set());
    const { find, fault } = indexed([entry(integer(1)), broken, entry(integer(3)), entry(integer(4), ofOther)], true);
    expect(fault).toEqual(expect.any(String));
    expect([1, 2, 3, 4].map((serial) => find(serial))).toEqual(['unspecified', undefined, undefined, undefined]);
    expect(find(4, keyOf)).toBe('unspecified');
  });

  it('is told of many changes', () => {
    const changing = Array.from({ length: 41 }, (_, at) =>
      entry(integer(at + 1), ofIssuer(directoryName(at % 2 ? name : commonName('Other')))),
    );
    const { find } = indexed(changing, true);
    for (let at = 0; at < 41; at += 1)
      expect([find(at + 1, keyOf), find(at + 1, caKey)].map((found) => found !== undefined)).toEqual([
        at % 2 === 0,
        at % 2 === 1,
      ]);
  });
});

describe('reasons (RFC 5280 5.3.1)', () => {
  it('are told by their number, and other values count as unspecified', () => {
    for (const [number, word] of crlReasons.entries()) expect(crlReasonOf(der(0x0a, Buffer.of(number)))).toBe(word);
    const odd = [
      der(0x0a, Buffer.of(11)),
      der(0x0a, Buffer.of(0, 1)),
      der(0x02, Buffer.of(1)),
      Buffer.of(0x0a, 1, 1, 0),
      none,
      Buffer.of(0x0a, 2, 1),
    ];
    for (const encoded of odd) expect(crlReasonOf(encoded)).toBe('unspecified');
  });

  it('are for ever but a hold and its end', () => {
    expect(crlReasons.filter(mayBeLifted)).toEqual(['certificateHold', 'removeFromCRL']);
  });
});

describe('distribution points (RFC 5280 4.2.1.13)', () => {
  const point = sequence(url);
  const points = (...list: readonly Buffer[]) => sequence(...list);
  const issuers = explicit(2, dnsName('x'), directoryName(name));

  it.each<[string, Buffer, object]>([
    ['with a place', point, { name: { kind: 'fullName', names: [{ value: 'http://a/' }] } }],
    ['with reasons', sequence(url, implicit(1, namedBits(1, 5).subarray(2))), { reasons: new Set([1, 5]) }],
    [
      'with CRL issuers, by their directory names',
      sequence(issuers),
      { crlIssuers: [expect.objectContaining({ key: expect.any(String) })] },
    ],
    [
      'without those names of a place that cannot be read',
      sequence(explicit(0, explicit(0, uriName('h\u0001'), uriName('b')))),
      { name: { names: [{ value: 'b' }] } },
    ],
  ])('%s are read', (_rule, encoded, facts) => {
    for (const read of [parseDistributionPoints, readableDistributionPoints]) {
      const found = read(points(encoded));
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject(facts);
      const isOfReasons = Object.keys(facts).length === 1 && 'reasons' in facts;
      expect(Object.keys(defined(found[0] ?? {}))).toEqual(isOfReasons ? ['name', 'reasons'] : Object.keys(facts));
    }
  });

  it.each<[string, Buffer]>([
    ['that is a SET', set(url)],
    ['with something behind it', sequence(url, more)],
    ['with neither place nor issuer', sequence(implicit(1, namedBits(1).subarray(2)))],
    ['with issuers that have no directory name', sequence(explicit(2, dnsName('x')))],
    ['with two places', sequence(explicit(0, explicit(0, uriName('a')), explicit(0, uriName('b'))))],
    ['with a place of an unknown kind', sequence(explicit(0, explicit(2, uriName('a'))))],
  ])('%s is refused, or left out where it is only help', (_fault, encoded) => {
    expect(() => parseDistributionPoints(points(point, encoded))).toThrow(MalformedError);
    expect(readableDistributionPoints(points(point, encoded, point))).toHaveLength(2);
  });

  it('are 64 at most, and one at least where they must be understood', () => {
    const many = (count: number) => points(...Array.from({ length: count }, () => point));
    for (const read of [parseDistributionPoints, readableDistributionPoints]) {
      expect(read(many(64))).toHaveLength(64);
      expect(() => read(many(65))).toThrow(MalformedError);
    }
    expect(() => parseDistributionPoints(points())).toThrow(MalformedError);
    expect(readableDistributionPoints(points())).toEqual([]);
  });

  it('may be named relative to the CRL issuer', () => {
    const rdn = sequence(objectIdentifier(oids.commonName), text(0x0c, 'x'));
    expect(distributionPointNameOf(explicit(1, rdn))).toMatchObject({ kind: 'nameRelativeToCRLIssuer' });
  });
});
