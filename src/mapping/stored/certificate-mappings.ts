/** Every string by which a certificate can be stored at an account, for an administrator to copy: strong forms first. */
import { certificateExactAssertion } from '../../directory/certificate-exact-assertion.ts';
import type { Certificate } from '../../pki/certificate/certificate.ts';
import { formatRfc4514 } from '../../pki/names/distinguished-name.ts';
import { serialNumberText } from '../../pki/names/serial-number-text.ts';
import { subjectIdentity } from '../../pki/names/subject-identity.ts';
import type { Strength } from '../account-resolver.ts';
import { type AltForm, altForms, strongForms } from '../rules/rule.ts';
import { altValues } from './alt-security-identities.ts';
import { formatLdap } from './name-formats.ts';

interface StorableValue {
  readonly form: AltForm;
  readonly strength: Strength;
  readonly value: string;
}

export interface CertificateMappings {
  /** RFC 4514. */
  readonly subject: string;
  readonly issuer: string;
  /** As `serialNumberText` writes it. */
  readonly serialNumber: string;
  /** For altSecurityIdentities; the usual spelling of each form. */
  readonly altSecurityIdentities: readonly StorableValue[];
  /** For an account file, or the attribute with fingerprints. */
  readonly sha256: string;
  /** For FreeIPA: issuer and subject, as weak as they are. */
  readonly ipaCertMapData: string | undefined;
  /** RFC 4515, for OpenLDAP; undefined where OpenLDAP could never match the issuer's name. */
  readonly exactMatchFilter: string | undefined;
}

/** @throws MalformedError when an identity in the certificate is malformed */
export function certificateMappings(certificate: Certificate): CertificateMappings {
  const identity = subjectIdentity(certificate);
  const { issuer, subject, serialNumber, sha256 } = certificate;
  const values = altForms.flatMap((form): readonly StorableValue[] => {
    const [value, ...more] = altValues(form, certificate, identity);
    const strength = strongForms.has(form) ? 'strong' : 'weak';
    // several addresses are several values, several spellings of one name are not
    const all = form === 'rfc822' ? [value, ...more] : [value];
    return all.flatMap((text) => (text === undefined ? [] : [{ form, strength, value: text }]));
  });
  const assertion = certificateExactAssertion({ serialNumber, issuer: formatLdap(issuer) ?? formatRfc4514(issuer) });
  return {
    subject: formatRfc4514(subject),
    issuer: formatRfc4514(issuer),
    serialNumber: serialNumberText(serialNumber),
    altSecurityIdentities: values,
    sha256,
    ipaCertMapData: altValues('issuerSubject', certificate, identity, { spelling: 'freeIpa' })[0],
    exactMatchFilter: assertion === undefined ? undefined : `(userCertificate=${escapeFilterValue(assertion)})`,
  };
}

/** RFC 4515 section 3. */
function escapeFilterValue(value: string): string {
  return value.replace(/[\\*()\0]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
