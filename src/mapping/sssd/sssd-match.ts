/**
 * Whether a certificate matches a matching rule of SSSD. As there, every alternative name of a kind must match and there must be one,
 * and a certificate without key usage is for every use; unlike there, names are whole strings, never cut at a NUL.
 */
import { readSingle } from '../../pki/encoding/der.ts';
import { decodeText } from '../../pki/encoding/der-strings.ts';
import { MalformedError } from '../../pki/encoding/malformed-error.ts';
import { formatSssd } from '../stored/name-formats.ts';
import { type AlternativeValue, alternativeValues, type CertificateWithIdentity } from './certificate-values.ts';
import type { SssdComponent, SssdMatchRule, SssdNameKind } from './sssd-match-rule.ts';

/** @throws MalformedError when a Kerberos principal is malformed and the rule looks at it */
export function matchesSssdRule({ relation, components }: SssdMatchRule, facts: CertificateWithIdentity): boolean {
  const holds = (component: SssdComponent) => matchesComponent(component, relation, facts);
  return relation === 'all' ? components.every(holds) : components.some(holds);
}

function matchesComponent(component: SssdComponent, relation: 'all' | 'any', facts: CertificateWithIdentity): boolean {
  const { certificate } = facts;
  switch (component.on) {
    case 'issuer':
      return component.expression.matches(formatSssd(certificate.issuer, 'ldap'));
    case 'subject':
      return component.expression.matches(formatSssd(certificate.subject, 'ldap'));
    case 'keyUsage': {
      const { keyUsage } = certificate;
      return keyUsage === undefined || quantified(relation, component.usages, (usage) => keyUsage.has(usage));
    }
    case 'extendedKeyUsage': {
      const held = certificate.extendedKeyUsage ?? [];
      return quantified(relation, component.purposes, (purpose) => held.includes(purpose));
    }
    case 'alternativeName': {
      const values = valuesOf(component.kind, facts);
      return (
        values.length > 0 && values.every((value) => typeof value === 'string' && component.expression.matches(value))
      );
    }
    case 'octets': {
      const values = octetsOf(component.kind, facts);
      return values.length > 0 && values.every((value) => value.includes(component.octets));
    }
  }
}

function quantified<T>(relation: 'all' | 'any', items: readonly T[], holds: (item: T) => boolean): boolean {
  return relation === 'all' ? items.every(holds) : items.some(holds);
}

function valuesOf(kind: SssdNameKind, facts: CertificateWithIdentity): readonly (AlternativeValue | undefined)[] {
  if (typeof kind !== 'string') return otherNameTexts(kind.otherName, facts);
  return alternativeValues(facts, kind).map((value) =>
    typeof value === 'string' || Buffer.isBuffer(value) ? value : formatSssd(value, 'ldap'),
  );
}

/** Undefined stands for a name that is not text: it matches nothing. */
function otherNameTexts(type: string, { certificate }: CertificateWithIdentity): readonly (string | undefined)[] {
  return certificate.subjectAltName.flatMap((name) => {
    if (name.kind !== 'otherName' || name.type !== type) return [];
    const tag = name.value[0];
    try {
      return [tag === undefined ? undefined : decodeText(readSingle(name.value, tag, 'otherName'), 'otherName')];
    } catch (error) {
      if (error instanceof MalformedError) return [undefined];
      throw error;
    }
  });
}

function octetsOf(
  kind: 'otherName' | 'x400Address' | 'ediPartyName',
  { certificate }: CertificateWithIdentity,
): readonly Buffer[] {
  return certificate.subjectAltName.flatMap((name) => {
    if (name.kind !== kind) return [];
    return [name.kind === 'otherName' ? name.value : name.der];
  });
}
