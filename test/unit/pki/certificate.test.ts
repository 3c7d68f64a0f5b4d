import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { readCertificates, readCrls } from '../../../src/pki/encoding/pem.ts';
import {
  bitString,
  boolean,
  der,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  time,
} from '../../support/der-builder.ts';
import {
  commonName,
  days,
  distributionPoint,
  extension,
  issue,
  issueCrl,
  newKeys,
  person,
  root,
  sha256,
  subjectAltName,
} from '../../support/handmade-certificates.ts';

const issuer = root();
const keys = newKeys();
const spki = keys.publicKey.export({ format: 'der', type: 'spki' });
const algorithm = sequence(objectIdentifier(oids.ecdsaWithSha256));
const validity = sequence(time(days(-1)), time(days(1)));
const someExtensions = explicit(3, sequence(extension(oids.subjectKeyIdentifier, octetString(Buffer.from('id')))));
const withExtensions = (...extensions: readonly Buffer[]) => explicit(3, sequence(...extensions));

/** A certificate out of the fields of its TBSCertificate, in order. */
const assemble = (...fields: readonly Buffer[]) =>
  sequence(sequence(...fields), algorithm, bitString(Buffer.alloc(8, 1)));
const v3 = explicit(0, integer(2));
const head = [integer(1), algorithm, commonName('CA'), validity, commonName('x'), spki] as const;
const withExtension = (oid: string, value: Buffer) => assemble(v3, ...head, withExtensions(extension(oid, value)));

describe('a certificate', () => {
  it('becomes facts', () => {
    const { der: encoded } = person(issuer, [subjectAltName(implicit(2, Buffer.from('a.example')))], { serial: 0xe1n });
    const certificate = parseCertificate(encoded);
    expect(certificate).toMatchObject({
      version: 3,
      serialNumber: 0xe1n,
      serialOctets: Buffer.from('00e1', 'hex'),
      sha256: sha256(encoded),
      keyUsage: new Set(['digitalSignature']),
      extendedKeyUsage: [oids.clientAuth],
      subjectAltName: [{ kind: 'dNSName', value: 'a.example' }],
    });
    expect(certificate.issuer.key).toBe(parseCertificate(issuer.der).subject.key);
  });

  it('may be of version 1, without extensions', () => {
    expect(parseCertificate(assemble(...head)).version).toBe(1);
  });

  it('may hold an explicitly encoded cA FALSE, as many CAs write it', () => {
    const encoded = withExtension(oids.basicConstraints, sequence(boolean(false)));
    expect(parseCertificate(encoded).basicConstraints).toEqual({ ca: false });
  });
});

describe('a malformed certificate', () => {
  const ok = assemble(v3, ...head, someExtensions);
  it('is read where it is not malformed', () => expect(parseCertificate(ok).version).toBe(3));

  it.each([
    ['cut short', ok.subarray(0, -1)],
    ['with octets behind it', Buffer.concat([ok, Buffer.from([0])])],
    ['of version 4', assemble(explicit(0, integer(3)), ...head)],
    ['of version 2 with extensions', assemble(explicit(0, integer(1)), ...head, someExtensions)],
    ['with a serial number of 22 octets', assemble(v3, integer(1n << 168n), ...head.slice(1))],
    ['with a padded serial number', assemble(v3, der(0x02, Buffer.from([0, 1])), ...head.slice(1))],
    ['with an empty issuer', assemble(v3, integer(1), algorithm, sequence(), validity, commonName('x'), spki)],
    [
      'with two algorithms that differ',
      assemble(v3, integer(1), sequence(objectIdentifier(oids.sha1WithRsa)), ...head.slice(2)),
    ],
    ['with fields behind the extensions', assemble(v3, ...head, someExtensions, integer(1))],
    [
      'with an extension twice',
      assemble(v3, ...head, withExtensions(extension('1.2.3', integer(1)), extension('1.2.3', integer(1)))),
    ],
    ['larger than 64 KiB', withExtension('1.2.3', octetString(Buffer.alloc(65_536)))],
    ['with an empty extKeyUsage', withExtension(oids.extendedKeyUsage, sequence())],
    ['with an IP address of five octets', withExtension(oids.subjectAltName, sequence(implicit(7, Buffer.alloc(5))))],
    ['with NUL in a dNSName', withExtension(oids.subjectAltName, sequence(implicit(2, Buffer.from('a\0.b'))))],
    [
      'with a general name of a tenth kind',
      withExtension(oids.subjectAltName, sequence(implicit(9, Buffer.from('a')))),
    ],
    [
      'with a negative path length',
      withExtension(oids.basicConstraints, sequence(boolean(true), der(0x02, Buffer.from([0xff])))),
    ],
    ['with empty nameConstraints', withExtension(oids.nameConstraints, sequence())],
    [
      'with a subtree that has a minimum',
      withExtension(
        oids.nameConstraints,
        sequence(explicit(0, sequence(implicit(2, Buffer.from('a')), implicit(0, Buffer.from([1]))))),
      ),
    ],
    ['with empty policyConstraints', withExtension(oids.policyConstraints, sequence())],
  ])('%s is refused', (_rule, encoded) => {
    expect(() => parseCertificate(encoded)).toThrow(MalformedError);
  });

  it('never makes the parser fail otherwise, wherever an octet is changed or the end cut', () => {
    const { der: encoded } = person(issuer, [distributionPoint('http://crl.example/a.crl')]);
    for (let index = 0; index < encoded.length; index++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(encoded);
        changed[index]! ^= change;
        attempt(changed);
      }
      attempt(encoded.subarray(0, index));
    }
  });
});

function attempt(encoded: Buffer): void {
  try {
    parseCertificate(encoded);
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedError);
  }
}

describe('files', () => {
  const pem = (label: string, encoded: Buffer) =>
    `-----BEGIN ${label}-----\n${encoded.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END ${label}-----\n`;
  const first = issuer.der;
  const second = issue(commonName('Second'), undefined).der;

  it('give every certificate of a PEM bundle in order, whatever stands between', () => {
    const file = `subject=Root\n${pem('CERTIFICATE', first)}\r\n# second\n${pem('CERTIFICATE', second)}`;
    expect(readCertificates(Buffer.from(file)).map(({ der: encoded }) => encoded)).toEqual([first, second]);
  });

  it('may be DER', () => expect(readCertificates(first)).toHaveLength(1));

  it('give CRLs', () => {
    const crl = issueCrl(issuer);
    expect(readCrls(Buffer.from(pem('X509 CRL', crl)))).toEqual([crl]);
  });

  it.each([
    ['nothing', ''],
    ['a private key beside the certificate', pem('CERTIFICATE', first) + pem('PRIVATE KEY', second)],
    ['a CRL where a certificate is due', pem('X509 CRL', first)],
    ['a block that is cut', pem('CERTIFICATE', first) + pem('CERTIFICATE', second).slice(0, -20)],
    ['a block that is not base 64', pem('CERTIFICATE', first).replace('M', '')],
    ['labels that differ', pem('CERTIFICATE', first).replace('END CERTIFICATE', 'END X509 CRL')],
  ])('with %s are refused', (_rule, file) => {
    expect(() => readCertificates(Buffer.from(file))).toThrow(MalformedError);
  });
});
