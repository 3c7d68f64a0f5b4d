/**
 * From a certificate and a rule to directory look-ups, and back: what an account that came back proves, if it has what was looked for.
 * Values that no account can have are never searched for, and what the directory folds together is told apart again.
 */
import type { AccountLookup, DirectoryAccount, MappingSpelling } from '../directory/directory.ts';
import { printable } from '../operations/printable.ts';
import { formatRfc4514 } from '../pki/names/distinguished-name.ts';
import { serialNumberText } from '../pki/names/serial-number-text.ts';
import type { Strength } from './account-resolver.ts';
import { asciiLowerCase, equalsIgnoringAsciiCase } from './ascii-case.ts';
import { describeFilter, holdsFilter } from './filter-comparison.ts';
import { fillFilter } from './filter-filling.ts';
import { type AltForm, formsOf, type MappingRule, strongForms } from './rules/rule.ts';
import type { CertificateWithIdentity } from './sssd/certificate-values.ts';
import { altValues } from './stored/alt-security-identities.ts';
import { formatLdap } from './stored/name-formats.ts';

export interface Proof {
  /** What the account was found by: a form of altSecurityIdentities, or the kind of the rule. */
  readonly what: AltForm | 'sid' | 'certificate' | 'upn' | 'search';
  readonly strength: Strength;
}

export interface Question {
  readonly lookup: AccountLookup;
  /** @returns undefined when the account does not have what was looked for, so that the answer cannot be believed */
  readonly proof: (account: DirectoryAccount) => Proof | undefined;
}

/** All but those whose answer tells by several values what it proves. */
type SimpleLookup = Exclude<AccountLookup, { by: 'altSecurityIdentities' }>;

/** A certificate with more user principal names is refused: each name costs searches, and no person has more than a few. */
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

/**
 * @param spelling of the directory that is to be asked
 * @returns the look-ups of a rule, none when the certificate holds nothing that could be looked for
 * @throws MalformedError
 */
export function questionsFor(
  rule: MappingRule,
  facts: CertificateWithIdentity,
  spelling: MappingSpelling = 'activeDirectory',
): readonly Question[] {
  const { certificate, identity } = facts;
  switch (rule.map) {
    case 'sid': {
      const sid = identity.securityIdentifier?.sid ?? '';
      const rid = Number(domainSid.exec(sid)?.[1] ?? 0);
      const isUser = rid >= firstOwnRid || rid === administrator;
      return isUser ? [question({ by: 'sid', sid }, { what: 'sid', strength: 'strong' })] : [];
    }
    case 'certificate': {
      const { der, sha256, serialNumber, issuer } = certificate;
      const text = formatLdap(issuer) ?? formatRfc4514(issuer);
      const lookup: SimpleLookup = { by: 'certificate', der, sha256, serialNumber, issuer: text };
      return [question(lookup, { what: 'certificate', strength: 'strong' })];
    }
    case 'upn': {
      const names = identity.userPrincipalNames;
      if (names.length > mostUserPrincipalNames) return [];
      const lookups = names.filter((name) => hasSuffix(name, rule.suffixes)).flatMap(userPrincipalNameLookups);
      return lookups.map((lookup) => question(lookup, { what: 'upn', strength: 'weak' }));
    }
    case 'search':
    case 'sssd': {
      const filters = rule.filter ? fillFilter(rule.filter, facts) : [];
      const proof: Proof = { what: 'search', strength: rule.strength ?? 'weak' };
      return filters.map((filter) => question({ by: 'filter', filter }, proof));
    }
    default:
      return altQuestions(rule, facts, spelling);
  }
}

function question(lookup: SimpleLookup, proof: Proof): Question {
  return { lookup, proof: (account) => (hasWhatWasLookedFor(account, lookup) ? proof : undefined) };
}

/** All forms and spellings in one search; which value the account has tells what it proves, and the strongest counts. */
function altQuestions(
  rule: MappingRule,
  { certificate, identity }: CertificateWithIdentity,
  spelling: MappingSpelling,
): readonly Question[] {
  const { sha1PublicKeyOf } = rule;
  const forms = formsOf(rule).map((form) => ({
    form,
    values: altValues(form, certificate, identity, { spelling, sha1PublicKeyOf }),
  }));
  const values = forms.flatMap((entry) => entry.values);
  if (values.length === 0) return [];
  const strongestFirst = [...forms].sort((a, b) => Number(strongForms.has(b.form)) - Number(strongForms.has(a.form)));
  const proof = ({ altSecurityIdentities }: DirectoryAccount): Proof | undefined => {
    const stored = new Set(altSecurityIdentities.map(asciiLowerCase));
    const found = strongestFirst.find((entry) => entry.values.some((value) => stored.has(asciiLowerCase(value))));
    return found && { what: found.form, strength: strongForms.has(found.form) ? 'strong' : 'weak' };
  };
  return [{ lookup: { by: 'altSecurityIdentities', values }, proof }];
}

function hasSuffix(userPrincipalName: string, suffixes: readonly string[] | undefined): boolean {
  const suffix = userPrincipalName.slice(userPrincipalName.indexOf('@') + 1);
  return suffixes === undefined || suffixes.some((allowed) => equalsIgnoringAsciiCase(suffix, allowed));
}

/** As userPrincipalName, and as name@domain of an account that has the name without being told so (MS-ADTS 5.1.1.1.1). */
function userPrincipalNameLookups(userPrincipalName: string): readonly SimpleLookup[] {
  const [samAccountName, dnsDomain, ...more] = userPrincipalName.split('@');
  if (!samAccountName || !dnsDomain || more.length > 0) return [];
  if (userPrincipalName.length > longestUserPrincipalName || oddText.test(userPrincipalName)) return [];
  const explicit: SimpleLookup = { by: 'userPrincipalName', userPrincipalName };
  if (samAccountName.length > longestSamAccountName || oddSamAccountName.test(samAccountName)) return [explicit];
  return [explicit, { by: 'samAccountName', samAccountName, dnsDomain }];
}

/** Directories ignore case beyond ASCII, accents and widths; here only ASCII case is ignored. */
function hasWhatWasLookedFor(account: DirectoryAccount, lookup: SimpleLookup): boolean {
  switch (lookup.by) {
    case 'sid':
      return account.sid === lookup.sid;
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
        `serial ${serialNumberText(lookup.serialNumber)}, issuer ${printable(lookup.issuer)}`,
      ];
    case 'filter':
      return [describeFilter(lookup.filter)];
  }
}
