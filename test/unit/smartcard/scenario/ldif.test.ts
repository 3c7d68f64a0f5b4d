/** LDIF as RFC 2849 wants it: what is plain stays readable, everything else is base64, long lines are folded. */
import { describe, expect, it } from 'vitest';
import { encodeLdif, type LdifRecord } from '../../../../src/smartcard/scenario/ldif.ts';

const entry = (value: string | Buffer): LdifRecord => ({ dn: 'cn=x', attributes: [['sn', value]] });
const lineOf = (value: string | Buffer) =>
  encodeLdif([entry(value)])
    .slice(0, -1)
    .split('\n')
    .slice(3)
    .join('\n');
const base64 = (value: string | Buffer) => Buffer.from(value as string).toString('base64');

describe('a value', () => {
  it.each([
    ['plain ASCII', 'Ada Lovelace', 'sn: Ada Lovelace'],
    ['a mapping of Active Directory', 'X509:<I>CN=CA<SR>01', 'sn: X509:<I>CN=CA<SR>01'],
    ['a value with a colon inside', 'a:b', 'sn: a:b'],
    ['nothing', '', 'sn: '],
    ['a blank in front', ' x', `sn:: ${base64(' x')}`],
    ['a blank at the end', 'x ', `sn:: ${base64('x ')}`],
    ['a colon in front', ':x', `sn:: ${base64(':x')}`],
    ['a less-than sign in front, which begins a URL', '<file:///etc/passwd', `sn:: ${base64('<file:///etc/passwd')}`],
    ['a line break, which begins another attribute', 'x\nobjectClass: y', `sn:: ${base64('x\nobjectClass: y')}`],
    ['a carriage return', 'x\ry', `sn:: ${base64('x\ry')}`],
    ['a zero octet', 'x\0y', `sn:: ${base64('x\0y')}`],
    ['letters beyond ASCII', 'Ünal', `sn:: ${base64('Ünal')}`],
    ['octets', Buffer.of(0xff, 0), `sn:: ${base64(Buffer.of(0xff, 0))}`],
  ])('%s', (_rule, value, line) => {
    expect(lineOf(value)).toBe(line);
  });

  it('longer than a line is folded, and unfolds to itself', () => {
    const value = 'x'.repeat(500);
    const lines = lineOf(value).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(76);
    expect(lines.map((line, index) => (index === 0 ? line : line.slice(1))).join('')).toBe(`sn: ${value}`);
    expect(lines.slice(1).every((line) => line.startsWith(' '))).toBe(true);
  });
});

describe('a record', () => {
  it('is an entry, an addition, or a replacement of one attribute', () => {
    const attributes = [['sn', 'x']] as const;
    const text = encodeLdif([
      { dn: 'cn=a', attributes },
      { dn: 'cn=b', change: 'add', attributes },
      { dn: 'cn=c', change: { replace: 'sn' }, attributes },
    ]);
    expect(text).toBe(
      'version: 1\n\ndn: cn=a\nsn: x\n\ndn: cn=b\nchangetype: add\nsn: x\n\ndn: cn=c\nchangetype: modify\nreplace: sn\nsn: x\n-\n',
    );
  });
});
