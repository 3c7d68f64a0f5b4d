/** What a file of certificates, CRLs or OCSP responses may be (RFC 7468), and what makes it refused. The DER itself is not read here. */
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import {
  encodeCertificatePem,
  readCertificateBlocks,
  readCrls,
  readOcspResponses,
  readServedCertificates,
} from '../../../src/pki/encoding/pem.ts';

const octets = (length: number) => Buffer.from(Array.from({ length }, (_, index) => index & 0xff));
const pem = (label: string, body: string, end = label) =>
  Buffer.from(`-----BEGIN ${label}-----\n${body}\n-----END ${label === end ? label : end}-----\n`);
const body = (bytes: Buffer) => bytes.toString('base64');
const refused = (read: () => unknown, why: RegExp) => {
  expect(read).toThrow(MalformedError);
  expect(read).toThrow(why);
};

describe('a certificate written as PEM', () => {
  it.each([
    [1, [4]],
    [48, [64]],
    [49, [64, 4]],
    [100, [64, 64, 8]],
  ])('of %i octets has lines of 64 characters, and reads back', (length, lengths) => {
    const text = encodeCertificatePem(octets(length));
    const [first, ...lines] = text.trimEnd().split('\n');
    expect([first, lines.at(-1), text.endsWith('-----\n')]).toEqual([
      '-----BEGIN CERTIFICATE-----',
      '-----END CERTIFICATE-----',
      true,
    ]);
    expect(lines.slice(0, -1).map((line) => line.length)).toEqual(lengths);
    expect(readCertificateBlocks(Buffer.from(text))).toEqual([octets(length)]);
  });
});

describe('a file', () => {
  const readers = {
    certificates: readCertificateBlocks,
    CRLs: readCrls,
    'OCSP responses': readOcspResponses,
    'served certificates': readServedCertificates,
  };
  it.each<[keyof typeof readers, readonly string[], readonly string[]]>([
    ['certificates', ['CERTIFICATE', 'X509 CERTIFICATE'], ['X509 CRL', 'OCSP RESPONSE', 'PKCS7', 'PRIVATE KEY']],
    ['CRLs', ['X509 CRL'], ['CERTIFICATE', 'OCSP RESPONSE', 'PKCS7', 'PRIVATE KEY']],
    ['OCSP responses', ['OCSP RESPONSE'], ['CERTIFICATE', 'X509 CRL', 'PKCS7', 'PRIVATE KEY']],
    [
      'served certificates',
      ['CERTIFICATE', 'X509 CERTIFICATE', 'PKCS7', 'CMS', 'PKCS #7 SIGNED DATA'],
      ['X509 CRL', 'OCSP RESPONSE', 'PRIVATE KEY'],
    ],
  ])('of %s has blocks of their labels, and of no others', (what, labels, others) => {
    const read = readers[what];
    const all = labels.map((label, index) => pem(label, body(octets(index + 3))));
    expect(read(Buffer.concat(all))).toEqual(labels.map((_, index) => octets(index + 3)));
    for (const label of others)
      refused(
        () => read(Buffer.concat([...all, pem(label, body(octets(3)))])),
        new RegExp(`labelled ${label} where ${labels[0]} is due`),
      );
    refused(() => read(Buffer.from('hello')), new RegExp(`neither DER nor a PEM block labelled ${labels[0]}`));
    expect(read(Buffer.of(0x30, 0))).toEqual([Buffer.of(0x30, 0)]);
  });

  it.each<[string, string, Buffer]>([
    ['on one line', body(octets(90)), octets(90)],
    ['on lines with blanks, tabs and carriage returns', 'AAEC \r\n\t AwQF\r\n\r\n  Bg==', octets(7)],
    ['with one octet in its last group', 'AA==', octets(1)],
    ['with two octets in its last group', 'AAE=', octets(2)],
    ['of nothing', '', Buffer.alloc(0)],
  ])('may have base 64 %s', (_form, text, expected) => {
    expect(readCertificateBlocks(pem('CERTIFICATE', text))).toEqual([expected]);
  });

  it.each([
    ['a character too many', 'AAECA'],
    ['a character too few', 'AAE'],
    ['padding at its beginning', '=AAE'],
    ['padding alone', '===='],
    ['padding inside', 'AA==AAEC'],
    ['too much padding', 'A==='],
    ['padding behind a whole group', 'AAEC='],
    ['too many characters before its padding', 'AAECAwQ=='],
  ])('may not have base 64 with %s', (_fault, text) => {
    refused(() => readCertificateBlocks(pem('CERTIFICATE', text)), /PEM block CERTIFICATE is not base 64/);
  });

  it('may not end a block under another label, or leave one open', () => {
    refused(() => readCertificateBlocks(pem('CERTIFICATE', 'AAEC', 'X509 CERTIFICATE')), /labelled CERTIFICATE/);
    const whole = pem('CERTIFICATE', 'AAEC');
    for (const broken of [
      '-----BEGIN CERTIFICATE-----\nAAEC\n',
      '-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----',
    ])
      refused(() => readCertificateBlocks(Buffer.concat([whole, Buffer.from(broken)])), /holds a broken PEM block/);
  });

  it('may have text around its blocks', () => {
    const file = Buffer.concat([Buffer.from('subject=Person\n'), pem('CERTIFICATE', 'AAEC'), Buffer.from('\n# end\n')]);
    expect(readCertificateBlocks(file)).toEqual([octets(3)]);
  });

  it.each([
    ['nothing', '', ''],
    ['a newline', '\n', ''],
    ['a carriage return and a newline', '\r\n', ''],
    ['two newlines', '\n\n', '\n\n'],
    ['a carriage return', '\r', '\r'],
    ['an octet', 'x', 'x'],
  ])('of DER may end with %s, and only one newline is taken away', (_end, end, kept) => {
    const value = Buffer.of(0x30, 3, 1, 2, 3);
    expect(readCrls(Buffer.concat([value, Buffer.from(end)]))).toEqual([Buffer.concat([value, Buffer.from(kept)])]);
  });
});
