/** A mapping rule: which certificates it concerns, by what they are looked up, and what happens when nothing is found. */
import type { LookupKind } from '../../directory/directory.ts';
import type { KeyUsage } from '../../pki/certificate/key-usage.ts';
import type { SssdMatchRule } from '../sssd/sssd-match-rule.ts';
import type { FilterTemplate } from './filter-template.ts';
import type { TextPattern } from './text-pattern.ts';

/** The forms of altSecurityIdentities (MS-PKCA 3.1.5.2.1), strong ones first. */
export const altForms = [
  'issuerSerial',
  'issuerSid',
  'ski',
  'sha1PublicKey',
  'issuerSubject',
  'subject',
  'rfc822',
] as const;
export type AltForm = (typeof altForms)[number];

export const identityKinds = [
  'sid',
  ...altForms,
  'altSecurityIdentities',
  'certificate',
  'upn',
  'search',
  'sssd',
] as const;
export type IdentityKind = (typeof identityKinds)[number];

/** What a `<SHA1-PUKEY>` value is the SHA-1 of: MS-PKCA and what tools write differ. */
export const sha1PublicKeyInputs = ['certificate', 'subjectPublicKeyInfo', 'publicKey'] as const;
export type Sha1PublicKeyInput = (typeof sha1PublicKeyInputs)[number];

export const alternativeNameKinds = ['upn', 'rfc822Name', 'dNSName', 'uniformResourceIdentifier'] as const;
export type AlternativeNameKind = (typeof alternativeNameKinds)[number];

export interface RuleCondition {
  /** SHA-256 of the certificate of the CA that issued the end entity, lower-case hexadecimal; any of these. */
  readonly issuerSha256?: readonly string[] | undefined;
  /** SHA-256 of that CA's SubjectPublicKeyInfo, lower-case hexadecimal; any of these. */
  readonly issuerKeySha256?: readonly string[] | undefined;
  /** Normal forms of issuer names; any of these. A name proves nothing: any CA can bear it. */
  readonly issuer?: readonly string[] | undefined;
  /** Certificate policies (dotted OIDs) of which the validated path must be valid for at least one. */
  readonly policies?: readonly string[] | undefined;
  /** Certificate policies for all of which the path must be valid. */
  readonly allPolicies?: readonly string[] | undefined;
  /** Key purposes (dotted OIDs) of which the certificate must hold one. */
  readonly extendedKeyUsage?: readonly string[] | undefined;
  readonly allExtendedKeyUsage?: readonly string[] | undefined;
  /** All of these; a certificate without the extension is for every use (RFC 5280 4.2.1.3). */
  readonly keyUsage?: readonly KeyUsage[] | undefined;
  /** Normal forms of subject names; any of these. */
  readonly subject?: readonly string[] | undefined;
  /** Normal forms of names at or below which the subject lies; any of these. */
  readonly subjectUnder?: readonly string[] | undefined;
  /** By attribute type (dotted OID): one attribute of the subject must match one of the patterns. */
  readonly subjectAttributes?: ReadonlyMap<string, readonly TextPattern[]> | undefined;
  /** By kind: there must be names of the kind, and each must match one of the patterns. */
  readonly subjectAltName?: ReadonlyMap<AlternativeNameKind, readonly TextPattern[]> | undefined;
  readonly sssd?: SssdMatchRule | undefined;
}

export interface MappingRule {
  /** Names the rule in records and explanations. */
  readonly name: string;
  /** All that is given must hold; absent: the rule concerns every certificate. */
  readonly when?: RuleCondition | undefined;
  readonly map: IdentityKind;
  /** For `altSecurityIdentities`: the forms that count. */
  readonly forms?: readonly AltForm[];
  /** Default: the certificate only. */
  readonly sha1PublicKeyOf?: readonly Sha1PublicKeyInput[];
  /** For `upn`: only names with one of these suffixes are looked for. */
  readonly suffixes?: readonly string[];
  /** For `search` and `sssd`. */
  readonly filter?: FilterTemplate | undefined;
  /** For `search` and `sssd`: what an account found proves. Default `weak`. */
  readonly strength?: 'strong' | 'weak';
  /** `userPicks`: among several accounts that all hold a strong value of this very certificate, USER decides. Default `deny`. */
  readonly severalAccounts?: 'deny' | 'userPicks';
  /** Names of the directories to ask; absent: every directory of the site that can answer. */
  readonly domains?: readonly string[];
  /** Name of the one directory to ask. */
  readonly directory?: string;
  /** Distinguished name below which to search, instead of the directory's search base. */
  readonly base?: string;
  /** After a rule that found no account: `next` tries the next rule (default), `deny` ends the search. */
  readonly onMiss: 'next' | 'deny';
}

/** @returns the forms of altSecurityIdentities a rule looks for; none for a rule of another kind */
export function formsOf({ map, forms }: MappingRule): readonly AltForm[] {
  if (map === 'altSecurityIdentities') return forms ?? defaultForms;
  return altForms.filter((form) => form === map);
}

/** Key identifiers are free text of the requester, addresses change hands: those forms have to be asked for. */
const defaultForms: readonly AltForm[] = ['issuerSerial', 'issuerSid', 'issuerSubject'];

export const strongForms: ReadonlySet<AltForm> = new Set(['issuerSerial', 'issuerSid', 'ski', 'sha1PublicKey']);

/** The look-ups that rules of a kind make; a directory must be able to answer at least one of them. */
export function lookupsOfKind(kind: IdentityKind): readonly LookupKind[] {
  switch (kind) {
    case 'sid':
      return ['sid'];
    case 'certificate':
      return ['certificate'];
    case 'upn':
      return ['userPrincipalName', 'samAccountName'];
    case 'search':
    case 'sssd':
      return ['filter'];
    default:
      return ['altSecurityIdentities'];
  }
}
