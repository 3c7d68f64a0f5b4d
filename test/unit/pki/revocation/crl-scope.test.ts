/** Of which certificates a CRL speaks, for which reasons, and which delta CRL belongs to it (RFC 5280 5.2.4, 5.2.5, 6.3.3). */
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import { parseCrl } from '../../../../src/pki/crl/crl.ts';
import {
  coveredReasons,
  deltaBelongsTo,
  distributionPointsOf,
  scopeMismatch,
} from '../../../../src/pki/crl/crl-scope.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import {
  explicit,
  implicit,
  integer,
  name,
  namedBits,
  objectIdentifier,
  sequence,
  utf8,
} from '../../../support/der-builder.ts';
import {
  commonName,
  directoryName,
  extension,
  type Issued,
  intermediate,
  issue,
  issueCrl,
  person,
  root,
  uriName,
} from '../../../support/handmade-certificates.ts';

const issuer = root('Issuer');
const other = root('Other');
const flag = (tag: number) => implicit(tag, Buffer.of(0xff));
const reasonFlags = (tag: number, ...bits: readonly number[]) => implicit(tag, namedBits(...bits).subarray(2));
const scope = (...fields: readonly Buffer[]) => extension(oids.issuingDistributionPoint, sequence(...fields), true);
const crlOf = (signer: Issued, ...extensions: readonly Buffer[]) => parseCrl(issueCrl(signer, { extensions }), 'crl');
const fullName = (...names: readonly Buffer[]) => explicit(0, explicit(0, ...names));
/** nameRelativeToCRLIssuer: one attribute below the name of the CRL issuer. */
const relative = (text: string) => explicit(0, explicit(1, sequence(objectIdentifier(oids.commonName), utf8(text))));
const crlIssuer = (subject: Buffer) => explicit(2, directoryName(subject));
const withPoint = (...fields: readonly Buffer[]) =>
  parseCertificate(person(issuer, [extension(oids.crlDistributionPoints, sequence(sequence(...fields)))]).der);
const url = uriName('http://crl.example/a.crl');

/** Why a CRL does not speak of a certificate under the first point that it names. */
function mismatch(certificate: ReturnType<typeof withPoint>, crl: ReturnType<typeof crlOf>): string | undefined {
  const [point] = distributionPointsOf(certificate);
  if (!point) throw new Error('every certificate has a point');
  return scopeMismatch(crl, certificate, point);
}

describe('the points of a certificate', () => {
  it('are those it names and one of the name of its issuer for all reasons (RFC 5280 6.3.3)', () => {
    const points = distributionPointsOf(withPoint(fullName(url), reasonFlags(1, 1)));
    expect(points).toHaveLength(2);
    expect(points[0]).toMatchObject({ reasons: new Set([1]) });
    expect(points[1]).toEqual({
      name: { kind: 'fullName', names: [{ kind: 'directoryName', name: parseCertificate(issuer.der).subject }] },
    });
  });
});

describe('a CRL speaks of a certificate (RFC 5280 6.3.3 (b))', () => {
  const plain = withPoint(fullName(url));
  const below = (text: string) => name([[oids.commonName, 'Issuer']], [[oids.commonName, text]]);
  const indirect = scope(flag(4));
  it.each<[string, ReturnType<typeof withPoint>, ReturnType<typeof crlOf>, RegExp | undefined]>([
    ['of its own issuer', plain, crlOf(issuer), undefined],
    ['not of another issuer', plain, crlOf(other), /not the issuer of the certificate/],
    ['not of another issuer though it is indirect', plain, crlOf(other, indirect), /not the issuer of the certificate/],
    [
      'of the CRL issuer that the point names, if indirect',
      withPoint(fullName(url), crlIssuer(other.subject)),
      crlOf(other, indirect),
      undefined,
    ],
    [
      'of the second CRL issuer that the point names',
      withPoint(fullName(url), explicit(2, directoryName(commonName('x')), directoryName(other.subject))),
      crlOf(other, indirect),
      undefined,
    ],
    [
      'not of the certificate issuer when the point names another',
      withPoint(fullName(url), crlIssuer(other.subject)),
      crlOf(issuer, indirect),
      /another CRL issuer is named/,
    ],
    [
      'not directly for the issuer of another certificate',
      withPoint(fullName(url), crlIssuer(other.subject)),
      crlOf(other),
      /not an indirect CRL/,
    ],
    ['for its point', plain, crlOf(issuer, scope(fullName(url))), undefined],
    [
      'for one of several names of its point',
      withPoint(fullName(uriName('http://b.example/'), url)),
      crlOf(issuer, scope(fullName(uriName('http://c.example/'), url))),
      undefined,
    ],
    ['not for another point', plain, crlOf(issuer, scope(fullName(uriName('http://b.example/')))), /another distrib/],
    [
      'for a point without a name by its CRL issuer',
      withPoint(crlIssuer(other.subject)),
      crlOf(other, scope(fullName(directoryName(other.subject)), flag(4))),
      undefined,
    ],
    [
      'not for a point without a name by another name',
      withPoint(crlIssuer(other.subject)),
      crlOf(other, scope(fullName(url), flag(4))),
      /another distrib/,
    ],
    [
      'for a point relative to the certificate issuer',
      withPoint(relative('1')),
      crlOf(issuer, scope(relative('1'))),
      undefined,
    ],
    [
      'for a relative point written out as a directory name',
      withPoint(fullName(directoryName(below('1')))),
      crlOf(issuer, scope(relative('1'))),
      undefined,
    ],
    [
      'not for another relative point',
      withPoint(relative('1')),
      crlOf(issuer, scope(relative('2'))),
      /another distrib/,
    ],
    [
      'for a point relative to the CRL issuer that is named',
      withPoint(relative('1'), crlIssuer(other.subject)),
      crlOf(other, scope(relative('1'), flag(4))),
      undefined,
    ],
  ])('%s', (_rule, certificate, crl, problem) => {
    const found = mismatch(certificate, crl);
    if (problem) expect(found).toMatch(problem);
    else expect(found).toBeUndefined();
  });

  const ca = parseCertificate(intermediate(issuer).der);
  const noCa = extension(oids.basicConstraints, sequence());
  const denies = parseCertificate(issue(commonName('No CA'), issuer, { extensions: [noCa] }).der);
  it.each([
    ['end entities alone', 1, true, false],
    ['CAs alone', 2, false, true],
    ['attribute certificates alone', 5, false, false],
    ['all (the CRL is indirect only)', 4, true, true],
  ])('of %s', (_scope, tag, ofPersons, ofCas) => {
    const crl = crlOf(issuer, scope(flag(tag)));
    expect(mismatch(plain, crl) === undefined).toBe(ofPersons);
    expect(mismatch(denies, crl) === undefined).toBe(ofPersons);
    expect(mismatch(ca, crl) === undefined).toBe(ofCas);
  });
});

describe('URLs of a point and of a CRL', () => {
  it.each([
    ['https://crl.example:443/a', 'https://crl.example/a', true],
    ['ldaps://dc.example:636/a', 'ldaps://dc.example/a', true],
    ['ftp://ftp.example:21/a', 'ftp://ftp.example/a', true],
    ['http://crl.example:0080/a', 'http://crl.example/a', true],
    ['http://crl.example?a', 'http://crl.example?a', true],
    ['http://u@crl.example/a', 'http://U@crl.example/a', false],
    ['http://u@crl.example/a', 'http://crl.example/a', false],
    ['http://u@CRL.example/a', 'http://u@crl.example/a', true],
    ['http://crl.example:81/a', 'http://crl.example:82/a', false],
    ['http://crl.example:443/a', 'http://crl.example/a', false],
    ['http://crl.example/a', 'http://crl.example/a/', false],
    ['http://crl.example/', 'http://crl.example', true],
    ['urn:a:b', 'urn:a:b', true],
    ['URN:a:b', 'urn:a:b', false],
    ['x http://crl.example/A', 'x http://CRL.example/A', false],
  ])('%s and %s: %s', (ofPoint, ofCrl, match) => {
    const found = mismatch(withPoint(fullName(uriName(ofPoint))), crlOf(issuer, scope(fullName(uriName(ofCrl)))));
    expect(found === undefined).toBe(match);
  });
});

describe('the reasons of which a CRL tells under a point (RFC 5280 6.3.3 (d))', () => {
  it.each<[string, readonly Buffer[], readonly Buffer[], readonly number[]]>([
    ['are all', [], [], [1, 2, 3, 4, 5, 6, 7, 8]],
    ['are those of the CRL', [scope(reasonFlags(3, 1, 2))], [], [1, 2]],
    ['are those of the point', [], [reasonFlags(1, 2, 3)], [2, 3]],
    ['are those of both', [scope(reasonFlags(3, 1, 2))], [reasonFlags(1, 2, 3)], [2]],
    ['are none that RFC 5280 does not define', [scope(reasonFlags(3, 0, 1, 9))], [], [1]],
  ])('%s', (_rule, extensions, reasons, covered) => {
    const [point] = distributionPointsOf(withPoint(fullName(url), ...reasons));
    expect(point && [...coveredReasons(crlOf(issuer, ...extensions), point)]).toEqual(covered);
  });
});

describe('a delta CRL belongs to a complete one (RFC 5280 5.2.4, 6.3.3 (c))', () => {
  const number = (value: number) => extension(oids.crlNumber, integer(value));
  const base = (value: number) => extension(oids.deltaCrlIndicator, integer(value), true);
  const key = (octet: number) => extension(oids.authorityKeyIdentifier, sequence(implicit(0, Buffer.of(octet))));
  const delta = [number(7), base(5)];
  it.each<[string, readonly Buffer[], readonly Buffer[], boolean]>([
    ['of the number of its base', [number(5)], delta, true],
    ['newer than its base', [number(6)], delta, true],
    ['not older than its base', [number(4)], delta, false],
    ['not of its own number', [number(7)], delta, false],
    ['not newer than itself', [number(8)], delta, false],
    ['not without a number', [], delta, false],
    ['not when it has no number itself', [number(5)], [base(5)], false],
    ['not when it is a complete CRL', [number(5)], [number(7)], false],
    ['of the same scope', [number(5), scope(flag(1))], [...delta, scope(flag(1))], true],
    ['not of a wider scope', [number(5)], [...delta, scope(flag(1))], false],
    ['not of a narrower scope', [number(5), scope(flag(1))], delta, false],
    ['not of another scope', [number(5), scope(flag(1))], [...delta, scope(flag(2))], false],
    ['of the same key', [number(5), key(1)], [...delta, key(1)], true],
    ['not of another key', [number(5), key(1)], [...delta, key(2)], false],
    ['not of a key that only one names', [number(5), key(1)], delta, false],
  ])('%s', (_rule, completeExtensions, deltaExtensions, expected) => {
    expect(deltaBelongsTo(crlOf(issuer, ...deltaExtensions), crlOf(issuer, ...completeExtensions))).toBe(expected);
  });

  it('not of another issuer', () => {
    expect(deltaBelongsTo(crlOf(other, ...delta), crlOf(issuer, number(5)))).toBe(false);
  });
});
