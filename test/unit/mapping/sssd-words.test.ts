/** The words of SSSD’s rules, one by one: keywords, usages, kinds of names, templates, and how a misspelled one is met. */
import { describe, expect, it } from 'vitest';
import { RuleSyntaxError } from '../../../src/mapping/rules/rule-syntax-error.ts';
import { compileExpression } from '../../../src/mapping/sssd/extended-regular-expression.ts';
import { parseExpression } from '../../../src/mapping/sssd/extended-regular-expression-parser.ts';
import { parseSssdMatchRule } from '../../../src/mapping/sssd/sssd-match-rule.ts';
import { parseTemplate } from '../../../src/mapping/sssd/template.ts';
import { attributeTypeNames, attributeTypeOf } from '../../../src/mapping/stored/attribute-names.ts';
import { formatFreeIpa, formatSssd } from '../../../src/mapping/stored/name-formats.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { parseDistinguishedName } from '../../../src/pki/names/distinguished-name.ts';
import { name } from '../../support/der-builder.ts';

function faultOf(work: () => unknown): RuleSyntaxError {
  try {
    work();
  } catch (error) {
    if (error instanceof RuleSyntaxError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
const components = (rule: string) => parseSssdMatchRule(rule).components;

describe('a matching rule', () => {
  it.each([
    'digitalSignature',
    'nonRepudiation',
    'keyEncipherment',
    'dataEncipherment',
    'keyAgreement',
    'keyCertSign',
    'cRLSign',
    'encipherOnly',
    'decipherOnly',
  ])('knows the key usage %s', (usage) => {
    expect(components(`<KU>${usage}`)).toEqual([{ on: 'keyUsage', usages: [usage] }]);
  });

  it.each([
    ['serverAuth', oids.serverAuth],
    ['clientAuth', oids.clientAuth],
    ['codeSigning', oids.codeSigning],
    ['emailProtection', oids.emailProtection],
    ['timeStamping', oids.timeStamping],
    ['OCSPSigning', oids.ocspSigning],
    ['KPClientAuth', oids.pkinitClientAuth],
    ['pkinit', oids.pkinitClientAuth],
    ['msScLogin', oids.smartCardLogon],
    ['1.2.30', '1.2.30'],
  ])('knows the purpose %s', (purpose, oid) => {
    expect(components(`<EKU>${purpose}`)).toEqual([{ on: 'extendedKeyUsage', purposes: [oid] }]);
  });

  it.each<[string, string | object]>([
    ['SAN', 'principal'],
    ['SAN:Principal', 'principal'],
    ['SAN:ntPrincipalName', 'ntPrincipal'],
    ['SAN:pkinit', 'pkinitPrincipal'],
    ['SAN:rfc822Name', 'rfc822Name'],
    ['SAN:dNSName', 'dNSName'],
    ['SAN:uniformResourceIdentifier', 'uniformResourceIdentifier'],
    ['SAN:directoryName', 'directoryName'],
    ['SAN:iPAddress', 'iPAddress'],
    ['SAN:registeredID', 'registeredID'],
    ['SAN:1.2.30', { otherName: '1.2.30' }],
  ])('knows the name <%s>', (keyword, kind) => {
    expect(components(`<${keyword}>a`)).toMatchObject([{ on: 'alternativeName', kind }]);
  });

  it.each(['otherName', 'x400Address', 'ediPartyName'])('knows the octets of <SAN:%s>', (kind) => {
    expect(components(`<SAN:${kind}>YWI=`)).toEqual([{ on: 'octets', kind, octets: Buffer.from('ab') }]);
  });

  it.each<[string, string, 'all' | 'any']>([
    ['with all of its components', '<KU>cRLSign<ISSUER>a', 'all'],
    ['with all of them, said so', 'KRB5:&&<KU>cRLSign<ISSUER>a', 'all'],
    ['with any of them', '||<KU>cRLSign<ISSUER>a', 'any'],
  ])('matches %s', (_rule, source, relation) => {
    expect(parseSssdMatchRule(source)).toMatchObject({ source, relation });
    expect(components(source)).toHaveLength(2);
  });

  it.each<[string, string, string | undefined]>([
    ['', 'is not a row of components', undefined],
    ['KRB5:', 'is not a row of components', undefined],
    ['a<KU>cRLSign', 'is not a row of components', undefined],
    ['LDAP:<KU>cRLSign', 'LDAP: is not a kind of matching rule', undefined],
    ['<KU>crlSign', '<KU>: crlSign is not known', 'cRLSign'],
    ['<KU>', '<KU>: an empty item is not known', undefined],
    ['<KU>cRLSign,', '<KU>: an empty item is not known', undefined],
    ['<EKU>clientAut', '<EKU>: clientAut is not known', 'clientAuth'],
    ['<EKU>1.02', '<EKU>: 1.02 is not known', undefined],
    ['<EKU>x1.2', '<EKU>: x1.2 is not known', undefined],
    ['<EKU>1.2x', '<EKU>: 1.2x is not known', undefined],
    ['<EKU>3.2', '<EKU>: 3.2 is not known', undefined],
    ['<ISUER>a', '<ISUER>: is not a keyword of SSSD', '<ISSUER>'],
    ['<SUBJEKT>a', 'is not a keyword of SSSD', '<SUBJECT>'],
    ['<EKUU>a', 'is not a keyword of SSSD', '<EKU>'],
    ['<SAN:dnsName>a', '<SAN:dnsName>: is not a keyword of SSSD', '<SAN:dNSName>'],
    ['<SAN:>a', 'is not a keyword of SSSD', '<SAN>'],
    ['<XSAN>a', 'is not a keyword of SSSD', '<SAN>'],
    ['<SANX>a', 'is not a keyword of SSSD', '<SAN>'],
    ['<quite something else>a', 'is not a keyword of SSSD', undefined],
    ['<SAN:otherName>', '<SAN:otherName>: is not base64', undefined],
    ['<SAN:otherName>YWI', '<SAN:otherName>: is not base64', undefined],
    ['<SAN:otherName>Y W I=', '<SAN:otherName>: is not base64', undefined],
    ['<SUBJECT>(', '<SUBJECT>: ', undefined],
  ])('%j is refused: %s', (source, message, meant) => {
    const fault = faultOf(() => parseSssdMatchRule(source));
    expect(fault.message).toContain(message);
    expect(fault.meant).toBe(meant);
  });

  it('has at most 32 components and 4096 characters', () => {
    expect(components('<ISSUER>a'.repeat(32))).toHaveLength(32);
    expect(() => parseSssdMatchRule('<ISSUER>a'.repeat(33))).toThrow('more than 32 components');
    const long = (length: number) => `<KU>${'cRLSign,'.repeat(511)}${'x'.repeat(length - 4092)}`;
    expect(() => parseSssdMatchRule(long(4096))).toThrow('xxxx is not known');
    expect(() => parseSssdMatchRule(long(4097))).toThrow('longer than 4096 characters');
  });
});

describe('a template', () => {
  const alternative = (source: string, more: object = {}) => ({
    of: 'alternativeName',
    source,
    shortName: false,
    format: 'nss_ldap',
    ...more,
  });

  it.each([
    ['subject_principal', 'principal', true],
    ['subject_pkinit_principal', 'pkinitPrincipal', true],
    ['subject_nt_principal', 'ntPrincipal', true],
    ['subject_rfc822_name', 'rfc822Name', true],
    ['subject_dns_name', 'dNSName', true],
    ['subject_uri', 'uniformResourceIdentifier', false],
    ['subject_ip_address', 'iPAddress', false],
    ['subject_x400_address', 'x400Address', false],
    ['subject_directory_name', 'directoryName', false],
    ['subject_ediparty_name', 'ediPartyName', false],
    ['subject_registered_id', 'registeredID', false],
  ])('{%s} takes names of the kind %s, short ones: %s', (text, source, hasShort) => {
    expect(parseTemplate(text, 'LDAP')).toEqual(alternative(source));
    const short = () => parseTemplate(`${text}.short_name`, 'LDAP');
    if (hasShort) expect(short()).toEqual(alternative(source, { shortName: true }));
    else expect(short).toThrow(`{${text}.short_name}: .short_name cannot stand here`);
    const formatted = () => parseTemplate(`${text}!ad_x500`, 'LDAP');
    if (source === 'directoryName') expect(formatted()).toEqual(alternative(source, { format: 'ad_x500' }));
    else expect(formatted).toThrow('!ad_x500 cannot stand here');
  });

  it.each([
    ['ad', 'ad_x500'],
    ['ad_x500', 'ad_x500'],
    ['ad_ldap', 'ad_ldap'],
    ['nss', 'nss_ldap'],
    ['nss_ldap', 'nss_ldap'],
    ['nss_x500', 'nss_x500'],
  ])('converts names by !%s', (conversion, format) => {
    expect(parseTemplate(`issuer_dn!${conversion}`, 'LDAP')).toEqual({ of: 'issuer', format });
    expect(parseTemplate(`subject_dn!${conversion}`, 'LDAP')).toEqual({ of: 'subject', format });
  });

  const hex = { upper: false, colons: false, reversed: false };
  it.each<[string, object]>([
    ['issuer_dn', { of: 'issuer', format: 'nss_ldap' }],
    ['subject_dn', { of: 'subject', format: 'nss_ldap' }],
    ['cert', { of: 'certificate', as: 'octets' }],
    ['cert!bin', { of: 'certificate', as: 'octets' }],
    ['cert!base64', { of: 'certificate', as: 'base64' }],
    ['cert!sha1', { of: 'digest', digest: 'sha1', hex }],
    ['cert!SHA384_c', { of: 'digest', digest: 'sha384', hex: { ...hex, colons: true } }],
    ['cert!sha512_U', { of: 'digest', digest: 'sha512', hex: { ...hex, upper: true } }],
    ['subject_key_id', { of: 'subjectKeyIdentifier', hex }],
    ['subject_key_id!hex', { of: 'subjectKeyIdentifier', hex }],
    ['subject_key_id!hex_ucr', { of: 'subjectKeyIdentifier', hex: { upper: true, colons: true, reversed: true } }],
    ['serial_number!DEC', { of: 'serialNumber', as: 'decimal' }],
    ['serial_number!hex', { of: 'serialNumber', as: hex }],
    ['sid', { of: 'sid', rid: false }],
    ['subject_dn_component', { of: 'subjectComponent' }],
    ['issuer_dn_component.cn', { of: 'issuerComponent', type: '2.5.4.3' }],
    ['issuer_dn_component.ou[12]', { of: 'issuerComponent', type: '2.5.4.11', index: 12 }],
    ['certificate_exact', { of: 'certificate', as: 'exact' }],
  ])('{%s} is read', (text, expected) => {
    expect(parseTemplate(text, 'cardgate')).toEqual(expected);
  });

  it.each<[string, 'LDAP' | 'LDAPU1' | 'cardgate', string, string?]>([
    ['subject_nt_pricipal', 'cardgate', '{subject_nt_pricipal} is not a template', '{subject_nt_principal}'],
    ['subject_pricipal.short_name', 'cardgate', 'is not a template', '{subject_principal}'],
    ['isuer_dn!ad', 'cardgate', 'is not a template', '{issuer_dn}'],
    ['Sid', 'cardgate', 'is not a template', '{sid}'],
    ['quite something', 'cardgate', 'is not a template'],
    ['cert!', 'cardgate', 'is not a template', '{cert}'],
    ['cert!sha1?', 'cardgate', 'is not a template', '{cert}'],
    ['sid', 'LDAP', '{sid}: needs the prefix LDAPU1:'],
    ['subject_key_id', 'LDAP', 'needs the prefix LDAPU1:'],
    ['serial_number', 'LDAP', 'needs the prefix LDAPU1:'],
    ['issuer_dn_component', 'LDAP', 'needs the prefix LDAPU1:'],
    ['cert!sha1', 'LDAP', 'needs the prefix LDAPU1:'],
    ['certificate_exact', 'LDAP', 'is not known to SSSD'],
    ['certificate_exact', 'LDAPU1', 'is not known to SSSD'],
    ['certificate_exact.x', 'cardgate', 'x cannot stand here'],
    ['certificate_exact!y', 'cardgate', 'y cannot stand here'],
    ['cert.x', 'cardgate', '.x cannot stand here'],
    ['sid!hex', 'cardgate', '!hex cannot stand here'],
    ['sid.x', 'cardgate', '.x cannot stand here'],
    ['subject_uri.x', 'cardgate', '.x cannot stand here'],
    ['subject_dn!x', 'cardgate', '!x cannot stand here'],
    ['cert!md5', 'cardgate', '!md5 cannot stand here'],
    ['cert!sha256_ux', 'cardgate', '_ux cannot stand here'],
    ['serial_number!xhex', 'cardgate', '!xhex cannot stand here'],
    ['serial_number!hexx', 'cardgate', '!hexx cannot stand here'],
    ['subject_dn_component!hex', 'cardgate', '!hex cannot stand here'],
    ['subject_dn_component.[]', 'cardgate', '.[] cannot stand here'],
    ['subject_dn_component.[123]', 'cardgate', '.[123] cannot stand here'],
    ['subject_dn_component.?cn', 'cardgate', '.?cn cannot stand here'],
    ['subject_dn_component.cn?', 'cardgate', '.cn? cannot stand here'],
    ['subject_dn_component.cn[0]', 'cardgate', 'counted from 1 and from -1'],
  ])('{%s} under %s is refused: %s', (text, dialect, message, meant) => {
    const fault = faultOf(() => parseTemplate(text, dialect));
    expect(fault.message).toContain(message);
    expect(fault.meant).toBe(meant);
  });
});

describe('a regular expression', () => {
  const matches = (expression: string, text: string) => compileExpression(expression).matches(text);
  const inClass = (name: string) =>
    Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))
      .filter((character) => matches(`^[[:${name}:]]$`, character))
      .join('');
  const [digits, lower] = ['0123456789', 'abcdefghijklmnopqrstuvwxyz'];
  const upper = lower.toUpperCase();
  const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
  const graph = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');

  it.each([
    ['alnum', `${digits}${upper}${lower}`],
    ['alpha', `${upper}${lower}`],
    ['blank', '\t '],
    ['digit', digits],
    ['graph', graph],
    ['lower', lower],
    ['print', ` ${graph}`],
    ['punct', punctuation],
    ['space', '\t\n\v\f\r '],
    ['upper', upper],
    ['xdigit', `${digits}ABCDEFabcdef`],
  ])('knows the class %s', (name, members) => {
    expect(inClass(name)).toBe(members);
  });

  it.each<[string, string, string]>([
    ['^[a-c]$', 'abc', '`d-'],
    ['^[c-c]$', 'c', 'bd'],
    ['^[^a-c]$', 'd`', 'abc'],
    ['^[]a]$', ']a', 'b['],
    ['^[^]a]$', 'b', ']a'],
    ['^[a-]$', 'a-', 'b'],
    ['^[-a]$', 'a-', 'b'],
    ['^[%--]$', '%&-', '.a'],
    ['^[a^]$', 'a^', 'b'],
    ['^[[:digit:]x]$', '0x', 'd:'],
  ])('with the set %s', (expression, inside, outside) => {
    for (const character of inside) expect(matches(expression, character)).toBe(true);
    for (const character of outside) expect(matches(expression, character)).toBe(false);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ['^a?$', ['', 'a'], ['aa']],
    ['^a+$', ['a', 'aaa'], ['']],
    ['^a*$', ['', 'aaa'], ['b']],
    ['^a{2}$', ['aa'], ['a', 'aaa']],
    ['^a{2,}$', ['aa', 'aaaaa'], ['a']],
    ['^a{0,2}$', ['', 'a', 'aa'], ['aaa']],
    ['^a{12,13}$', ['a'.repeat(12), 'a'.repeat(13)], ['a'.repeat(11), 'a'.repeat(14)]],
    ['^a{255}$', ['a'.repeat(255)], ['a'.repeat(254)]],
    ['^(ab|c){2}$', ['abab', 'cab'], ['ab', 'abc ']],
    ['a|^b$', ['xax', 'b'], ['bb']],
    ['^.$', ['a', '\n', '😀'], ['']],
    ['^\\.\\*\\[\\]\\^\\$\\(\\)\\|\\+\\?\\{\\}\\\\\\/\\-$', ['.*[]^$()|+?{}\\/-'], ['a']],
  ])('%s matches whole texts', (expression, matching, others) => {
    for (const text of matching) expect(matches(expression, text)).toBe(true);
    for (const text of others) expect(matches(expression, text)).toBe(false);
  });

  it.each([
    ['', 'an empty regular expression'],
    ['a||b', 'an empty alternative or group'],
    ['()', 'an empty alternative or group'],
    ['(a', 'a ( without )'],
    ['a)', 'a ) without ('],
    ['[a', 'a [ without ]'],
    ['[', 'a [ without ]'],
    ['[a-', 'a [ without ]'],
    ['*a', 'a * with nothing to repeat'],
    ['+a', 'a + with nothing to repeat'],
    ['?a', 'a ? with nothing to repeat'],
    ['{1}a', 'a { with nothing to repeat'],
    ['a**', 'two repetitions in a row'],
    ['a+?', 'two repetitions in a row'],
    ['^*', 'repeats an anchor'],
    ['$+', 'repeats an anchor'],
    ['a{', 'a { that begins no repetition'],
    ['a{x}', 'a { that begins no repetition'],
    ['a{1000}', 'a { that begins no repetition'],
    ['a{256}', '{256} is not a repetition'],
    ['a{1,256}', '{1,256} is not a repetition'],
    ['a{256,}', '{256,} is not a repetition'],
    ['a{3,2}', '{3,2} is not a repetition'],
    ['\\1', 'a back-reference'],
    ['\\0', '\\0 means nothing'],
    ['\\w', '\\w means nothing'],
    ['a\\', '\\ means nothing'],
    ['[b-a]', 'a range that runs backwards'],
    ['[[.a.]]', 'a collating element'],
    ['[[=a=]]', 'a collating element'],
    ['[[:word:]]', '[:word:] is not a character class'],
    [`${'('.repeat(17)}a${')'.repeat(17)}`, 'nests deeper than 16 groups'],
    ['a'.repeat(1025), 'longer than 1024 characters'],
  ])('%.20j is refused: %s', (source, message) => {
    expect(() => parseExpression(source)).toThrow(RuleSyntaxError);
    expect(() => parseExpression(source)).toThrow(message);
  });

  it('may have 1024 characters and 16 groups in each other', () => {
    expect(() => parseExpression('a'.repeat(1024))).not.toThrow();
    expect(() => parseExpression(`${'('.repeat(16)}a${')'.repeat(16)}`)).not.toThrow();
  });
});

describe('attribute types', () => {
  const nameWith = (type: string) => parseDistinguishedName(name([[type, 'x']]));

  it.each([
    ['2.5.4.14', 'searchGuide'],
    ['2.5.4.19', 'physicalDeliveryOfficeName'],
    ['2.5.4.23', 'facsimileTelephoneNumber'],
    ['2.5.4.26', 'registeredAddress'],
    ['2.5.4.72', 'role'],
    ['2.5.4.98', 'c3'],
    ['2.5.4.99', 'n3'],
    ['0.9.2342.19200300.100.1.6', 'roomNumber'],
    ['0.9.2342.19200300.100.1.44', 'uid'],
    ['1.2.840.113549.1.9.8', 'unstructuredAddress'],
  ])('%s is %s in SSSD', (type, label) => {
    expect(formatSssd(nameWith(type), 'x500')).toBe(`${label}=x`);
  });

  it.each([
    [oids.commonName, 'CN'],
    [oids.countryName, 'C'],
    [oids.localityName, 'L'],
    [oids.stateOrProvinceName, 'ST'],
    [oids.organizationName, 'O'],
    [oids.organizationalUnitName, 'OU'],
    [oids.serialNumberAttribute, 'serialNumber'],
    [oids.surname, 'SN'],
    [oids.givenName, 'givenName'],
    [oids.title, 'title'],
    [oids.generationQualifier, 'generationQualifier'],
    [oids.distinguishedNameQualifier, 'dnQualifier'],
    [oids.pseudonym, 'pseudonym'],
    [oids.domainComponent, 'DC'],
    [oids.emailAddress, 'E'],
    [oids.streetAddress, 'STREET'],
    [oids.userId, 'UID'],
    ['2.5.4.15', 'businessCategory'],
    ['2.5.4.17', 'postalCode'],
    ['1.3.6.1.4.1.311.60.2.1.1', 'incorporationLocality'],
    ['1.3.6.1.4.1.311.60.2.1.2', 'incorporationState'],
    ['1.3.6.1.4.1.311.60.2.1.3', 'incorporationCountry'],
    ['1.2.3.4', '1.2.3.4'],
  ])('%s is %s in FreeIPA', (type, label) => {
    expect(formatFreeIpa(nameWith(type))).toBe(`${label}=x`);
    expect(attributeTypeOf(label)).toBe(type);
  });

  it.each([
    ['emailAddress', oids.emailAddress],
    ['GN', oids.givenName],
    ['streetAddress', oids.streetAddress],
    ['description', '2.5.4.13'],
    ['uid', oids.userId],
    ['OID.1.2.3', '1.2.3'],
    ['oid.1.2.3', '1.2.3'],
    ['2.5.4.3', '2.5.4.3'],
    ['x1.2.3', undefined],
    ['1.2.3x', undefined],
    ['nonsense', undefined],
    ['', undefined],
  ])('%j in a rule is %s', (label, type) => {
    expect(attributeTypeOf(label)).toBe(type);
    if (type !== undefined && !/\d/.test(label)) expect(attributeTypeNames).toContain(label);
  });
});
