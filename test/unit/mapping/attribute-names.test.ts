/** The name of every attribute type in the spelling of SSSD (NSS's, or OpenSSL's where NSS has none) and of Windows. */
import { describe, expect, it } from 'vitest';
import { attributeTypeOf } from '../../../src/mapping/stored/attribute-names.ts';
import { formatSssd, formatX500 } from '../../../src/mapping/stored/name-formats.ts';
import { parseDistinguishedName } from '../../../src/pki/names/distinguished-name.ts';
import { encodeName } from '../../../src/smartcard/authority/name-encoding.ts';

const pilot = '0.9.2342.19200300.100.1';
const jurisdiction = '1.3.6.1.4.1.311.60.2.1';

describe.each<[string, string, string]>([
  ['2.5.4.3', 'CN', 'CN'],
  ['2.5.4.4', 'SN', 'SN'],
  ['2.5.4.5', 'serialNumber', 'SERIALNUMBER'],
  ['2.5.4.6', 'C', 'C'],
  ['2.5.4.7', 'L', 'L'],
  ['2.5.4.8', 'ST', 'S'],
  ['2.5.4.9', 'STREET', 'STREET'],
  ['2.5.4.10', 'O', 'O'],
  ['2.5.4.11', 'OU', 'OU'],
  ['2.5.4.12', 'title', 'T'],
  ['2.5.4.13', 'OID.2.5.4.13', 'Description'],
  ['2.5.4.15', 'businessCategory', 'OID.2.5.4.15'],
  ['2.5.4.16', 'postalAddress', 'OID.2.5.4.16'],
  ['2.5.4.17', 'postalCode', 'PostalCode'],
  ['2.5.4.18', 'postOfficeBox', 'POBox'],
  ['2.5.4.20', 'telephoneNumber', 'Phone'],
  ['2.5.4.24', 'x121Address', 'X21Address'],
  ['2.5.4.41', 'name', 'OID.2.5.4.41'],
  ['2.5.4.42', 'givenName', 'G'],
  ['2.5.4.43', 'initials', 'I'],
  ['2.5.4.44', 'generationQualifier', 'OID.2.5.4.44'],
  ['2.5.4.45', 'x500UniqueIdentifier', 'OID.2.5.4.45'],
  ['2.5.4.46', 'dnQualifier', 'dnQualifier'],
  ['2.5.4.51', 'houseIdentifier', 'OID.2.5.4.51'],
  ['2.5.4.65', 'pseudonym', 'OID.2.5.4.65'],
  ['2.5.4.97', 'organizationIdentifier', 'OID.2.5.4.97'],
  [`${pilot}.1`, 'UID', `OID.${pilot}.1`],
  [`${pilot}.3`, 'MAIL', `OID.${pilot}.3`],
  [`${pilot}.25`, 'DC', 'DC'],
  ['1.2.840.113549.1.9.1', 'E', 'E'],
  ['1.2.840.113549.1.9.2', 'unstructuredName', 'OID.1.2.840.113549.1.9.2'],
  [`${jurisdiction}.1`, 'jurisdictionL', `OID.${jurisdiction}.1`],
  [`${jurisdiction}.2`, 'jurisdictionST', `OID.${jurisdiction}.2`],
  [`${jurisdiction}.3`, 'jurisdictionC', `OID.${jurisdiction}.3`],
])('%s', (type, sssd, windows) => {
  const name = parseDistinguishedName(encodeName([{ type, value: 'x' }]));

  it(`is ${sssd} in SSSD and ${windows} in Active Directory`, () => {
    expect(formatSssd(name, 'ldap')).toBe(`${sssd}=x`);
    expect(formatX500(name, ' ')).toBe(`${windows}=x`);
  });

  it('is known by both names in rules, in any case', () => {
    for (const label of [sssd, windows]) {
      expect(attributeTypeOf(label)).toBe(type);
      expect(attributeTypeOf(label.toLowerCase())).toBe(type);
    }
  });
});
