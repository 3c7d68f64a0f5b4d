import { beforeAll, describe, expect, it } from 'vitest';
import { equalsIgnoringAsciiCase } from '../../../src/mapping/ascii-case.ts';
import { questionsFor } from '../../../src/mapping/lookups.ts';
import { issuerSerialValues } from '../../../src/mapping/stored/alt-security-identities.ts';
import { formatLdap, formatX500 } from '../../../src/mapping/stored/name-formats.ts';
import { type Certificate, parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { parseDistinguishedName } from '../../../src/pki/names/distinguished-name.ts';
import { type SubjectIdentity, subjectIdentity } from '../../../src/pki/names/subject-identity.ts';
import { encodeName, type NameInput } from '../../../src/smartcard/authority/name-encoding.ts';
import { janeDoe } from '../../support/jane-doe.ts';

const name = (input: NameInput) => parseDistinguishedName(encodeName(input));
let jane: Certificate;

const lookupsFor = (map: 'sid' | 'upn', certificate: Certificate, identity: SubjectIdentity) =>
  questionsFor({ name: 'rule', map, onMiss: 'next' }, { certificate, identity }).map(({ lookup }) => lookup);

beforeAll(() => {
  jane = parseCertificate(janeDoe);
});

describe('names as directories spell them', () => {
  it('the subject with a quoted comma and a multi-valued RDN, in both spellings', () => {
    expect(formatX500(jane.subject, ' ')).toBe(
      'C=US,S=WA,O="Acme, Inc.",OU=People (Ops),CN=JANE DOE OID.0.9.2342.19200300.100.1.1=25001003151020',
    );
    expect(formatX500(jane.subject, ' + ')).toContain('CN=JANE DOE + OID.0.9.2342.19200300.100.1.1=25001003151020');
    expect(formatLdap(jane.subject)).toBe('CN=JANE DOE+UID=25001003151020,OU=People (Ops),O=Acme\\, Inc.,ST=WA,C=US');
    expect(formatLdap(jane.issuer)).toBe('CN=CONTOSO-DC-CA,DC=contoso,DC=com');
  });

  it.each([
    ['plain', 'plain', 'plain'],
    ['a,b', '"a,b"', 'a\\,b'],
    ['a"b', '"a""b"', 'a\\"b'],
    ['a+b', '"a+b"', 'a\\+b'],
    ['a<b>;', '"a<b>;"', 'a\\<b\\>\\;'],
    ['#a', '"#a"', '\\#a'],
    [' a ', '" a "', '\\ a\\ '],
    ['a=b', '"a=b"', 'a=b'],
    ['a\\b', 'a\\b', 'a\\\\b'],
    ['(a)*', '(a)*', '(a)*'],
    ['Prüf', 'Prüf', 'Prüf'],
  ])('value %j is %s in Active Directory and %s in RFC 4514', (value, x500, rfc4514) => {
    const dn = name([{ type: 'O', value }]);
    expect(formatX500(dn, ' ')).toBe(`O=${x500}`);
    expect(formatLdap(dn)).toBe(`O=${rfc4514}`);
  });

  it.each([
    ['ST', 'S', 'ST'],
    ['E', 'E', '1.2.840.113549.1.9.1'],
    ['SERIALNUMBER', 'SERIALNUMBER', '2.5.4.5'],
    ['UID', 'OID.0.9.2342.19200300.100.1.1', 'UID'],
    ['2.5.4.97', 'OID.2.5.4.97', '2.5.4.97'],
  ])('type %s is %s in Active Directory and %s in RFC 4514', (type, x500, rfc4514) => {
    const dn = name([{ type, value: 'x' }]);
    expect(formatX500(dn, ' ')).toBe(`${x500}=x`);
    expect(formatLdap(dn)).toBe(`${rfc4514}=x`);
  });

  it('values that are not text have no spelling in RFC 4514', () => {
    const bits = parseDistinguishedName(Buffer.from('300e310c300a0603550403030300ffff', 'hex'));
    expect(formatLdap(bits)).toBeUndefined();
    expect(formatX500(bits, ' ')).toBe('CN=#030300ffff');
  });
});

describe('issuer and serial number in altSecurityIdentities', () => {
  const spellings = (octets: string, issuer: NameInput = 'CA') =>
    issuerSerialValues({
      ...jane,
      issuer: name(issuer),
      serialOctets: Buffer.from(octets, 'hex'),
      serialNumber: BigInt.asIntN(octets.length * 4, BigInt(`0x${octets}`)),
    });

  it('of the certificate with every identity', () => {
    const issuer = 'X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA';
    expect(issuerSerialValues(jane)).toEqual([`${issuer}<SR>2b0000000011ace1`, `${issuer}<SR>2b0000000011ace100`]);
  });

  it.each([
    ['2b0000000011ac0000000012', ['1200000000ac11000000002b']],
    ['62000000144951bbfa726a5c86000000000014', ['140000000000865c6a72fabb51491400000062']],
    ['620000000ccffc58f9832f285600000000000c', ['0c000000000056282f83f958fccf0c00000062']],
    ['00', ['00']],
    ['0080', ['80', '8000']],
    ['7f', ['7f']],
    ['00ffffffffffffffffffffffffffffffffffffffff', ['ff'.repeat(20), `${'ff'.repeat(20)}00`]],
    ['ff', []],
  ])('serial octets %s', (octets, serials) => {
    expect(spellings(octets)).toEqual(serials.map((serial) => `X509:<I>CN=CA<SR>${serial}`));
  });

  it('an issuer with a multi-valued RDN has two spellings, in the order of the encoding', () => {
    const issuer = [
      [
        { type: 'CN', value: 'CA' },
        { type: 'OU', value: 'X' },
      ],
    ];
    expect(spellings('01', issuer)).toEqual(['X509:<I>OU=X CN=CA<SR>01', 'X509:<I>OU=X + CN=CA<SR>01']);
  });

  it('nothing for an issuer that is empty or too long', () => {
    expect(spellings('01', [])).toEqual([]);
    expect(spellings('01', 'a'.repeat(4096))).toEqual([]);
  });
});

describe('look-ups of a user principal name', () => {
  const lookups = (...userPrincipalNames: string[]) => lookupsFor('upn', jane, { userPrincipalNames, rfc822Names: [] });

  it('as it stands, and as name and domain', () => {
    expect(lookups('ada@corp.example')).toEqual([
      { by: 'userPrincipalName', userPrincipalName: 'ada@corp.example' },
      { by: 'samAccountName', samAccountName: 'ada', dnsDomain: 'corp.example' },
    ]);
  });

  it.each([
    '',
    '@',
    'ada',
    '@corp.example',
    'ada@',
    'a@b@corp.example',
    'ada@corp.example\0',
    'ada @corp.example',
    ' ada@corp.example',
    'ada@corp.example\n',
    `ada@${'x'.repeat(1100)}`,
    '\ud800@corp.example',
  ])('%j is not searched for', (userPrincipalName) => {
    expect(lookups(userPrincipalName)).toEqual([]);
  });

  it.each(['dc1$@corp.example', `${'a'.repeat(21)}@corp.example`, 'a*b@corp.example', 'a\\b@corp.example', 'a/b@c.d'])(
    '%s is no name of an account, and is searched as it stands only',
    (userPrincipalName) => {
      expect(lookups(userPrincipalName)).toEqual([{ by: 'userPrincipalName', userPrincipalName }]);
    },
  );

  it('more than eight names are searched not at all', () => {
    const names = Array.from({ length: 9 }, (_, index) => `u${index}@corp.example`);
    expect(lookups(...names)).toEqual([]);
    expect(lookups(...names.slice(1))).toHaveLength(16);
  });
});

describe('look-ups of a SID', () => {
  const lookups = (sid: string) =>
    lookupsFor('sid', jane, {
      userPrincipalNames: [],
      rfc822Names: [],
      securityIdentifier: { sid, source: 'extension' },
    });

  it.each(['S-1-5-21-1-2-3-1000', 'S-1-5-21-1-2-3-500'])('%s is a user’s', (sid) => {
    expect(lookups(sid)).toEqual([{ by: 'sid', sid }]);
  });

  it.each(['S-1-5-18', 'S-1-5-32-544', 'S-1-1-0', 'S-1-5-21-1-2-3-502', 'S-1-5-21-1-2-3', 'S-1-5-21-1-2-3-4-1000'])(
    '%s leads to no account that can log in',
    (sid) => {
      expect(lookups(sid)).toEqual([]);
    },
  );

  it('none without a SID, one with', () => {
    expect(lookupsFor('sid', jane, { userPrincipalNames: [], rfc822Names: [] })).toEqual([]);
    expect(lookupsFor('sid', jane, subjectIdentity(jane))).toHaveLength(1);
  });
});

describe('comparison of names', () => {
  it.each([
    ['Ada', 'aDA', true],
    ['ada', 'ada ', false],
    ['björn', 'bjorn', false],
    ['BJÖRN', 'björn', false],
    ['ada＠corp', 'ada@corp', false],
    ['I', 'ı', false],
    ['K', '\u212a', false],
    ['ß', 'ss', false],
  ])('%s and %s: %s', (left, right, equal) => {
    expect(equalsIgnoringAsciiCase(left, right)).toBe(equal);
  });
});
