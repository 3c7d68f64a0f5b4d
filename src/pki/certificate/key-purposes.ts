/**
 * What the key of a certificate may be used for: extended key usage (RFC 5280 4.2.1.12) and Microsoft's application policies, which
 * say the same in another extension. A purpose counts only if neither of them leaves it out.
 */

import { describeOid, oids } from '../encoding/oids.ts';
import type { CheckFault } from '../path/certificate-checks.ts';
import type { Certificate } from './certificate.ts';

type Purposes = Pick<Certificate, 'extendedKeyUsage' | 'applicationPolicies'>;

/** Stands among the required purposes for an end entity that names none at all (Windows: AllowCertificatesWithNoEKU). */
export const noPurpose = 'none';

const anyPurpose: ReadonlySet<string> = new Set([oids.anyExtendedKeyUsage, oids.anyApplicationPolicy]);

/** The purposes that a certificate names, in whichever extension; undefined when it leaves its key to any. */
export function namedPurposes({ extendedKeyUsage, applicationPolicies }: Purposes): readonly string[] | undefined {
  if (!extendedKeyUsage || !applicationPolicies) return extendedKeyUsage ?? applicationPolicies;
  return [...new Set([...extendedKeyUsage, ...applicationPolicies])].filter((purpose) =>
    allows({ extendedKeyUsage, applicationPolicies }, purpose),
  );
}

/**
 * RFC 5280 leaves nesting open. As in other validators, a purpose counts only if every CA that names purposes names it.
 * @param required purposes of which one must hold, `none` perhaps among them
 * @returns those that this CA leaves, or why it leaves none
 */
export function purposesLeftBy(certificate: Certificate, required: readonly string[]): readonly string[] | CheckFault {
  const left = required.filter((purpose) => purpose === noPurpose || allows(certificate, purpose));
  // `none` passes through a CA only beside a purpose: an end entity that names none has those of the CA.
  const isLeft = left.some((purpose) => purpose !== noPurpose) || isUnlimited(certificate);
  return isLeft ? left : missingPurpose(certificate, required);
}

/** Whether an end entity holds one of the purposes. @param required those that the CAs above have left */
export function purposeRefusal(certificate: Certificate, required: readonly string[]): CheckFault | undefined {
  const { extendedKeyUsage, applicationPolicies } = certificate;
  const namesNone = !extendedKeyUsage && !applicationPolicies;
  // Neither an absent extension nor anyExtendedKeyUsage says that the certificate was issued for logging in.
  const holds = (purpose: string) =>
    allows(certificate, purpose) &&
    (extendedKeyUsage?.includes(purpose) === true || applicationPolicies?.includes(purpose) === true);
  const found = required.some((purpose) => (purpose === noPurpose ? namesNone : holds(purpose)));
  return found ? undefined : missingPurpose(certificate, required);
}

function allows({ extendedKeyUsage, applicationPolicies }: Purposes, purpose: string): boolean {
  return [extendedKeyUsage, applicationPolicies].every(
    (list) => !list || list.includes(purpose) || list.some((named) => anyPurpose.has(named)),
  );
}

/** Whether a certificate leaves its key to any purpose. */
export function isUnlimited({ extendedKeyUsage, applicationPolicies }: Purposes): boolean {
  return [extendedKeyUsage, applicationPolicies].every((list) => !list || list.some((named) => anyPurpose.has(named)));
}

function missingPurpose(certificate: Certificate, required: readonly string[]): CheckFault {
  const named = namedPurposes(certificate)?.map(describeOid).join(', ') || 'none';
  const detail = `Of the required purposes (${required.map(describeOid).join(', ')}) none is left; it names ${named}.`;
  return { code: 'extended-key-usage-missing', detail };
}
