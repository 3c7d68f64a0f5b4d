/**
 * What parts a certificate from an account by what needs no mapping value: the certificates the account holds, its user principal name,
 * its SID. For `cardgate explain` only; it decides nothing.
 */
import { createHash } from 'node:crypto';
import type { AccountLookup, DirectoryAccount } from '../../directory/directory.ts';
import { type Certificate, readableCertificates } from '../../pki/certificate/certificate.ts';
import { formatRfc4514 } from '../../pki/names/distinguished-name.ts';
import { serialNumberText } from '../../pki/names/serial-number-text.ts';
import { asciiLowerCase, equalsIgnoringAsciiCase } from '../ascii-case.ts';
import type { MappingRule } from '../rules/rule.ts';
import type { CertificateWithIdentity } from '../sssd/certificate-values.ts';

/** In the order in which people read it. `searched`: a rule looked for it; `certificateHas`: it could be looked for. */
export type Difference = (
  | { readonly searched: string; readonly certificateHas?: never }
  | { readonly certificateHas: string; readonly searched?: never }
  | { readonly searched?: never; readonly certificateHas?: never }
) & { readonly accountHolds: string; readonly whatDiffers: string };

/** @param stored octets at the account, which are a certificate or not */
export function certificateNearMiss(
  stored: Buffer,
  lookups: readonly AccountLookup[],
  { certificate }: CertificateWithIdentity,
): Difference {
  const isSearched = lookups.some(({ by }) => by === 'certificate');
  const [held] = readableCertificates([stored]);
  const sha256 = createHash('sha256').update(stored).digest('hex');
  const own = described(certificate.sha256, certificate);
  return {
    ...(isSearched ? { searched: own } : { certificateHas: own }),
    accountHolds: described(sha256, held),
    whatDiffers:
      isSearched || sha256 !== certificate.sha256
        ? differenceOfCertificate(stored, held, certificate)
        : 'nothing: it is the same certificate, which no rule looks for',
  };
}

function described(sha256: string, certificate: Certificate | undefined): string {
  if (!certificate) return `SHA-256 ${sha256}`;
  const { serialNumber, issuer } = certificate;
  return `SHA-256 ${sha256}, serial ${serialNumberText(serialNumber)}, issuer ${formatRfc4514(issuer)}`;
}

function differenceOfCertificate(stored: Buffer, held: Certificate | undefined, own: Certificate): string {
  if (stored.equals(own.der)) return 'nothing: it is the same certificate. The base or the filter of accounts hides it';
  if (!held) return 'the account’s value is not a readable certificate';
  const isSameIssuer = held.issuer.key === own.issuer.key;
  if (isSameIssuer && held.serialNumber === own.serialNumber)
    return 'issuer and serial number are the same, yet it is another certificate: one of them may be forged';
  if (held.subjectPublicKeyInfo.equals(own.subjectPublicKeyInfo))
    return 'it is another certificate for the same key, such as one from before a renewal';
  if (!isSameIssuer) return 'it is another certificate, of another issuer';
  return held.subject.key === own.subject.key
    ? 'it is another certificate of the same issuer and subject, such as one from before a renewal'
    : 'it is another certificate of the same issuer';
}

/** @returns undefined when no rule is about user principal names, or the names are equal */
export function principalNearMiss(
  { userPrincipalName }: DirectoryAccount,
  rules: readonly MappingRule[],
  lookups: readonly AccountLookup[],
  { identity: { userPrincipalNames } }: CertificateWithIdentity,
): Difference | undefined {
  if (userPrincipalNames.length === 0 || !rules.some(({ map }) => map === 'upn')) return undefined;
  const searched = lookups.flatMap((lookup) => (lookup.by === 'userPrincipalName' ? [lookup.userPrincipalName] : []));
  if (searched.some((name) => equalsIgnoringAsciiCase(userPrincipalName, name))) return undefined;
  const accountHolds = userPrincipalName ?? '(no user principal name)';
  const unsearched = userPrincipalNames.find((name) => equalsIgnoringAsciiCase(userPrincipalName, name));
  if (unsearched !== undefined || searched.length === 0) {
    const [certificateHas = ''] = unsearched === undefined ? userPrincipalNames : [unsearched];
    return {
      certificateHas,
      accountHolds,
      whatDiffers: 'no rule looks for this name: suffixes of the rules leave it out',
    };
  }
  return { searched: searched.join(' '), accountHolds, whatDiffers: differenceOfName(userPrincipalName, searched) };
}

function differenceOfName(held: string | undefined, searched: readonly string[]): string {
  if (held === undefined) return 'the account has no user principal name';
  const [name, suffix] = partsOf(held);
  const parts = searched.map(partsOf);
  if (parts.some(([other]) => other === name)) return 'the suffix after the @; the name before it is the same';
  if (parts.some(([, other]) => other === suffix)) return 'the name before the @; the suffix is the same';
  return 'the whole name';
}

function partsOf(userPrincipalName: string): readonly [name: string, suffix: string] {
  const at = userPrincipalName.lastIndexOf('@');
  return [asciiLowerCase(userPrincipalName.slice(0, at)), asciiLowerCase(userPrincipalName.slice(at + 1))];
}

/** @returns undefined when certificate or account has no SID, or they are equal */
export function sidNearMiss({ sid }: DirectoryAccount, { identity }: CertificateWithIdentity): Difference | undefined {
  const own = identity.securityIdentifier?.sid;
  if (own === undefined || sid === undefined || own === sid) return undefined;
  const whatDiffers = 'the SID: the certificate was issued for another account, or the account was made anew';
  return { certificateHas: own, accountHolds: sid, whatDiffers };
}
