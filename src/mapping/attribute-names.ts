/** The names of attribute types in distinguished names, which differ from one directory and tool to the next. */
import { rfc4514Names } from '../pki/distinguished-name.ts';
import { oids } from '../pki/oids.ts';

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
]);

/** What SSSD prints where RFC 4514 has no short name. */
export const sssdNames: ReadonlyMap<string, string> = new Map([
  ...rfc4514Names,
  [oids.emailAddress, 'emailAddress'],
  [oids.serialNumberAttribute, 'serialNumber'],
  [oids.surname, 'SN'],
  [oids.givenName, 'GN'],
  [oids.title, 'title'],
  [oids.initials, 'initials'],
  [oids.generationQualifier, 'generationQualifier'],
  [oids.distinguishedNameQualifier, 'dnQualifier'],
  [oids.pseudonym, 'pseudonym'],
  [oids.organizationIdentifier, 'organizationIdentifier'],
]);

const aliases: readonly (readonly [string, string])[] = [
  [oids.emailAddress, 'MAIL'],
  [oids.givenName, 'givenName'],
  [oids.givenName, 'G'],
];

const typesByName: ReadonlyMap<string, string> = new Map(
  [...x500Names, ...sssdNames, ...aliases].map(([oid, name]) => [name.toLowerCase(), oid] as const),
);

const dotted = /^(?:oid\.)?([0-2](?:\.(?:0|[1-9]\d*))+)$/i;

/** @param name a name any of the tables has, in any case, or a dotted OID; undefined when it is neither */
export function attributeTypeOf(name: string): string | undefined {
  return typesByName.get(name.toLowerCase()) ?? dotted.exec(name)?.[1];
}
