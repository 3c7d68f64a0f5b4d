/**
 * What is wrong with an end entity itself, so that no path can cure it. It is judged before any path is looked for: a client that shows the
 * wrong certificate of a card learns so, whatever the CAs above it are like.
 */
import type { Certificate } from '../certificate/certificate.ts';
import { isUnlimited, purposeRefusal } from '../certificate/key-purposes.ts';
import type { SignatureVerifier } from '../certificate/signature.ts';
import { oids } from '../encoding/oids.ts';
import { type CheckFault, criticalExtensionRefusal, keyUsageRefusal, validityRefusal } from './certificate-checks.ts';

/** What this relying party demands of an end entity. */
export interface EndEntityDemands {
  readonly time: Date;
  /**
   * Extended key purposes (dotted OIDs) of which one must hold for the end entity and every CA above, `none` for an end entity that
   * names none; empty: not checked.
   */
  readonly purposes: readonly string[];
  /** What the end entity signs with its key: `digitalSignature` in TLS, `cRLSign` for CRLs. */
  readonly endEntityKeyUsage: 'digitalSignature' | 'cRLSign';
  /** Dotted OIDs of policies that refuse an end entity which asserts one or one mapped to it, whatever else holds. */
  readonly forbiddenPolicies?: ReadonlySet<string>;
}

export interface EndEntityFault extends CheckFault {
  readonly check: string;
  readonly citation: string;
}

interface EndEntityCheck {
  readonly check: string;
  readonly citation: string;
  readonly refusal: (
    certificate: Certificate,
    demands: EndEntityDemands,
    verifier: SignatureVerifier,
  ) => CheckFault | undefined;
}

/** In the order in which path validation meets them, so that the first fault is the same in both places. */
const checks: readonly EndEntityCheck[] = [
  {
    check: 'signature',
    citation: 'RFC 5280 6.1.3 (a)(1)',
    refusal: ({ signatureAlgorithm }, _demands, verifier) => {
      const reason = verifier.algorithmRefusal(signatureAlgorithm);
      return reason === undefined
        ? undefined
        : { code: 'algorithm-not-acceptable', detail: `The signature is not acceptable: ${reason}.` };
    },
  },
  {
    check: 'validity',
    citation: 'RFC 5280 6.1.3 (a)(2)',
    refusal: (certificate, { time }) => validityRefusal(certificate, time),
  },
  { check: 'critical extensions', citation: 'RFC 5280 6.1.5 (f)', refusal: criticalExtensionRefusal },
  {
    check: 'key usage',
    citation: 'RFC 5280 4.2.1.3',
    refusal: (certificate, { endEntityKeyUsage }) => keyUsageRefusal(certificate, endEntityKeyUsage),
  },
  {
    check: 'end entity key',
    citation: 'RFC 5280 6.1.5 (c) to (e)',
    refusal: ({ subjectPublicKeyInfo }, _demands, verifier) => keyRefusal(subjectPublicKeyInfo, verifier),
  },
  {
    check: 'extended key usage',
    citation: 'RFC 5280 4.2.1.12',
    refusal: endEntityPurposeRefusal,
  },
  {
    check: 'forbidden policies',
    citation: 'site setting forbiddenPolicies',
    refusal: ({ certificatePolicies = [] }, { forbiddenPolicies }) =>
      forbiddenPolicyRefusal(certificatePolicies, forbiddenPolicies),
  },
];

/** The first fault that no path can cure; undefined when a path may make it valid. Costs no signature. */
export function endEntityFault(
  certificate: Certificate,
  demands: EndEntityDemands,
  verifier: SignatureVerifier,
): EndEntityFault | undefined {
  for (const { check, citation, refusal } of checks) {
    const found = refusal(certificate, demands, verifier);
    if (found) return { ...found, check, citation };
  }
  return undefined;
}

/** @param spki DER of the SubjectPublicKeyInfo of an end entity */
export function keyRefusal(spki: Buffer, verifier: SignatureVerifier): CheckFault | undefined {
  const reason = verifier.endEntityKeyRefusal(spki);
  return reason ? { code: 'algorithm-not-acceptable', detail: `Its key is not acceptable: ${reason}.` } : undefined;
}

/** @param held policies asserted, or standing for asserted ones by mapping */
export function forbiddenPolicyRefusal(
  held: readonly string[],
  forbidden: ReadonlySet<string> | undefined,
): CheckFault | undefined {
  const found = held.find((policy) => forbidden?.has(policy));
  if (found === undefined) return undefined;
  const detail = `It asserts the policy ${found}, or one mapped to it, which the site forbids.`;
  return { code: 'certificate-policy-not-acceptable', detail };
}

/** @param purposes of which one must hold; empty: any will do */
export function endEntityPurposeRefusal(
  certificate: Certificate,
  { purposes, endEntityKeyUsage }: Pick<EndEntityDemands, 'purposes' | 'endEntityKeyUsage'>,
): CheckFault | undefined {
  if (purposes.length > 0) return purposeRefusal(certificate, purposes);
  return endEntityKeyUsage === 'cRLSign' ? crlSigningPurposeRefusal(certificate) : undefined;
}

/**
 * RFC 5280 defines no purpose for signing CRLs, so a key for CRLs alone does not keep to a critical extension that lists purposes,
 * unless it lets any in. CAs are not asked: their purposes are those of the certificates below.
 */
function crlSigningPurposeRefusal(certificate: Certificate): CheckFault | undefined {
  const { extensions, basicConstraints } = certificate;
  const isCritical = [oids.extendedKeyUsage, oids.applicationPolicies].some((oid) => extensions.get(oid)?.critical);
  if (!isCritical || basicConstraints?.ca || isUnlimited(certificate)) return undefined;
  const detail = 'Its critical extended key usage lists purposes, and signing CRLs is not among them.';
  return { code: 'extended-key-usage-missing', detail };
}
