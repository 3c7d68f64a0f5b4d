/** An account of Active Directory, read from its entry at a domain controller of its own domain. */

import type { DirectoryAccount } from '../directory.ts';
import { dateFromGeneralizedTime } from '../generalized-time.ts';
import type { LdapEntry } from '../ldap-entry.ts';
import { accountStateFrom, stateAttributes } from './active-directory-state.ts';
import { dnsDomainOf } from './domain-of-name.ts';
import { sidFromBinary } from './sid.ts';

export interface AccountReading {
  /** Name of the directory, as configured. */
  readonly directory: string;
  /** NetBIOS names by DNS name of the domain in lower case; of others the first label. */
  readonly netbiosNames: ReadonlyMap<string, string>;
  /**
   * Where the home directory stands: in one attribute, or as IIS FTP has it, in msIIS-FTPRoot and msIIS-FTPDir together; an
   * account that lacks one of the two has no home.
   */
  readonly home: 'iisFtp' | { readonly attribute: string };
}

const iisFtpAttributes = ['msIIS-FTPRoot', 'msIIS-FTPDir'] as const;
const identityAttributes = [
  'objectGUID',
  'objectSid',
  'sAMAccountName',
  'userPrincipalName',
  'altSecurityIdentities',
  'userCertificate',
  'whenCreated',
];

/** What must be asked for by name. */
export function accountAttributes({ home }: AccountReading): readonly string[] {
  return [...identityAttributes, ...stateAttributes, ...(home === 'iisFtp' ? iisFtpAttributes : [home.attribute])];
}

/** @throws DirectoryAnswerError when what identifies the account or decides about it is missing or cannot be read */
export function accountFrom(entry: LdapEntry, reading: AccountReading): DirectoryAccount {
  const sid = sidFromBinary(entry.octets('objectSid')[0] ?? Buffer.alloc(0));
  if (sid === undefined) throw entry.unreadable('objectSid', 'is not a SID');
  const accountName = entry.requiredText('sAMAccountName');
  const userPrincipalName = entry.text('userPrincipalName');
  const dnsDomain = dnsDomainOf(entry.distinguishedName);
  const createdAt = entry.read('whenCreated', dateFromGeneralizedTime);
  const homeDirectory = homeDirectoryOf(entry, reading.home);
  const domain = (dnsDomain && reading.netbiosNames.get(dnsDomain.toLowerCase())) ?? dnsDomain?.split('.')[0];
  return {
    directory: reading.directory,
    id: guidOf(entry),
    distinguishedName: entry.distinguishedName,
    accountName,
    loginNames: [
      accountName,
      ...(userPrincipalName === undefined ? [] : [userPrincipalName]),
      ...(dnsDomain === undefined ? [] : [`${accountName}@${dnsDomain}`]),
      ...(domain === undefined ? [] : [`${domain}\\${accountName}`]),
    ],
    sid,
    userPrincipalName,
    dnsDomain,
    netbiosDomain: domain,
    altSecurityIdentities: entry.texts('altSecurityIdentities'),
    certificates: entry.octets('userCertificate'),
    certificateFingerprints: [],
    createdAt,
    homeDirectory,
    state: accountStateFrom(entry),
  };
}

function homeDirectoryOf(entry: LdapEntry, home: AccountReading['home']): string | undefined {
  if (home !== 'iisFtp') return entry.text(home.attribute);
  const [root, directory] = iisFtpAttributes.map((attribute) => entry.text(attribute));
  if (root === undefined || directory === undefined) return undefined;
  const separator = root.includes('/') ? '/' : '\\';
  return `${root.replace(/[\\/]+$/, '')}${separator}${directory.replace(/^[\\/]+/, '')}`;
}

/** The objectGUID in the form that `<GUID=…>` takes. @throws DirectoryAnswerError */
export function guidOf(entry: LdapEntry): string {
  const guid = entry.octets('objectGUID')[0];
  if (guid?.length !== 16) throw entry.unreadable('objectGUID', 'is not 16 octets');
  return guidText(guid);
}

/** The first three fields of a GUID are little-endian (MS-DTYP 2.3.4). */
function guidText(guid: Buffer): string {
  const hex = (from: number, to: number) => guid.subarray(from, to).toString('hex');
  const reversed = (from: number, to: number) => Buffer.from(guid.subarray(from, to)).reverse().toString('hex');
  return [reversed(0, 4), reversed(4, 6), reversed(6, 8), hex(8, 10), hex(10, 16)].join('-');
}
