/** The names of attribute types in distinguished names, which differ from one directory and tool to the next. */

import { oids } from '../../pki/encoding/oids.ts';
import { rfc4514Names } from '../../pki/names/distinguished-name.ts';

/** The names CertNameToStr gives to attribute types; all others become `OID.1.2.3`, the user id included. */
export const x500Names: ReadonlyMap<string, string> = new Map([
  [oids.commonName, 'CN'],
  [oids.organizationalUnitName, 'OU'],
  [oids.organizationName, 'O'],
  [oids.countryName, 'C'],
  [oids.localityName, 'L'],
  [oids.stateOrProvinceName, 'S'],
  [oids.streetAddress, 'STREET'],
  [oids.domainComponent, 'DC'],
  [oids.emailAddress, 'E'],
  [oids.title, 'T'],
  [oids.givenName, 'G'],
  [oids.initials, 'I'],
  [oids.surname, 'SN'],
  [oids.serialNumberAttribute, 'SERIALNUMBER'],
  ['2.5.4.13', 'Description'],
  ['2.5.4.17', 'PostalCode'],
  ['2.5.4.18', 'POBox'],
  ['2.5.4.20', 'Phone'],
  ['2.5.4.24', 'X21Address'],
  [oids.distinguishedNameQualifier, 'dnQualifier'],
]);

/**
 * What SSSD prints: the short name of OpenSSL's object table, but for the types for which NSS has another (sss_certmap_attr_names.c).
 * Where OpenSSL knows no name SSSD prints `UNDEF`, which makes different names alike: here the dotted OID stands.
 */
export const sssdNames: ReadonlyMap<string, string> = new Map([
  ...rfc4514Names,
  [oids.emailAddress, 'E'],
  [oids.serialNumberAttribute, 'serialNumber'],
  [oids.surname, 'SN'],
  [oids.givenName, 'givenName'],
  [oids.title, 'title'],
  [oids.initials, 'initials'],
  [oids.generationQualifier, 'generationQualifier'],
  [oids.distinguishedNameQualifier, 'dnQualifier'],
  [oids.pseudonym, 'pseudonym'],
  [oids.organizationIdentifier, 'organizationIdentifier'],
  ['0.9.2342.19200300.100.1.3', 'MAIL'],
  ['2.5.4.13', 'OID.2.5.4.13'],
  ['2.5.4.14', 'searchGuide'],
  ['2.5.4.15', 'businessCategory'],
  ['2.5.4.16', 'postalAddress'],
  ['2.5.4.17', 'postalCode'],
  ['2.5.4.18', 'postOfficeBox'],
  ['2.5.4.19', 'physicalDeliveryOfficeName'],
  ['2.5.4.20', 'telephoneNumber'],
  ['2.5.4.23', 'facsimileTelephoneNumber'],
  ['2.5.4.24', 'x121Address'],
  ['2.5.4.26', 'registeredAddress'],
  ['2.5.4.41', 'name'],
  ['2.5.4.45', 'x500UniqueIdentifier'],
  ['2.5.4.51', 'houseIdentifier'],
  ['2.5.4.72', 'role'],
  ['2.5.4.98', 'c3'],
  ['2.5.4.99', 'n3'],
  ['0.9.2342.19200300.100.1.6', 'roomNumber'],
  ['0.9.2342.19200300.100.1.44', 'uid'],
  ['1.2.840.113549.1.9.2', 'unstructuredName'],
  ['1.2.840.113549.1.9.8', 'unstructuredAddress'],
  ['1.3.6.1.4.1.311.60.2.1.1', 'jurisdictionL'],
  ['1.3.6.1.4.1.311.60.2.1.2', 'jurisdictionST'],
  ['1.3.6.1.4.1.311.60.2.1.3', 'jurisdictionC'],
]);

/** What FreeIPA writes into ipaCertMapData (ipapython/dn.py); for all other types the dotted OID. */
export const freeIpaNames: ReadonlyMap<string, string> = new Map([
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
]);

const aliases: readonly (readonly [string, string])[] = [
  [oids.emailAddress, 'emailAddress'],
  [oids.givenName, 'GN'],
  [oids.streetAddress, 'streetAddress'],
  ['2.5.4.13', 'description'],
];

// OpenSSL calls two types uid: a rule that says so means the user id
const named = [...freeIpaNames, ...sssdNames, ...x500Names, ...aliases, [oids.userId, 'uid'] as const];

/** Every name that a rule may call an attribute type by. */
export const attributeTypeNames: readonly string[] = [...new Set(named.map(([, name]) => name))];

const typesByName: ReadonlyMap<string, string> = new Map(
  named.map(([oid, name]) => [name.toLowerCase(), oid] as const),
);

const dotted = /^(?:oid\.)?([0-2](?:\.(?:0|[1-9]\d*))+)$/i;

/** @param name a name any of the tables has, in any case, or a dotted OID; undefined when it is neither */
export function attributeTypeOf(name: string): string | undefined {
  return typesByName.get(name.toLowerCase()) ?? dotted.exec(name)?.[1];
}
