/**
 * CRLs and OCSP responses that are authentic but hold something that cannot be understood: what they list is revoked (X.509 7.3), and
 * they tell of no certificate that it is good (RFC 5280 5.2, 5.3).
 */
import { describe, expect, it } from 'vitest';
import { unrecorded } from '../../../../src/explanation/steps.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import {
  der,
  explicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  text,
  time,
} from '../../../support/der-builder.ts';
import {
  type CrlIssuing,
  commonName,
  crlEntry,
  days,
  directoryName,
  extension,
  intermediate,
  issueCrl,
  newKeys,
  person,
  root,
  signed,
} from '../../../support/handmade-certificates.ts';
import { issueOcsp, type OcspAnswer } from '../../../support/ocsp-answer.ts';
import { codeOf, validatorFor } from '../validator.ts';

const anchor = root();
const middle = intermediate(anchor);
const serial = 0x51;
const holder = person(middle, [], { serial });

const older = { thisUpdate: days(-3), nextUpdate: days(4) };
const newer = { thisUpdate: days(-1), nextUpdate: days(6) };
const crl = (options: CrlIssuing) => issueCrl(middle, options);
const numbered = (number: number) => extension(oids.crlNumber, integer(number));
const reasonCode = (number: number) => extension(oids.reasonCode, der(0x0a, Buffer.of(number)));
const reasons = (number: number | undefined) => (number === undefined ? [] : [reasonCode(number)]);
const listed = (reason?: number) => crlEntry(serial, reasons(reason));
const unknown = extension('1.2.3.4', integer(1), true);

/** The verdict on the holder by evidence at hand; the CRL about the intermediate is good. */
async function resultOf(crls: readonly Buffer[], responses: readonly Buffer[] = []) {
  const asFiles = (list: readonly Buffer[]) => list.map((bytes, index) => ({ file: `${index}`, der: bytes }));
  const validator = validatorFor({
    anchors: [anchor],
    crls: asFiles([issueCrl(anchor), ...crls]),
    revocation: { mode: 'check', ocsp: { files: asFiles(responses) } },
  });
  return validator.validate([holder.der, middle.der], unrecorded);
}
const verdictOf = async (...evidence: Parameters<typeof resultOf>) => codeOf(await resultOf(...evidence));

/** A fault of the list or of an entry about another certificate. */
const odd: Readonly<Record<string, (issuing: CrlIssuing) => CrlIssuing>> = {
  'an unknown critical extension': withExtensions(unknown),
  'an unknown critical extension whose value is nothing': withExtensions(extension('1.2.3.4', Buffer.alloc(0), true)),
  'an extension twice': withExtensions(numbered(7), numbered(7)),
  'an extension twice that nothing knows': withExtensions(
    extension('1.2.3', integer(1)),
    extension('1.2.3', integer(2)),
  ),
  'an extension three times': withExtensions(numbered(7), numbered(8), numbered(9)),
  'its scope twice': withExtensions(...[1, 2].map((n) => scope(der(0x80 | n, Buffer.of(0xff))))),
  'a scope that cannot be read': withExtensions(scope(integer(1))),
  'a scope that cannot be read and is not critical': withExtensions(
    extension(oids.issuingDistributionPoint, integer(1)),
  ),
  'a scope limited in two ways': withExtensions(scope(der(0x81, Buffer.of(0xff)), der(0x82, Buffer.of(0xff)))),
  'a base number that is no number': withExtensions(extension(oids.deltaCrlIndicator, octetString(), true)),
  'a critical number that is no number': withExtensions(extension(oids.crlNumber, octetString(), true)),
  'a critical key identifier that cannot be read': withExtensions(
    extension(oids.authorityKeyIdentifier, integer(1), true),
  ),
  'a list of extensions whose syntax is broken': withExtensions(integer(1)),
  'an extension that is marked critical by 0x01': withExtensions(
    sequence(der(0x06, Buffer.of(0x2a, 3)), der(0x01, Buffer.of(1)), octetString()),
  ),
  'an entry with an unknown critical extension': withEntry(crlEntry(1, [unknown])),
  'an entry with an extension twice': withEntry(crlEntry(1, [reasonCode(1), reasonCode(1)])),
  'an entry with a padded serial number': withEntry(sequence(der(0x02, Buffer.of(0, 0, 1)), time(days(-2)))),
  'an entry with a padded negative serial number': withEntry(
    sequence(der(0x02, Buffer.of(0xff, 0xff, 1)), time(days(-2))),
  ),
  'an entry with a serial number of no octet': withEntry(sequence(der(0x02), time(days(-2)))),
  'an entry with a serial number of 22 octets': withEntry(sequence(der(0x02, Buffer.alloc(22, 1)), time(days(-2)))),
  'an entry without a date': withEntry(sequence(integer(1))),
  'an entry whose date is no time': withEntry(sequence(integer(1), integer(2))),
  'an entry without a serial number': withEntry(sequence(time(days(-2)))),
  'an empty entry': withEntry(sequence()),
  'an entry with something behind its extensions': withEntry(
    sequence(integer(1), time(days(-2)), sequence(reasonCode(1)), integer(9)),
  ),
  'an entry of another issuer, though it is not indirect': withEntry(
    crlEntry(1, [extension(oids.certificateIssuer, sequence(directoryName(commonName('x'))), true)]),
  ),
};

function withExtensions(...extensions: readonly Buffer[]) {
  return (issuing: CrlIssuing): CrlIssuing => ({
    ...issuing,
    extensions: [...(issuing.extensions ?? []), ...extensions],
  });
}
function withEntry(entry: Buffer) {
  return (issuing: CrlIssuing): CrlIssuing => ({ ...issuing, entries: [entry, ...(issuing.entries ?? [])] });
}
function scope(...content: readonly Buffer[]) {
  return extension(oids.issuingDistributionPoint, sequence(...content), true);
}

describe.each(Object.entries(odd))('a CRL with %s', (_fault, spoilt) => {
  const good = crl(older);
  it.each([undefined, 1, 6])('revokes what it lists with reason %s, beside an older good one', async (reason) => {
    expect(await verdictOf([good, crl(spoilt({ ...newer, entries: [listed(reason)] }))])).toBe('certificate-revoked');
  });

  it('revokes what it lists though a newer one is good', async () => {
    const newest = crl({ thisUpdate: days(-0.1), nextUpdate: days(7) });
    expect(await verdictOf([newest, crl(spoilt({ ...newer, entries: [listed(1)] }))])).toBe('certificate-revoked');
  });

  it('does not tell that what it leaves out is good', async () => {
    expect(await verdictOf([crl(spoilt(newer))])).toBe('revocation-unknown');
  });

  it('leaves an older one that is understood in force', async () => {
    expect(await verdictOf([good, crl(spoilt(newer))])).toBe('valid');
  });

  it.each([undefined, 8])('lifts no hold by silence or by reason %s', async (reason) => {
    const hold = crl({ ...older, entries: [listed(6)] });
    const entries = reason === undefined ? [] : [listed(reason)];
    expect(await verdictOf([hold, crl(spoilt({ ...newer, entries }))])).toBe('certificate-revoked');
  });

  it('holds no longer once a newer one that is understood is silent', async () => {
    const held = crl(spoilt({ ...older, entries: [listed(6)] }));
    expect(await verdictOf([held, crl(newer)])).toBe('valid');
  });

  it('revokes no certificate when another key has signed it', async () => {
    const forger = { subject: middle.subject, keys: newKeys() };
    expect(await verdictOf([good, issueCrl(forger, spoilt({ ...newer, entries: [listed(1)] }))])).toBe('valid');
  });
});

describe('the entry of the certificate itself', () => {
  const padded = der(0x02, Buffer.of(0, 0, serial));
  it.each<[string, Buffer]>([
    ['with an unknown critical extension', crlEntry(serial, [unknown])],
    ['with an unknown critical extension beside a reason', crlEntry(serial, [unknown, reasonCode(1)])],
    ['with its reason twice, a hold and the end of one', crlEntry(serial, [reasonCode(6), reasonCode(8)])],
    ['with a padded serial number', sequence(padded, time(days(-2)))],
    ['with a padded serial number and a reason', sequence(padded, time(days(-2)), sequence(reasonCode(4)))],
    ['without a date', sequence(integer(serial))],
    ['with a date that is no time', sequence(integer(serial), text(0x0c, 'yesterday'))],
    ['with an INTEGER in place of extensions', sequence(integer(serial), time(days(-2)), integer(1))],
    ['with something behind its date', sequence(integer(serial), time(days(-2)), sequence(), integer(1))],
    ['with a broken extension', crlEntry(serial, [integer(1)])],
  ])('%s revokes it', async (_rule, entry) => {
    expect(await verdictOf([crl(older), crl({ ...newer, entries: [entry] })])).toBe('certificate-revoked');
  });

  it.each<[string, readonly Buffer[]]>([
    ['before an entry whose end cannot be told', [listed(1), Buffer.of(0x30, 0x7f, 2, 1, 1)]],
    ['behind an entry that is no SEQUENCE inside', [sequence(octetString()), listed(1)]],
  ])('counts %s', async (_rule, entries) => {
    expect(await verdictOf([crl(older), crl({ ...newer, entries })])).toBe('certificate-revoked');
  });
});

describe('other faults of a list that revokes', () => {
  it('a base CRL that is not understood keeps its hold whatever a delta CRL lifts', async () => {
    const base = crl({ ...older, entries: [listed(6)], extensions: [numbered(5), unknown] });
    const delta = crl({
      ...newer,
      entries: [listed(8)],
      extensions: [numbered(6), extension(oids.deltaCrlIndicator, integer(5), true)],
    });
    expect(await verdictOf([base, delta])).toBe('certificate-revoked');
  });

  const algorithm = sequence(objectIdentifier(oids.ecdsaWithSha256));
  const dates = [time(newer.thisUpdate), time(newer.nextUpdate)];
  const content = [sequence(listed(1))];
  it.each<[string, readonly Buffer[]]>([
    ['of version 1 with extensions', [algorithm, middle.subject, ...dates, ...content, explicit(0, sequence(unknown))]],
    ['of version 3', [integer(2), algorithm, middle.subject, ...dates, ...content]],
    [
      'whose next update is no time',
      [integer(1), algorithm, middle.subject, time(newer.thisUpdate), text(0x17, 'tomorrow'), ...content],
    ],
  ])('a list %s revokes', async (_fault, fields) => {
    expect(await verdictOf([crl(older), signed(sequence(...fields), middle.keys)])).toBe('certificate-revoked');
  });

  it('the refusal says what is not understood, and the record too', async () => {
    const result = await resultOf([crl(older), crl({ ...newer, entries: [listed(1)], extensions: [unknown] })]);
    expect(result).toMatchObject({
      denial: {
        code: 'certificate-revoked',
        detail: expect.stringContaining('it has the unknown critical extension 1.2.3.4'),
        facts: { notUnderstood: 'it has the unknown critical extension 1.2.3.4', reason: 'keyCompromise' },
      },
    });
  });
});

describe('an OCSP response', () => {
  const answer = (options: Partial<OcspAnswer> = {}) => issueOcsp({ issuer: middle, serial, ...newer, ...options });
  const twice = [extension('1.2.3', integer(1)), extension('1.2.3', integer(1))];
  const revoked = (reason: number) => ({ revokedAt: days(-2), reason });
  describe.each<[string, Partial<OcspAnswer>]>([
    ['with an unknown critical extension', { responseExtensions: [unknown] }],
    ['whose single response has an unknown critical extension', { singleExtensions: [unknown] }],
    ['with an extension twice', { responseExtensions: twice }],
    ['whose single response has an extension twice', { singleExtensions: twice }],
  ])('%s', (_fault, fault) => {
    it.each([1, 6])('revokes with reason %s beside an older good CRL', async (reason) => {
      expect(await verdictOf([crl(older)], [answer({ ...fault, status: revoked(reason) })])).toBe(
        'certificate-revoked',
      );
    });
    it('does not tell that the certificate is good', async () => {
      expect(await verdictOf([], [answer(fault)])).toBe('revocation-unknown');
      expect(await verdictOf([crl(older)], [answer(fault)])).toBe('valid');
    });
    it('lifts no hold', async () => {
      expect(await verdictOf([crl({ ...older, entries: [listed(6)] })], [answer(fault)])).toBe('certificate-revoked');
    });
  });
});
