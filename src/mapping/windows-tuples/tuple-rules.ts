/**
 * Mapping rules that say what a tuple of Windows says: certificates of this CA and of one of these policies lead to the account by a
 * name. Windows pins the CA by SHA-1, rules pin it by SHA-256, so each thumbprint needs the certificate it is of.
 */
import type { StrongNameTuple, TupleFault } from './strong-name-tuples.ts';

/** A certificate that the administrator gave as that of a CA. */
export interface IssuerCertificate {
  /** SHA-1 and SHA-256 of the certificate, lower-case hexadecimal. */
  readonly thumbprint: string;
  readonly sha256: string;
  readonly subject: string;
  readonly isAuthority: boolean;
  /** Where it stood. */
  readonly file: string;
}

/** In the form of a rule file. */
export interface TupleRule {
  readonly name: string;
  readonly when: { readonly issuerSha256: readonly string[]; readonly policies: readonly string[] };
  readonly map: 'upn' | 'issuerSubject';
  readonly suffixes?: readonly string[];
}

export interface RulesOfTuple {
  readonly tuple: StrongNameTuple;
  readonly issuer: IssuerCertificate;
  /** One for each kind of name, the user principal name first, as Windows looks. */
  readonly rules: readonly TupleRule[];
}

export interface TupleRules {
  readonly made: readonly RulesOfTuple[];
  readonly faults: readonly TupleFault[];
}

/**
 * @param issuers CA certificates among which the thumbprint (SHA-1) of each tuple is looked for
 * @returns rules of the tuples whose issuer is there, and a fault for each of the others
 */
export function rulesOfTuples(tuples: readonly StrongNameTuple[], issuers: readonly IssuerCertificate[]): TupleRules {
  const faults: TupleFault[] = [];
  const made = tuples.flatMap((tuple): readonly RulesOfTuple[] => {
    const issuer = issuerOf(tuple, issuers);
    if ('message' in issuer) {
      faults.push(issuer);
      return [];
    }
    return [{ tuple, issuer, rules: rulesOf(tuple, issuer) }];
  });
  return { made, faults };
}

function issuerOf(
  { place, thumbprint }: StrongNameTuple,
  issuers: readonly IssuerCertificate[],
): IssuerCertificate | TupleFault {
  const [issuer, ...more] = issuers.filter((one) => one.thumbprint === thumbprint);
  if (!issuer) {
    const message = `no certificate given with --ca has the thumbprint ${thumbprint}`;
    return { place, message, remedy: 'Export the certificate of that CA and name its file with --ca.' };
  }
  // who can make two certificates of one SHA-1 must not choose which of them is pinned
  const other = more.find(({ sha256 }) => sha256 !== issuer.sha256);
  if (other) {
    const message = `two certificates have the thumbprint ${thumbprint}: in ${issuer.file} and in ${other.file}`;
    return { place, message, remedy: 'One of them is forged. Keep both, find out whence they came, and renew the CA.' };
  }
  if (!issuer.isAuthority) {
    const message = `the certificate with the thumbprint ${thumbprint} is not that of a CA: ${issuer.subject}`;
    return { place, message, remedy: 'Give the thumbprint of the CA that issues the cards, not that of a card.' };
  }
  return issuer;
}

function rulesOf({ thumbprint, policies, upnSuffixes, issuerSubject }: StrongNameTuple, issuer: IssuerCertificate) {
  const when = { issuerSha256: [issuer.sha256], policies };
  const name = `tuple-${thumbprint.slice(0, 16)}`;
  const rules: TupleRule[] = [];
  if (upnSuffixes.length > 0) rules.push({ name: `${name}-upn`, when, map: 'upn', suffixes: upnSuffixes });
  if (issuerSubject) rules.push({ name: `${name}-issuer-subject`, when, map: 'issuerSubject' });
  return rules;
}
