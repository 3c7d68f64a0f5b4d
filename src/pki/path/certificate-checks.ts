/** The checks of RFC 5280 section 6.1 that need nothing but one certificate. Each returns why it fails, or undefined. */
import type { DenialCode } from '../../denial.ts';
import type { Certificate } from '../certificate/certificate.ts';
import type { KeyUsage } from '../certificate/key-usage.ts';
import { oids } from '../encoding/oids.ts';

export interface CheckFault {
  readonly code: DenialCode;
  readonly detail: string;
}

const processedExtensions: ReadonlySet<string> = new Set([
  oids.subjectKeyIdentifier,
  oids.keyUsage,
  oids.subjectAltName,
  oids.basicConstraints,
  oids.nameConstraints,
  oids.crlDistributionPoints,
  oids.certificatePolicies,
  oids.policyMappings,
  oids.authorityKeyIdentifier,
  oids.policyConstraints,
  oids.extendedKeyUsage,
  oids.applicationPolicies,
  oids.freshestCrl,
  oids.inhibitAnyPolicy,
  oids.securityIdentifierExtension,
  // Responders are the only ones it spares a check; of others the status is asked for all the same.
  oids.ocspNoCheck,
]);

/** RFC 5280 4.1.2.5: both ends of the period belong to it. */
export function validityRefusal({ notBefore, notAfter }: Certificate, time: Date): CheckFault | undefined {
  if (time < notBefore)
    return {
      code: 'certificate-not-yet-valid',
      detail: `It is valid from ${notBefore.toISOString()} on; the time of validation is ${time.toISOString()}.`,
    };
  // notAfter names a whole second, and all of it is inside.
  if (Math.floor(time.getTime() / 1000) * 1000 > notAfter.getTime())
    return {
      code: 'certificate-expired',
      detail: `It expired at ${notAfter.toISOString()}; the time of validation is ${time.toISOString()}.`,
    };
  return undefined;
}

/** RFC 5280 6.1.4 (k): a certificate of version 1 or 2 cannot say that its subject is a CA, so it does not count as a CA certificate. */
export function caRefusal({ basicConstraints }: Certificate): CheckFault | undefined {
  if (basicConstraints?.ca) return undefined;
  return { code: 'basic-constraints-violated', detail: 'It issued a certificate but is not marked as a CA.' };
}

/** RFC 5280 4.2.1.3: a certificate without the extension does not limit its key. */
export function keyUsageRefusal({ keyUsage }: Certificate, demanded: KeyUsage): CheckFault | undefined {
  if (!keyUsage || keyUsage.has(demanded)) return undefined;
  return {
    code: 'key-usage-violated',
    detail: `Its key usage (${[...keyUsage].join(', ')}) lacks ${demanded}, for which the key was used.`,
  };
}

/** RFC 5280 6.1.4 (o), 6.1.5 (f); 4.2.1.4: critical certificate policies with a qualifier that cannot be interpreted are refused. */
export function criticalExtensionRefusal(certificate: Certificate): CheckFault | undefined {
  const { extensions, unprocessedPolicyQualifiers } = certificate;
  for (const { oid, critical } of extensions.values())
    if (critical && !processedExtensions.has(oid))
      return { code: 'critical-extension-unknown', detail: `Its critical extension ${oid} is not processed here.` };
  const [qualifier] = unprocessedPolicyQualifiers;
  if (qualifier === undefined || !extensions.get(oids.certificatePolicies)?.critical) return undefined;
  const detail = `Its critical certificate policies have a qualifier (${qualifier}) that is not processed here.`;
  return { code: 'critical-extension-unknown', detail };
}

/** RFC 5280 6.1.4 (a). */
export function anyPolicyMappingRefusal({ policyMappings }: Certificate): CheckFault | undefined {
  const mapsAny = policyMappings.some(
    ({ issuerDomainPolicy, subjectDomainPolicy }) =>
      issuerDomainPolicy === oids.anyPolicy || subjectDomainPolicy === oids.anyPolicy,
  );
  return mapsAny
    ? { code: 'certificate-policy-not-acceptable', detail: 'It maps anyPolicy, which RFC 5280 forbids.' }
    : undefined;
}
