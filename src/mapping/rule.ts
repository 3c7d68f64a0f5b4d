/** A mapping rule: which certificates it concerns, by what they are looked up, and what happens when nothing is found. */
import type { LookupKind } from '../directory/directory.ts';

export const identityKinds = ['sid', 'issuerSerial', 'certificate', 'upn'] as const;
/** `sid`, `issuerSerial` and `certificate` prove an account by themselves; a `upn` is only a name. */
export type IdentityKind = (typeof identityKinds)[number];

export interface RuleCondition {
  /** SHA-256 of the certificate of the CA that issued the end entity, lower-case hexadecimal; any of these. */
  readonly issuerSha256?: readonly string[];
  /** Certificate policies (dotted OIDs) of which the validated path must be valid for at least one. */
  readonly policies?: readonly string[];
}

export interface MappingRule {
  /** Names the rule in records and explanations. */
  readonly name: string;
  /** All that is given must hold; absent: the rule concerns every certificate. */
  readonly when?: RuleCondition;
  readonly map: IdentityKind;
  /** Name of the directory to ask; absent: every directory of the site that can answer. */
  readonly directory?: string;
  /** After a rule that found no account: `next` tries the next rule (default), `deny` ends the search. */
  readonly onMiss: 'next' | 'deny';
}

/** The look-ups that rules of a kind make; a directory must be able to answer at least one of them. */
export const lookupsOfKind: Readonly<Record<IdentityKind, readonly LookupKind[]>> = {
  sid: ['sid'],
  issuerSerial: ['altSecurityIdentities'],
  certificate: ['certificate'],
  upn: ['userPrincipalName', 'samAccountName'],
};
