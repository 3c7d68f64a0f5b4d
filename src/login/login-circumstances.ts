/** How a login came about, as the conditions of authorization rules look at it. */
import type { LoginCircumstances } from '../authorization/rules/rule-conditions.ts';
import { formatRfc4514 } from '../pki/names/distinguished-name.ts';
import type { ValidatedCertificate } from '../pki/path/validated-certificate.ts';
import type { Proven } from './account-proof.ts';
import { clientAddress, type ExplainedRequest } from './login-request.ts';

/** How an account that is asked about logs in is not known, but for clients without one. */
export function circumstancesOf(
  { certificate, method, isAssumed = false }: Pick<Proven, 'certificate' | 'method' | 'isAssumed'>,
  request: ExplainedRequest,
): LoginCircumstances {
  const remoteAddress = clientAddress(request);
  if (isAssumed) return { method: undefined, remoteAddress, certificate: 'unknown' };
  return { method, remoteAddress, certificate: certificate ? certificateCircumstances(certificate) : 'none' };
}

function certificateCircumstances({ certificate, path, trustAnchor, policies }: ValidatedCertificate) {
  return {
    extendedKeyUsage: certificate.extendedKeyUsage ?? [],
    policies,
    issuer: { name: formatRfc4514(certificate.issuer), sha256: path[1]?.sha256 ?? trustAnchor.sha256 },
  };
}
