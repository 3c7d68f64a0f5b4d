/** The extensions that path validation processes (RFC 5280 4.2), each by itself: what is read of it, and which structure a fault names. */
import { describe, expect, it } from 'vitest';
import {
  parseApplicationPolicies,
  parseAuthorityKeyIdentifier,
  parseBasicConstraints,
  parseCertificatePolicies,
  parseExtendedKeyUsage,
  parseInhibitAnyPolicy,
  parseKeyUsage,
  parseNameConstraints,
  parsePolicyConstraints,
  parsePolicyMappings,
  parseSubjectAltName,
  parseSubjectKeyIdentifier,
} from '../../../src/pki/certificate/extensions.ts';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import {
  boolean,
  der,
  explicit,
  implicit,
  integer,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
} from '../../support/der-builder.ts';
import { commonName, directoryName, dnsName } from '../../support/handmade-certificates.ts';

const negative = der(0x02, Buffer.of(0xff));
const emptyOid = der(0x06);
const [gold, silver] = ['1.2.1', '1.2.2'].map((oid) => objectIdentifier(oid)) as [Buffer, Buffer];
const subtree = (base: Buffer, ...more: readonly Buffer[]) => sequence(base, ...more);

describe('a fault names the structure that it is in', () => {
  const policies = (value: Buffer) => parseCertificatePolicies(value);
  const ofEntity = (value: Buffer) => parseSubjectAltName(value, false);
  const ofCa = (value: Buffer) => parseSubjectAltName(value, true);
  it.each<[structure: string, parse: (value: Buffer) => unknown, value: Buffer]>([
    ['keyUsage', parseKeyUsage, sequence()],
    ['keyUsage', parseKeyUsage, der(0x03)],
    ['extKeyUsage', parseExtendedKeyUsage, integer(1)],
    ['extKeyUsage', parseExtendedKeyUsage, sequence()],
    ['extKeyUsage', parseExtendedKeyUsage, sequence(...Array.from({ length: 65 }, () => gold))],
    ['purpose in extKeyUsage', parseExtendedKeyUsage, sequence(integer(1))],
    ['purpose in extKeyUsage', parseExtendedKeyUsage, sequence(emptyOid)],
    ['basicConstraints', parseBasicConstraints, integer(1)],
    ['basicConstraints', parseBasicConstraints, sequence(boolean(true), integer(1), integer(1))],
    ['cA', parseBasicConstraints, sequence(der(0x01, Buffer.of(1)))],
    ['pathLenConstraint', parseBasicConstraints, sequence(boolean(true), negative)],
    ['certificatePolicies', policies, integer(1)],
    ['certificatePolicies', policies, sequence()],
    ['certificatePolicies', policies, sequence(...Array.from({ length: 257 }, () => sequence(gold)))],
    ['application policies', parseApplicationPolicies, sequence()],
    ['policy information', policies, sequence(gold)],
    ['policy information', policies, sequence(sequence())],
    ['policy information', policies, sequence(sequence(gold, sequence(), gold))],
    ['policy', policies, sequence(sequence(integer(1)))],
    ['policy', policies, sequence(sequence(emptyOid))],
    ['policyMappings', parsePolicyMappings, integer(1)],
    ['policyMappings', parsePolicyMappings, sequence()],
    ['policyMappings', parsePolicyMappings, sequence(...Array.from({ length: 257 }, () => sequence(gold, silver)))],
    ['policy mapping', parsePolicyMappings, sequence(gold)],
    ['policy mapping', parsePolicyMappings, sequence(sequence(gold, silver, gold))],
    ['issuerDomainPolicy', parsePolicyMappings, sequence(sequence(integer(1), silver))],
    ['subjectDomainPolicy', parsePolicyMappings, sequence(sequence(gold, integer(1)))],
    ['policyConstraints', parsePolicyConstraints, integer(1)],
    ['policyConstraints', parsePolicyConstraints, sequence()],
    ['policyConstraints', parsePolicyConstraints, sequence(implicit(2, Buffer.of(0)))],
    ['requireExplicitPolicy', parsePolicyConstraints, sequence(implicit(0, Buffer.of(0x80)))],
    ['inhibitPolicyMapping', parsePolicyConstraints, sequence(implicit(1, Buffer.of(0x80)))],
    ['inhibitAnyPolicy', parseInhibitAnyPolicy, sequence()],
    ['inhibitAnyPolicy', parseInhibitAnyPolicy, negative],
    ['nameConstraints', parseNameConstraints, integer(1)],
    ['nameConstraints', parseNameConstraints, sequence()],
    ['nameConstraints', parseNameConstraints, sequence(explicit(2, subtree(dnsName('a'))))],
    ['subtrees of nameConstraints', parseNameConstraints, sequence(explicit(0))],
    ['subtree of nameConstraints', parseNameConstraints, sequence(explicit(0, dnsName('a')))],
    [
      'subtree of nameConstraints',
      parseNameConstraints,
      sequence(explicit(1, subtree(dnsName('a'), implicit(1, Buffer.of(9))))),
    ],
    [
      'subtree of nameConstraints',
      parseNameConstraints,
      sequence(explicit(1, subtree(dnsName('a'), implicit(0, Buffer.of(1))))),
    ],
    [
      'minimum of a subtree',
      parseNameConstraints,
      sequence(explicit(0, subtree(dnsName('a'), implicit(0, Buffer.of(0x80))))),
    ],
    ['authorityKeyIdentifier', parseAuthorityKeyIdentifier, integer(1)],
    ['authorityKeyIdentifier', parseAuthorityKeyIdentifier, sequence(implicit(3, Buffer.of(1)))],
    ['subjectKeyIdentifier', parseSubjectKeyIdentifier, integer(1)],
    ['subjectAltName', ofEntity, integer(1)],
    ['subjectAltName', ofCa, integer(1)],
    ['subjectAltName', ofEntity, sequence(...Array.from({ length: 5_000 }, () => dnsName('a')))],
    ['subjectAltName', ofCa, sequence(...Array.from({ length: 5_000 }, () => dnsName('a')))],
    ['iPAddress in subjectAltName', ofEntity, sequence(implicit(7, Buffer.alloc(5)))],
  ])('%s', (structure, parse, value) => {
    expect(() => parse(value)).toThrow(MalformedError);
    expect(() => parse(value)).toThrow(new RegExp(`^${structure} `));
  });
});

describe('an extension is read', () => {
  const names = directoryName(commonName('Issuer'));
  it.each<[string, Buffer, object]>([
    ['with a key identifier alone', sequence(implicit(0, Buffer.of(7))), { keyIdentifier: Buffer.of(7) }],
    [
      'with all of its fields',
      sequence(implicit(0, Buffer.of(7)), explicit(1, names), implicit(2, Buffer.of(9))),
      { keyIdentifier: Buffer.of(7) },
    ],
    ['with an issuer alone', sequence(explicit(1, names)), {}],
    ['with a serial number alone', sequence(implicit(2, Buffer.of(9))), {}],
    ['with nothing', sequence(), {}],
  ])('authorityKeyIdentifier %s', (_what, value, expected) => {
    expect(parseAuthorityKeyIdentifier(value)).toEqual(expected);
  });

  it.each<[string, readonly Buffer[], readonly Buffer[], readonly string[], readonly string[]]>([
    ['that permit', [dnsName('a')], [], ['a'], []],
    ['that exclude', [], [dnsName('b'), dnsName('c')], [], ['b', 'c']],
    ['that do both', [dnsName('a')], [dnsName('b')], ['a'], ['b']],
  ])('nameConstraints %s, by the form of the names', (_what, permitted, excluded, allowed, denied) => {
    const list = (number: number, bases: readonly Buffer[]) =>
      bases.length > 0 ? [explicit(number, ...bases.map((base) => subtree(base)))] : [];
    const found = [...parseNameConstraints(sequence(...list(0, permitted), ...list(1, excluded))).values()];
    expect(found).toHaveLength(1);
    const valuesOf = (all: readonly object[] = []) => all.map((name) => 'value' in name && name.value);
    expect([valuesOf(found[0]?.permitted), valuesOf(found[0]?.excluded)]).toEqual([allowed, denied]);
  });

  it('nameConstraints of several forms, each by itself', () => {
    const value = sequence(explicit(0, subtree(dnsName('a')), subtree(names)), explicit(1, subtree(dnsName('b'))));
    const counts = [...parseNameConstraints(value).values()].map(({ permitted, excluded }) => [
      permitted.length,
      excluded.length,
    ]);
    expect(counts).toEqual([
      [1, 1],
      [1, 0],
    ]);
  });

  it.each<[string, readonly Buffer[], object]>([
    ['the first', [implicit(0, Buffer.of(1))], { requireExplicitPolicy: 1 }],
    ['the second', [implicit(1, Buffer.of(2))], { inhibitPolicyMapping: 2 }],
    [
      'both, of 0',
      [implicit(0, Buffer.of(0)), implicit(1, Buffer.of(0))],
      { requireExplicitPolicy: 0, inhibitPolicyMapping: 0 },
    ],
  ])('policyConstraints with %s', (_what, fields, expected) => {
    expect(parsePolicyConstraints(sequence(...fields))).toEqual(expected);
  });

  it('certificatePolicies with each policy once, and the qualifiers that are not for people', () => {
    const qualified = (...types: readonly Buffer[]) =>
      sequence(gold, sequence(...types.map((type) => sequence(type, integer(1)))));
    const [statement, notice] = [oids.certificationPracticeStatement, oids.userNotice].map(objectIdentifier) as [
      Buffer,
      Buffer,
    ];
    expect(parseCertificatePolicies(sequence(sequence(gold), sequence(silver), sequence(gold)))).toEqual({
      policies: ['1.2.1', '1.2.2'],
      unprocessedQualifiers: [],
    });
    expect(parseCertificatePolicies(sequence(qualified(statement, silver, notice))).unprocessedQualifiers).toEqual([
      '1.2.2',
    ]);
    expect(parseCertificatePolicies(sequence(sequence(gold, sequence(integer(1))))).unprocessedQualifiers).toEqual([
      'that cannot be read',
    ]);
    expect(parseApplicationPolicies(sequence(sequence(gold), sequence(silver)))).toEqual(['1.2.1', '1.2.2']);
  });

  it('the others', () => {
    expect([...parseKeyUsage(namedBits(0, 5, 6, 8))]).toEqual([
      'digitalSignature',
      'keyCertSign',
      'cRLSign',
      'decipherOnly',
    ]);
    expect(parseExtendedKeyUsage(sequence(gold, silver))).toEqual(['1.2.1', '1.2.2']);
    expect(parseBasicConstraints(sequence())).toEqual({ ca: false });
    expect(parseBasicConstraints(sequence(boolean(false), integer(0)))).toEqual({ ca: false, pathLength: 0 });
    expect(parseBasicConstraints(sequence(boolean(true)))).toEqual({ ca: true });
    expect(parsePolicyMappings(sequence(sequence(gold, silver)))).toEqual([
      { issuerDomainPolicy: '1.2.1', subjectDomainPolicy: '1.2.2' },
    ]);
    expect(parseInhibitAnyPolicy(integer(3))).toBe(3);
    expect(parseSubjectKeyIdentifier(octetString(Buffer.of(7)))).toEqual(Buffer.of(7));
    expect([parseSubjectAltName(sequence(), false), parseSubjectAltName(sequence(), true)]).toEqual([[], []]);
    for (const length of [4, 16])
      expect(parseSubjectAltName(sequence(implicit(7, Buffer.alloc(length))), false)).toHaveLength(1);
  });
});
