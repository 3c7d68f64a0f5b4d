/** The small languages inside rules: patterns, distinguished names, POSIX expressions, templates and filters. */
import { describe, expect, it } from 'vitest';
import { isProvingFilter } from '../../../src/mapping/proving-filter.ts';
import { type FilterTemplate, parseFilterTemplate } from '../../../src/mapping/rules/filter-template.ts';
import { parseNameText } from '../../../src/mapping/rules/name-text.ts';
import { RuleSyntaxError } from '../../../src/mapping/rules/rule-syntax-error.ts';
import { matchesPattern, parseTextPattern } from '../../../src/mapping/rules/text-pattern.ts';
import { compileExpression } from '../../../src/mapping/sssd/extended-regular-expression.ts';
import { type Dialect, parseTemplate } from '../../../src/mapping/sssd/template.ts';
import { parseDistinguishedName } from '../../../src/pki/names/distinguished-name.ts';
import { encodeName, type NameInput } from '../../../src/smartcard/authority/name-encoding.ts';
import { cpuMilliseconds } from '../../support/cpu-time.ts';

describe('patterns are for the whole value', () => {
  it.each([
    ['*@corp.example', 'ada@corp.example', true],
    ['*@corp.example', 'ADA@CORP.EXAMPLE', true],
    ['*@corp.example', 'ada@corp.example.evil', false],
    ['*@corp.example', 'ada@xcorp.example', false],
    ['corp.example', 'xcorp.example', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['a*bc*c', 'abc', false],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['\\\\*', '\\x', true],
    ['.*', 'abc', false],
    ['*ö', 'xÖ', false],
  ])('%s against %s: %s', (pattern, value, expected) => {
    expect(matchesPattern(parseTextPattern(pattern), value)).toBe(expected);
  });

  it.each(['', '*', '***', '\\x', 'a\\', '*a'.repeat(9), 'a'.repeat(1025)])('%s is refused', (pattern) => {
    expect(() => parseTextPattern(pattern)).toThrow(RuleSyntaxError);
  });
});

describe('distinguished names in rules are compared as structures', () => {
  const key = (name: NameInput) => parseDistinguishedName(encodeName(name)).key;
  it.each<[string, NameInput]>([
    [
      'CN=Card CA,O=Example',
      [
        { type: 'O', value: 'Example' },
        { type: 'CN', value: 'Card CA' },
      ],
    ],
    [
      'cn=card ca , o=EXAMPLE',
      [
        { type: 'O', value: 'Example' },
        { type: 'CN', value: 'Card CA' },
      ],
    ],
    ['O=Acme\\, Inc.', [{ type: 'O', value: 'Acme, Inc.' }]],
    ['O="Acme, Inc."', [{ type: 'O', value: 'Acme, Inc.' }]],
    ['O=Pr\\C3\\BCf', [{ type: 'O', value: 'Prüf' }]],
    ['2.5.4.97=VATDE-1', [{ type: '2.5.4.97', value: 'VATDE-1' }]],
    [
      'CN=a+UID=b,ST=c',
      [
        { type: 'ST', value: 'c' },
        [
          { type: 'CN', value: 'a' },
          { type: 'UID', value: 'b' },
        ],
      ],
    ],
    [
      'UID=b+CN=a',
      [
        [
          { type: 'CN', value: 'a' },
          { type: 'UID', value: 'b' },
        ],
      ],
    ],
    [
      'DC=corp,DC=example',
      [
        { type: 'DC', value: 'example' },
        { type: 'DC', value: 'corp' },
      ],
    ],
  ])('%s', (text, name) => {
    expect(parseNameText(text).key).toBe(key(name));
  });

  it('a comma inside a value makes no boundary', () => {
    expect(parseNameText('O=x\\,CN=admin').key).not.toBe(parseNameText('O=x,CN=admin').key);
  });

  it.each(['', 'CN', 'CN=a,', ',CN=a', 'FOO=a', 'CN=a;O=b', 'CN=#0c0161', 'CN=a"b', 'CN=\\ff', 'CN=a\0'])(
    '%j is refused',
    (text) => {
      expect(() => parseNameText(text)).toThrow(RuleSyntaxError);
    },
  );
});

describe('POSIX extended regular expressions', () => {
  it.each([
    ['b', 'abc', true],
    ['^b', 'abc', false],
    ['c$', 'abc', true],
    ['^(ab|cd)+$', 'abcdab', true],
    ['^(ab|cd)+$', 'abc', false],
    ['^a{2,3}$', 'aa', true],
    ['^a{2,3}$', 'aaaa', false],
    ['^a{2}$', 'aaa', false],
    ['^a{2,}$', 'aaaaa', true],
    ['^a{0}b$', 'b', true],
    ['^[[:alpha:]_-]+$', 'a_b-c', true],
    ['^[^a-c]$', 'd', true],
    ['^[^a-c]$', 'b', false],
    ['^[]x]$', ']', true],
    ['^[\\d]+$', '\\d', true],
    ['@contoso\\.com$', 'x@contoso.com', true],
    ['@contoso\\.com$', 'x@contosoxcom', false],
    ['^.$', '😀', true],
    ['a|^$', '', true],
    ['A', 'a', false],
    ['x*', '', true],
    ['(a*)*b', 'aab', true],
    ['x', 'x'.repeat(4097), false],
  ])('%s in %s: %s', (source, text, expected) => {
    expect(compileExpression(source).matches(text)).toBe(expected);
  });

  it('hostile text costs time in proportion to its length', () => {
    const expression = compileExpression('^(([a-z]+)+)+(x+x+)+y$');
    const started = cpuMilliseconds();
    expect(expression.matches('x'.repeat(4096))).toBe(false);
    expect(cpuMilliseconds() - started).toBeLessThan(2000);
  });

  it.each([
    '',
    '(a)\\1',
    '\\d',
    '\\',
    '*a',
    'a**',
    'a{x}',
    'a{3,2}',
    'a{256}',
    '{1}',
    '(a',
    'a)',
    '()',
    'a||b',
    '[a',
    '[[:foo:]]',
    '[[.a.]]',
    '[b-a]',
    '^*',
    '(((a{99}){99}){99})',
    `${'('.repeat(20)}a${')'.repeat(20)}`,
    'a'.repeat(1025),
  ])('%s is refused', (source) => {
    expect(() => compileExpression(source)).toThrow(RuleSyntaxError);
  });
});

describe('templates are checked when rules are loaded', () => {
  it.each<[string, Dialect, unknown]>([
    ['issuer_dn!ad', 'LDAP', { of: 'issuer', format: 'ad_x500' }],
    ['subject_dn', 'LDAP', { of: 'subject', format: 'nss_ldap' }],
    ['cert', 'LDAP', { of: 'certificate', as: 'octets' }],
    ['cert!base64', 'LDAP', { of: 'certificate', as: 'base64' }],
    [
      'cert!sha256_ucr',
      'LDAPU1',
      { of: 'digest', digest: 'sha256', hex: { upper: true, colons: true, reversed: true } },
    ],
    ['serial_number', 'LDAPU1', { of: 'serialNumber', as: { upper: false, colons: false, reversed: false } }],
    ['serial_number!HEX_R', 'LDAPU1', { of: 'serialNumber', as: { upper: false, colons: false, reversed: true } }],
    ['serial_number!dec', 'LDAPU1', { of: 'serialNumber', as: 'decimal' }],
    ['subject_dn_component.uid', 'LDAPU1', { of: 'subjectComponent', type: '0.9.2342.19200300.100.1.1' }],
    ['issuer_dn_component.[-2]', 'LDAPU1', { of: 'issuerComponent', index: -2 }],
    ['issuer_dn_component.dc[-1]', 'LDAPU1', { of: 'issuerComponent', type: '0.9.2342.19200300.100.1.25', index: -1 }],
    ['sid.rid', 'LDAPU1', { of: 'sid', rid: true }],
    [
      'subject_nt_principal.short_name',
      'LDAP',
      { of: 'alternativeName', source: 'ntPrincipal', shortName: true, format: 'nss_ldap' },
    ],
    ['certificate_exact', 'cardgate', { of: 'certificate', as: 'exact' }],
  ])('{%s} under %s', (text, dialect, expected) => {
    expect(parseTemplate(text, dialect)).toEqual(expected);
  });

  it.each<[string, Dialect]>([
    ['foo', 'cardgate'],
    ['', 'cardgate'],
    ['subject_dn.cn', 'cardgate'],
    ['subject_dn!x', 'cardgate'],
    ['cert!md5', 'cardgate'],
    ['cert!sha256_x', 'cardgate'],
    ['cert!sha256_uu', 'cardgate'],
    ['subject_uri.short_name', 'cardgate'],
    ['subject_dn_component.[0]', 'cardgate'],
    ['subject_dn_component.foo', 'cardgate'],
    ['sid.foo', 'cardgate'],
    ['a.b.c', 'cardgate'],
    ['a!b!c', 'cardgate'],
    ['serial_number', 'LDAP'],
    ['cert!sha256', 'LDAP'],
    ['sid', 'LDAP'],
    ['certificate_exact', 'LDAPU1'],
  ])('{%s} under %s is refused', (text, dialect) => {
    expect(() => parseTemplate(text, dialect)).toThrow(RuleSyntaxError);
  });
});

describe('filters of rules', () => {
  const parse = (text: string) => parseFilterTemplate(text, 'cardgate');

  it('literals, escapes, braces and templates in one value', () => {
    expect(parse('(a=x\\28\\c3\\bc{{{sid}}}y)')).toEqual({
      operator: 'equals',
      attribute: 'a',
      parts: ['x(ü{', { of: 'sid', rid: false }, '}y'],
    });
  });

  it('and, or, not and presence', () => {
    expect(parse('(&(mail={subject_rfc822_name})(!(locked=yes))(cn=*))')).toMatchObject({
      operator: 'and',
      operands: [{ operator: 'equals' }, { operator: 'not' }, { operator: 'present', attribute: 'cn' }],
    });
  });

  it('the binary option is dropped', () => {
    expect(parse('(userCertificate;binary={cert})')).toMatchObject({ attribute: 'userCertificate' });
  });

  it.each([
    'mail={subject_rfc822_name}',
    '(mail={subject_rfc822_name}',
    '(mail={subject_rfc822_name}))',
    '(mail=)',
    '(=x)',
    '()',
    '(&)',
    '(mail=a*{sid})',
    '(mail={sid}*)',
    '(mail>={sid})',
    '(mail~={sid})',
    '(mail:caseExactMatch:={sid})',
    '(mail={sid)',
    '(mail=}{sid})',
    '(mail=x)',
    '(mail=*)',
    '(|(mail={sid})(uid=root))',
    '(!(mail={sid}))',
    '(&(!(mail={sid}))(uid=*))',
    '(mail;lang-en={sid})',
    '(mail=\\zz{sid})',
    '(mail=\\ff{sid})',
    '(mail=\\00{sid})',
    '(userCertificate=x{cert!bin})',
    `(mail=${'x'.repeat(5000)}{sid})`,
    `${'(!'.repeat(10)}(mail={sid})${')'.repeat(10)}`,
    `(&${'(mail={sid})'.repeat(33)})`,
  ])('%s is refused', (text) => {
    expect(() => parse(text)).toThrow(RuleSyntaxError);
  });

  it.each<[string, boolean]>([
    ['(userCertificate={certificate_exact})', true],
    ['(userCertificate={cert!bin})', true],
    ['(x={cert!sha256})', true],
    ['(x={cert!sha1})', false],
    ['(objectSid={sid})', true],
    ['(rid={sid.rid})', false],
    ['(x=<I>{issuer_dn!ad_x500}<SR>{serial_number!hex_r})', true],
    ['(&(serial={serial_number})(issuer={issuer_dn}))', false],
    ['(|(objectSid={sid})(mail={subject_rfc822_name}))', false],
    ['(&(objectSid={sid})(mail={subject_rfc822_name}))', true],
    ['(uid={subject_dn_component.uid})', false],
  ])('%s proves by itself: %s', (text, expected) => {
    const filter: FilterTemplate = parse(text);
    expect(isProvingFilter(filter)).toBe(expected);
  });
});
