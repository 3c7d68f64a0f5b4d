/** What real authorities write that strict DER does not allow: each deviation with the reading that leaves no doubt, or its refusal. */
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { parseCertificatesOnly } from '../../../src/pki/certificate/certificates-only.ts';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { encodeCertificatePem, readCertificates, readCrls } from '../../../src/pki/encoding/pem.ts';
import {
  bitString,
  boolean,
  der,
  explicit,
  implicit,
  integer,
  name,
  objectIdentifier,
  octetString,
  sequence,
  set,
  text,
  time,
} from '../../support/der-builder.ts';
import {
  ca,
  commonName,
  days,
  dnsName,
  extension,
  type Issued,
  intermediate,
  issue,
  issueCrl,
  nameConstraints,
  newKeys,
  person,
  root,
  signed,
  subjectAltName,
  uriName,
} from '../../support/handmade-certificates.ts';
import { verdictOf } from './validator.ts';

const anchor = root();
const latin1 = Buffer.from('España', 'latin1');
const cut = (label: string, encoded: Buffer) =>
  `-----BEGIN ${label}-----\n${encoded.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END ${label}-----\n`;

/** A person with one more extension, below a CA with one more. */
async function verdict(ofPerson: readonly Buffer[], ofAuthority: readonly Buffer[] = []): Promise<string> {
  const issuing = intermediate(anchor, 'Issuing', ofAuthority);
  return verdictOf({ anchors: [anchor] }, [person(issuing, ofPerson), issuing]);
}

const keyUsage = (bits: Buffer) =>
  issue(commonName('x'), anchor, { extensions: [extension(oids.keyUsage, bits, true), clientAuth] });
const clientAuth = extension(oids.extendedKeyUsage, sequence(objectIdentifier(oids.clientAuth)));
const subtree = (minimum: number) =>
  extension(
    oids.nameConstraints,
    sequence(explicit(1, sequence(dnsName('b.example'), implicit(0, Buffer.of(minimum))))),
    true,
  );
const authorityKey = (...fields: readonly Buffer[]) => extension(oids.authorityKeyIdentifier, sequence(...fields));
const points = (...urls: readonly Buffer[]) =>
  extension(oids.crlDistributionPoints, sequence(sequence(explicit(0, explicit(0, ...urls)))));
const policy = sequence(objectIdentifier('1.2.3'));
const bareKey = Buffer.alloc(20, 1);

const v2 = integer(1);
const issuedBy = [sequence(objectIdentifier(oids.ecdsaWithSha256)), anchor.subject];
const head = [...issuedBy, time(days(-1)), time(days(5))];
const entries = (...fields: readonly Buffer[]) => sequence(sequence(integer(7), time(days(-2)), ...fields));
const authorityOfCrl = explicit(0, sequence(extension(oids.authorityKeyIdentifier, bareKey)));

describe('is read, for it leaves no doubt', () => {
  it.each<[string, () => Promise<string>]>([
    [
      'keyUsage with trailing zero bits',
      () => verdictOf({ anchors: [anchor] }, [keyUsage(bitString(Buffer.of(0x80), 0))]),
    ],
    [
      'keyUsage with trailing zero octets',
      () => verdictOf({ anchors: [anchor] }, [keyUsage(bitString(Buffer.of(0x80, 0)))]),
    ],
    [
      'reasons of a distribution point with trailing zero bits',
      () =>
        verdict([
          extension(
            oids.crlDistributionPoints,
            sequence(sequence(explicit(0, explicit(0, uriName('http://a.example'))), implicit(1, Buffer.of(0, 0x60)))),
          ),
        ]),
    ],
    [
      'critical FALSE written out',
      () => verdict([sequence(objectIdentifier('1.2.3'), boolean(false), octetString(integer(1)))]),
    ],
    ['cA FALSE written out', () => verdict([extension(oids.basicConstraints, sequence(boolean(false)))])],
    ['minimum 0 of a subtree written out', () => verdict([], [subtree(0)])],
    [
      'an authority key identifier with the serial number only',
      () => verdict([authorityKey(implicit(2, Buffer.of(5)))]),
    ],
    [
      'an authority key identifier with the issuer only',
      () => verdict([authorityKey(explicit(1, explicit(4, commonName('x'))))]),
    ],
    ['a policy named twice', () => verdict([extension(oids.certificatePolicies, sequence(policy, policy))])],
    ['a URL of a distribution point with an odd octet', () => verdict([points(uriName('ht\u0001p://a.example'))])],
    ['the same of a CA', () => verdict([], [points(uriName('http://a.example'), implicit(6, latin1))])],
    ['an e-mail address of a CA that is not ASCII', () => verdict([], [subjectAltName(implicit(1, latin1))])],
    ['a name of a CA of an unknown kind', () => verdict([], [subjectAltName(implicit(9, Buffer.of(1)))])],
    ['an address of a CA of five octets', () => verdict([], [subjectAltName(implicit(7, Buffer.alloc(5)))])],
    [
      'a directory name of a CA in Latin-1 that says it is UTF-8',
      () => verdict([], [subjectAltName(explicit(4, name([[oids.organizationName, der(0x0c, latin1)]])))]),
    ],
    ['a key identifier that is no OCTET STRING', () => verdict([extension(oids.subjectKeyIdentifier, bareKey)])],
    ['the same of a CA', () => verdict([], [extension(oids.subjectKeyIdentifier, bareKey)])],
    ['an authority key identifier of another type', () => verdict([extension(oids.authorityKeyIdentifier, bareKey)])],
    ['an empty list of distribution points', () => verdict([extension(oids.crlDistributionPoints, sequence())])],
    [
      'an empty distribution point of a CA',
      () => verdict([], [extension(oids.crlDistributionPoints, sequence(sequence()))]),
    ],
    [
      'a distribution point of an issuer with a URL for a name',
      () =>
        verdict([extension(oids.crlDistributionPoints, sequence(sequence(explicit(2, uriName('http://a.example')))))]),
    ],
    ['an empty list of places of delta CRLs', () => verdict([extension(oids.freshestCrl, sequence())])],
    ['a negative serial number', () => verdictOf({ anchors: [anchor] }, [withSerial(der(0x02, Buffer.of(0x80)))])],
    [
      'a serial number of 20 octets and its sign',
      () => verdictOf({ anchors: [anchor] }, [withSerial(integer(1n << 159n))]),
    ],
  ])('%s', async (_what, ask) => {
    expect(await ask()).toBe('valid');
  });

  it('the odd name of a CA, of which the others are kept', () => {
    const { subjectAltName: names } = parseCertificate(
      intermediate(anchor, 'x', [subjectAltName(implicit(2, latin1), dnsName('a.example'))]).der,
    );
    expect(names).toMatchObject([{ kind: 'unreadable' }, { kind: 'dNSName', value: 'a.example' }]);
  });

  it('the odd URL of a distribution point, of which the others are kept', () => {
    const { crlDistributionPoints } = parseCertificate(
      person(anchor, [points(uriName('ht\u0001p://a.example'), uriName('http://b.example'))]).der,
    );
    expect(crlDistributionPoints).toMatchObject([
      { name: { names: [{ kind: 'uniformResourceIdentifier', value: 'http://b.example' }] } },
    ]);
  });

  it('the odd distribution point, of which the others are kept', () => {
    const point = sequence(explicit(0, explicit(0, uriName('http://b.example'))));
    const { crlDistributionPoints } = parseCertificate(
      person(anchor, [extension(oids.crlDistributionPoints, sequence(sequence(), point))]).der,
    );
    expect(crlDistributionPoints).toHaveLength(1);
  });

  it.each<[string, readonly Buffer[]]>([
    ['an empty list of extensions', [v2, ...head, entries(), explicit(0, sequence())]],
    ['an entry of another certificate with an empty list of extensions', [v2, ...head, entries(sequence())]],
    ['version 1 written out', [integer(0), ...head]],
    ['a fraction in its time', [v2, ...issuedBy, text(0x18, '20260530120000.5Z'), time(days(5))]],
    ['an authority key identifier of another type', [v2, ...head, entries(), authorityOfCrl]],
  ])('a CRL with %s', async (_what, fields) => {
    const crls = [{ file: 'odd.crl', der: signed(sequence(...fields), anchor.keys) }];
    const revocation = { mode: 'check' as const, freshness: 0 };
    expect(await verdictOf({ anchors: [anchor], crls, revocation }, [person(anchor)])).toBe('valid');
  });

  it('version 1 written out', () => {
    const old = oldRoot(explicit(0, integer(0)));
    expect(parseCertificate(old).version).toBe(1);
  });

  it('and what is signed stays as it was sent', () => {
    const { der: encoded } = person(anchor, [
      sequence(objectIdentifier('1.2.3'), boolean(false), octetString(integer(1))),
    ]);
    const certificate = parseCertificate(encoded);
    expect(certificate.der).toEqual(encoded);
    expect(encoded.includes(certificate.tbsCertificate)).toBe(true);
  });
});

describe('is refused, for a decision rests on it', () => {
  const names = (...list: readonly Buffer[]) => [subjectAltName(...list)];
  it.each<[string, string, () => Promise<string>]>([
    ['an odd octet in an e-mail address of a card', 'certificate-malformed', () => verdict(names(implicit(1, latin1)))],
    ['an odd octet in a URI of a card', 'certificate-malformed', () => verdict(names(implicit(6, latin1)))],
    ['a name of a card of an unknown kind', 'certificate-malformed', () => verdict(names(implicit(9, Buffer.of(1))))],
    [
      'a serial number with a padding octet',
      'certificate-malformed',
      () => verdictOf({ anchors: [anchor] }, [withSerial(der(0x02, Buffer.of(0, 1)))]),
    ],
    [
      'keyUsage with unused bits set',
      'certificate-malformed',
      () => verdictOf({ anchors: [anchor] }, [keyUsage(bitString(Buffer.of(0x81), 7))]),
    ],
    [
      'TRUE that is not ff',
      'certificate-malformed',
      () => verdict([sequence(objectIdentifier('1.2.3'), der(0x01, Buffer.of(1)), octetString(integer(1)))]),
    ],
    [
      'an extension twice',
      'certificate-malformed',
      () => verdict([extension('1.2.3', integer(1)), extension('1.2.3', integer(1))]),
    ],
    [
      'a subject of a card in Latin-1 that says it is UTF-8',
      'certificate-malformed',
      () => verdictOf({ anchors: [anchor] }, [named(der(0x0c, latin1))]),
    ],
    [
      'a BMPString of odd length in a subject',
      'certificate-malformed',
      () => verdictOf({ anchors: [anchor] }, [named(der(0x1e, Buffer.of(0, 0x41, 0)))]),
    ],
    [
      'notAfter with a fraction',
      'certificate-malformed',
      () => verdictOf({ anchors: [anchor] }, [validUntil(text(0x18, '20400101000000.5Z'))]),
    ],
    [
      'notAfter without seconds',
      'certificate-malformed',
      () => verdictOf({ anchors: [anchor] }, [validUntil(text(0x17, '4001010000Z'))]),
    ],
    // A CA that cannot be read is left out of the search.
    [
      'a critical key identifier that cannot be read',
      'certificate-malformed',
      () => verdict([extension(oids.subjectKeyIdentifier, bareKey, true)]),
    ],
    [
      'a critical distribution point that cannot be read',
      'certificate-malformed',
      () => verdict([extension(oids.crlDistributionPoints, sequence(sequence()), true)]),
    ],
    ['minimum 1 of a subtree', 'path-not-found', () => verdict([], [subtree(1)])],
    ['an odd octet in a constraint', 'path-not-found', () => verdict([], [nameConstraints([implicit(2, latin1)])])],
  ])('%s', async (_what, code, ask) => {
    expect(await ask()).toBe(code);
  });

  it('an odd name of a CA below constraints, which cannot be seen to keep them', async () => {
    const narrow = intermediate(anchor, 'Narrow', [nameConstraints([], [dnsName('b.example')])]);
    const odd = intermediate(narrow, 'Odd', [subjectAltName(implicit(2, latin1))]);
    expect(await verdictOf({ anchors: [anchor] }, [person(odd), odd, narrow])).toBe('name-constraints-violated');
  });

  it('an odd name of a CA certificate that is shown as a card', async () => {
    const shown = issue(commonName('x'), anchor, {
      extensions: [ca(), clientAuth, subjectAltName(implicit(1, latin1))],
    });
    expect(await verdictOf({ anchors: [anchor] }, [shown])).toBe('certificate-malformed');
  });

  it('a length in the long form where the short one does', () => {
    const { der: encoded } = person(anchor);
    // The same octets behind a length of three octets instead of two.
    expect(() => parseCertificate(Buffer.concat([Buffer.of(0x30, 0x83, 0), encoded.subarray(2)]))).toThrow(
      MalformedError,
    );
  });
});

describe('a file or an answer', () => {
  const encoded = anchor.der;
  const message = sequence(
    objectIdentifier(oids.signedData),
    explicit(
      0,
      sequence(integer(1), set(), sequence(objectIdentifier('1.2.840.113549.1.7.1')), explicit(0, encoded), set()),
    ),
  );
  const pem = Buffer.from(encodeCertificatePem(encoded));
  it.each<[string, Buffer]>([
    ['DER', encoded],
    ['DER with a newline behind it', Buffer.concat([encoded, Buffer.from('\n')])],
    ['DER with a newline of Windows behind it', Buffer.concat([encoded, Buffer.from('\r\n')])],
    ['PEM', pem],
    ['PEM with spaces behind its lines', Buffer.from(pem.toString().replaceAll('\n', ' \r\n'))],
    ['a message in DER', message],
    ['a message in PEM', Buffer.from(cut('PKCS7', message))],
    ['a message in PEM as OpenSSL calls it', Buffer.from(cut('CMS', message))],
    [
      'a bundle of which one certificate cannot be read',
      Buffer.concat([pem, Buffer.from(cut('CERTIFICATE', Buffer.of(0x30, 0)))]),
    ],
  ])('of caIssuers may be %s', (_what, bytes) => {
    expect(parseCertificatesOnly(bytes).map(({ der: found }) => found)).toEqual([encoded]);
  });

  it.each<[string, Buffer]>([
    ['two newlines', Buffer.concat([encoded, Buffer.from('\n\n')])],
    ['another octet', Buffer.concat([encoded, Buffer.of(0)])],
    ['another certificate', Buffer.concat([encoded, encoded])],
  ])('may not have %s behind the DER', (_what, bytes) => {
    expect(() => parseCertificatesOnly(bytes)).toThrow(MalformedError);
    expect(() => readCertificates(bytes)).toThrow(MalformedError);
  });

  it('may end with a newline where certificates or CRLs in DER are configured', () => {
    const crl = issueCrl(anchor);
    expect(readCertificates(Buffer.concat([encoded, Buffer.from('\n')]))).toHaveLength(1);
    expect(readCrls(Buffer.concat([crl, Buffer.from('\n')]))).toEqual([crl]);
  });
});

/** A certificate whose TBSCertificate holds these fields. */
function assembled(fields: {
  readonly serial?: Buffer;
  readonly notAfter?: Buffer;
  readonly subject?: Buffer;
}): Issued {
  const keys = newKeys();
  const { serial = integer(7), notAfter = time(days(10)), subject = commonName('x') } = fields;
  const tbs = sequence(
    explicit(0, integer(2)),
    serial,
    sequence(objectIdentifier(oids.ecdsaWithSha256)),
    anchor.subject,
    sequence(time(days(-1)), notAfter),
    subject,
    keys.publicKey.export({ format: 'der', type: 'spki' }),
    explicit(3, sequence(clientAuth)),
  );
  return { der: signed(tbs, anchor.keys), subject, keys };
}

function withSerial(serial: Buffer): Issued {
  return assembled({ serial });
}

function validUntil(notAfter: Buffer): Issued {
  return assembled({ notAfter });
}

function named(value: Buffer): Issued {
  return assembled({ subject: name([[oids.commonName, value]]) });
}

/** A root without extensions. */
function oldRoot(version: Buffer): Buffer {
  const keys = newKeys();
  const subject = commonName('Old root');
  const tbs = sequence(
    version,
    integer(1),
    sequence(objectIdentifier(oids.ecdsaWithSha256)),
    subject,
    sequence(time(days(-1)), time(days(10))),
    subject,
    keys.publicKey.export({ format: 'der', type: 'spki' }),
  );
  return signed(tbs, keys);
}
