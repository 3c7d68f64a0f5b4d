/** How a login came about, as the conditions of authorization rules look at it. */
import type { LoginCircumstances } from '../authorization/rules/rule-conditions.ts';
import { formatRfc4514 } from '../pki/names/distinguished-name.ts';
import type { ValidatedCertificate } from '../pki/path/validated-certificate.ts';
import type { Proven } from './account-proof.ts';
import type { ExplainedRequest } from './login-request.ts';

/** An account that was neither proved by certificate nor by password is one that is asked about: how it logs in is not known. */
export function circumstancesOf(
  { certificate, passwordProven }: Pick<Proven, 'certificate' | 'passwordProven'>,
  request: ExplainedRequest,
): LoginCircumstances {
  const remoteAddress = clientAddress(request);
  if (certificate) {
    const method = passwordProven ? 'certificateAndPassword' : 'certificate';
    return { method, remoteAddress, certificate: certificateCircumstances(certificate) };
  }
  return passwordProven
    ? { method: 'password', remoteAddress, certificate: 'none' }
    : { method: undefined, remoteAddress, certificate: 'unknown' };
}

/** Empty where it is not known. */
export function clientAddress({ remoteAddress, isClientAddress = true }: ExplainedRequest): string {
  return isClientAddress ? remoteAddress : '';
}

function certificateCircumstances({ certificate, path, trustAnchor, policies }: ValidatedCertificate) {
  return {
    extendedKeyUsage: certificate.extendedKeyUsage ?? [],
    policies,
    issuer: { name: formatRfc4514(certificate.issuer), sha256: path[1]?.sha256 ?? trustAnchor.sha256 },
  };
}
