/** What templates stand for, kind by kind, and what has no value at all. */
import { describe, expect, it } from 'vitest';
import { parseNameText } from '../../../src/mapping/rules/name-text.ts';
import {
  type AlternativeValue,
  alternativeValues,
  type CertificateWithIdentity,
  templateValue,
} from '../../../src/mapping/sssd/certificate-values.ts';
import type { AlternativeSource, Template } from '../../../src/mapping/sssd/template.ts';

const name = parseNameText('CN=x,O=Acme');
const names = [
  { kind: 'directoryName', name },
  { kind: 'registeredID', oid: '1.2.3' },
  { kind: 'x400Address', der: Buffer.from('a300', 'hex') },
  { kind: 'ediPartyName', der: Buffer.from('a500', 'hex') },
  { kind: 'rfc822Name', value: 'ada@acme.example' },
  { kind: 'dNSName', value: 'ada.acme.example' },
  { kind: 'iPAddress', octets: Buffer.from('c0000201', 'hex') },
  { kind: 'iPAddress', octets: Buffer.from('20010db8000000000000000000000abc', 'hex') },
  { kind: 'iPAddress', octets: Buffer.from('c000020100', 'hex') },
];

const factsOf = (certificate: object, identity: object = {}) =>
  ({
    certificate: { subjectAltName: names, ...certificate },
    identity: { userPrincipalNames: ['ada@acme.example'], ...identity },
  }) as unknown as CertificateWithIdentity;

const templated = (template: Template, facts: CertificateWithIdentity, alternative?: AlternativeValue) =>
  templateValue(template, facts, () => alternative);

describe('the alternative names of a kind', () => {
  it.each<[AlternativeSource, readonly AlternativeValue[]]>([
    ['directoryName', [name]],
    ['registeredID', ['1.2.3']],
    ['x400Address', [Buffer.from('a300', 'hex')]],
    ['ediPartyName', [Buffer.from('a500', 'hex')]],
    ['rfc822Name', ['ada@acme.example']],
    ['iPAddress', ['192.0.2.1', '2001:db8:0:0:0:0:0:abc']],
    ['ntPrincipal', ['ada@acme.example']],
    ['pkinitPrincipal', []],
    ['principal', ['ada@acme.example']],
  ])('%s, and of no other', (source, expected) => expect(alternativeValues(factsOf({}), source)).toEqual(expected));
});

describe('a template without a value', () => {
  const hex = { upper: false, colons: false, reversed: false };
  it.each<[string, Template, CertificateWithIdentity, AlternativeValue | undefined]>([
    ['a negative serial number', { of: 'serialNumber', as: 'decimal' }, factsOf({ serialNumber: -1n }), undefined],
    ['no key identifier', { of: 'subjectKeyIdentifier', hex }, factsOf({}), undefined],
    [
      'an empty key identifier',
      { of: 'subjectKeyIdentifier', hex },
      factsOf({ subjectKeyIdentifier: Buffer.alloc(0) }),
      undefined,
    ],
    ['no SID', { of: 'sid' } as Template, factsOf({}), undefined],
    ['no SID, of which the last number is wanted', { of: 'sid', rid: true } as Template, factsOf({}), undefined],
    ['an empty subject', { of: 'subject', format: 'ad_x500' }, factsOf({ subject: { rdns: [], key: '' } }), undefined],
    [
      'a name before whose sign nothing stands',
      { of: 'alternativeName', source: 'rfc822Name', shortName: true } as Template,
      factsOf({}),
      '@acme.example',
    ],
  ])('%s', (_rule, template, facts, alternative) => expect(templated(template, facts, alternative)).toBeUndefined());

  it('is not that of serial number zero', () => {
    const facts = factsOf({ serialNumber: 0n, serialOctets: Buffer.from([0]) });
    expect(templated({ of: 'serialNumber', as: 'decimal' }, facts)).toBe('0');
    expect(templated({ of: 'serialNumber', as: hex }, facts)).toBe('00');
  });
});

describe('a component of a name', () => {
  const subject = parseNameText('CN=Ada+UID=7,OU=People,OU=Staff,O=Acme');
  const component = (template: object) =>
    templated({ of: 'subjectComponent', ...template } as Template, factsOf({ subject }));

  it.each<[string, object, string | undefined]>([
    ['the first of a type from the most specific end', { type: '2.5.4.11' }, 'People'],
    ['counted from the most specific end', { index: 3 }, 'People'],
    ['counted from the other end', { index: -1 }, 'Acme'],
    ['of a type at a place', { type: '2.5.4.11', index: -2 }, 'Staff'],
    ['of another type than stands at the place', { type: '2.5.4.11', index: -1 }, undefined],
    ['beyond the name', { index: 9 }, undefined],
    ['beyond the name, of a type', { type: '2.5.4.11', index: 9 }, undefined],
  ])('%s', (_rule, template, expected) => expect(component(template)).toBe(expected));
});

it.each<[boolean, string]>([
  [true, 'ada'],
  [false, 'ada.acme.example'],
])('the short form of a DNS name is its first label (%s)', (shortName, expected) => {
  const template = { of: 'alternativeName', source: 'dNSName', shortName } as Template;
  expect(templated(template, factsOf({}), 'ada.acme.example')).toBe(expected);
});
