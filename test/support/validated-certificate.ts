/** Certificates as the mapping receives them: issued by a test authority, and declared validated without a validator. */

import { type Certificate, parseCertificate } from '../../src/pki/certificate/certificate.ts';
import type { ValidatedCertificate } from '../../src/pki/path/validated-certificate.ts';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuanceRequest,
} from '../../src/smartcard/authority/certificate-authority.ts';
import type { NameInput } from '../../src/smartcard/authority/name-encoding.ts';
import { generateSoftwareKey } from '../../src/smartcard/authority/software-key.ts';

const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2036-01-01T00:00:00Z') };

export interface LogonAuthority {
  readonly authority: CertificateAuthority;
  readonly certificate: Certificate;
  /** Issues and declares validated. @param policies of the path; default: those of the certificate */
  validated(
    request: Partial<IssuanceRequest>,
    policies?: ValidatedCertificate['policies'],
  ): Promise<ValidatedCertificate>;
}

export async function createLogonAuthority(
  subject: NameInput = [
    { type: 'DC', value: 'example' },
    { type: 'DC', value: 'corp' },
    { type: 'CN', value: 'Logon CA' },
  ],
): Promise<LogonAuthority> {
  const authority = await createCertificateAuthority({ subject, keyType: 'P-256', validity });
  const certificate = parseCertificate(authority.certificateDer);
  const publicKey = await generateSoftwareKey('P-256');
  return {
    authority,
    certificate,
    validated: async (request, policies) => {
      const issued = await authority.issue({ subject: 'subject', publicKey, ...validity, ...request });
      return asValidated(parseCertificate(issued.der), certificate, policies ?? request.policies ?? []);
    },
  };
}

/** The only place where tests pretend that path validation took place. */
export function asValidated(
  certificate: Certificate,
  issuer: Certificate,
  policies: ValidatedCertificate['policies'] = [],
): ValidatedCertificate {
  return {
    certificate,
    path: [certificate],
    trustAnchor: { name: 'test', sha256: issuer.sha256 },
    policies,
    evidence: [],
    validatedAt: validity.notBefore,
  } as unknown as ValidatedCertificate;
}
