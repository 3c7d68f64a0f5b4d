/**
 * Name constraints (RFC 5280 4.2.1.10, 6.1.3 (b) and (c)). The subtrees of every CA are kept as sets of their own, so that a
 * CA below can only narrow what one above permits; every name of a certificate must pass every set. A name whose form is
 * constrained but not processed here, or which is not well formed, fails.
 */

import type { Certificate } from '../certificate/certificate.ts';
import type { NameConstraints, Subtrees } from '../certificate/extensions.ts';
import { describeOid, oids } from '../encoding/oids.ts';
import type { Budget } from '../path/budget.ts';
import { formatRfc4514, isWithinSubtree } from './distinguished-name.ts';
import { constrainedForm, type GeneralName } from './general-name.ts';
import {
  longestReadName,
  type Match,
  matchesDnsName,
  matchesHostOfUri,
  matchesIpAddress,
  matchesMailbox,
  matchesSmtpUtf8Mailbox,
  matchesUserPrincipalName,
  otherNameText,
} from './name-matching.ts';

/** Undefined when every name of the certificate passes; otherwise a sentence that names the first which does not. */
export function nameConstraintsRefusal(
  certificate: Certificate,
  constraints: readonly NameConstraints[],
  budget: Budget,
): string | undefined {
  if (constraints.length === 0) return undefined;
  const names = constrainedNames(certificate);
  for (const name of names) {
    budget.spend('nameComparisons', costOf(name));
    // Even where its own form is not constrained, a CA under constraints may not leave doubt about what it names.
    if (!isWellFormed(name)) return `${describe(name)} is not well formed`;
  }
  for (const set of constraints) {
    for (const name of names) {
      const subtrees = set.get(constrainedForm(name));
      const refusal = subtrees && subtreesRefusal(name, subtrees, budget);
      if (refusal) return refusal;
    }
  }
  return undefined;
}

function subtreesRefusal(name: GeneralName, { permitted, excluded }: Subtrees, budget: Budget): string | undefined {
  for (const base of excluded) {
    budget.spend('nameComparisons', costOf(name) + costOf(base));
    const result = match(name, base, 'excluded');
    if (result === 'yes') return `${describe(name)} is in the excluded subtree ${describe(base)}`;
    if (result !== 'no') return `${describe(name)} cannot be compared with the excluded subtree ${describe(base)}`;
  }
  if (permitted.length === 0) return undefined;
  for (const base of permitted) {
    budget.spend('nameComparisons', costOf(name) + costOf(base));
    if (match(name, base, 'permitted') === 'yes') return undefined;
  }
  const shown = permitted.slice(0, maximumShown).map(describe).join(', ');
  const more = permitted.length > maximumShown ? ` and ${permitted.length - maximumShown} more` : '';
  return `${describe(name)} is in none of the permitted subtrees: ${shown}${more}`;
}

/** Microseconds, for the budget: reading a name once. Directory names are normalised already, and compare as text. */
function costOf(name: GeneralName): number {
  if (name.kind === 'directoryName') return 0.1 + name.name.key.length * 0.0005;
  if (name.kind === 'otherName') return 1 + name.value.length * 0.02;
  return 0.2 + ('value' in name ? Math.min(name.value.length, longestReadName) * 0.02 : 0);
}

/** Subtrees that a refusal lists. */
const maximumShown = 4;

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

function match(name: GeneralName, base: GeneralName, side: Side): Match {
  if (name.kind === 'directoryName' && base.kind === 'directoryName')
    return isWithinSubtree(name.name, base.name) ? 'yes' : 'no';
  if (name.kind === 'dNSName' && base.kind === 'dNSName') return matchesDnsName(name.value, base.value, side);
  if (name.kind === 'rfc822Name' && base.kind === 'rfc822Name') return matchesMailbox(name.value, base.value);
  if (name.kind === 'otherName' && base.kind === 'rfc822Name') return matchesSmtpUtf8Mailbox(name.value, base.value);
  if (name.kind === 'uniformResourceIdentifier' && base.kind === 'uniformResourceIdentifier')
    return matchesHostOfUri(name.value, base.value);
  if (name.kind === 'iPAddress' && base.kind === 'iPAddress') return matchesIpAddress(name.octets, base.octets);
  if (name.kind === 'otherName' && base.kind === 'otherName' && name.type === oids.userPrincipalName)
    return matchesUserPrincipalName(name.value, base.value, side);
  return 'incomparable';
}

function isWellFormed(name: GeneralName): boolean {
  if (name.kind === 'dNSName') return matchesDnsName(name.value, '', 'permitted') === 'yes';
  if (name.kind === 'rfc822Name') return matchesMailbox(name.value, '') === 'yes';
  return name.kind !== 'unreadable';
}

/** For people; a stranger may have made the name as long as a certificate. */
function describe(name: GeneralName): string {
  const text = describeWhole(name);
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}

const longestShown = 200;

function describeWhole(name: GeneralName): string {
  switch (name.kind) {
    case 'directoryName':
      return `${name.kind} ${formatRfc4514(name.name)}`;
    case 'iPAddress':
      return `${name.kind} ${name.octets.toString('hex')}`;
    case 'otherName':
      return `${name.kind} ${describeOid(name.type)} ${otherNameText(name.value) ?? ''}`;
    default:
      return 'value' in name ? `${name.kind} "${name.value}"` : name.kind;
  }
}
