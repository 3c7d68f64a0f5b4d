/**
 * The structures of certificates hold what their definition names and nothing behind it: what one reader skips and another
 * reads is two certificates in one. The bounds of every list stand here, too.
 */
import { describe, expect, it } from 'vitest';
import { isSelfIssued, parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { parseCertificatesOnly } from '../../../src/pki/certificate/certificates-only.ts';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { describeOid, oids } from '../../../src/pki/encoding/oids.ts';
import { encodeCertificatePem } from '../../../src/pki/encoding/pem.ts';
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
  set,
  time,
} from '../../support/der-builder.ts';
import {
  commonName,
  days,
  dnsName,
  extension,
  newKeys,
  person,
  root,
  uriName,
} from '../../support/handmade-certificates.ts';

const more = integer(1);
const algorithm = sequence(objectIdentifier(oids.ecdsaWithSha256));
const signature = bitString(Buffer.alloc(8, 1));
const spki = newKeys().publicKey.export({ format: 'der', type: 'spki' });
const serial = integer(5);
const [from, until] = [time(days(-1)), time(days(1))];

interface Fields {
  readonly version?: Buffer;
  readonly serial?: Buffer;
  readonly validity?: Buffer;
  /** What follows the public key. */
  readonly rest?: readonly Buffer[];
  /** What follows the signature. */
  readonly behind?: readonly Buffer[];
}

function certificate(fields: Fields): Buffer {
  const { version = explicit(0, integer(2)), validity = sequence(from, until), rest = [], behind = [] } = fields;
  const head = [version, fields.serial ?? serial, algorithm, commonName('CA'), validity, commonName('x'), spki];
  return sequence(sequence(...head, ...rest), algorithm, signature, ...behind);
}

const extended = (...list: readonly Buffer[]) => certificate({ rest: [explicit(3, sequence(...list))] });
/** A certificate with one critical extension: its fields as a SEQUENCE. */
const having = (oid: string, ...fields: readonly Buffer[]) => extended(extension(oid, sequence(...fields), true));
const oid = (index: number) => objectIdentifier(`1.2.3.${index}`);
const many = (count: number, make: (index: number) => Buffer) =>
  Array.from({ length: count }, (_, index) => make(index));
const policy = (index: number) => sequence(oid(index));
const mapping = (index: number) => sequence(oid(index), oid(index + 1));
const subtree = (index: number) => sequence(dnsName(`${index}.example`));
const count = (number: number, value: number) => implicit(number, Buffer.of(value));
const none = Buffer.alloc(0);

describe('a certificate is refused', () => {
  it.each<[string, Buffer]>([
    ['with something behind the signature', certificate({ behind: [more] })],
    ['with something behind the version', certificate({ version: explicit(0, integer(2), more) })],
    ['with a third time', certificate({ validity: sequence(from, until, until) })],
    ['with one time', certificate({ validity: sequence(from) })],
    ['with two lists of extensions', certificate({ rest: [explicit(3, sequence(), sequence())] })],
    ['with a unique identifier in version 1', certificate({ version: none, rest: [implicit(1, Buffer.of(0, 1))] })],
    ['with extensions in version 1', certificate({ version: none, rest: [explicit(3, sequence())] })],
    ['with a negative version', certificate({ version: explicit(0, der(0x02, Buffer.of(0xff))) })],
    ['with something behind the value of an extension', extended(sequence(oid(1), octetString(none), more))],
    ['with an extension that is a SET', extended(set(oid(1), octetString(none)))],
    ['with an extension whose value is no OCTET STRING', extended(sequence(oid(1), integer(1)))],
    ['with 65 extensions', extended(...many(65, (index) => sequence(oid(index), octetString(none))))],
    ['with something behind the path length', having(oids.basicConstraints, boolean(true), integer(0), more)],
    ['with two key usages', extended(extension(oids.keyUsage, Buffer.concat([bitString(none), bitString(none)])))],
    ['with a purpose that is no OBJECT IDENTIFIER', having(oids.extendedKeyUsage, integer(1))],
    ['with 65 purposes', having(oids.extendedKeyUsage, ...many(65, oid))],
    ['with no policy', having(oids.certificatePolicies)],
    ['with a policy that is a SET', having(oids.certificatePolicies, set(oid(1)))],
    [
      'with a policy that is no OBJECT IDENTIFIER',
      having(oids.certificatePolicies, sequence(octetString(Buffer.of(42)))),
    ],
    ['with something behind the qualifiers', having(oids.certificatePolicies, sequence(oid(1), sequence(), more))],
    ['with 257 policies', having(oids.certificatePolicies, ...many(257, policy))],
    ['with no application policy', having(oids.applicationPolicies)],
    ['with no policy mapping', having(oids.policyMappings)],
    ['with a policy mapping that is a SET', having(oids.policyMappings, set(oid(1), oid(2)))],
    ['with a policy mapping of three', having(oids.policyMappings, sequence(oid(1), oid(2), oid(3)))],
    ['with 257 policy mappings', having(oids.policyMappings, ...many(257, mapping))],
    ['with something behind policyConstraints', having(oids.policyConstraints, count(0, 0), count(1, 0), more)],
    ['with a negative policy constraint', having(oids.policyConstraints, count(0, 0xff))],
    ['with two values of inhibitAnyPolicy', extended(extension(oids.inhibitAnyPolicy, Buffer.concat([more, more])))],
    ['with something behind the excluded subtrees', having(oids.nameConstraints, explicit(1, subtree(1)), more)],
    ['with no permitted subtree', having(oids.nameConstraints, explicit(0))],
    ['with no excluded subtree', having(oids.nameConstraints, explicit(0, subtree(1)), explicit(1))],
    ['with a subtree that is a SET', having(oids.nameConstraints, explicit(1, set(dnsName('a'))))],
    [
      'with a maximum of a subtree',
      having(oids.nameConstraints, explicit(1, sequence(dnsName('a'), count(0, 0), count(1, 1)))),
    ],
    ['with 4097 subtrees', having(oids.nameConstraints, explicit(1, ...many(4097, () => sequence(dnsName('a')))))],
    ['with something behind a critical key identifier', having(oids.authorityKeyIdentifier, count(0, 7), more)],
    ['with an address of 15 octets', having(oids.subjectAltName, implicit(7, Buffer.alloc(15)))],
    [
      'with a point of a critical list that cannot be read',
      having(oids.crlDistributionPoints, sequence(explicit(0, explicit(0, uriName('http://a.example'))), more)),
    ],
  ])('%s', (_fault, encoded) => {
    expect(() => parseCertificate(encoded)).toThrow(MalformedError);
  });
});

describe('a certificate is read', () => {
  it.each<[string, Buffer, object]>([
    [
      'of version 2 with both unique identifiers',
      certificate({
        version: explicit(0, integer(1)),
        rest: [implicit(1, Buffer.of(0, 1)), implicit(2, Buffer.of(0, 1))],
      }),
      { version: 2 },
    ],
    ['of version 3 with a unique identifier', certificate({ rest: [implicit(2, Buffer.of(0, 1))] }), { version: 3 }],
    ['of version 1 written out', certificate({ version: explicit(0, integer(0)) }), { version: 1 }],
    [
      'with a serial number of 20 octets and its sign octet',
      certificate({ serial: integer((1n << 160n) - 1n) }),
      { serialNumber: (1n << 160n) - 1n },
    ],
    ['with 64 purposes', having(oids.extendedKeyUsage, ...many(64, oid)), {}],
    ['with 256 policies', having(oids.certificatePolicies, ...many(256, policy)), {}],
    ['with 256 policy mappings', having(oids.policyMappings, ...many(256, mapping)), {}],
    ['with an empty list of extensions', extended(), { extensions: new Map() }],
    [
      'with a path length of 0',
      having(oids.basicConstraints, boolean(true), integer(0)),
      { basicConstraints: { ca: true, pathLength: 0 } },
    ],
    ['without cA', having(oids.basicConstraints), { basicConstraints: { ca: false } }],
    [
      'with a path length beyond every path',
      having(oids.basicConstraints, boolean(true), integer(1n << 40n)),
      { basicConstraints: { ca: true, pathLength: Infinity } },
    ],
    [
      'with policyConstraints of 0',
      having(oids.policyConstraints, count(0, 0)),
      { policyConstraints: { requireExplicitPolicy: 0 } },
    ],
    [
      'with policyConstraints for mappings alone',
      having(oids.policyConstraints, count(1, 0)),
      { policyConstraints: { inhibitPolicyMapping: 0 } },
    ],
    ['with inhibitAnyPolicy 0', extended(extension(oids.inhibitAnyPolicy, integer(0))), { inhibitAnyPolicy: 0 }],
    [
      'with policies once each, and qualifiers that show something to people',
      having(
        oids.certificatePolicies,
        sequence(oid(1), sequence(sequence(objectIdentifier(oids.userNotice)))),
        sequence(oid(1), sequence(sequence(objectIdentifier(oids.certificationPracticeStatement)))),
      ),
      { certificatePolicies: ['1.2.3.1'], unprocessedPolicyQualifiers: [] },
    ],
    [
      'with a qualifier that is not known',
      having(oids.certificatePolicies, sequence(oid(1), sequence(sequence(oid(9))))),
      { unprocessedPolicyQualifiers: ['1.2.3.9'] },
    ],
    [
      'with 65 qualifiers, which count as not understood',
      having(
        oids.certificatePolicies,
        sequence(oid(1), sequence(...many(65, () => sequence(objectIdentifier(oids.userNotice))))),
      ),
      { unprocessedPolicyQualifiers: [expect.any(String)] },
    ],
    [
      'with policy mappings',
      having(oids.policyMappings, mapping(1)),
      { policyMappings: [{ issuerDomainPolicy: '1.2.3.1', subjectDomainPolicy: '1.2.3.2' }] },
    ],
    [
      'with subtrees by the form of their names',
      having(oids.nameConstraints, explicit(0, subtree(1)), explicit(1, subtree(2))),
      {
        nameConstraints: new Map([
          [
            'dNSName',
            {
              permitted: [{ kind: 'dNSName', value: '1.example' }],
              excluded: [{ kind: 'dNSName', value: '2.example' }],
            },
          ],
        ]),
      },
    ],
    [
      'with key identifiers',
      extended(
        extension(oids.subjectKeyIdentifier, octetString(Buffer.of(1, 2))),
        extension(oids.authorityKeyIdentifier, sequence(count(0, 7))),
      ),
      { subjectKeyIdentifier: Buffer.of(1, 2), authorityKeyIdentifier: Buffer.of(7) },
    ],
    [
      'with addresses of both kinds',
      having(oids.subjectAltName, implicit(7, Buffer.alloc(4)), implicit(7, Buffer.alloc(16))),
      { subjectAltName: [{ octets: Buffer.alloc(4) }, { octets: Buffer.alloc(16) }] },
    ],
    ['with no alternative name', having(oids.subjectAltName), { subjectAltName: [] }],
  ])('%s', (_rule, encoded, facts) => {
    expect(parseCertificate(encoded)).toMatchObject(facts);
  });

  it('without extensions, and then holds none of their facts', () => {
    const facts = parseCertificate(certificate({}));
    const absent = [
      'keyUsage',
      'extendedKeyUsage',
      'applicationPolicies',
      'basicConstraints',
      'subjectKeyIdentifier',
    ] as const;
    const others = [
      'authorityKeyIdentifier',
      'certificatePolicies',
      'policyConstraints',
      'inhibitAnyPolicy',
      'nameConstraints',
    ] as const;
    for (const key of [...absent, ...others]) expect(facts[key]).toBeUndefined();
    expect(facts).toMatchObject({ subjectAltName: [], policyMappings: [], unprocessedPolicyQualifiers: [] });
    expect(facts).toMatchObject({ crlDistributionPoints: [], freshestCrl: [], extensions: new Map() });
  });

  it('of 64 KiB, and not of one octet more', () => {
    const filled = (octets: number) => extended(sequence(oid(1), octetString(Buffer.alloc(octets))));
    const octets = 65_536 - (filled(60_000).length - 60_000);
    expect(filled(octets)).toHaveLength(65_536);
    expect(parseCertificate(filled(octets)).version).toBe(3);
    expect(() => parseCertificate(filled(octets + 1))).toThrow(/larger than 64 KiB/);
  });

  it('with 64 extensions', () => {
    const { extensions } = parseCertificate(extended(...many(64, (index) => sequence(oid(index), octetString(none)))));
    expect(extensions.size).toBe(64);
  });

  it('and is self-issued where subject and issuer are one name', () => {
    const authority = root();
    expect(isSelfIssued(parseCertificate(authority.der))).toBe(true);
    expect(isSelfIssued(parseCertificate(person(authority).der))).toBe(false);
  });
});

describe('a message of certificates (RFC 8551 3.8)', () => {
  const authority = root();
  const [first, second] = [authority.der, person(authority).der];
  const broken = sequence();
  const held = (...certificates: readonly Buffer[]) => explicit(0, ...certificates);
  const signedData = (...certificates: readonly Buffer[]) => [more, set(), sequence(), ...certificates, set()];
  const message = (content: readonly Buffer[], type: string = oids.signedData, ...behind: readonly Buffer[]) =>
    sequence(objectIdentifier(type), explicit(0, sequence(...content)), ...behind);
  const found = (encoded: Buffer) => parseCertificatesOnly(encoded).map((certificate) => certificate.der);

  it.each<[string, Buffer, readonly Buffer[]]>([
    ['gives its certificates', message(signedData(held(first, second))), [first, second]],
    ['may hold one', message(signedData(held(second))), [second]],
    ['may hold CRLs beside', message([more, set(), sequence(), held(first), explicit(1, sequence()), set()]), [first]],
    ['gives those that can be read', message(signedData(held(broken, second))), [second]],
    ['gives those among the first eight', message(signedData(held(...Array(9).fill(first)))), Array(8).fill(first)],
    ['may hold a hundred', message(signedData(held(...Array(100).fill(second)))), Array(8).fill(second)],
    [
      'may stand in PEM beside a certificate',
      Buffer.from(
        encodeCertificatePem(first) +
          encodeCertificatePem(message(signedData(held(second)))).replaceAll(' CERTIFICATE-', ' PKCS7-'),
      ),
      [first, second],
    ],
  ])('%s', (_rule, encoded, certificates) => expect(found(encoded)).toEqual(certificates));

  it.each<[string, Buffer]>([
    ['of another type', message(signedData(held(first)), '1.2.840.113549.1.7.1')],
    ['with something behind its content', message(signedData(held(first)), oids.signedData, more)],
    [
      'with two contents',
      sequence(objectIdentifier(oids.signedData), explicit(0, sequence(...signedData(held(first))), sequence())),
    ],
    ['with something behind its signers', message([...signedData(held(first)), more])],
    ['without the set of its signers', message(signedData(held(first)).slice(0, -1))],
    ['without a version', message(signedData(held(first)).slice(1))],
    ['without certificates', message(signedData())],
    ['of one certificate that cannot be read', message(signedData(held(broken)))],
    ['of certificates of which none can be read', message(signedData(held(broken, broken)))],
    ['whose ninth certificate alone can be read', message(signedData(held(...Array(8).fill(broken), first)))],
    ['of 101 certificates', message(signedData(held(...Array(101).fill(second))))],
    ['that is no SEQUENCE', Buffer.concat([set(), first])],
  ])('%s is refused', (_fault, encoded) => expect(() => found(encoded)).toThrow(MalformedError));
});

describe('the table of object identifiers', () => {
  it('holds well-formed ones, each once', () => {
    for (const each of Object.values(oids)) expect(each).toMatch(/^[012](?:\.(?:0|[1-9]\d*))+$/);
    expect(new Set(Object.values(oids)).size).toBe(Object.keys(oids).length);
  });

  it('names those it knows for people', () => {
    expect(describeOid('1.3.6.1.5.5.7.3.2')).toBe('clientAuth (1.3.6.1.5.5.7.3.2)');
    expect(describeOid('1.2.3')).toBe('1.2.3');
  });
});
