import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { parseOcspResponse } from '../../../../src/pki/ocsp/ocsp-response.ts';
import {
  bitString,
  der,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  text,
  time,
} from '../../../support/der-builder.ts';
import { days, extension, intermediate, root } from '../../../support/handmade-certificates.ts';
import { generalizedTime, issueOcsp, ocspError, singleResponse, wrapOcsp } from '../../../support/ocsp-answer.ts';

const anchor = root();
const issuer = intermediate(anchor);
const good = { issuer, serial: 0xe1, thisUpdate: days(-1), nextUpdate: days(1) };
const read = (bytes: Buffer) => parseOcspResponse(bytes, 'http://ocsp.example');
const algorithm = sequence(objectIdentifier(oids.ecdsaWithSha256));
const byKey = explicit(2, octetString(Buffer.alloc(20)));
const madeAt = generalizedTime(days(-1));
const nonce = (value: Buffer) => explicit(1, sequence(extension(oids.ocspNonce, value)));

/** A response with this ResponseData content, unsigned. */
const withData = (...content: readonly Buffer[]) =>
  wrapOcsp(sequence(sequence(...content), algorithm, bitString(Buffer.alloc(8))));
/** A response with one single response of this content. */
const certId = (hash: string = oids.sha1, serial: Buffer = integer(1)) =>
  sequence(sequence(objectIdentifier(hash)), octetString(Buffer.alloc(20)), octetString(Buffer.alloc(20)), serial);
const withSingle = (...content: readonly Buffer[]) => withData(byKey, madeAt, sequence(sequence(...content)));
const isGood = implicit(0);

describe('a response is read', () => {
  it('with its dates, responder, nonce and certificates', () => {
    const response = read(issueOcsp({ ...good, nonce: Buffer.from('nonce'), certificates: [anchor.der, issuer.der] }));
    expect(response).toMatchObject({
      source: 'http://ocsp.example',
      producedAt: days(-1),
      nonce: Buffer.from('nonce'),
      certificates: [anchor.der, issuer.der],
      responses: [
        {
          certId: { hash: 'sha1', serialOctets: Buffer.of(0, 0xe1) },
          certStatus: { status: 'good' },
          thisUpdate: days(-1),
        },
      ],
    });
  });

  it('with reason and date of a revocation', () => {
    const response = read(issueOcsp({ ...good, status: { revokedAt: days(-2), reason: 1 } }));
    const certStatus = { status: 'revoked', revocationDate: days(-2), reason: 'keyCompromise' };
    expect(response).toMatchObject({ responses: [{ certStatus }] });
  });

  it('of a revocation for a reason that is not defined, which lifts nothing', () => {
    const response = read(issueOcsp({ ...good, status: { revokedAt: days(-2), reason: 11 } }));
    expect(response).toMatchObject({ responses: [{ certStatus: { status: 'revoked', reason: 'unspecified' } }] });
  });

  it('of a revocation at a time that cannot be read: it was so by the time of the statement', () => {
    const response = read(withSingle(certId(oids.sha1), explicit(1, text(0x18, '202605301200Z')), madeAt));
    const [single] = typeof response === 'string' ? [] : response.responses;
    expect(single?.certStatus).toEqual({
      status: 'revoked',
      reason: 'unspecified',
      revocationDate: single?.thisUpdate,
    });
  });

  it('though a CertID is hashed by a function that is not known, which then matches nothing', () => {
    const response = read(withSingle(certId('1.2.840.113549.2.5'), isGood, madeAt));
    expect(typeof response !== 'string' && response.responses[0]?.certId).toBeUndefined();
  });

  it.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)('with a CertID of %s', (hash) => {
    expect(read(withSingle(certId(oids[hash]), isGood, madeAt))).toMatchObject({ responses: [{ certId: { hash } }] });
  });

  it('with its SHA-256, the kind of its responder, and no certificates when it brings none', () => {
    const bytes = issueOcsp(good);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(read(bytes)).toMatchObject({ der: bytes, sha256, certificates: [], responderId: { kind: 'byKey' } });
    expect(read(issueOcsp({ ...good, responderId: 'byName' }))).toMatchObject({ responderId: { kind: 'byName' } });
    expect(read(bytes)).not.toHaveProperty('nonce');
  });

  it('of 64 KiB, and not of an octet more', () => {
    const withFiller = (length: number) => issueOcsp({ ...good, certificates: [octetString(Buffer.alloc(length))] });
    const around = withFiller(60_000).length - 60_000;
    // The length of an ECDSA signature varies, so that the filler that fits is sought.
    const fitting = Array.from({ length: 50 }, () => withFiller(65_536 - around)).find(
      ({ length }) => length === 65_536,
    );
    expect(fitting && typeof read(fitting)).toBe('object');
  });

  it.each([
    [1, 'malformedRequest'],
    [2, 'internalError'],
    [3, 'tryLater'],
    [5, 'sigRequired'],
    [6, 'unauthorized'],
  ])('as error %i, %s', (number, name) => expect(read(ocspError(number))).toBe(name));
});

describe('a response that breaks a rule on which no decision rests is read', () => {
  const madeWith = (fraction: string) => withData(byKey, text(0x18, `20260531120000${fraction}Z`), sequence());
  it.each<[string, Buffer, object]>([
    ['with the default version written out', withData(explicit(0, integer(0)), byKey, madeAt, sequence()), {}],
    ['made at a fraction of a second', madeWith('.5'), { producedAt: new Date('2026-05-31T12:00:00Z') }],
    ['made at a fraction that is zero', madeWith('.000'), { producedAt: new Date('2026-05-31T12:00:00Z') }],
    ['with an empty list of extensions', withData(byKey, madeAt, sequence(), explicit(1, sequence())), {}],
    [
      'with an empty list of extensions of a single response',
      withSingle(certId(), isGood, madeAt, explicit(1, sequence())),
      { responses: [{ certStatus: { status: 'good' } }] },
    ],
    [
      'with a nextUpdate at a fraction of a second',
      withSingle(certId(), isGood, madeAt, explicit(0, text(0x18, '20260603120000.25Z'))),
      { responses: [{ nextUpdate: new Date('2026-06-03T12:00:00Z') }] },
    ],
    [
      'with a nonce that is no OCTET STRING',
      withData(byKey, madeAt, sequence(), nonce(integer(1))),
      { nonce: integer(1) },
    ],
    [
      'with a nonce that begins like an OCTET STRING',
      withData(byKey, madeAt, sequence(), nonce(Buffer.of(4, 200, 1))),
      { nonce: Buffer.of(4, 200, 1) },
    ],
    [
      'with a nonce of one octet',
      withData(byKey, madeAt, sequence(), nonce(octetString(Buffer.of(9)))),
      { nonce: Buffer.of(9) },
    ],
    [
      'with a nonce of 127 octets',
      withData(byKey, madeAt, sequence(), nonce(octetString(Buffer.alloc(127)))),
      { nonce: Buffer.alloc(127) },
    ],
    [
      'with a nonce of 129 octets, whose length has its own first octet',
      withData(byKey, madeAt, sequence(), nonce(octetString(Buffer.alloc(129, 0x81)))),
      { nonce: Buffer.alloc(129, 0x81) },
    ],
    [
      'with a nonce that is longer than its OCTET STRING says',
      withData(byKey, madeAt, sequence(), nonce(Buffer.of(4, 1, 1, 1))),
      { nonce: Buffer.of(4, 1, 1, 1) },
    ],
    [
      'with a nonce that is an INTEGER of the length of an OCTET STRING',
      withData(byKey, madeAt, sequence(), nonce(Buffer.of(2, 1, 1))),
      { nonce: Buffer.of(2, 1, 1) },
    ],
    [
      'with a serial number that is not minimal, of which nothing good is believed',
      withSingle(certId(oids.sha1, der(0x02, Buffer.of(0, 1))), isGood, madeAt),
      {
        responses: [
          {
            certId: { serialOctets: Buffer.of(1) },
            notUnderstood: 'its serial number is an INTEGER that is not minimal',
          },
        ],
      },
    ],
    [
      'with 64 single responses',
      issueOcsp({ ...good, others: Array.from({ length: 63 }, () => singleResponse(good)) }),
      { responses: { length: 64 } },
    ],
    [
      'with 256 certificates',
      issueOcsp({ ...good, certificates: Array.from({ length: 256 }, () => sequence()) }),
      { certificates: { length: 256 } },
    ],
    [
      'with a revocation at a fraction of a second',
      withSingle(certId(), explicit(1, text(0x18, '20260530120000.75Z')), madeAt),
      { responses: [{ certStatus: { revocationDate: new Date('2026-05-30T12:00:00Z'), reason: 'unspecified' } }] },
    ],
    ['made at a fraction of nine digits', madeWith('.123456789'), { producedAt: new Date('2026-05-31T12:00:00Z') }],
    [
      'with a nonce of 200 octets',
      withData(byKey, madeAt, sequence(), nonce(octetString(Buffer.alloc(200)))),
      { nonce: Buffer.alloc(200) },
    ],
    [
      'with forty certificates',
      issueOcsp({ ...good, certificates: Array.from({ length: 40 }, () => anchor.der) }),
      { certificates: Array.from({ length: 40 }, () => anchor.der) },
    ],
  ])('%s', (_rule, bytes, expected) => expect(read(bytes)).toMatchObject(expected));
});

describe('a malformed response', () => {
  const valid = issueOcsp(good);
  const singles = (count: number) => Array.from({ length: count }, () => singleResponse(good));
  it.each<[string, Buffer]>([
    ['of nothing', Buffer.alloc(0)],
    ['that is HTML', Buffer.from('<html>')],
    ['with something behind it', Buffer.concat([valid, Buffer.of(0)])],
    ['cut short', valid.subarray(0, -1)],
    ['larger than 64 KiB', issueOcsp({ ...good, certificates: [octetString(Buffer.alloc(65_536))] })],
    ['successful without content', ocspError(0)],
    ['with an undefined error', ocspError(4)],
    ['with an error of two octets', sequence(der(0x0a, Buffer.of(1, 0)))],
    [
      'of another type',
      wrapOcsp(sequence(sequence(byKey, madeAt, sequence()), algorithm, bitString(Buffer.alloc(8))), '1.2.3'),
    ],
    ['with more than 64 single responses', issueOcsp({ ...good, others: singles(64) })],
    [
      'with more than 256 certificates',
      issueOcsp({ ...good, certificates: Array.from({ length: 257 }, () => sequence()) }),
    ],
    ['made at a fraction of ten digits', withData(byKey, text(0x18, '20260531120000.1234567890Z'), sequence())],
    ['with something behind its status', sequence(der(0x0a, Buffer.of(1)), integer(1))],
    ['of an error beside content, cut', sequence(der(0x0a, Buffer.alloc(0)))],
    ['with a status that is not minimal', sequence(der(0x0a, Buffer.of(0, 1)))],
    ['with something behind its data', withData(byKey, madeAt, sequence(), integer(1))],
    ['with something behind a single response', withSingle(certId(), isGood, madeAt, integer(1))],
    ['with something behind a revocation', withSingle(certId(), explicit(1, madeAt, integer(1)), madeAt)],
    ['with a single response that is no SEQUENCE', withData(byKey, madeAt, sequence(integer(1)))],
    ['with an unknown status that has content', withSingle(certId(), implicit(2, Buffer.of(0)), madeAt)],
    ['with a thisUpdate that is a UTCTime', withSingle(certId(), isGood, time(days(-1)))],
    ['with extensions that are no SEQUENCE', withData(byKey, madeAt, sequence(), explicit(1, integer(1)))],
    [
      'with a responder key hash of 21 octets',
      withData(explicit(2, octetString(Buffer.alloc(21))), madeAt, sequence()),
    ],
    ['of version 2', withData(explicit(0, integer(1)), byKey, madeAt, sequence())],
    ['made at half an hour', withData(byKey, text(0x18, '202605311200.5Z'), sequence())],
    ['with a responder of an unknown kind', withData(explicit(3, octetString(Buffer.alloc(20))), madeAt, sequence())],
    [
      'with a responder key hash of 19 octets',
      withData(explicit(2, octetString(Buffer.alloc(19))), madeAt, sequence()),
    ],
    ['made at a UTCTime', withData(byKey, time(days(-1)), sequence())],
    ['with a status of an unknown kind', withSingle(certId(), implicit(3), madeAt)],
    ['with a good status that has content', withSingle(certId(), implicit(0, Buffer.of(0)), madeAt)],
    ['with a nextUpdate that is an UTCTime', withSingle(certId(), isGood, madeAt, explicit(0, time(days(1))))],
  ])('%s is refused', (_rule, bytes) => expect(() => read(bytes)).toThrow(MalformedError));

  const basic = (...content: readonly Buffer[]) => wrapOcsp(sequence(...content));
  const successful = der(0x0a, Buffer.of(0));
  it.each<[string, Buffer]>([
    ['OCSP response', integer(1)],
    ['responseStatus', sequence(der(0x0a, Buffer.of(0, 1)))],
    ['responseBytes', sequence(successful, explicit(0, sequence()))],
    [
      'responseBytes',
      sequence(successful, explicit(0, sequence(objectIdentifier(oids.ocspBasic), octetString(), integer(1)))),
    ],
    ['responseType', sequence(successful, explicit(0, sequence(der(0x06), octetString())))],
    ['BasicOCSPResponse', wrapOcsp(integer(1))],
    [
      'BasicOCSPResponse',
      basic(sequence(byKey, madeAt, sequence()), algorithm, bitString(Buffer.alloc(8)), integer(1)),
    ],
    ['signature of the OCSP response', basic(sequence(), algorithm, bitString(Buffer.alloc(8), 1))],
    [
      'certificates of the OCSP response',
      basic(sequence(), algorithm, bitString(Buffer.alloc(8)), explicit(0, integer(1))),
    ],
    ['ResponseData', withData()],
    ['ResponseData', withData(byKey, madeAt, sequence(), integer(1))],
    ['version', withData(explicit(0, octetString()), byKey, madeAt, sequence())],
    ['version', withData(explicit(0, der(0x02, Buffer.of(0x80))), byKey, madeAt, sequence())],
    ['responderID', withData(explicit(2, integer(1)), madeAt, sequence())],
    ['producedAt', withData(byKey, time(days(-1)), sequence())],
    ['responses', issueOcsp({ ...good, others: singles(64) })],
    ['responseExtensions', withData(byKey, madeAt, sequence(), explicit(1, integer(1)))],
    ['single response', withData(byKey, madeAt, sequence(set(certId(), isGood, madeAt)))],
    ['certID', withSingle(sequence(sequence(objectIdentifier(oids.sha1))), isGood, madeAt)],
    [
      'certID',
      withSingle(
        sequence(sequence(objectIdentifier(oids.sha1)), octetString(), octetString(), integer(1), integer(1)),
        isGood,
        madeAt,
      ),
    ],
    ['hashAlgorithm', withSingle(sequence(sequence()), isGood, madeAt)],
    ['hashAlgorithm', withSingle(sequence(sequence(der(0x06))), isGood, madeAt)],
    ['certStatus', withSingle(certId(), explicit(3, madeAt), madeAt)],
    ['RevokedInfo', withSingle(certId(), explicit(1), madeAt)],
    ['thisUpdate', withSingle(certId(), isGood, time(days(-1)))],
    ['nextUpdate', withSingle(certId(), isGood, madeAt, explicit(0, time(days(1))))],
    ['nextUpdate', withSingle(certId(), isGood, madeAt, explicit(0, madeAt, madeAt))],
    ['singleExtensions', withSingle(certId(), isGood, madeAt, explicit(1, integer(1)))],
  ])('is refused with the name of the structure that is wrong: %s', (structure, bytes) => {
    expect(() => read(bytes)).toThrow(new RegExp(`^${structure} `));
  });

  it('never is anything but a refusal, whichever octet is wrong', () => {
    const whole = issueOcsp({ ...good, nonce: Buffer.alloc(32, 1), certificates: [issuer.der], responderId: 'byName' });
    for (let index = 0; index < whole.length; index++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const altered = Buffer.from(whole);
        altered[index]! ^= change;
        try {
          read(altered);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }
    }
  });
});
