/** What conditions of rules look at, of a login whose certificate a mapping service validated. */
import type { CertificateCircumstances } from '../authorization/rules/rule-conditions.ts';
import { parseCertificate } from '../pki/certificate/certificate.ts';
import { MalformedError } from '../pki/encoding/malformed-error.ts';
import type { GrantedAnswer } from './wire.ts';

/**
 * @param endEntity DER of the certificate that the service validated; it is read when a rule asks for what the answer does not tell
 */
export function remoteCertificate(
  { certificate, path, trustAnchor, policies }: GrantedAnswer,
  endEntity: Buffer,
): CertificateCircumstances {
  return {
    policies,
    issuer: { name: certificate.issuer, sha256: path[1] ?? trustAnchor },
    get extendedKeyUsage() {
      return purposesOf(endEntity);
    },
  };
}

/** Undefined where this version cannot read what the service read. */
function purposesOf(der: Buffer): readonly string[] | undefined {
  try {
    return parseCertificate(der).extendedKeyUsage ?? [];
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}
