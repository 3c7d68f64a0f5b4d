/** The accounts of a scenario as each kind of directory holds them: a YAML file, LDIF for Active Directory, LDIF for OpenLDAP. */
import { createHash } from 'node:crypto';
import { sidToBinary } from '../../directory/active-directory/sid.ts';
import type { CertificateMaterial } from './certificate-material.ts';
import { encodeLdif, type LdifRecord, type LdifValue } from './ldif.ts';
import type { Scenario, ScenarioAccount } from './scenario.ts';

/** The domain that account files and OpenLDAP pretend to be of; Active Directory has its own. */
const domainSid = 'S-1-5-21-1111111111-2222222222-3333333333';

/** NORMAL_ACCOUNT and SMARTCARD_REQUIRED (MS-ADTS 2.2.16): such an account has a random password that no person knows. */
const smartcardOnly = 0x200 | 0x40000;

export function chosenSid({ rid }: ScenarioAccount): string | undefined {
  return rid === undefined ? undefined : `${domainSid}-${rid}`;
}

export interface AccountFileEntry {
  readonly name: string;
  readonly userPrincipalName?: string | undefined;
  readonly sid?: string | undefined;
  readonly altSecurityIdentities?: readonly string[];
  /** SHA-256, hexadecimal. */
  readonly certificates?: readonly string[];
}

export function accountFileEntries({ accounts }: Scenario, material: CertificateMaterial): readonly AccountFileEntry[] {
  return accounts.map((account) => {
    const sid = chosenSid(account);
    const values = material.valuesOf(account);
    const fingerprints = material.certificatesOf(account).map((der) => createHash('sha256').update(der).digest('hex'));
    return {
      name: account.name,
      userPrincipalName: account.userPrincipalName,
      sid,
      ...(values.length > 0 && { altSecurityIdentities: values }),
      ...(fingerprints.length > 0 && { certificates: fingerprints }),
    };
  });
}

/** New users, without what depends on their SIDs, which the domain chooses now. */
export function activeDirectoryAccounts({ accounts }: Scenario, searchBase: string): string {
  return encodeLdif(
    accounts.map(({ name, userPrincipalName }) => ({
      dn: userDn(name, searchBase),
      change: 'add',
      attributes: [
        ['objectClass', 'user'],
        ['sAMAccountName', name],
        ...optional('userPrincipalName', userPrincipalName),
        ['userAccountControl', String(smartcardOnly)],
      ],
    })),
  );
}

/** What ties the users to their cards. */
export function activeDirectoryMappings(
  { accounts }: Scenario,
  material: CertificateMaterial,
  searchBase: string,
): string {
  return encodeLdif(
    accounts.flatMap((account): readonly LdifRecord[] => {
      const dn = userDn(account.name, searchBase);
      return [
        ...replaced(dn, 'altSecurityIdentities', material.valuesOf(account)),
        ...replaced(dn, 'userCertificate', material.certificatesOf(account)),
      ];
    }),
  );
}

/** Whole entries; they need the schema in mappings/openldap.schema. */
export function openLdapEntries({ accounts }: Scenario, material: CertificateMaterial, searchBase: string): string {
  return encodeLdif(
    accounts.map((account) => {
      const sid = chosenSid(account);
      return {
        dn: `uid=${account.name},${searchBase}`,
        attributes: [
          ['objectClass', 'inetOrgPerson'],
          ['objectClass', 'cardHolder'],
          ['uid', account.name],
          ['cn', account.name],
          ['sn', account.name],
          ...optional('userPrincipalName', account.userPrincipalName),
          ...optional('objectSid', sid === undefined ? undefined : sidToBinary(sid)),
          ...material.valuesOf(account).map((value) => ['altSecurityIdentities', value] as const),
          ...material.certificatesOf(account).map((der) => ['userCertificate;binary', der] as const),
        ],
      };
    }),
  );
}

function userDn(name: string, searchBase: string): string {
  return `CN=${name},CN=Users,${searchBase}`;
}

function replaced(dn: string, type: string, values: readonly LdifValue[]): readonly LdifRecord[] {
  if (values.length === 0) return [];
  return [{ dn, change: { replace: type }, attributes: values.map((value) => [type, value] as const) }];
}

function optional(type: string, value: LdifValue | undefined): readonly (readonly [string, LdifValue])[] {
  return value === undefined ? [] : [[type, value]];
}
