/**
 * Name constraints (RFC 5280 4.2.1.10, 6.1.3 (b) and (c)). The subtrees of every CA are kept as sets of their own, so that a
 * CA below can only narrow what one above permits; every name of a certificate must pass every set. A name whose form is
 * constrained but not processed here, or which is not well formed, fails.
 */
import type { Budget } from './budget.ts';
import type { Certificate } from './certificate.ts';
import { isWithinSubtree } from './distinguished-name.ts';
import type { NameConstraints } from './extensions.ts';
import type { GeneralName } from './general-name.ts';
import {
  type Match,
  matchesDnsName,
  matchesHostOfUri,
  matchesIpAddress,
  matchesMailbox,
  matchesUserPrincipalName,
} from './name-matching.ts';
import { oids } from './oids.ts';

/** Undefined when every name of the certificate passes; otherwise a sentence that names the first which does not. */
export function nameConstraintsRefusal(
  certificate: Certificate,
  constraints: readonly NameConstraints[],
  budget: Budget,
): string | undefined {
  if (constraints.length === 0) return undefined;
  const names = constrainedNames(certificate);
  for (const { permitted, excluded } of constraints) {
    for (const name of names) {
      const sameForm = (bases: readonly GeneralName[]) =>
        bases.filter((base) => {
          budget.spend('nameComparisons');
          return formOf(base) === formOf(name);
        });
      const permittedBases = sameForm(permitted);
      const matches = (base: GeneralName, side: Side) => {
        budget.spend('nameComparisons');
        return match(name, base, side);
      };
      for (const base of sameForm(excluded)) {
        const result = matches(base, 'excluded');
        if (result !== 'no') return `${describe(name)} is in an excluded subtree, or cannot be compared with it`;
      }
      if (permittedBases.length > 0 && !permittedBases.some((base) => matches(base, 'permitted') === 'yes'))
        return `${describe(name)} is in none of the permitted subtrees`;
    }
  }
  return undefined;
}

type Side = 'permitted' | 'excluded';

/** RFC 5280 4.2.1.10: subject, subject alternative names, and e-mail addresses in the subject. */
function constrainedNames(certificate: Certificate): readonly GeneralName[] {
  const { subject, subjectAltName } = certificate;
  const emailAddresses = subject.rdns
    .flat()
    .filter(({ type }) => type === oids.emailAddress)
    .map(({ text }): GeneralName => ({ kind: 'rfc822Name', value: text ?? '' }));
  const directoryName: readonly GeneralName[] =
    subject.rdns.length > 0 ? [{ kind: 'directoryName', name: subject }] : [];
  return [...directoryName, ...emailAddresses, ...subjectAltName];
}

/** Constraints apply to names of their own form; for otherName the form is its type. */
function formOf(name: GeneralName): string {
  return name.kind === 'otherName' ? `otherName ${name.type}` : name.kind;
}

function match(name: GeneralName, base: GeneralName, side: Side): Match {
  if (name.kind === 'directoryName' && base.kind === 'directoryName')
    return isWithinSubtree(name.name, base.name) ? 'yes' : 'no';
  if (name.kind === 'dNSName' && base.kind === 'dNSName') return matchesDnsName(name.value, base.value, side);
  if (name.kind === 'rfc822Name' && base.kind === 'rfc822Name') return matchesMailbox(name.value, base.value);
  if (name.kind === 'uniformResourceIdentifier' && base.kind === 'uniformResourceIdentifier')
    return matchesHostOfUri(name.value, base.value);
  if (name.kind === 'iPAddress' && base.kind === 'iPAddress') return matchesIpAddress(name.octets, base.octets);
  if (name.kind === 'otherName' && base.kind === 'otherName' && name.type === oids.userPrincipalName)
    return matchesUserPrincipalName(name.value, base.value, side);
  return 'incomparable';
}

function describe(name: GeneralName): string {
  return 'value' in name && typeof name.value === 'string' ? `${name.kind} ${name.value}` : name.kind;
}
