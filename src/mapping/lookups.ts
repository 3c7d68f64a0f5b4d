/**
 * From a certificate and a rule to directory look-ups, and back: whether an account that came back has what was looked for.
 * Values that no account can have are never searched for, and what the directory folds together is told apart again.
 */
import type { AccountLookup, DirectoryAccount } from '../directory/directory.ts';
import { printable } from '../operations/printable.ts';
import type { Certificate } from '../pki/certificate.ts';
import { formatRfc4514 } from '../pki/distinguished-name.ts';
import type { SubjectIdentity } from '../pki/subject-identity.ts';
import { issuerSerialValues } from './alt-security-identities.ts';
import { equalsIgnoringAsciiCase } from './ascii-case.ts';
import { describeFilter, holdsFilter } from './filter-comparison.ts';
import { formatLdap } from './name-formats.ts';
import type { IdentityKind } from './rule.ts';

/** A certificate with more user principal names is refused: each would cost searches, and none has more than a few. */
const mostUserPrincipalNames = 8;
const longestUserPrincipalName = 1024;
const longestSamAccountName = 20;
/** A user of a domain: domain identifier and relative identifier. */
const domainSid = /^S-1-5-21-\d+-\d+-\d+-(\d+)$/;
const administrator = 500;
/** Relative identifiers below are built-in and never people, the administrator apart. */
const firstOwnRid = 1000;
/** MS-ADTS sAMAccountName and what no name has; a trailing dollar sign is a computer's. */
const oddSamAccountName = /["/\\[\]:;|=,+*?<>@\p{Cc}]|\$$|^\s|\s$/u;
const oddText = /[\p{Cc}\p{Cs}\s]/u;

/** @returns the look-ups of a rule, none when the certificate holds nothing that could be looked for */
export function lookupsFor(
  kind: IdentityKind,
  certificate: Certificate,
  identity: SubjectIdentity,
): readonly AccountLookup[] {
  switch (kind) {
    case 'sid': {
      const sid = identity.securityIdentifier?.sid ?? '';
      const rid = Number(domainSid.exec(sid)?.[1] ?? 0);
      return rid >= firstOwnRid || rid === administrator ? [{ by: 'sid', sid }] : [];
    }
    case 'issuerSerial': {
      const values = issuerSerialValues(certificate);
      return values.length > 0 ? [{ by: 'altSecurityIdentities', values }] : [];
    }
    case 'certificate': {
      const { der, sha256, serialNumber, issuer } = certificate;
      return [{ by: 'certificate', der, sha256, serialNumber, issuer: formatLdap(issuer) ?? formatRfc4514(issuer) }];
    }
    case 'upn': {
      const names = identity.userPrincipalNames;
      return names.length <= mostUserPrincipalNames ? names.flatMap(userPrincipalNameLookups) : [];
    }
  }
}

/** As userPrincipalName, and as name@domain of an account that has the name without being told so (MS-ADTS 5.1.1.1.1). */
function userPrincipalNameLookups(userPrincipalName: string): readonly AccountLookup[] {
  const [samAccountName, dnsDomain, ...more] = userPrincipalName.split('@');
  if (!samAccountName || !dnsDomain || more.length > 0) return [];
  if (userPrincipalName.length > longestUserPrincipalName || oddText.test(userPrincipalName)) return [];
  const explicit: AccountLookup = { by: 'userPrincipalName', userPrincipalName };
  if (samAccountName.length > longestSamAccountName || oddSamAccountName.test(samAccountName)) return [explicit];
  return [explicit, { by: 'samAccountName', samAccountName, dnsDomain }];
}

/** Directories ignore case beyond ASCII, accents and widths; here only ASCII case is ignored. */
export function hasWhatWasLookedFor(account: DirectoryAccount, lookup: AccountLookup): boolean {
  switch (lookup.by) {
    case 'sid':
      return account.sid === lookup.sid;
    case 'altSecurityIdentities':
      return account.altSecurityIdentities.some((stored) =>
        lookup.values.some((value) => equalsIgnoringAsciiCase(stored, value)),
      );
    case 'userPrincipalName':
      return equalsIgnoringAsciiCase(account.userPrincipalName, lookup.userPrincipalName);
    case 'samAccountName':
      return (
        equalsIgnoringAsciiCase(account.accountName, lookup.samAccountName) &&
        equalsIgnoringAsciiCase(account.dnsDomain, lookup.dnsDomain)
      );
    case 'certificate':
      return (
        account.certificates.some((stored) => stored.equals(lookup.der)) ||
        account.certificateFingerprints.includes(lookup.sha256)
      );
    case 'filter':
      return holdsFilter(account, lookup.filter);
  }
}

/** What was searched, for an administrator who wants to search it by hand. */
export function describeLookup(lookup: AccountLookup): readonly string[] {
  switch (lookup.by) {
    case 'sid':
      return [`objectSid=${lookup.sid}`];
    case 'altSecurityIdentities':
      return lookup.values.map((value) => `altSecurityIdentities=${printable(value)}`);
    case 'userPrincipalName':
      return [`userPrincipalName=${printable(lookup.userPrincipalName)}`];
    case 'samAccountName':
      return [`sAMAccountName=${printable(lookup.samAccountName)} in ${printable(lookup.dnsDomain)}`];
    case 'certificate':
      return [
        `certificate sha256=${lookup.sha256}`,
        `serial ${lookup.serialNumber}, issuer ${printable(lookup.issuer)}`,
      ];
    case 'filter':
      return [describeFilter(lookup.filter)];
  }
}
