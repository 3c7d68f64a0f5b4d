/** Windows' policy "Allow name-based strong mappings for certificates": which files and lines are read, and what they are as rules. */
import { describe, expect, it } from 'vitest';
import { decodeRules } from '../../../src/mapping/rules/rule-language.ts';
import { readPolicyFile } from '../../../src/mapping/windows-tuples/strong-name-policy-file.ts';
import { readTuples } from '../../../src/mapping/windows-tuples/strong-name-tuples.ts';
import { type IssuerCertificate, rulesOfTuples } from '../../../src/mapping/windows-tuples/tuple-rules.ts';

const thumbprint = 'fe40a3146d935dc248504d2dc960d15c4542e6ab';
const second = '00112233445566778899aabbccddeeff00112233';
const policy = '1.3.6.1.4.1.311.21.8.1.2.3';
const whole = `${thumbprint}; ${policy}; UpnSuffix=corp.example`;
const read = (text: string | Buffer) => readTuples(readPolicyFile(Buffer.from(text)));
const issuer: IssuerCertificate = {
  thumbprint,
  sha256: 'ab'.repeat(32),
  subject: 'CN=Card CA',
  isAuthority: true,
  file: 'ca.pem',
};

describe('a tuple', () => {
  it.each<[string, string, object]>([
    ['one suffix', whole, { policies: [policy], upnSuffixes: ['corp.example'], issuerSubject: false }],
    ['issuer and subject', `${thumbprint};${policy};IssuerSubject`, { upnSuffixes: [], issuerSubject: true }],
    [
      'several policies and methods, in any order',
      `${thumbprint} ; 1.2.3 , 2.999.1; IssuerSubject, UpnSuffix=a.example, UpnSuffix=b.example`,
      { policies: ['1.2.3', '2.999.1'], upnSuffixes: ['a.example', 'b.example'], issuerSubject: true },
    ],
    [
      'an entry twice',
      `${thumbprint}; 1.2.3, 1.2.3; UpnSuffix=a, UpnSuffix=a`,
      { policies: ['1.2.3'], upnSuffixes: ['a'] },
    ],
    ['a thumbprint in capitals', whole.replace(thumbprint, thumbprint.toUpperCase()), {}],
    ['a thumbprint with blanks between', whole.replace(thumbprint, thumbprint.replace(/../g, '$& ')), {}],
    ['a thumbprint with colons', whole.replace(thumbprint, thumbprint.replace(/..(?!$)/g, '$&:')), {}],
    ['methods in another letter case', whole.replace('UpnSuffix=', 'upnsuffix = '), { upnSuffixes: ['corp.example'] }],
    ['tabulators between', whole.replaceAll('; ', ';\t'), { policies: [policy] }],
  ])('is read: %s', (_what, line, expected) => {
    expect(read(line)).toMatchObject({ faults: [], tuples: [{ thumbprint, ...expected }] });
  });

  it.each<[string, string, string]>([
    ['no semicolon', `${thumbprint} ${policy}`, 'holds no semicolon'],
    ['two sections', `${thumbprint}; ${policy}`, 'holds 2 sections'],
    ['a fourth section', `${whole};`, 'holds 4 sections'],
    ['no thumbprint', `; ${policy}; IssuerSubject`, 'the first section is empty'],
    ['a digit too few', whole.slice(1), 'has 39 hexadecimal digits'],
    ['a SHA-256', whole.replace(thumbprint, 'ab'.repeat(32)), 'has 64 hexadecimal digits'],
    ['two thumbprints', whole.replace(thumbprint, `${thumbprint}, ${second}`), 'several thumbprints'],
    ['a thumbprint with another letter', whole.replace(thumbprint, `${thumbprint.slice(1)}g`), 'is not hexadecimal'],
    ['the hidden character of the certificate window', `\u200e${whole}`, 'does not show: \\u{200e}'],
    ['a zero octet', `${whole}\u0000x`, 'does not show: \\u{0}'],
    ['no policy', `${thumbprint}; ; IssuerSubject`, 'the section of the policies is empty'],
    ['commas alone', `${thumbprint}; ,,; IssuerSubject`, 'the section of the policies is empty'],
    ['a comma too many', `${thumbprint}; ${policy},; IssuerSubject`, 'a policy is missing beside a comma'],
    ['no method', `${thumbprint}; ${policy};`, 'the section of the methods is empty'],
    ['a method missing', `${whole}, , IssuerSubject`, 'a method is missing beside a comma'],
    ['an OID of one arc', `${thumbprint}; 2; IssuerSubject`, 'the policy 2 is not an object identifier'],
    ['an OID with a leading zero', `${thumbprint}; 1.02.3; IssuerSubject`, 'not an object identifier'],
    ['an OID that ends in a dot', `${thumbprint}; 1.2.; IssuerSubject`, 'not an object identifier'],
    ['a first arc of 3', `${thumbprint}; 3.1.2; IssuerSubject`, 'not an object identifier'],
    ['a second arc of 40 below 1', `${thumbprint}; 1.40.2; IssuerSubject`, 'not an object identifier'],
    ['the name of a policy', `${thumbprint}; High assurance; IssuerSubject`, 'not an object identifier'],
    ['anyPolicy', `${thumbprint}; 2.5.29.32.0; IssuerSubject`, 'is anyPolicy'],
    ['an unknown kind of name', `${thumbprint}; ${policy}; SubjectOnly`, 'the method SubjectOnly is unknown'],
    ['a method that only begins so', `${thumbprint}; ${policy}; UpnSuffixes=a`, 'the method UpnSuffixes is unknown'],
    ['a suffix without a value', `${thumbprint}; ${policy}; UpnSuffix=`, 'UpnSuffix has no value'],
    ['a suffix without a sign', `${thumbprint}; ${policy}; UpnSuffix`, 'UpnSuffix has no value'],
    ['a suffix with its @', `${thumbprint}; ${policy}; UpnSuffix=@corp.example`, 'is not what stands after an @'],
    ['a suffix with a star', `${thumbprint}; ${policy}; UpnSuffix=*.example`, 'is not what stands after an @'],
    ['two equals signs', `${thumbprint}; ${policy}; UpnSuffix=a=b`, 'is not what stands after an @'],
    ['a value of IssuerSubject', `${thumbprint}; ${policy}; IssuerSubject=yes`, 'IssuerSubject takes no value'],
    ['sections in another order', `${policy}; ${thumbprint}; IssuerSubject`, 'is not hexadecimal'],
  ])('is a fault with its line: %s', (_what, line, message) => {
    const { tuples, faults } = read(`# heading\n\n${line}\n`);
    expect(tuples).toEqual([]);
    expect(faults.map((fault) => `${fault.place}: ${fault.message}`).join('\n')).toMatch(/^line 3: /);
    expect(faults.map((fault) => fault.message).join('\n')).toContain(message);
    expect(faults.every(({ remedy }) => /^[A-Z].*\.$/.test(remedy))).toBe(true);
  });

  it('is a fault when its thumbprint stands in another, however it is written', () => {
    const { tuples, faults } = read(`${whole}\n${whole.replace(thumbprint, thumbprint.toUpperCase())}`);
    expect(tuples).toHaveLength(1);
    expect(faults).toMatchObject([{ place: 'line 2', message: expect.stringContaining('stands at line 1 too') }]);
  });

  it('whose thumbprint stands in a faulty one too is told with it', () => {
    const { faults } = read(`${thumbprint}; x; y\n${whole}`);
    expect(faults.map(({ place }) => place)).toEqual(['line 1', 'line 1', 'line 2']);
  });
});

const reg = (
  value: string,
  key = 'HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\\KDC\\Parameters',
) => `Windows Registry Editor Version 5.00\r\n\r\n[${key}]\r\n${value}\r\n`;
const strings = (...texts: string[]) => Buffer.from([...texts, '', ''].join('\0').slice(0, -1), 'utf16le');
const hex = (octets: Buffer) => (octets.toString('hex').match(/../g) ?? []).join(',');
/** As regedit writes it: lines of some 80 characters, each with a backslash before the next. */
const folded = (text: string) => text.replace(/((?:..,){20})/g, '$1\\\r\n  ');
const on = '"UseStrongNameMatches"=dword:00000001\r\n';
const wide = (text: string) => Buffer.from(text, 'utf16le');
function registryPolicy(...values: [key: string, name: string, type: number, data: Buffer][]): Buffer {
  const number = (value: number) => Buffer.from([value & 0xff, value >> 8, 0, 0]);
  const parts = values.map(([key, name, type, data]) =>
    Buffer.concat([
      wide(`[${key}\0;${name}\0;`),
      number(type),
      wide(';'),
      number(data.length),
      wide(';'),
      data,
      wide(']'),
    ]),
  );
  return Buffer.concat([Buffer.from('PReg'), number(1), ...parts]);
}
const key = 'Software\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\\KDC\\Parameters';
const other = `${second}; 1.2.3; IssuerSubject`;

describe('a policy file', () => {
  it.each<[string, string | Buffer]>([
    ['lines of Unix', `${whole}\n${other}\n`],
    ['lines of Windows', `${whole}\r\n\r\n${other}`],
    ['comments and blank lines', `\n  # the cards\n${whole}\n   \n${other}`],
    ['UTF-8 with a byte order mark', `\ufeff${whole}\n${other}`],
    ['UTF-16LE with a byte order mark', wide(`\ufeff${whole}\r\n${other}`)],
    ['UTF-16LE without one', wide(`${whole}\r\n${other}`)],
    ['UTF-16BE', wide(`\ufeff${whole}\r\n${other}`).swap16()],
    ['an export of the registry', wide(`\ufeff${reg(`${on}"Rules"=hex(7):${folded(hex(strings(whole, other)))}`)}`)],
    ['an export with other values', reg(`"ForestSearchList"="a;b"\r\n"Rules"=hex(7):${hex(strings(whole, other))}`)],
    [
      'an export with values below the key',
      reg(`"1"="${whole}"\r\n"2"="${other}"`, `HKEY_LOCAL_MACHINE\\${key}\\Rules`),
    ],
    [
      'an export of the old kind',
      `REGEDIT4\n\n[HKEY_LOCAL_MACHINE\\${key}]\n"R"=hex(7):${hex(Buffer.from(`${whole}\0${other}\0\0`))}\n`,
    ],
    [
      'Registry.pol',
      registryPolicy(
        [key, 'UseStrongNameMatches', 4, Buffer.from([1, 0, 0, 0])],
        [key, 'Rules', 7, strings(whole, other)],
      ),
    ],
    [
      'Registry.pol with an order to remove',
      registryPolicy([key, '**del.Old', 1, wide(' \0')], [key, 'Rules', 7, strings(whole, other)]),
    ],
  ])('is read: %s', (_what, file) => {
    const { tuples, faults } = readTuples(readPolicyFile(Buffer.from(file)));
    expect(faults).toEqual([]);
    expect(tuples.map((tuple) => tuple.thumbprint)).toEqual([thumbprint, second]);
  });

  it.each<[string, string | Buffer, string]>([
    ['nothing', '', 'holds no tuple'],
    ['comments alone', '# none\n\n', 'holds no tuple'],
    ['neither UTF-8 nor UTF-16', Buffer.from([0x41, 0xff, 0x42]), 'is neither UTF-8 nor UTF-16'],
    ['half a character of UTF-16', Buffer.from([0xff, 0xfe, 0x41]), 'is neither UTF-8 nor UTF-16'],
    ['another key', reg('"R"=hex(7):00,00', 'HKEY_LOCAL_MACHINE\\Software\\Other'), 'holds no list of strings at'],
    [
      'a key that only ends alike',
      reg(`"R"=hex(7):${hex(strings(whole))}`, `HKEY_LOCAL_MACHINE\\${key}Old`),
      'holds no list of strings at',
    ],
    ['an empty list', reg('"R"=hex(7):00,00'), 'holds no tuple'],
    [
      'the policy turned off',
      reg(`"UseStrongNameMatches"=dword:00000000\r\n"R"=hex(7):${hex(strings(whole))}`),
      'turns the policy off',
    ],
    [
      'two lists',
      reg(`"A"=hex(7):${hex(strings(whole))}\r\n"B"=hex(7):${hex(strings(other))}`),
      'several lists of strings',
    ],
    [
      'Registry.pol cut off',
      registryPolicy([key, 'Rules', 7, strings(whole)]).subarray(0, -2),
      'holds no list of strings at',
    ],
    ['a megabyte', 'x'.repeat(1024 * 1024 + 1), 'has 1048577 bytes'],
  ])('is refused: %s', (_what, file, message) => {
    expect(() => readPolicyFile(Buffer.from(file))).toThrow(message);
  });

  it('has comments as text only: in the registry they are faults, as for domain controllers', () => {
    const { faults } = read(reg(`"R"=hex(7):${hex(strings('# cards', whole))}`));
    expect(faults).toMatchObject([{ place: 'value R, string 1' }]);
  });
});

describe('the rules of a tuple', () => {
  it('pin the certificate of the CA and the policies, one for each kind of name, and load', () => {
    const { tuples } = read(`${thumbprint}; 1.2.3, 1.2.4; IssuerSubject, UpnSuffix=corp.example`);
    const { made, faults } = rulesOfTuples(tuples, [issuer]);
    expect(faults).toEqual([]);
    const when = { issuerSha256: ['ab'.repeat(32)], policies: ['1.2.3', '1.2.4'] };
    const rules = made.flatMap((one) => one.rules);
    expect(rules).toEqual([
      { name: 'tuple-fe40a3146d935dc2-upn', when, map: 'upn', suffixes: ['corp.example'] },
      { name: 'tuple-fe40a3146d935dc2-issuer-subject', when, map: 'issuerSubject' },
    ]);
    expect(decodeRules({ rules })).toMatchObject({ outcome: 'decoded' });
  });

  it.each<[string, readonly IssuerCertificate[], string]>([
    ['no certificate has the thumbprint', [{ ...issuer, thumbprint: second }], `has the thumbprint ${thumbprint}`],
    ['the certificate is a card', [{ ...issuer, isAuthority: false }], 'is not that of a CA'],
    [
      'two certificates have the thumbprint',
      [issuer, { ...issuer, sha256: 'cd'.repeat(32), file: 'b' }],
      'two certificates',
    ],
  ])('are not made when %s', (_what, issuers, message) => {
    expect(rulesOfTuples(read(whole).tuples, issuers)).toMatchObject({
      made: [],
      faults: [{ place: 'line 1', message: expect.stringContaining(message) }],
    });
  });

  it('are made when a certificate was given twice', () => {
    expect(rulesOfTuples(read(whole).tuples, [issuer, issuer]).faults).toEqual([]);
  });
});
