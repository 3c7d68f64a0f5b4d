/** Filters filled and compared again, and Kerberos principals, octet by octet. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { DirectoryAccount, FilterTree } from '../../../src/directory/directory.ts';
import { describeFilter, holdsFilter } from '../../../src/mapping/filter-comparison.ts';
import { fillFilter } from '../../../src/mapping/filter-filling.ts';
import { pkinitPrincipals } from '../../../src/mapping/kerberos-principal.ts';
import { parseFilterTemplate } from '../../../src/mapping/rules/filter-template.ts';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { subjectIdentity } from '../../../src/pki/names/subject-identity.ts';
import { createLogonAuthority, type LogonAuthority } from '../../support/validated-certificate.ts';

let ca: LogonAuthority;
beforeAll(async () => {
  ca = await createLogonAuthority([{ type: 'O', value: 'The "CA", (x)' }]);
});

describe('what comes back is compared again', () => {
  const account = (attributes?: Record<string, (string | Buffer)[]>) =>
    ({
      ...(attributes && {
        attributes: new Map(
          Object.entries(attributes).map(([name, values]) => [name, values.map((value) => Buffer.from(value))]),
        ),
      }),
    }) as unknown as DirectoryAccount;
  const equals = (value: string | Buffer): FilterTree => ({ operator: 'equals', attribute: 'Mail', value });

  it.each<[string | Buffer, string | Buffer, boolean]>([
    ['Ada', 'aDA', true],
    ['ada', 'ada ', false],
    ['björn', 'bjorn', false],
    ['\u212a', 'k', false],
    [Buffer.from([1, 0xff]), Buffer.from([1, 0xff]), true],
    [Buffer.from([1, 0xff]), Buffer.from([1, 0xfe]), false],
    [Buffer.from('A'), 'a', false],
    ['\ufffd', Buffer.from([0xff]), false],
  ])('%j looked for, %j stored: %s', (value, stored, expected) => {
    expect(holdsFilter(account({ mail: ['other', stored] }), equals(value))).toBe(expected);
  });

  it('an account whose attributes the directory did not return holds nothing, and not its opposite either', () => {
    expect(holdsFilter(account(), equals('x'))).toBe(false);
    expect(holdsFilter(account(), { operator: 'not', operand: equals('x') })).toBe(false);
    expect(holdsFilter(account({}), { operator: 'not', operand: equals('x') })).toBe(true);
  });

  it('a filter is described as RFC 4515 writes it', () => {
    const tree: FilterTree = {
      operator: 'and',
      operands: [
        equals('a*(b)'),
        { operator: 'not', operand: equals(Buffer.from([1, 2])) },
        { operator: 'present', attribute: 'uid' },
      ],
    };
    expect(describeFilter(tree)).toBe('(&(Mail=a\\2a\\28b\\29)(!(Mail=\\01\\02))(uid=*))');
  });
});

describe('filters filled with facts', () => {
  it('quotation marks in an exact assertion are doubled, and only there', async () => {
    const { certificate } = await ca.validated({ serialNumber: 5n });
    const facts = { certificate, identity: subjectIdentity(certificate) };
    const fill = (text: string) => fillFilter(parseFilterTemplate(text, 'cardgate'), facts)[0];
    const assertion = '{ serialNumber 5, issuer rdnSequence:"O=The \\""CA\\""\\, (x)" }';
    expect(
      fill('(userCertificate={{ serialNumber {serial_number!dec}, issuer rdnSequence:"{issuer_dn}" }})'),
    ).toMatchObject({
      value: assertion,
      stored: certificate.der,
    });
    expect(fill('(userCertificate={certificate_exact})')).toMatchObject({ value: assertion, stored: certificate.der });
    expect(fill('(description={{{issuer_dn}}})')).toEqual({
      operator: 'equals',
      attribute: 'description',
      value: '{O=The ""CA"", (x)}'.replaceAll('""', '\\""').replace(', ', '\\, '),
    });
  });
});

describe('Kerberos principals', () => {
  const tlv = (tag: number, ...content: Buffer[]) => {
    const whole = Buffer.concat(content);
    return Buffer.concat([Buffer.from([tag, whole.length]), whole]);
  };
  const general = (text: string) => tlv(0x1b, Buffer.from(text, 'latin1'));
  const principal = (realm: string, ...parts: string[]) => ({
    kind: 'otherName' as const,
    type: '1.3.6.1.5.2.2',
    value: tlv(
      0x30,
      tlv(0xa0, general(realm)),
      tlv(0xa1, tlv(0x30, tlv(0xa0, tlv(0x02, Buffer.from([1]))), tlv(0xa1, tlv(0x30, ...parts.map(general))))),
    ),
  });

  it('name and realm, with and without instance', () => {
    expect(pkinitPrincipals([principal('CORP.EXAMPLE', 'ada'), principal('CORP.EXAMPLE', 'ada', 'admin')])).toEqual([
      'ada@CORP.EXAMPLE',
      'ada/admin@CORP.EXAMPLE',
    ]);
    expect(pkinitPrincipals([{ ...principal('X', 'ada'), type: '1.2.3' }])).toEqual([]);
  });

  it.each([
    ['an @ in the name', principal('X', 'root@CORP')],
    ['a slash in a component', principal('X', 'ada/admin')],
    ['a NUL', principal('X', 'ada\0')],
    ['no component', principal('X')],
    ['an empty component', principal('X', '')],
    ['an empty realm', principal('', 'ada')],
    ['a letter beyond ASCII', principal('X', 'ädä')],
    ['something else', { ...principal('X', 'ada'), value: Buffer.from('0500', 'hex') }],
  ])('%s is refused', (_what, name) => {
    expect(() => pkinitPrincipals([name])).toThrow(MalformedError);
  });
});
